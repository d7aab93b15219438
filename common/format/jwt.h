/*
 * JSON Web Tokens in compact form (RFC 7519, RFC 7515): the envelope and its signature.
 * What a token says is read by jwt_claims.h, after the signature was verified.
 *
 * The key decides which algorithm is right, never the token alone (RFC 8725,
 * section 3.1): a secret verifies HS256 only, a public key only the one algorithm it was
 * made for.
 */
#ifndef FORMAT_JWT_H
#define FORMAT_JWT_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/view.h"
#include "format/jwks.h"

#include <stddef.h>

#define JWT_MAX 16384 /* characters of a token */
#define JWT_SIGNATURE_MAX (KEY_RSA_BITS_MAX / 8)

/* Why a token is refused. */
enum jwt_reason {
	JWT_OK,
	JWT_TOO_LARGE, /* over JWT_MAX */
	JWT_MALFORMED, /* not three parts of strict base64url, or a header that is no JSON
	                  object */
	JWT_ALGORITHM, /* "none", or one that is not ours */
	JWT_EXTENSION, /* "crit": it asks for something we do not know (RFC 7515, 4.1.11)
	                */
	JWT_KEY_UNKNOWN,  /* nobody here has the key it names */
	JWT_KEY_MISMATCH, /* the key is not for the algorithm it names: HMAC with a public
	                     key */
	JWT_SIGNATURE,
	JWT_CLAIMS, /* the payload is malformed or lacks what is needed */
	JWT_ISSUER,
	JWT_AUDIENCE,
	JWT_EXPIRED,
	JWT_NOT_YET, /* "nbf" or "iat" lie in the future */
	JWT_SUBJECT, /* "sub" is no user name */
};

struct jwt {
	enum key_algorithm algorithm;
	char key_id[KEY_ID_MAX + 1]; /* "kid", "" when absent */
	struct view signed_part;     /* views into the text */
	struct view payload;         /* still encoded */
	struct view signature;       /* still encoded */
};

/* A short English phrase: "expired", "unknown key". */
const char *jwt_reason_text(enum jwt_reason reason);
/* Takes the token apart: JWT_OK, TOO_LARGE, MALFORMED, ALGORITHM, EXTENSION. */
enum jwt_reason jwt_parse(struct view text, struct jwt *out);
/* JWT_OK, KEY_MISMATCH when it is not HS256, SIGNATURE. Compares in constant time. */
enum jwt_reason jwt_verify_secret(const struct jwt *t, const void *secret, size_t len);
/* JWT_OK, KEY_MISMATCH, SIGNATURE. */
enum jwt_reason jwt_verify_key(const struct jwt *t, const struct public_key *key);
/*
 * With the keys of a set that the token may mean: those of its key id and those without
 * an id; all of them when the token names none. The last reason when none verifies it,
 * KEY_UNKNOWN when there is none to try.
 */
enum jwt_reason jwt_verify_set(const struct jwt *t, const struct key_set *set);
/*
 * Appends the token of a JSON payload, signed with HS256. key_id is a text that needs no
 * escaping. 0, or -1 when out is full.
 */
int jwt_sign(const char *key_id, const void *secret, size_t len, struct view payload,
        struct buf *out);

#endif
