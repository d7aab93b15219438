/*
 * load: asks for one URL again and again over keep-alive connections, one request at a time on
 * each, with one thread and epoll; reads every reply to its end. Unlike wrk it knows that a
 * reply to HEAD has no body, and it can let the kernel drop large bodies unread (--discard), so
 * that the measured server is the bottleneck. Prints one JSON object.
 */
#include "http.h"

#include <getopt.h>
#include <sys/epoll.h>

#define READ_SIZE (1 << 20)
#define HISTOGRAM 60000 /* of 10 us each, the last one open */

struct connection {
	int fd;
	bool waiting;            /* a request is under way */
	bool in_body;
	double begun;
	struct reply_state reply;
	char head[HTTP_HEAD_MAX];
	size_t held;             /* bytes in head */
};

struct run {
	struct address to;
	const char *method;
	const char *headers[16];
	unsigned nheaders;
	unsigned connections;
	double seconds;          /* 0: until requests are done */
	uint64_t requests;       /* 0: until seconds have passed */
	int expect;
	bool discard;
	char *text;              /* the request */
	size_t text_len;
	char *scratch;           /* READ_SIZE bytes */
	int epoll;
	uint64_t sent, done, bad, body;
	double last;             /* when the last reply was complete */
	uint32_t histogram[HISTOGRAM];
};

static void usage(FILE *to)
{
	fputs("usage: load [options] http://host:port/path\n"
	      "  --connections N  keep-alive connections (default 16)\n"
	      "  --seconds S      stop after S seconds (default 5)\n"
	      "  --requests N     stop after N requests instead\n"
	      "  --method NAME    GET (default) or HEAD\n"
	      "  --header LINE    add a header field; may be repeated\n"
	      "  --expect STATUS  any other status counts as bad (default 200)\n"
	      "  --discard        large bodies are dropped by the kernel, not copied\n",
		to);
}

static void run_options(struct run *r, int argc, char **argv)
{
	static const struct option options[] = {{"connections", 1, 0, 'c'}, {"seconds", 1, 0, 's'},
		{"requests", 1, 0, 'n'}, {"method", 1, 0, 'm'}, {"header", 1, 0, 'H'},
		{"expect", 1, 0, 'e'}, {"discard", 0, 0, 'd'}, {"help", 0, 0, 'h'}, {0, 0, 0, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c': r->connections = (unsigned)atoi(optarg); break;
		case 's': r->seconds = atof(optarg); break;
		case 'n': r->requests = strtoull(optarg, NULL, 10); break;
		case 'm': r->method = optarg; break;
		case 'H':
			if (r->nheaders < sizeof(r->headers) / sizeof(*r->headers))
				r->headers[r->nheaders++] = optarg;
			break;
		case 'e': r->expect = atoi(optarg); break;
		case 'd': r->discard = true; break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	}
	if (optind != argc - 1 || r->connections == 0)
		usage(stderr), exit(2);
	if (r->requests)
		r->seconds = 0;
	address_parse(argv[optind], &r->to);
}

static void run_request_text(struct run *r)
{
	FILE *f = open_memstream(&r->text, &r->text_len);
	unsigned i;

	fprintf(f, "%s %s HTTP/1.1\r\nHost: %s:%s\r\n", r->method, r->to.path, r->to.host,
		r->to.port);
	for (i = 0; i < r->nheaders; i++)
		fprintf(f, "%s\r\n", r->headers[i]);
	fputs("\r\n", f);
	if (fclose(f))
		die("no memory");
}

static void connection_open(struct run *r, struct connection *c)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	c->fd = address_connect(&r->to);
	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, c->fd, &ev))
		die("epoll: %s", strerror(errno));
}

static void connection_ask(struct run *r, struct connection *c)
{
	c->waiting = false;
	if (r->requests && r->sent >= r->requests)
		return;
	c->begun = now();
	if (send(c->fd, r->text, r->text_len, MSG_NOSIGNAL) != (ssize_t)r->text_len)
		die("cannot send a request: %s", strerror(errno));
	c->waiting = true;
	c->in_body = false;
	c->held = 0;
	r->sent++;
}

