/*
 * Running SHA-256 and SHA-512, on libcrypto. The state can be exported between two
 * updates and imported by another process: this is how an upload is hashed across
 * requests without reading anything twice.
 */
#ifndef FORMAT_HASH_H
#define FORMAT_HASH_H

#include "base/attr.h"
#include "base/view.h"
#include "format/digest.h"

#include <openssl/sha.h>
#include <stdint.h>

struct hash {
	enum digest_algorithm algorithm;
	union {
		SHA256_CTX sha256;
		SHA512_CTX sha512;
	} state;
};

/*
 * Room for an exported state: version, algorithm, chaining value, count and pending
 * block in an order of bytes that is the same on every machine.
 */
#define HASH_STATE_MAX 256

void hash_init(struct hash *h, enum digest_algorithm a);
void hash_update(struct hash *h, const void *bytes, size_t len);
/* The digest of all that was added; h is used up. */
void hash_final(struct hash *h, struct digest *out);
/* Digest of one piece. */
void hash_bytes(
	enum digest_algorithm a, const void *bytes, size_t len, struct digest *out);
/* Writes the state to out; returns its length. */
size_t hash_export(const struct hash *h, unsigned char out[HASH_STATE_MAX]);
/* 0, or -1 when the bytes are no state of this algorithm after offset bytes. */
MUST_USE int hash_import(struct hash *h, enum digest_algorithm a,
	const unsigned char *bytes, size_t len, uint64_t offset);

#endif
