/*
 * The reply: header fields first, then one call that sends it. "Status: 404 Not Found" with the
 * reason, Content-Length always ours, no body on HEAD, 204 and 304.
 */
#ifndef GATEWAY_REPLY_H
#define GATEWAY_REPLY_H

#include "base/buf.h"
#include "format/digest.h"
#include "gateway/request.h"
#include "store/blobs.h"

struct exchange;

struct reply {
	struct buf headers;
	bool sent;      /* the status line is out */
	int status;
	uint64_t bytes; /* of the body */
};

/* Adds a field. The formatted value must hold no control bytes: such a field is dropped and logged. */
void reply_header(struct exchange *x, const char *name, const char *fmt, ...) PRINTF(3, 4);
/* Docker-Content-Digest, and ETag with it. */
void reply_digest(struct exchange *x, const struct digest *d);
/* Location: relative, except where the configuration or the client wants it absolute. path begins with '/'. */
void reply_location(struct exchange *x, const char *path);
/* Sends without a body. 0, or -1 when the peer left (ERR_GONE). */
int reply_empty(struct exchange *x, int status);
/* Sends a body of the given type. A HEAD gets its length only. */
int reply_body(struct exchange *x, int status, const char *type, struct view body);
/* application/json. ERR_FAULT when the buffer has failed (its ceiling was reached). */
int reply_json(struct exchange *x, int status, const struct buf *body);
/*
 * A blob: 200, or 206 and 416 for a Range, 304 for If-None-Match. Hands the file to the web server (X-Sendfile,
 * X-Accel-Redirect) or copies it, as configured. HEAD carries the length only.
 */
int reply_blob(struct exchange *x, const struct blob *blob, const struct digest *d);
/* Whether If-None-Match names the digest (RFC 9110 section 13.1.2): the caller answers 304. */
bool reply_not_modified(struct exchange *x, const struct digest *d);
/* The error of the exchange as {"errors":[{code,message,detail}]} with its status and header fields. */
void reply_error(struct exchange *x);

#endif
