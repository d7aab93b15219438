/*
 * Makes and checks signed addresses of blobs (format/signed_url.h), with the secrets of the
 * store (secrets.h): an address that one host has made is good on all of them.
 */
#ifndef SERVICE_BLOB_URLS_H
#define SERVICE_BLOB_URLS_H

#include "base/err.h"
#include "format/digest.h"
#include "format/name.h"
#include "format/signed_url.h"
#include "service/tokens.h"

#include <stdint.h>

/*
 * Signs an address for BLOB_URLS_LIFETIME from now, whoever may pull the blob having asked
 * for it. 0, or -1 with ERR_FAULT.
 */
int blob_urls_sign(struct tokens *t, const struct repo_name *name, const struct digest *d,
        int64_t now, struct signed_url *out, struct err *err);
/*
 * 0 when the address is good for this blob, else -1 with ERR_DENIED: it has expired, or
 * was not made here, or for another blob or repository, or its secret is gone.
 */
int blob_urls_check(struct tokens *t, const struct repo_name *name,
        const struct digest *d, const struct signed_url *u, int64_t now, struct err *err);

#endif
