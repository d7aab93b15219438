/*
 * A request as handlers see it: method, decoded path, raw query, header fields, body.
 * REQUEST_URI is the one source of the path: SCRIPT_NAME and PATH_INFO differ on every
 * server.
 */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include "base/buf.h"
#include "base/err.h"
#include "gateway/gateway.h"
#include "store/pump.h"

#include <stdint.h>

#define REQUEST_PATH_MAX 4096
#define REQUEST_URI_MAX 65536

struct request {
	struct gateway *gateway;
	struct view method;          /* as sent, case-sensitive */
	struct view raw_path;        /* of REQUEST_URI, not decoded */
	char path[REQUEST_PATH_MAX]; /* decoded once; begins with '/' */
	struct view query;           /* not decoded; see request_query */
	bool has_length;             /* CONTENT_LENGTH was given */
	uint64_t length;
	uint64_t received; /* body bytes handed out so far */
	bool body_ended;
};

/*
 * Reads what can be known before the body. ERR_BAD_REQUEST for a URI that is absent,
 * does not begin with '/', holds a broken escape, an encoded slash, a '.' or '..'
 * component or an empty one, or for a CONTENT_LENGTH that is no number;
 * ERR_URI_TOO_LONG.
 */
int request_init(struct request *r, struct gateway *g, struct err *err);
/*
 * A header field by its CGI name ("HTTP_RANGE", "CONTENT_TYPE"); the empty view when
 * absent.
 */
struct view request_header(const struct request *r, const char *variable);
/*
 * Whether an Ollama client sends it: by its User-Agent, "ollama/…" or "ollama-transfer/…",
 * or by X-Redirect-Uploads, which goes with its uploads.
 */
bool request_is_ollama(const struct request *r);
/*
 * A query parameter by number of occurrence, decoded into out: 1, 0 when absent, -1 with
 * ERR_BAD_REQUEST when malformed.
 */
int request_query(const struct request *r, const char *name, unsigned n, struct buf *out,
        struct err *err);
/*
 * The body as a source: counts against CONTENT_LENGTH; a short body is ERR_GONE, a long
 * one ERR_SIZE_INVALID.
 */
struct body_source request_body(struct request *r);
/* The whole body into out; ERR_TOO_LARGE when its ceiling is reached. */
int request_read_all(struct request *r, struct buf *out, struct err *err);

#endif
