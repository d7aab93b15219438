/*
 * An outside issuer of tokens: a file of its public keys (JWKS or PEM), read again when
 * it changes, and the names its tokens must carry.
 */
#ifndef SERVICE_ISSUER_H
#define SERVICE_ISSUER_H

#include "base/err.h"
#include "format/jwks.h"
#include "format/jwt_claims.h"
#include "service/watched.h"

#include <stdint.h>

struct issuer {
	struct watched file;
	unsigned generation; /* counts what was read anew */
	struct key_set keys;
	char name[JWT_TEXT_MAX + 1];     /* "iss" */
	char audience[JWT_TEXT_MAX + 1]; /* "aud" */
};

#define ISSUER_INIT ((struct issuer){.file = WATCHED_INIT})

/*
 * Reads the keys. With the path "" there is no such issuer, and no token is one of its.
 * ERR_FAULT when the file cannot be read or is wrong, or when name or audience are
 * missing or too long.
 */
int issuer_open(struct issuer *i, const char *path, const char *name,
        const char *audience, int64_t now, struct err *err);
void issuer_close(struct issuer *i);
/*
 * Reads the file again when it has changed; one that is wrong is logged, the keys
 * before stay.
 */
void issuer_refresh(struct issuer *i, int64_t now);
/* Whether a token is rightly signed by the issuer and valid now; fills claims. */
enum jwt_reason issuer_verify(const struct issuer *i, const struct jwt *t, int64_t now,
        struct jwt_claims *claims);

#endif
