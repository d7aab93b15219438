#include "support/web.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_MAX ((size_t)64 << 20)
#define HEAD_MAX ((size_t)1 << 20)

static void give_up(const char *what)
{
	perror(what);
	abort();
}

const char *web_field(const struct web_request *q, const char *name)
{
	static char value[8192];
	struct view rest = buf_view(&q->head), line, key, text;

	value[0] = '\0';
	while (rest.len > 0) {
		view_cut(rest, '\n', &line, &rest);
		if (view_cut(line, ':', &key, &text) && view_is_nocase(key, name))
			view_copy(view_trim(text), value, sizeof(value));
	}
	return value;
}

static bool read_head(FILE *in, struct web_request *q)
{
	char line[16384];

	if (!fgets(line, sizeof(line), in) ||
	        sscanf(line, "%15s %8191s", q->method, q->target) != 2)
		return false;
	while (fgets(line, sizeof(line), in) && line[0] != '\r') {
		line[strcspn(line, "\r\n")] = '\0';
		buf_addf(&q->head, "%s\n", line);
	}
	return true;
}

static void read_body(FILE *in, struct web_request *q)
{
	uint64_t left = strtoull(web_field(q, "Content-Length"), NULL, 10);
	char block[65536];

	while (left > 0) {
		size_t n = fread(block, 1, left < sizeof(block) ? left : sizeof(block),
		        in);

		if (n == 0)
			return;
		buf_add(&q->body, block, n);
		left -= n;
	}
}

static void send_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		p += n;
		len -= (size_t)n;
	}
}

static void send_reply(int fd, const struct web_request *q, const struct web_reply *r)
{
	struct buf head = BUF_INIT(HEAD_MAX);
	size_t len = r->body.len < r->cut ? r->body.len : (size_t)r->cut;
	bool given = buf_view(&r->fields).len > 0 &&
	             strstr(buf_str(&r->fields), "Content-Length:");

	buf_addf(&head, "HTTP/1.1 %d Status\r\nConnection: close\r\n", r->status);
	buf_add_view(&head, buf_view(&r->fields));
	if (!given)
		buf_addf(&head, "Content-Length: %zu\r\n", r->body.len);
	buf_add_str(&head, "\r\n");
	send_all(fd, head.ptr, head.len);
	if (strcmp(q->method, "HEAD") != 0 && len > 0)
		send_all(fd, r->body.ptr, len);
	buf_release(&head);
}

/* Until the peer has closed, lest what was sent is lost with a reset. */
static void wait_for_end(int fd)
{
	char byte;

	shutdown(fd, SHUT_WR);
	while (recv(fd, &byte, 1, 0) > 0)
		continue;
}

static void serve_one(struct web *w, int fd)
{
	struct web_request q = {.head = BUF_INIT(HEAD_MAX), .body = BUF_INIT(BODY_MAX)};
	struct web_reply r = {.status = 200,
	        .fields = BUF_INIT(HEAD_MAX),
	        .body = BUF_INIT(BODY_MAX),
	        .cut = UINT64_MAX};
	FILE *in = fdopen(dup(fd), "r");
	char byte;

	if (!in)
		give_up("web: fdopen");
	if (read_head(in, &q)) {
		read_body(in, &q);
		w->requests++;
		w->answer(w->arg, &q, &r);
		if (!r.silent)
			send_reply(fd, &q, &r);
		else
			while (recv(fd, &byte, 1, 0) > 0)
				continue;
	}
	wait_for_end(fd);
	fclose(in);
	buf_release(&q.head);
	buf_release(&q.body);
	buf_release(&r.fields);
	buf_release(&r.body);
}

static void *serve(void *arg)
{
	struct web *w = arg;
	int fd;

	while ((fd = accept(w->listener, NULL, NULL)) != -1) {
		serve_one(w, fd);
		close(fd);
	}
	return NULL;
}

void web_start(struct web *w, web_answer answer, void *arg)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);

	*w = (struct web){.answer = answer, .arg = arg};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (w->listener == -1 ||
	        bind(w->listener, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
	        listen(w->listener, 16) != 0 ||
	        getsockname(w->listener, (struct sockaddr *)&at, &len) != 0)
		give_up("web: listen");
	w->port = ntohs(at.sin_port);
	snprintf(w->host, sizeof(w->host), "127.0.0.1:%u", w->port);
	if (pthread_create(&w->thread, NULL, serve, w) != 0)
		give_up("web: thread");
}

void web_stop(struct web *w)
{
	/* Wakes accept. */
	shutdown(w->listener, SHUT_RDWR);
	pthread_join(w->thread, NULL);
	close(w->listener);
}
