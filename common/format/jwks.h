/*
 * Public keys that verify tokens: from a JSON Web Key Set (RFC 7517; RSA and P-256 by
 * RFC 7518, Ed25519 by RFC 8037) or from PEM (public keys and certificates).
 */
#ifndef FORMAT_JWKS_H
#define FORMAT_JWKS_H

#include "base/attr.h"
#include "base/err.h"
#include "base/view.h"

#include <openssl/types.h>
#include <stddef.h>

#define KEY_ID_MAX 128
#define KEY_SET_MAX 32
#define KEY_FILE_MAX 262144 /* bytes of a file of keys */
#define KEY_RSA_BITS_MIN 2048
#define KEY_RSA_BITS_MAX 8192

enum key_algorithm { KEY_HS256, KEY_RS256, KEY_ES256, KEY_EDDSA };

struct public_key {
	char id[KEY_ID_MAX +
	        1]; /* "" when it has none (PEM): then it stands for any id */
	enum key_algorithm algorithm; /* never KEY_HS256 */
	EVP_PKEY *pkey;               /* owned by the set */
};

struct key_set {
	size_t n;
	struct public_key keys[KEY_SET_MAX];
};

/* The name in the header of a token ("RS256"): 0, or -1 when it is not one of ours. */
MUST_USE int key_algorithm_parse(struct view name, enum key_algorithm *out);
const char *key_algorithm_name(enum key_algorithm a);
/*
 * Reads a file of keys into out: JSON when it begins with '{', else PEM. Keys of a set
 * that are of another kind or use are passed over (RFC 7517, section 5). ERR_FAULT, with
 * out empty, for a malformed file, a malformed or weak key, a private key, more than
 * KEY_SET_MAX, and for a file without a single usable key. Release with key_set_release.
 */
int key_set_parse(struct view text, struct key_set *out, struct err *err);
void key_set_release(struct key_set *set);

#endif
