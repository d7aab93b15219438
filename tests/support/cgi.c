#include "support/cgi.h"

#include "format/hash.h"
#include "format/media.h"
#include "gateway/serve.h"
#include "routes.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Unit tests link this file too, without handlers and their table. */
#pragma weak routes
#pragma weak nroutes

/* The gateway of one request. */
struct memory {
	struct gateway gateway; /* first: the callbacks get a pointer to it */
	const struct cgi_request *request;
	char length[32];
	size_t given;
	struct buf raw;
};

static const char *variable(struct gateway *g, const char *name)
{
	struct memory *m = (struct memory *)g;

	if (strcmp(name, "REQUEST_METHOD") == 0)
		return m->request->method;
	if (strcmp(name, "REQUEST_URI") == 0)
		return m->request->uri;
	if (strcmp(name, "CONTENT_LENGTH") == 0)
		return m->length[0] ? m->length : NULL;
	for (const char *const *f = m->request->fields; *f; f += 2) {
		if (strcmp(*f, name) == 0)
			return f[1];
	}
	return NULL;
}

static ssize_t read_body(struct gateway *g, void *bytes, size_t len)
{
	struct memory *m = (struct memory *)g;
	const struct cgi_request *q = m->request;
	size_t end = q->breaks ? q->break_after : q->body.len;
	size_t n = end - m->given;

	if (n == 0)
		return q->breaks ? -1 : 0;
	if (n > len)
		n = len;
	if (q->piece > 0 && n > q->piece)
		n = q->piece;
	memcpy(bytes, q->body.ptr + m->given, n);
	m->given += n;
	return (ssize_t)n;
}

static int take_reply(struct gateway *g, const void *bytes, size_t len)
{
	struct memory *m = (struct memory *)g;

	return m->request->deaf ? -1 : buf_add(&m->raw, bytes, len);
}

static int take_flush(struct gateway *g)
{
	(void)g;
	return 0;
}

static bool is_gone(struct gateway *g)
{
	return ((struct memory *)g)->request->gone;
}

static const char *const known_codes[] = {
        "BLOB_UNKNOWN",
        "BLOB_UPLOAD_INVALID",
        "BLOB_UPLOAD_UNKNOWN",
        "DIGEST_INVALID",
        "MANIFEST_BLOB_UNKNOWN",
        "MANIFEST_INVALID",
        "MANIFEST_UNKNOWN",
        "NAME_INVALID",
        "NAME_UNKNOWN",
        "SIZE_INVALID",
        "UNAUTHORIZED",
        "DENIED",
        "UNSUPPORTED",
        "TOOMANYREQUESTS",
};

static bool is_known_code(const char *code)
{
	for (size_t i = 0; i < sizeof(known_codes) / sizeof(*known_codes); i++) {
		if (strcmp(code, known_codes[i]) == 0)
			return true;
	}
	return false;
}

/* Reads {"errors":[{"code":…,"message":…}]} into c->code. */
static void read_error(struct cgi *c)
{
	struct json_object *doc = json_tokener_parse(cgi_body(c));
	struct json_object *list, *first, *value;

	assert_non_null(doc);
	expect_header(c, "Content-Type", "application/json");
	/* Of an Ollama host. */
	if (json_object_object_get_ex(doc, "error", &value)) {
		assert_true(json_object_get_string_len(value) > 0);
		snprintf(c->code, sizeof(c->code), "OLLAMA");
		json_object_put(doc);
		return;
	}
	assert_true(json_object_object_get_ex(doc, "errors", &list));
	assert_true(json_object_array_length(list) > 0);
	first = json_object_array_get_idx(list, 0);
	assert_true(json_object_object_get_ex(first, "code", &value));
	snprintf(c->code, sizeof(c->code), "%s", json_object_get_string(value));
	if (c->status < 500 && !is_known_code(c->code))
		fail_msg("error code %s is not of the specification", c->code);
	assert_true(json_object_object_get_ex(first, "message", &value));
	assert_true(json_object_get_string_len(value) > 0);
	json_object_put(doc);
}

/* Cuts the raw reply into status, header lines and body. */
static void split_reply(struct cgi *c, const struct buf *raw)
{
	const char *p = buf_str(raw);
	const char *end;

	buf_clear(&c->head);
	buf_clear(&c->body);
	c->status = 0;
	c->code[0] = '\0';
	if (raw->len == 0)
		return;
	assert_int_equal(strncmp(p, "Status: ", 8), 0);
	c->status = atoi(p + 8);
	assert_true(c->status >= 200 && c->status <= 599);
	/* A status without its reason is answered with a wrong one by some servers. */
	assert_int_equal(p[11], ' ');
	assert_true(p[12] >= 'A' && p[12] <= 'Z');
	for (; (end = strstr(p, "\r\n")) != p; p = end + 2) {
		assert_non_null(end);
		assert_non_null(memchr(p, ':', (size_t)(end - p)));
		buf_add(&c->head, p, (size_t)(end - p));
		buf_add_char(&c->head, '\0');
	}
	p += 2;
	buf_add(&c->body, p, raw->len - (size_t)(p - raw->ptr));
}

static void check_fields_differ(const struct cgi *c)
{
	const char *end = c->head.ptr + c->head.len;

	for (const char *a = c->head.ptr; a < end; a += strlen(a) + 1) {
		size_t len = strcspn(a, ":") + 1;
		/* One for each scheme. */
		if (strncmp(a, "WWW-Authenticate:", len) == 0)
			continue;
		for (const char *b = a + strlen(a) + 1; b < end; b += strlen(b) + 1) {
			if (strncasecmp(a, b, len) == 0)
				fail_msg("two fields %.*s", (int)len, a);
		}
	}
}

