#include "format/hash.h"

#include <string.h>

/*
 * The exported state, all numbers big-endian:
 *
 *     1 byte    version of this layout
 *     1 byte    algorithm
 *     8 words   chaining value
 *     2 words   bits hashed so far, high and low
 *     n bytes   the block that is not full yet
 *
 * A word has 4 bytes for SHA-256 and 8 for SHA-512. n follows from the bits.
 */
#define STATE_VERSION 1
#define STATE_HEAD 2
#define CHAIN_WORDS 8

_Static_assert(STATE_HEAD + (CHAIN_WORDS + 2) * 8 + SHA512_CBLOCK <= HASH_STATE_MAX,
	"the largest state fits");

/*
 * The EVP interface that replaced these calls in OpenSSL 3.0 keeps its state to
 * itself, and the state is what has to survive from one request to the next.
 */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void put_word(unsigned char *out, size_t width, uint64_t word)
{
	for (size_t i = width; i-- > 0; word >>= 8)
		out[i] = (unsigned char)word;
}

static uint64_t get_word(const unsigned char *in, size_t width)
{
	uint64_t word = 0;

	for (size_t i = 0; i < width; i++)
		word = word << 8 | in[i];
	return word;
}

void hash_init(struct hash *h, enum digest_algorithm a)
{
	memset(h, 0, sizeof(*h));
	h->algorithm = a;
	if (a == DIGEST_SHA256)
		SHA256_Init(&h->state.sha256);
	else
		SHA512_Init(&h->state.sha512);
}

void hash_update(struct hash *h, const void *bytes, size_t len)
{
	if (h->algorithm == DIGEST_SHA256)
		SHA256_Update(&h->state.sha256, bytes, len);
	else
		SHA512_Update(&h->state.sha512, bytes, len);
}

void hash_final(struct hash *h, struct digest *out)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[SHA512_DIGEST_LENGTH];
	size_t len = digest_hex_length(h->algorithm) / 2;

	if (h->algorithm == DIGEST_SHA256)
		SHA256_Final(raw, &h->state.sha256);
	else
		SHA512_Final(raw, &h->state.sha512);
	out->algorithm = h->algorithm;
	for (size_t i = 0; i < len; i++) {
		out->hex[2 * i] = digits[raw[i] >> 4];
		out->hex[2 * i + 1] = digits[raw[i] & 15];
	}
	out->hex[2 * len] = '\0';
}

void hash_bytes(
	enum digest_algorithm a, const void *bytes, size_t len, struct digest *out)
{
	struct hash h;

	hash_init(&h, a);
	hash_update(&h, bytes, len);
	hash_final(&h, out);
}

static size_t export_sha256(const SHA256_CTX *c, unsigned char *out)
{
	for (size_t i = 0; i < CHAIN_WORDS; i++, out += 4)
		put_word(out, 4, c->h[i]);
	put_word(out, 4, c->Nh);
	put_word(out + 4, 4, c->Nl);
	memcpy(out + 8, c->data, c->num);
	return (CHAIN_WORDS + 2) * 4 + c->num;
}

static size_t export_sha512(const SHA512_CTX *c, unsigned char *out)
{
	for (size_t i = 0; i < CHAIN_WORDS; i++, out += 8)
		put_word(out, 8, c->h[i]);
	put_word(out, 8, c->Nh);
	put_word(out + 8, 8, c->Nl);
	memcpy(out + 16, c->u.p, c->num);
	return (CHAIN_WORDS + 2) * 8 + c->num;
}

size_t hash_export(const struct hash *h, unsigned char out[HASH_STATE_MAX])
{
	out[0] = STATE_VERSION;
	out[1] = (unsigned char)h->algorithm;
	if (h->algorithm == DIGEST_SHA256)
		return STATE_HEAD + export_sha256(&h->state.sha256, out + STATE_HEAD);
	return STATE_HEAD + export_sha512(&h->state.sha512, out + STATE_HEAD);
}

static void import_sha256(SHA256_CTX *c, const unsigned char *in, unsigned pending)
{
	for (size_t i = 0; i < CHAIN_WORDS; i++, in += 4)
		c->h[i] = (SHA_LONG)get_word(in, 4);
	c->Nh = (SHA_LONG)get_word(in, 4);
	c->Nl = (SHA_LONG)get_word(in + 4, 4);
	memcpy(c->data, in + 8, pending);
	c->num = pending;
}

static void import_sha512(SHA512_CTX *c, const unsigned char *in, unsigned pending)
{
	for (size_t i = 0; i < CHAIN_WORDS; i++, in += 8)
		c->h[i] = get_word(in, 8);
	c->Nh = get_word(in, 8);
	c->Nl = get_word(in + 8, 8);
	memcpy(c->u.p, in + 16, pending);
	c->num = pending;
}

/* Whether the two words at in are the bits of offset bytes. */
static bool is_bit_count(const unsigned char *in, size_t width, uint64_t offset)
{
	uint64_t high = get_word(in, width);
	uint64_t low = get_word(in + width, width);

	if (width == 4) {
		low |= high << 32;
		high = 0;
	}
	return low == offset << 3 && high == offset >> 61;
}

int hash_import(struct hash *h, enum digest_algorithm a, const unsigned char *bytes,
	size_t len, uint64_t offset)
{
	size_t width = a == DIGEST_SHA256 ? 4 : 8;
	size_t block = a == DIGEST_SHA256 ? SHA256_CBLOCK : SHA512_CBLOCK;
	size_t chain = STATE_HEAD + CHAIN_WORDS * width;
	unsigned pending = (unsigned)(offset % block);

	if (len != chain + 2 * width + pending)
		return -1;
	if (bytes[0] != STATE_VERSION || bytes[1] != (unsigned char)a)
		return -1;
	if (!is_bit_count(bytes + chain, width, offset))
		return -1;
	hash_init(h, a);
	if (a == DIGEST_SHA256)
		import_sha256(&h->state.sha256, bytes + STATE_HEAD, pending);
	else
		import_sha512(&h->state.sha512, bytes + STATE_HEAD, pending);
	return 0;
}
