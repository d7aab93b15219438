#include "gateway/reply.h"

#include "base/log.h"
#include "gateway/exchange.h"
#include "gateway/origin.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A body up to this size goes out in one piece with the header section. */
#define JOIN_MAX 65536

static const char *reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} rows[] = {
	        {200, "OK"},
	        {201, "Created"},
	        {202, "Accepted"},
	        {204, "No Content"},
	        {206, "Partial Content"},
	        {304, "Not Modified"},
	        {307, "Temporary Redirect"},
	        {400, "Bad Request"},
	        {401, "Unauthorized"},
	        {403, "Forbidden"},
	        {404, "Not Found"},
	        {405, "Method Not Allowed"},
	        {409, "Conflict"},
	        {413, "Content Too Large"},
	        {414, "URI Too Long"},
	        {416, "Range Not Satisfiable"},
	        {429, "Too Many Requests"},
	        {500, "Internal Server Error"},
	        {502, "Bad Gateway"},
	        {503, "Service Unavailable"},
	        {507, "Insufficient Storage"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == status)
			return rows[i].reason;
	return "Status";
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			return true;
	return false;
}

void reply_header(struct exchange *x, const char *name, const char *fmt, ...)
{
	struct buf *h = &x->reply.headers;
	size_t line = h->len, value;
	va_list ap;
	int n;

	buf_addf(h, "%s: ", name);
	value = h->len;
	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || buf_reserve(h, (size_t)n) != 0)
		return;
	va_start(ap, fmt);
	vsnprintf(h->ptr + h->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	h->len += (size_t)n;
	if (has_control(h->ptr + value)) {
		log_event(LOG_LEVEL_ERROR, "header-dropped", "name=%s", name);
		h->len = line;
		h->ptr[line] = '\0';
		return;
	}
	buf_add_str(h, "\r\n");
}

bool reply_has_header(const struct exchange *x, const char *name)
{
	struct view line, rest = buf_view(&x->reply.headers);
	size_t len = strlen(name);

	while (view_cut(rest, '\n', &line, &rest))
		if (view_starts(line, name) && line.len > len && line.ptr[len] == ':')
			return true;
	return false;
}

void reply_digest(struct exchange *x, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX + 1];

	digest_text(d, text);
	reply_header(x, "Docker-Content-Digest", "%s", text);
	reply_header(x, "ETag", "\"%s\"", text);
}

void reply_location(struct exchange *x, const char *path)
{
	char origin[ORIGIN_SIZE] = "";

	/* It takes the address as it is, without resolving it against the request's. */
	if (request_is_ollama(&x->request))
		origin_of(x, origin);
	reply_header(x, "Location", "%s%s", origin, path);
}

bool reply_is_ollama(const struct exchange *x)
{
	return view_starts(x->request.raw_path, "/api/");
}

int reply_begin(struct exchange *x, int status, struct buf *out)
{
	buf_addf(out, "Status: %d %s\r\n", status, reason(status));
	if (view_starts(x->request.raw_path, "/v2"))
		buf_add_str(out, "Docker-Distribution-API-Version: registry/2.0\r\n");
	if (x->is_private && !reply_has_header(x, "Cache-Control"))
		reply_header(x, "Cache-Control", "private");
	buf_add_view(out, buf_view(&x->reply.headers));
	buf_add_str(out, "\r\n");
	if (buf_failed(&x->reply.headers) || buf_failed(out))
		return err_set(&x->err, ERR_FAULT, "the header section is too long");
	x->reply.sent = true;
	x->reply.status = status;
	return 0;
}

static int peer_left(struct exchange *x)
{
	return err_set(&x->err, ERR_GONE, "the peer left before the reply was out");
}

int reply_write(struct exchange *x, struct view bytes)
{
	struct gateway *g = x->request.gateway;

	return g->reply(g, bytes.ptr, bytes.len) == 0 ? 0 : peer_left(x);
}

int reply_flush(struct exchange *x)
{
	struct gateway *g = x->request.gateway;

	return g->flush(g) == 0 ? 0 : peer_left(x);
}

bool reply_is_abandoned(const struct exchange *x)
{
	struct gateway *g = x->request.gateway;

	return g->abandoned(g);
}

/* The header section, and the body in the same piece when it is small. */
static int send_whole(struct exchange *x, int status, struct view body)
{
	struct buf out = BUF_INIT(REPLY_HEADERS_MAX + JOIN_MAX + 256);
	int rc = reply_begin(x, status, &out);

	if (rc == 0) {
		x->reply.bytes = body.len;
		if (body.len <= JOIN_MAX && buf_add_view(&out, body) == 0)
			body.len = 0;
		rc = reply_write(x, buf_view(&out));
	}
	if (rc == 0 && body.len > 0)
		rc = reply_write(x, body);
	buf_release(&out);
	return rc;
}

int reply_empty(struct exchange *x, int status)
{
	/*
	 * RFC 9110 section 8.6: none on a 204; on a 304 it would be that of the
	 * representation.
	 */
	if (status != 204 && status != 304)
		reply_header(x, "Content-Length", "0");
	return send_whole(x, status, VIEW_LIT(""));
}

int reply_body(struct exchange *x, int status, const char *type, struct view body)
{
	reply_header(x, "Content-Type", "%s", type);
	reply_header(x, "Content-Length", "%zu", body.len);
	if (view_is(x->request.method, "HEAD"))
		body = VIEW_LIT("");
	return send_whole(x, status, body);
}

int reply_json(struct exchange *x, int status, const struct buf *body)
{
	if (buf_failed(body))
		return err_set(&x->err, ERR_FAULT, "the reply outgrew its buffer");
	return reply_body(x, status, "application/json", buf_view(body));
}
