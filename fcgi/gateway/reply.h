/*
 * The reply: header fields first, then one call that sends it. "Status: 404 Not Found"
 * with the reason, Content-Length always ours, no body on HEAD, 204 and 304.
 */
#ifndef GATEWAY_REPLY_H
#define GATEWAY_REPLY_H

#include "base/buf.h"
#include "format/digest.h"
#include "gateway/request.h"
#include "store/blobs.h"

/* What a web server takes as a header section: more is a fault of ours. */
#define REPLY_HEADERS_MAX 60000

struct exchange;

struct reply {
	struct buf headers; /* BUF_INIT(REPLY_HEADERS_MAX) */
	bool sent;          /* the status line is out */
	int status;
	uint64_t bytes; /* of the body */
};

/*
 * Adds a field. The formatted value must hold no control bytes: such a field is dropped
 * and logged.
 */
void reply_header(struct exchange *x, const char *name, const char *fmt, ...)
        PRINTF(3, 4);
/* Whether a field of this name was added; case matters. */
bool reply_has_header(const struct exchange *x, const char *name);
/* Docker-Content-Digest, and ETag with it. */
void reply_digest(struct exchange *x, const struct digest *d);
/*
 * Location: relative, except for Ollama clients, which cannot follow a relative one;
 * the absolute one begins with the origin of the request (origin.h). path begins with
 * '/'.
 */
void reply_location(struct exchange *x, const char *path);
/* Sends without a body. 0, or -1 when the peer left (ERR_GONE). */
int reply_empty(struct exchange *x, int status);
/* Sends a body of the given type. A HEAD gets its length only. */
int reply_body(struct exchange *x, int status, const char *type, struct view body);
/* application/json. ERR_FAULT when the buffer has failed (its ceiling was reached). */
int reply_json(struct exchange *x, int status, const struct buf *body);
/*
 * A blob: 200, or 206 and 416 for a Range, 304 for If-None-Match. Hands the file to the
 * web server (X-Sendfile, X-Accel-Redirect) or copies it, as configured. HEAD carries
 * the length only.
 */
int reply_blob(struct exchange *x, const struct blob *blob, const struct digest *d);
/*
 * Whether If-None-Match names the digest (RFC 9110 section 13.1.2): the caller answers
 * 304.
 */
bool reply_not_modified(struct exchange *x, const struct digest *d);
/*
 * Whether the request is one to an Ollama host (/api/…): errors are {"error":"…"} then,
 * and nothing of the registry's header fields is sent.
 */
bool reply_is_ollama(const struct exchange *x);
/*
 * The error of the exchange as {"errors":[{code,message,detail}]} with its status and
 * the header fields added so far. A fault shows the request id and nothing else, and is
 * logged. Nothing goes out when the peer has left, or when the head of a reply is out
 * already.
 */
void reply_error(struct exchange *x);
/*
 * Logs the error of the exchange as reply_error does, and puts {code,message,detail} into
 * out: for a reply whose head is out already.
 */
void reply_error_object(struct exchange *x, struct buf *out);

/*
 * For what is longer than one piece: the header section into out, which stands for the
 * reply from then on; 0 or -1.
 */
int reply_begin(struct exchange *x, int status, struct buf *out);
/* Sends bytes as they are; 0, or -1 with ERR_GONE. */
int reply_write(struct exchange *x, struct view bytes);
/* Sends now what reply_write was given; 0, or -1 with ERR_GONE. */
int reply_flush(struct exchange *x);
/* Whether the rest of a long reply would be for nobody; see gateway.h. */
bool reply_is_abandoned(const struct exchange *x);

#endif