static bool is_stream(const struct cgi *c)
{
	const char *type = cgi_header(c, "Content-Type");

	return type && strcmp(type, "application/x-ndjson") == 0;
}

static void check_reply(struct cgi *c, const char *method)
{
	const char *length = cgi_header(c, "Content-Length");
	bool bodyless = c->status == 204 || c->status == 304;

	check_fields_differ(c);
	if (bodyless || strcmp(method, "HEAD") == 0)
		assert_int_equal(c->body.len, 0);
	if (c->status == 204)
		assert_null(length);
	if (bodyless || strcmp(method, "HEAD") == 0)
		return;
	/* The web server knows the length of what it sends. */
	if (cgi_header(c, "X-Sendfile") || cgi_header(c, "X-Accel-Redirect"))
		return;
	/* Nor does anybody know that of a stream. */
	if (is_stream(c)) {
		assert_null(length);
		return;
	}
	assert_non_null(length);
	assert_int_equal(strtoull(length, NULL, 10), c->body.len);
	if (c->status >= 400)
		read_error(c);
}

/* A body that ends before its length is that of a peer that left in the middle. */
static bool peer_leaves(const struct cgi_request *q)
{
	return q->breaks || q->deaf || (q->length && strtoull(q->length, NULL, 10) > q->body.len);
}

void cgi_send(struct cgi *c, const struct cgi_request *q)
{
	struct server server = {
	        .config = &c->fixture.config,
	        .store = &c->fixture.store,
	        .auth = c->auth,
	        .routes = routes,
	        .nroutes = nroutes,
	};
	struct memory m = {
	        .gateway = {variable, read_body, take_reply, take_flush, is_gone},
	        .request = q,
	        .raw = BUF_INIT(1 << 30),
	};

	if (q->length)
		snprintf(m.length, sizeof(m.length), "%s", q->length);
	else if (q->body.ptr)
		snprintf(m.length, sizeof(m.length), "%zu", q->body.len);
	serve_exchange(&m.gateway, &server);
	split_reply(c, &m.raw);
	if (c->status > 0)
		check_reply(c, q->method);
	if (!peer_leaves(q))
		assert_true(c->status > 0);
	buf_release(&m.raw);
}

int cgi_setup(void **state)
{
	struct cgi *c = calloc(1, sizeof(*c));
	struct err err = ERR_INIT;

	assert_non_null(c);
	fixture_open(&c->fixture);
	assert_int_equal(config_set(&c->fixture.config, VIEW_LIT("sendfile"),
	                         VIEW_LIT("copy"), "test", &err),
	        0);
	c->head = BUF_INIT(1 << 20);
	c->body = BUF_INIT(1 << 30);
	*state = c;
	return 0;
}

int cgi_teardown(void **state)
{
	struct cgi *c = *state;

	buf_release(&c->head);
	buf_release(&c->body);
	fixture_close(&c->fixture);
	free(c);
	return 0;
}

/* Formats the URI and sends. */
static void send_to(struct cgi *c, struct cgi_request q, const char *fmt, va_list ap)
        __attribute__((format(printf, 3, 0)));

static void send_to(struct cgi *c, struct cgi_request q, const char *fmt, va_list ap)
{
	char uri[8192];
	int len = vsnprintf(uri, sizeof(uri), fmt, ap);

	assert_true(len > 0 && (size_t)len < sizeof(uri));
	q.uri = uri;
	cgi_send(c, &q);
}

void cgi_get(struct cgi *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_to(c, (struct cgi_request){.method = "GET"}, fmt, ap);
	va_end(ap);
}

void cgi_head(struct cgi *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_to(c, (struct cgi_request){.method = "HEAD"}, fmt, ap);
	va_end(ap);
}

void cgi_delete(struct cgi *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_to(c, (struct cgi_request){.method = "DELETE"}, fmt, ap);
	va_end(ap);
}

void cgi_post(struct cgi *c, const char *body, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_to(c, (struct cgi_request){.method = "POST", .body = view_of(body)}, fmt,
	        ap);
	va_end(ap);
}

void cgi_patch(struct cgi *c, const char *range, const char *body, const char *fmt, ...)
{
	struct cgi_request q = {.method = "PATCH", .body = view_of(body)};
	va_list ap;

	if (range) {
		q.fields[0] = "HTTP_CONTENT_RANGE";
		q.fields[1] = range;
	}
	va_start(ap, fmt);
	send_to(c, q, fmt, ap);
	va_end(ap);
}

void cgi_put(struct cgi *c, const char *type, const char *body, const char *fmt, ...)
{
	struct cgi_request q = {.method = "PUT", .body = view_of(body)};
	va_list ap;

	if (type) {
		q.fields[0] = "CONTENT_TYPE";
		q.fields[1] = type;
	}
	va_start(ap, fmt);
	send_to(c, q, fmt, ap);
	va_end(ap);
}

const char *cgi_header(const struct cgi *c, const char *name)
{
	size_t len = strlen(name);
	const char *end = c->head.ptr + c->head.len;

	for (const char *p = c->head.ptr; p < end; p += strlen(p) + 1) {
		if (strncasecmp(p, name, len) == 0 && p[len] == ':')
			return p + len + 1 + strspn(p + len + 1, " ");
	}
	return NULL;
}

const char *cgi_body(const struct cgi *c)
{
	return buf_str(&c->body);
}
