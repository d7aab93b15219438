/*
 * One HTTP exchange after the other with other servers, by libcurl: HTTP/1.1 without
 * proxies, cookies, redirects and anything that the environment could tell. Checked here is
 * what only the connection knows: the address that a name stands for at that moment.
 */
#ifndef SERVICE_FETCH_H
#define SERVICE_FETCH_H

#include "base/buf.h"
#include "base/err.h"
#include "format/remotes.h"
#include "store/pump.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FETCH_HEAD_MAX 65536 /* bytes of the header section of a reply */

struct fetch_settings {
	const struct remote_rule *rule; /* insecure, private, authorities */
	uint64_t stall; /* seconds without a byte after which a peer is given up */
	bool (*cancelled)(void *arg); /* asked about once a second; may be NULL */
	void *arg;
};

struct fetch_request {
	const char *method;
	const char *url;
	const char *const *fields; /* "Name: value", ended by NULL; or NULL */
	struct body_source *body;  /* NULL: none */
	uint64_t length;           /* of the body */
};

struct fetch;

/* Connects nothing yet; rule and settings->arg are borrowed until the end. ERR_FAULT. */
int fetch_open(struct fetch **out, const struct fetch_settings *settings, struct err *err);
/* Closes all connections. */
void fetch_close(struct fetch **f);
/*
 * Sends a request and waits for the header section of the reply; *status is then set. The
 * exchange lasts until fetch_end. ERR_DENIED when the address is not of the public
 * internet and the rule does not allow it; ERR_REMOTE when the peer cannot be reached,
 * stalls, or sends what is no reply; ERR_GONE when cancelled; what the body's source says.
 */
int fetch_begin(
        struct fetch *f, const struct fetch_request *q, int *status, struct err *err);
/*
 * The value of a field of the reply; several fields of a name are joined by commas. A
 * view that is valid until the next call of this or fetch_begin; empty when there is none.
 */
struct view fetch_field(struct fetch *f, const char *name);
/* Bytes of the body that are to come, or UINT64_MAX when the reply does not say. */
uint64_t fetch_length(const struct fetch *f);
/* Up to len bytes of the body; 0 at its end; -1 with ERR_REMOTE or ERR_GONE. */
ssize_t fetch_read(struct fetch *f, void *bytes, size_t len, struct err *err);
/* All of the body behind what out holds. ERR_REMOTE when that is too much for it. */
int fetch_read_all(struct fetch *f, struct buf *out, struct err *err);
/* Ends the exchange; the connection is closed if the body was not read to its end. */
void fetch_end(struct fetch *f);

#endif
