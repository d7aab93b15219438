/*
 * The origin of a request as its client sees it: what absolute addresses in answers begin
 * with (the realm of a challenge, the Location of clients that follow no relative one).
 */
#ifndef GATEWAY_ORIGIN_H
#define GATEWAY_ORIGIN_H

#include "base/config.h"
#include "base/err.h"

#include <stdbool.h>

/* "https://", a name of 255 characters, ':', a port of 5 digits, and a NUL. */
#define ORIGIN_SIZE 272

struct exchange;

/*
 * Writes "scheme://host[:port]" to out. It is the setting public-url where that is set,
 * with the host as the Host field has it when that means the same: clients compare texts;
 * else what the proxies say that the setting trusted-proxies names, starting from the
 * one that the web server talks to: Forwarded (RFC 7239), or in its absence
 * X-Forwarded-Proto and X-Forwarded-Host, counted by the addresses in X-Forwarded-For;
 * else what the web server says (HTTPS, REQUEST_SCHEME) and the Host field. False, and
 * the empty string, when there is no host that could be put into an address.
 */
bool origin_of(const struct exchange *x, char out[ORIGIN_SIZE]);
/*
 * The same with the host of the setting blob-host in place of the request's, when the
 * request was not made to that host (whatever the port). False, and the empty string,
 * when it was, when there is no such setting, or no origin.
 */
bool origin_of_blobs(const struct exchange *x, char out[ORIGIN_SIZE]);
/*
 * What config_check cannot say: ERR_BAD_REQUEST when an entry of trusted-proxies is
 * neither an address nor a network, or public-url or blob-host is longer than an origin can
 * be.
 */
int origin_check_settings(const struct config *c, struct err *err);

#endif
