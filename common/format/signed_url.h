/*
 * Signed addresses of blobs: whoever has one may read this blob of this repository, and
 * nothing else, until it expires.
 *
 *     /v2/<name>/blobs/<digest>?expires=<seconds>&key=<id>&signature=<base64url>
 *
 * The signature is the HMAC-SHA256 of the lines "lighter blob 1", name, digest and expires
 * with the secret that key names. The secrets are those of our tokens: what is signed
 * there holds no end of line, so neither can stand for the other.
 */
#ifndef FORMAT_SIGNED_URL_H
#define FORMAT_SIGNED_URL_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/view.h"
#include "format/digest.h"
#include "format/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNED_URL_KEY_MAX 32
#define SIGNED_URL_MAC_BYTES 32

/* What the query of a signed address says. */
struct signed_url {
	int64_t expires; /* seconds since 1970 */
	char key_id[SIGNED_URL_KEY_MAX + 1];
	unsigned char mac[SIGNED_URL_MAC_BYTES];
};

/*
 * Reads a query: 1; 0 when it has no parameter "signature"; -1 when it has one, but is not
 * of the form above.
 */
int signed_url_parse(struct view query, struct signed_url *out);
/* Sets u->mac by the other two fields; 0, or -1 when libcrypto fails. */
MUST_USE int signed_url_sign(struct signed_url *u, const void *secret, size_t len,
        const struct repo_name *name, const struct digest *d);
/* Whether it was signed with the secret for this blob. Compares in constant time. */
bool signed_url_is_right(const struct signed_url *u, const void *secret, size_t len,
        const struct repo_name *name, const struct digest *d);
/* Appends the query, without the '?'; 0, or -1 when out is full. */
int signed_url_add_query(const struct signed_url *u, struct buf *out);

#endif