static void connection_done(struct run *r, struct connection *c)
{
	double t = now();
	uint64_t slot = (uint64_t)((t - c->begun) * 1e5);

	r->histogram[slot < HISTOGRAM ? slot : HISTOGRAM - 1]++;
	r->done++;
	r->bad += c->reply.status != r->expect;
	r->body += c->reply.body;
	r->last = t;
	if (c->reply.close) {
		close(c->fd);
		connection_open(r, c);
	}
	connection_ask(r, c);
}

/* The head of a reply and whatever of the body came with it. */
static void connection_read_head(struct run *r, struct connection *c)
{
	ssize_t n = recv(c->fd, c->head + c->held, sizeof(c->head) - 1 - c->held, 0);
	size_t head;

	if (n <= 0)
		die("the server closed the connection");
	c->held += (size_t)n;
	c->head[c->held] = 0;
	head = reply_head(&c->reply, c->head, c->held, strcmp(r->method, "HEAD") == 0);
	if (!head) {
		if (c->held == sizeof(c->head) - 1)
			die("the head of a reply is too long");
		return;
	}
	c->in_body = true;
	head += reply_take(&c->reply, c->head + head, c->held - head);
	if (head != c->held)
		die("more bytes than the reply has");
	if (c->reply.framing == FRAME_NONE)
		connection_done(r, c);
}

static void connection_read_body(struct run *r, struct connection *c)
{
	bool drop = r->discard && c->reply.framing == FRAME_LENGTH;
	ssize_t n = recv(c->fd, r->scratch, READ_SIZE, drop ? MSG_TRUNC : 0);

	if (n <= 0)
		die("the server closed the connection in the middle of a body");
	if (reply_take(&c->reply, r->scratch, (size_t)n) != (size_t)n)
		die("more bytes than the reply has");
	if (c->reply.framing == FRAME_NONE)
		connection_done(r, c);
}

static void run_loop(struct run *r, double begun)
{
	struct epoll_event events[64];

	while (!r->requests || r->done < r->requests) {
		int i, n = epoll_wait(r->epoll, events, 64, 10000);

		if (n == 0)
			die("no reply within ten seconds");
		for (i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;

			if (!c->waiting)
				die("the server closed an idle connection");
			if (c->in_body)
				connection_read_body(r, c);
			else
				connection_read_head(r, c);
		}
		if (r->seconds > 0 && now() - begun >= r->seconds)
			return;
	}
}

static double run_percentile(const struct run *r, double share)
{
	uint64_t seen = 0;
	size_t i;

	for (i = 0; i < HISTOGRAM; i++) {
		seen += r->histogram[i];
		if ((double)seen >= share * (double)r->done)
			break;
	}
	return ((double)i + 0.5) / 100;
}

int main(int argc, char **argv)
{
	static struct run r = {.method = "GET", .connections = 16, .seconds = 5, .expect = 200};
	struct connection *all;
	double begun, spent;
	unsigned i;

	run_options(&r, argc, argv);
	run_request_text(&r);
	r.scratch = malloc(READ_SIZE);
	all = calloc(r.connections, sizeof(*all));
	r.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!r.scratch || !all || r.epoll < 0)
		die("no memory");
	for (i = 0; i < r.connections; i++)
		connection_open(&r, &all[i]);
	begun = now();
	for (i = 0; i < r.connections; i++)
		connection_ask(&r, &all[i]);
	run_loop(&r, begun);
	spent = r.last - begun;
	printf("{\"requests\":%llu,\"bad\":%llu,\"seconds\":%.6f,\"per_second\":%.2f,"
	       "\"mib_per_second\":%.2f,\"mean_ms\":%.4f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
		(unsigned long long)r.done, (unsigned long long)r.bad, spent, (double)r.done / spent,
		(double)r.body / spent / 1048576, spent * 1000 * r.connections / (double)r.done,
		run_percentile(&r, 0.5), run_percentile(&r, 0.99));
	for (i = 0; i < r.connections; i++)
		close(all[i].fd);
	free(all);
	free(r.scratch);
	free(r.text);
	return r.bad ? 1 : 0;
}
