/*
 * Keys made for a test, their public halves as files have them, and tokens signed with
 * them.
 */
#ifndef SUPPORT_SIGNER_H
#define SUPPORT_SIGNER_H

#include "base/buf.h"
#include "format/jwks.h"

/* A private key for KEY_RS256 (2048 bits), KEY_ES256 or KEY_EDDSA; EVP_PKEY_free. */
EVP_PKEY *signer_key(enum key_algorithm a);
/* Appends its public half as an element of "keys". */
void signer_jwk(EVP_PKEY *key, enum key_algorithm a, const char *id, struct buf *out);
/* Appends its public half as PEM. */
void signer_pem(EVP_PKEY *key, struct buf *out);
/*
 * Appends header.payload.signature, whatever header and payload say; key NULL leaves it
 * empty.
 */
void signer_token(EVP_PKEY *key, enum key_algorithm a, const char *header,
        const char *payload, struct buf *out);

#endif
