/* The reply to a request that failed. */
#include "gateway/reply.h"

#include "base/log.h"
#include "gateway/exchange.h"

#include <string.h>

/* Room for the detail of a manifest that lacks everything it refers to. */
#define ERROR_BODY_MAX ((size_t)1 << 20)

struct refusal {
	enum err_code code;
	int status;
	const char
	        *name; /* of the specification, "Error Codes"; it has none for faults */
};

static const struct refusal refusals[] = {
        {ERR_BLOB_UNKNOWN, 404, "BLOB_UNKNOWN"},
        {ERR_BLOB_UPLOAD_INVALID, 400, "BLOB_UPLOAD_INVALID"},
        {ERR_BLOB_UPLOAD_UNKNOWN, 404, "BLOB_UPLOAD_UNKNOWN"},
        {ERR_DIGEST_INVALID, 400, "DIGEST_INVALID"},
        {ERR_MANIFEST_BLOB_UNKNOWN, 400, "MANIFEST_BLOB_UNKNOWN"},
        {ERR_MANIFEST_INVALID, 400, "MANIFEST_INVALID"},
        {ERR_MANIFEST_UNKNOWN, 404, "MANIFEST_UNKNOWN"},
        {ERR_NAME_INVALID, 400, "NAME_INVALID"},
        {ERR_NAME_UNKNOWN, 404, "NAME_UNKNOWN"},
        {ERR_SIZE_INVALID, 400, "SIZE_INVALID"},
        {ERR_UNAUTHORIZED, 401, "UNAUTHORIZED"},
        {ERR_DENIED, 403, "DENIED"},
        {ERR_UNSUPPORTED, 405, "UNSUPPORTED"},
        {ERR_TOO_MANY_REQUESTS, 429, "TOOMANYREQUESTS"},
        {ERR_BAD_REQUEST, 400, "UNSUPPORTED"},
        {ERR_RANGE, 416, "BLOB_UPLOAD_INVALID"},
        {ERR_TOO_LARGE, 413, "SIZE_INVALID"},
        {ERR_URI_TOO_LONG, 414, "SIZE_INVALID"},
        {ERR_METHOD, 405, "UNSUPPORTED"},
        {ERR_NOT_FOUND, 404, "NAME_UNKNOWN"},
        {ERR_CONFLICT, 409, "UNSUPPORTED"},
        {ERR_REMOTE, 502, "UNKNOWN"},
        {ERR_BUSY, 503, "UNKNOWN"},
        {ERR_FULL, 507, "UNKNOWN"},
        {ERR_GONE, 400, "SIZE_INVALID"},
};

static const struct refusal fault = {ERR_FAULT, 500, "UNKNOWN"};

static const struct refusal *refusal_of(enum err_code code)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].code == code)
			return &refusals[i];
	return &fault;
}

static void log_failure(const struct err *e, int status)
{
	enum log_level level = LOG_LEVEL_DEBUG;

	if (e->code == ERR_GONE)
		level = LOG_LEVEL_INFO;
	else if (e->code == ERR_BUSY)
		level = LOG_LEVEL_WARN;
	else if (!err_is_refusal(e))
		level = LOG_LEVEL_ERROR;
	log_event(level, e->code == ERR_GONE ? "gone" : "failed",
	        "status=%d errno=%d%s%s text=\"%s\"", status, e->errnum,
	        e->errnum ? " error=" : "", e->errnum ? strerror(e->errnum) : "",
	        e->text);
}

/* What only the log explains. */
static bool is_fault(const struct err *e)
{
	return !err_is_refusal(e) && e->code != ERR_GONE;
}

static const char *fault_message(enum err_code code)
{
	if (code == ERR_BUSY)
		return "the registry is busy with what this request needs; try again";
	if (code == ERR_FULL)
		return "the registry has no room left";
	return "the registry failed; its log says why under this request id";
}

static void write_object(const struct exchange *x, const struct refusal *r,
        const char *detail, struct buf *out)
{
	const struct err *e = &x->err;
	bool ours = is_fault(e);

	buf_addf(out, "{\"code\":\"%s\",\"message\":", r->name);
	buf_add_json(out, view_of(ours ? fault_message(e->code) : e->text));
	if (ours)
		buf_addf(out, ",\"detail\":{\"request\":\"%s\"}", x->id);
	else if (detail)
		buf_addf(out, ",\"detail\":%s", detail);
	buf_add_char(out, '}');
}

/* The one member that clients of Ollama read. */
static void write_ollama(const struct exchange *x, struct buf *out)
{
	const struct err *e = &x->err;

	buf_add_str(out, "{\"error\":");
	if (!is_fault(e)) {
		buf_add_json(out, view_of(e->text));
	} else {
		buf_addf(out, "\"%s: %s\"", fault_message(e->code), x->id);
	}
	buf_add_char(out, '}');
}

/* One error object; without a detail when that does not fit. */
static void write_errors(struct exchange *x, const struct refusal *r, struct buf *out)
{
	const char *detail = buf_failed(out) ? NULL : x->err.detail;

	buf_clear(out);
	if (reply_is_ollama(x)) {
		write_ollama(x, out);
		return;
	}
	buf_add_str(out, "{\"errors\":[");
	write_object(x, r, detail, out);
	buf_add_str(out, "]}");
}

static void failure_headers(struct exchange *x, int status)
{
	/*
	 * What a handler had prepared before it met a fault describes no reply of ours.
	 */
	if (is_fault(&x->err) || buf_failed(&x->reply.headers))
		buf_clear(&x->reply.headers);
	/*
	 * RFC 9110 section 15.5.6 demands one; the handlers that refuse serve what can
	 * be read.
	 */
	if (status == 405 && !reply_has_header(x, "Allow"))
		reply_header(x, "Allow", "GET, HEAD");
	if (status == 503 || status == 429)
		reply_header(x, "Retry-After", "1");
	reply_header(x, "Cache-Control", "no-store");
}

void reply_error(struct exchange *x)
{
	struct refusal r = *refusal_of(x->err.code);
	struct buf body = BUF_INIT(ERROR_BODY_MAX);

	if (x->err.code == ERR_NONE)
		err_set(&x->err, ERR_FAULT, "a handler failed without an error");
	log_failure(&x->err, r.status);
	/* A body that merely ended early may have a client that still listens. */
	if (x->reply.sent || (x->err.code == ERR_GONE && !x->request.body_ended))
		return;
	if (r.code == ERR_RANGE && view_is(x->request.method, "GET"))
		r.name = "SIZE_INVALID";
	write_errors(x, &r, &body);
	if (buf_failed(&body))
		write_errors(x, &r, &body);
	failure_headers(x, r.status);
	reply_json(x, r.status, &body);
	buf_release(&body);
}

void reply_error_object(struct exchange *x, struct buf *out)
{
	const struct refusal *r = refusal_of(x->err.code);

	log_failure(&x->err, r->status);
	if (reply_is_ollama(x))
		write_ollama(x, out);
	else
		write_object(x, r, x->err.detail, out);
}
