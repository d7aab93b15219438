/*
 * What the load generators share: addresses, sockets, and reading HTTP/1.1 replies (RFC 9112)
 * piece by piece, with either framing of a body. Everything that cannot go on ends the program.
 */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HTTP_HEAD_MAX 16384

struct address {
	char host[128];
	char port[8];
	char path[4096];
};

enum framing { FRAME_NONE, FRAME_LENGTH, FRAME_SIZE_LINE, FRAME_CHUNK, FRAME_CHUNK_END, FRAME_TRAILER };

/* A reply while it arrives. */
struct reply_state {
	int status;
	bool close;            /* the server ends the connection after this reply */
	char location[4096];
	enum framing framing;  /* FRAME_NONE: nothing is left to come */
	uint64_t left;         /* bytes of the body or of this chunk */
	uint64_t body;         /* body bytes seen */
	bool line_is_empty;    /* of the chunk framing: nothing on this line yet */
};

static inline void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static inline void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* http://host:port/path */
static inline void address_parse(const char *url, struct address *a)
{
	int used = 0;

	memset(a, 0, sizeof(*a));
	if (sscanf(url, "http://%127[^:/]:%7[0-9]%n", a->host, a->port, &used) != 2)
		die("not http://host:port/path: %s", url);
	snprintf(a->path, sizeof(a->path), "%s", url[used] ? url + used : "/");
}

static inline int address_connect(const struct address *a)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
	int fd, one = 1;

	if (getaddrinfo(a->host, a->port, &hints, &found))
		die("no such host: %s", a->host);
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen))
		die("cannot connect to %s:%s: %s", a->host, a->port, strerror(errno));
	freeaddrinfo(found);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static inline const char *field_value(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	line += n + 1;
	return line + strspn(line, " \t");
}

static inline void reply_field(struct reply_state *r, const char *line)
{
	const char *v;

	if ((v = field_value(line, "Content-Length"))) {
		r->framing = FRAME_LENGTH;
		r->left = strtoull(v, NULL, 10);
	} else if ((v = field_value(line, "Transfer-Encoding"))) {
		r->framing = FRAME_SIZE_LINE;
	} else if ((v = field_value(line, "Connection"))) {
		r->close = strncasecmp(v, "close", 5) == 0;
	} else if ((v = field_value(line, "Location"))) {
		snprintf(r->location, sizeof(r->location), "%.*s", (int)strcspn(v, "\r\n"), v);
	}
}

/*
 * Reads the head in bytes[len]. Its length, or 0 when it is not complete yet. A reply to HEAD
 * has no body.
 */
static inline size_t reply_head(struct reply_state *r, const char *bytes, size_t len, bool is_head)
{
	const char *end = memmem(bytes, len, "\r\n\r\n", 4), *line;

	if (!end)
		return 0;
	r->framing = FRAME_NONE;
	r->left = r->body = 0;
	r->close = false;
	r->location[0] = 0;
	r->line_is_empty = true;
	if (sscanf(bytes, "HTTP/1.%*1[01] %3d", &r->status) != 1)
		die("not an HTTP/1.1 reply: %.60s", bytes);
	for (line = memchr(bytes, '\n', len); line && line < end; line = strchr(line + 1, '\n'))
		reply_field(r, line + 1);
	if (is_head || r->status == 204 || r->status == 304 ||
		(r->framing == FRAME_LENGTH && r->left == 0))
		r->framing = FRAME_NONE;
	return (size_t)(end - bytes) + 4;
}

/* One byte of the lines between chunks. */
static inline void reply_chunk_byte(struct reply_state *r, char c)
{
	if (c == '\r')
		return;
	if (r->framing == FRAME_TRAILER && c == '\n') {
		if (r->line_is_empty)
			r->framing = FRAME_NONE;
		r->line_is_empty = true;
	} else if (r->framing == FRAME_TRAILER) {
		r->line_is_empty = false;
	} else if (r->framing == FRAME_CHUNK_END) {
		r->framing = FRAME_SIZE_LINE;
	} else if (c == '\n') {
		r->framing = r->left ? FRAME_CHUNK : FRAME_TRAILER;
		r->line_is_empty = true;
	} else {
		char digit[2] = {c, 0};

		r->left = r->left * 16 + strtoull(digit, NULL, 16);
	}
}

/* Takes body bytes; how many of them belong to this reply. framing is FRAME_NONE at its end. */
static inline size_t reply_take(struct reply_state *r, const char *bytes, size_t len)
{
	size_t used = 0;

	while (used < len && r->framing != FRAME_NONE) {
		size_t n = len - used;

		if (r->framing != FRAME_LENGTH && r->framing != FRAME_CHUNK) {
			reply_chunk_byte(r, bytes[used++]);
			continue;
		}
		n = n < r->left ? n : (size_t)r->left;
		used += n;
		r->left -= n;
		r->body += n;
		if (r->left == 0)
			r->framing = r->framing == FRAME_LENGTH ? FRAME_NONE : FRAME_CHUNK_END;
	}
	return used;
}

#endif
