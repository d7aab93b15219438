/*
 * Addresses at other registries, as they come in Location fields and challenges: read by
 * libcurl, so that what is checked is what is asked.
 */
#ifndef SERVICE_REMOTE_URL_H
#define SERVICE_REMOTE_URL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"
#include "format/remotes.h"

#include <stdbool.h>

#define REMOTE_URL_MAX 8191

struct remote_url {
	char text[REMOTE_URL_MAX + 1]; /* without a fragment */
	char host[REMOTE_HOST_MAX + 1]; /* lower case; an IPv6 address in brackets */
	unsigned port;                  /* that of the scheme when none is given */
	bool https;
};

/*
 * Reads an address, relative to base unless that is NULL. ERR_REMOTE when it is malformed
 * or too long, holds user and password, or has a scheme other than http and https.
 */
int remote_url_read(
        const char *base, struct view text, struct remote_url *out, struct err *err);
/* Scheme, host and port are the same. */
bool remote_url_same_origin(const struct remote_url *a, const struct remote_url *b);
/*
 * Appends name=value to the query, the value percent-encoded. ERR_REMOTE when the address
 * gets too long.
 */
int remote_url_add(
        struct remote_url *u, const char *name, struct view value, struct err *err);

/* What a host is asked for. */
enum remote_use { REMOTE_CONTENT, REMOTE_TOKEN };

/*
 * Whether the rule of a registry, which is at origin, lets us go to an address: the
 * registry itself, or a host that is listed there for this use. No way leads from https to
 * http unless the rule says insecure. ERR_DENIED with what is to be listed.
 */
int remote_url_check(const struct remote_rule *rule, const struct remote_url *origin,
        const struct remote_url *u, enum remote_use use, struct err *err);

#endif
