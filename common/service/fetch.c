#include "service/fetch.h"

#include "format/cidr.h"
#include "service/curl_calls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define USER_AGENT "lighter"
#define RECEIVE_BUFFER (128L << 10)
#define SEND_BUFFER (256L << 10)
#define CONNECT_TIMEOUT 30L
#define TURN_MS 500 /* how often is asked whether to go on */
/* A registry may have to read again what it was sent before it answers. */
#define PATIENCE 10

struct fetch {
	const struct curl_calls *curl;
	struct fetch_settings settings;
	CURLM *multi;
	CURL *easy;
	char authorities[REMOTE_PATH_MAX + 1]; /* path of a file; "" for the system's */
	struct curl_slist *fields;
	struct body_source *body; /* of the request */
	struct buf head;  /* the header section of the reply, one field a line */
	struct buf field; /* of fetch_field */
	bool running;     /* the exchange is with the multi handle */
	bool answered;    /* the header section of the final reply is complete */
	bool done;        /* nothing more will come */
	bool refused;     /* for its address */
	bool too_long;    /* the header section */
	bool paused;
	CURLcode result;
	struct err *err;  /* of the call that is under way */
	int64_t moved_at; /* milliseconds: the last byte in either direction */
	bool sent;        /* all of the request's body */
	bool changes;     /* the request is a PUT */
	char *into;       /* what fetch_read is to fill */
	size_t room, got;
	size_t spilt, taken; /* bytes in spill, and how many of them were read */
	char spill[CURL_MAX_WRITE_SIZE];
	char message[CURL_ERROR_SIZE]; /* of libcurl */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool address_of(const struct sockaddr *from, struct ip_address *out)
{
	char text[INET6_ADDRSTRLEN];
	const void *bytes = NULL;

	if (from->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)from)->sin_addr;
	else if (from->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
	return bytes && inet_ntop(from->sa_family, bytes, text, sizeof(text)) &&
	       ip_parse(view_of(text), out) == 0;
}

/* The address itself, whatever name led to it. */
static curl_socket_t open_socket(
        void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fetch *f = arg;
	struct ip_address ip;

	(void)purpose;
	if (!address_of(&address->addr, &ip) ||
	        (!f->settings.rule->private && !ip_is_public(&ip))) {
		f->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	        address->protocol);
}

static bool is_status_line(struct view line)
{
	return view_starts(line, "HTTP/");
}

static size_t take_head(char *bytes, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	struct view line = {bytes, size * n};
	long status = 0;

	f->moved_at = now_ms();
	/* A reply follows that of 100 Continue. Trailers come after the body. */
	if (f->answered)
		return line.len;
	if (is_status_line(line))
		buf_clear(&f->head);
	while (line.len > 0 && strchr("\r\n", line.ptr[line.len - 1]))
		line.len--;
	if (line.len == 0) {
		f->curl->easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
		f->answered = status >= 200;
		return size * n;
	}
	buf_add_view(&f->head, line);
	if (buf_add_char(&f->head, '\n') != 0 || memchr(line.ptr, '\0', line.len)) {
		f->too_long = true;
		return 0;
	}
	return size * n;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	size_t len = size * n, direct = len < f->room ? len : f->room;

	f->moved_at = now_ms();
	if (f->spilt > 0 || f->room == 0 || len - direct > sizeof(f->spill)) {
		f->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	memcpy(f->into, bytes, direct);
	f->into += direct;
	f->room -= direct;
	f->got += direct;
	memcpy(f->spill, bytes + direct, len - direct);
	f->spilt = len - direct;
	return len;
}

static size_t give_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	struct body_source *body = f->body;
	ssize_t got;

	/* Whoever has answered already wants no more of it. */
	if (f->answered)
		return CURL_READFUNC_ABORT;
	got = body->pull(body->arg, bytes, size * n, f->err);
	f->moved_at = now_ms();
	if (got == 0)
		f->sent = true;
	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static void set_up(struct fetch *f)
{
	const struct remote_rule *rule = f->settings.rule;
	__typeof__(f->curl->easy_setopt) set = f->curl->easy_setopt;
	CURL *c = f->easy;

	set(c, CURLOPT_ERRORBUFFER, f->message);
	set(c, CURLOPT_NOSIGNAL, 1L);
	set(c, CURLOPT_PROXY, "");
	set(c, CURLOPT_PROTOCOLS_STR, "http,https");
	set(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	set(c, CURLOPT_FOLLOWLOCATION, 0L);
	set(c, CURLOPT_PATH_AS_IS, 1L);
	set(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	set(c, CURLOPT_USERAGENT, USER_AGENT);
	set(c, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT);
	set(c, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
	set(c, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BUFFER);
	set(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	set(c, CURLOPT_OPENSOCKETDATA, f);
	set(c, CURLOPT_HEADERFUNCTION, take_head);
	set(c, CURLOPT_HEADERDATA, f);
	set(c, CURLOPT_WRITEFUNCTION, take_body);
	set(c, CURLOPT_WRITEDATA, f);
	set(c, CURLOPT_READFUNCTION, give_body);
	set(c, CURLOPT_READDATA, f);
	if (rule->insecure) {
		set(c, CURLOPT_SSL_VERIFYPEER, 0L);
		set(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (f->authorities[0])
		set(c, CURLOPT_CAINFO, f->authorities);
}

int fetch_open(struct fetch **out, const struct fetch_settings *settings, struct err *err)
{
	const struct curl_calls *curl = curl_calls(err);
	struct fetch *f = curl ? calloc(1, sizeof(*f)) : NULL;

	*out = NULL;
	if (!f)
		return err_set(err, ERR_FAULT, "no memory");
	f->curl = curl;
	f->settings = *settings;
	f->head = BUF_INIT(FETCH_HEAD_MAX);
	f->field = BUF_INIT(FETCH_HEAD_MAX);
	view_copy(settings->rule->ca, f->authorities, sizeof(f->authorities));
	f->multi = f->curl->multi_init();
	f->easy = f->curl->easy_init();
	*out = f;
	if (f->multi && f->easy)
		return 0;
	fetch_close(out);
	return err_set(err, ERR_FAULT, "no memory");
}

void fetch_close(struct fetch **f)
{
	if (!*f)
		return;
	fetch_end(*f);
	(*f)->curl->easy_cleanup((*f)->easy);
	(*f)->curl->multi_cleanup((*f)->multi);
	buf_release(&(*f)->head);
	buf_release(&(*f)->field);
	free(*f);
	*f = NULL;
}

/* What libcurl says, in our words. */
static int failed(const struct fetch *f, struct err *err)
{
	char *url = NULL;

	f->curl->easy_getinfo(f->easy, CURLINFO_EFFECTIVE_URL, &url);
	if (f->refused)
		return err_set(err, ERR_DENIED,
		        "%.120s is at an address that is not of the public internet; "
		        "the option private would allow that",
		        url ? url : "");
	if (f->too_long)
		return err_set(err, ERR_REMOTE,
		        "the header section of a reply is too long or malformed");
	return err_set(err, ERR_REMOTE, "%.100s: %.140s", url ? url : "",
	        f->message[0] ? f->message : f->curl->easy_strerror(f->result));
}

static void look_whether_done(struct fetch *f)
{
	CURLMsg *m;
	int left;

	while ((m = f->curl->multi_info_read(f->multi, &left))) {
		if (m->msg != CURLMSG_DONE)
			continue;
		f->done = true;
		f->result = m->data.result;
	}
}

static int check_patience(struct fetch *f, struct err *err)
{
	int64_t limit = (int64_t)f->settings.stall * 1000;

	if (f->settings.cancelled && f->settings.cancelled(f->settings.arg))
		return err_set(err, ERR_GONE, "cancelled");
	if (f->sent && f->changes && !f->answered)
		limit *= PATIENCE;
	if (now_ms() - f->moved_at > limit)
		return err_set(err, ERR_REMOTE, "the other registry sends nothing more");
	return 0;
}

/* Goes on until *enough, the end, or a failure. */
static int run(struct fetch *f, const bool *enough, struct err *err)
{
	int running;

	f->err = err;
	while (!*enough && f->got == 0 && !f->done) {
		if (f->curl->multi_perform(f->multi, &running) != CURLM_OK)
			return err_set(err, ERR_FAULT, "libcurl has failed");
		look_whether_done(f);
		if (*enough || f->got > 0 || f->done)
			break;
		if (check_patience(f, err) != 0)
			return -1;
		if (f->curl->multi_poll(f->multi, NULL, 0, TURN_MS, NULL) != CURLM_OK)
			return err_set(err, ERR_FAULT, "libcurl has failed");
	}
	return f->done && f->result != CURLE_OK ? failed(f, err) : 0;
}

static void set_method(struct fetch *f, const struct fetch_request *q)
{
	__typeof__(f->curl->easy_setopt) set = f->curl->easy_setopt;
	CURL *c = f->easy;

	set(c, CURLOPT_CUSTOMREQUEST, NULL);
	set(c, CURLOPT_UPLOAD, 0L);
	set(c, CURLOPT_NOBODY, 0L);
	set(c, CURLOPT_HTTPGET, 1L);
	if (q->body) {
		set(c, CURLOPT_UPLOAD, 1L);
		set(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->length);
		set(c, CURLOPT_CUSTOMREQUEST, q->method);
	} else if (strcmp(q->method, "HEAD") == 0) {
		set(c, CURLOPT_NOBODY, 1L);
	} else if (strcmp(q->method, "GET") != 0) {
		set(c, CURLOPT_POSTFIELDS, "");
		set(c, CURLOPT_POSTFIELDSIZE, 0L);
		set(c, CURLOPT_CUSTOMREQUEST, q->method);
	}
}

static int add_field(struct fetch *f, const char *line)
{
	struct curl_slist *list = f->curl->slist_append(f->fields, line);

	if (list)
		f->fields = list;
	return list ? 0 : -1;
}

static int set_fields(struct fetch *f, const struct fetch_request *q, struct err *err)
{
	/* No waiting for 100 Continue, and no form that libcurl thinks we post. */
	static const char *const none[] = {"Expect:", "Content-Type:", NULL};
	bool typed = false;

	for (const char *const *line = q->fields; line && *line; line++) {
		typed = typed || view_starts(view_of(*line), "Content-Type:");
		if (add_field(f, *line) != 0)
			return err_set(err, ERR_FAULT, "no memory");
	}
	if (add_field(f, none[0]) != 0 || (!typed && add_field(f, none[1]) != 0))
		return err_set(err, ERR_FAULT, "no memory");
	f->curl->easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->fields);
	return 0;
}

static void forget(struct fetch *f)
{
	buf_clear(&f->head);
	f->answered = f->done = f->refused = f->too_long = f->paused = f->sent = false;
	f->result = CURLE_OK;
	f->room = f->got = f->spilt = f->taken = 0;
	f->moved_at = now_ms();
	f->message[0] = '\0';
}

int fetch_begin(
        struct fetch *f, const struct fetch_request *q, int *status, struct err *err)
{
	long code = 0;

	fetch_end(f);
	forget(f);
	f->curl->easy_reset(f->easy);
	set_up(f);
	f->body = q->body;
	f->sent = !q->body;
	f->changes = strcmp(q->method, "PUT") == 0;
	set_method(f, q);
	f->curl->easy_setopt(f->easy, CURLOPT_URL, q->url);
	if (set_fields(f, q, err) != 0)
		return -1;
	if (f->curl->multi_add_handle(f->multi, f->easy) != CURLM_OK)
		return err_set(err, ERR_FAULT, "libcurl has failed");
	f->running = true;
	if (run(f, &f->answered, err) != 0) {
		fetch_end(f);
		return -1;
	}
	f->curl->easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &code);
	*status = (int)code;
	return 0;
}

struct view fetch_field(struct fetch *f, const char *name)
{
	struct view rest = buf_view(&f->head), line, key, value;

	buf_clear(&f->field);
	while (rest.len > 0) {
		view_cut(rest, '\n', &line, &rest);
		if (!view_cut(line, ':', &key, &value) || !view_is_nocase(key, name))
			continue;
		if (f->field.len > 0)
			buf_add_str(&f->field, ", ");
		buf_add_view(&f->field, view_trim(value));
	}
	return buf_view(&f->field);
}

uint64_t fetch_length(const struct fetch *f)
{
	curl_off_t n = -1;

	f->curl->easy_getinfo(f->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &n);
	return n < 0 ? UINT64_MAX : (uint64_t)n;
}

/* What the last read had no room for. */
static size_t take_spilt(struct fetch *f, char *bytes, size_t len)
{
	size_t n = f->spilt - f->taken;

	n = n < len ? n : len;
	memcpy(bytes, f->spill + f->taken, n);
	f->taken += n;
	if (f->taken == f->spilt)
		f->taken = f->spilt = 0;
	return n;
}

ssize_t fetch_read(struct fetch *f, void *bytes, size_t len, struct err *err)
{
	static const bool never = false;
	size_t n = take_spilt(f, bytes, len);

	if (n > 0 || len == 0)
		return (ssize_t)n;
	f->into = bytes;
	f->room = len;
	f->got = 0;
	f->moved_at = now_ms();
	if (f->paused) {
		f->paused = false;
		f->curl->easy_pause(f->easy, CURLPAUSE_CONT);
	}
	if (f->running && run(f, &never, err) != 0 && f->got == 0)
		return -1;
	f->room = 0;
	n = f->got;
	f->got = 0;
	return (ssize_t)n;
}

int fetch_read_all(struct fetch *f, struct buf *out, struct err *err)
{
	char block[4096];
	ssize_t n;

	while ((n = fetch_read(f, block, sizeof(block), err)) > 0)
		if (buf_add(out, block, (size_t)n) != 0)
			return err_set(err, ERR_REMOTE,
			        "the other registry sends more than is allowed here");
	return n < 0 ? -1 : 0;
}

void fetch_end(struct fetch *f)
{
	if (f->running)
		f->curl->multi_remove_handle(f->multi, f->easy);
	f->running = false;
	f->curl->slist_free_all(f->fields);
	f->fields = NULL;
	f->body = NULL;
}
