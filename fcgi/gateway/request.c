#include "gateway/request.h"

#include "base/num.h"
#include "format/query.h"

#include <string.h>

/* Bytes asked for at a time when a body is read into memory. */
#define READ_BLOCK 65536

/*
 * A request target in absolute form (RFC 9112 section 3.2.2) without scheme and
 * authority.
 */
static struct view origin_form(struct view uri)
{
	struct view scheme, rest;

	if (uri.len == 0 || uri.ptr[0] == '/' || !view_cut(uri, ':', &scheme, &rest))
		return uri;
	if ((!view_is_nocase(scheme, "http") && !view_is_nocase(scheme, "https")) ||
	        !view_starts(rest, "//"))
		return uri;
	rest.ptr += 2;
	rest.len -= 2;
	uri.ptr = memchr(rest.ptr, '/', rest.len);
	if (!uri.ptr)
		return VIEW_LIT("/");
	uri.len = rest.len - (size_t)(uri.ptr - rest.ptr);
	return uri;
}

static bool has_encoded_slash(struct view v)
{
	for (size_t i = 0; i + 2 < v.len; i++)
		if (v.ptr[i] == '%' && v.ptr[i + 1] == '2' &&
		        (v.ptr[i + 2] | 0x20) == 'f')
			return true;
	return false;
}

static bool has_control(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if ((unsigned char)v.ptr[i] < 0x20 || v.ptr[i] == 0x7f)
			return true;
	return false;
}

/* No component is empty (but the last), "." or "..": none could lead elsewhere. */
static bool components_are_plain(struct view path)
{
	struct view component, rest = path;

	rest.ptr++;
	rest.len--;
	while (view_cut(rest, '/', &component, &rest))
		if (component.len == 0 || view_is(component, ".") ||
		        view_is(component, ".."))
			return false;
	return !view_is(component, ".") && !view_is(component, "..");
}

/* Decodes once: what is a '%' after this is a byte of the path. */
static int decode_path(struct request *r, struct err *err)
{
	struct buf decoded = BUF_INIT(REQUEST_PATH_MAX - 1);
	struct view path = r->raw_path;
	int rc = 0;

	if (path.len >= REQUEST_PATH_MAX)
		return err_set(err, ERR_URI_TOO_LONG, "the path is longer than %d bytes",
		        REQUEST_PATH_MAX - 1);
	if (path.len == 0 || path.ptr[0] != '/')
		return err_set(
		        err, ERR_BAD_REQUEST, "the path does not begin with a slash");
	if (has_encoded_slash(path))
		return err_set(err, ERR_BAD_REQUEST, "the path holds an encoded slash");
	if (memchr(path.ptr, '%', path.len)) {
		rc = percent_decode(path, false, &decoded);
		path = buf_view(&decoded);
	}
	if (rc != 0 || has_control(path) ||
	        view_copy(path, r->path, sizeof(r->path)) != 0)
		rc = err_set(err, ERR_BAD_REQUEST,
		        "the path holds a broken escape or a control byte");
	else if (!components_are_plain(path))
		rc = err_set(err, ERR_BAD_REQUEST,
		        "the path holds an empty component, a '.' or a '..'");
	buf_release(&decoded);
	return rc;
}

static int read_length(struct request *r, struct err *err)
{
	struct view length = request_header(r, "CONTENT_LENGTH");

	/* A server that streams a body of unknown length may set the variable empty. */
	if (length.len == 0)
		return 0;
	if (num_parse(length, &r->length) != 0)
		return err_set(err, ERR_BAD_REQUEST, "Content-Length is no number");
	r->has_length = true;
	return 0;
}

int request_init(struct request *r, struct gateway *g, struct err *err)
{
	struct view uri;

	r->gateway = g;
	r->method = request_header(r, "REQUEST_METHOD");
	r->raw_path = r->query = VIEW_LIT("");
	r->path[0] = '\0';
	r->has_length = r->body_ended = false;
	r->length = r->received = 0;

	uri = request_header(r, "REQUEST_URI");
	if (uri.len > REQUEST_URI_MAX)
		return err_set(err, ERR_URI_TOO_LONG, "the URI is longer than %d bytes",
		        REQUEST_URI_MAX);
	view_cut(origin_form(uri), '?', &r->raw_path, &r->query);
	if (decode_path(r, err) != 0)
		return -1;
	return read_length(r, err);
}

struct view request_header(const struct request *r, const char *variable)
{
	return view_of(r->gateway->variable(r->gateway, variable));
}

bool request_is_ollama(const struct request *r)
{
	struct view agent = request_header(r, "HTTP_USER_AGENT");

	return view_starts(agent, "ollama/") || view_starts(agent, "ollama-transfer/") ||
	       request_header(r, "HTTP_X_REDIRECT_UPLOADS").len > 0;
}

int request_query(const struct request *r, const char *name, unsigned n, struct buf *out,
        struct err *err)
{
	int found = query_get(r->query, name, n, out);

	if (found < 0)
		return err_set(
		        err, ERR_BAD_REQUEST, "the parameter %s is malformed", name);
	return found;
}

static int check_end(const struct request *r, struct err *err)
{
	if (r->has_length && r->received < r->length)
		return err_set(err, ERR_GONE, "the body ended after %llu of %llu bytes",
		        (unsigned long long)r->received, (unsigned long long)r->length);
	return 0;
}

static ssize_t pull(void *arg, void *bytes, size_t len, struct err *err)
{
	struct request *r = arg;
	ssize_t n;

	if (r->body_ended)
		return check_end(r, err);
	n = r->gateway->body(r->gateway, bytes, len);
	if (n < 0)
		return err_set(err, ERR_GONE, "the peer left or stalled after %llu bytes",
		        (unsigned long long)r->received);
	if (n == 0) {
		r->body_ended = true;
		return check_end(r, err);
	}
	r->received += (uint64_t)n;
	if (r->has_length && r->received > r->length)
		return err_set(err, ERR_SIZE_INVALID,
		        "the body is longer than its Content-Length");
	return n;
}

struct body_source request_body(struct request *r)
{
	return (struct body_source){pull, r};
}

/* Whether the body ends here, asked when there is no room for more. */
static int expect_end(struct request *r, struct err *err)
{
	char byte;
	ssize_t n = pull(r, &byte, 1, err);

	if (n > 0)
		return err_set(err, ERR_TOO_LARGE, "the body is over the limit");
	return (int)n;
}

int request_read_all(struct request *r, struct buf *out, struct err *err)
{
	uint64_t limit = r->has_length ? r->length : out->ceiling;
	ssize_t n;

	if (limit > out->ceiling)
		return err_set(err, ERR_TOO_LARGE,
		        "the body of %llu bytes is over the limit of %zu",
		        (unsigned long long)limit, out->ceiling);
	do {
		size_t room = (size_t)limit - out->len;

		if (room == 0)
			return expect_end(r, err);
		if (room > READ_BLOCK)
			room = READ_BLOCK;
		if (buf_reserve(out, room) != 0)
			return err_set(err, ERR_FAULT, "no memory for a body");
		n = pull(r, out->ptr + out->len, room, err);
		if (n > 0)
			out->len += (size_t)n;
		out->ptr[out->len] = '\0';
	} while (n > 0);
	return (int)n;
}
