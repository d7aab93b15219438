#include "format/jwt.h"

#include "format/base64.h"
#include "format/json_text.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define HEADER_MAX 4096
#define MAC_BYTES 32
#define ES256_HALF 32
#define ES256_DER_MAX 80

static const char *const reasons[] = {
        [JWT_OK] = "accepted",
        [JWT_TOO_LARGE] = "too large",
        [JWT_MALFORMED] = "malformed",
        [JWT_ALGORITHM] = "algorithm not accepted",
        [JWT_EXTENSION] = "unknown critical extension",
        [JWT_KEY_UNKNOWN] = "unknown key",
        [JWT_KEY_MISMATCH] = "algorithm does not fit the key",
        [JWT_SIGNATURE] = "wrong signature",
        [JWT_CLAIMS] = "malformed or missing claims",
        [JWT_ISSUER] = "wrong issuer",
        [JWT_AUDIENCE] = "wrong audience",
        [JWT_EXPIRED] = "expired",
        [JWT_NOT_YET] = "not yet valid",
        [JWT_SUBJECT] = "subject is no user name",
};

const char *jwt_reason_text(enum jwt_reason reason)
{
	return reasons[reason];
}

static enum jwt_reason read_header(json_object *header, struct jwt *out)
{
	struct view alg, kid;

	if (json_member_text(header, "alg", &alg) != 1 ||
	        json_member_text(header, "kid", &kid) < 0)
		return JWT_MALFORMED;
	if (json_object_object_get_ex(header, "crit", NULL))
		return JWT_EXTENSION;
	if (key_algorithm_parse(alg, &out->algorithm) != 0)
		return JWT_ALGORITHM;
	/* No key of ours has a longer id. */
	return view_copy(kid, out->key_id, sizeof(out->key_id)) == 0 ? JWT_OK
	                                                             : JWT_KEY_UNKNOWN;
}

static enum jwt_reason parse_header(struct view encoded, struct jwt *out)
{
	char bytes[HEADER_MAX];
	const char *why;
	json_object *header;
	enum jwt_reason reason = JWT_MALFORMED;
	size_t len;

	if (base64url_decode(encoded, bytes, sizeof(bytes), &len) != 0)
		return JWT_MALFORMED;
	header = json_parse_object((struct view){bytes, len}, &why);
	if (header)
		reason = read_header(header, out);
	json_object_put(header);
	return reason;
}

enum jwt_reason jwt_parse(struct view text, struct jwt *out)
{
	struct view header, rest;

	if (text.len > JWT_MAX)
		return JWT_TOO_LARGE;
	if (!view_cut_last(text, '.', &out->signed_part, &out->signature))
		return JWT_MALFORMED;
	if (!view_cut(out->signed_part, '.', &header, &rest))
		return JWT_MALFORMED;
	out->payload = rest;
	return parse_header(header, out);
}

static bool mac_of(
        struct view text, const void *secret, size_t len, unsigned char out[MAC_BYTES])
{
	unsigned n = 0;

	return HMAC(EVP_sha256(), secret, (int)len, (const unsigned char *)text.ptr,
	               text.len, out, &n) &&
	       n == MAC_BYTES;
}

enum jwt_reason jwt_verify_secret(const struct jwt *t, const void *secret, size_t len)
{
	unsigned char given[MAC_BYTES], right[MAC_BYTES];
	size_t n;

	if (t->algorithm != KEY_HS256)
		return JWT_KEY_MISMATCH;
	if (base64url_decode(t->signature, given, sizeof(given), &n) != 0 ||
	        n != MAC_BYTES)
		return JWT_SIGNATURE;
	if (!mac_of(t->signed_part, secret, len, right))
		return JWT_SIGNATURE;
	return CRYPTO_memcmp(given, right, MAC_BYTES) == 0 ? JWT_OK : JWT_SIGNATURE;
}

/*
 * The two numbers of a JWS signature (RFC 7518, 3.4) as libcrypto wants them: its
 * length or -1.
 */
static int ecdsa_der(
        const unsigned char *raw, size_t len, unsigned char out[ES256_DER_MAX])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = NULL, *s = NULL;
	int n = -1;

	if (!sig || len != 2 * ES256_HALF)
		goto out;
	r = BN_bin2bn(raw, ES256_HALF, NULL);
	s = BN_bin2bn(raw + ES256_HALF, ES256_HALF, NULL);
	if (!r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		goto out;
	}
	n = i2d_ECDSA_SIG(sig, &out);
out:
	ECDSA_SIG_free(sig);
	return n;
}

static bool evp_verify(const struct public_key *key, const unsigned char *sig, size_t len,
        struct view text)
{
	const EVP_MD *md = key->algorithm == KEY_EDDSA ? NULL : EVP_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool right = false;

	if (ctx && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key->pkey) == 1)
		right = EVP_DigestVerify(ctx, sig, len, (const unsigned char *)text.ptr,
		                text.len) == 1;
	EVP_MD_CTX_free(ctx);
	return right;
}

enum jwt_reason jwt_verify_key(const struct jwt *t, const struct public_key *key)
{
	unsigned char sig[JWT_SIGNATURE_MAX], der[ES256_DER_MAX];
	size_t len;
	int n;

	if (t->algorithm != key->algorithm)
		return JWT_KEY_MISMATCH;
	if (base64url_decode(t->signature, sig, sizeof(sig), &len) != 0)
		return JWT_SIGNATURE;
	if (key->algorithm != KEY_ES256)
		return evp_verify(key, sig, len, t->signed_part) ? JWT_OK : JWT_SIGNATURE;
	n = ecdsa_der(sig, len, der);
	return n > 0 && evp_verify(key, der, (size_t)n, t->signed_part) ? JWT_OK
	                                                                : JWT_SIGNATURE;
}

static bool may_mean(const struct jwt *t, const struct public_key *key)
{
	return !t->key_id[0] || !key->id[0] || view_is(view_of(t->key_id), key->id);
}

enum jwt_reason jwt_verify_set(const struct jwt *t, const struct key_set *set)
{
	enum jwt_reason reason = JWT_KEY_UNKNOWN, last;
	size_t i;

	for (i = 0; i < set->n && reason != JWT_OK; i++) {
		if (!may_mean(t, &set->keys[i]))
			continue;
		last = jwt_verify_key(t, &set->keys[i]);
		/* A key of another algorithm says less than one that was really tried. */
		if (last != JWT_KEY_MISMATCH || reason == JWT_KEY_UNKNOWN)
			reason = last;
	}
	return reason;
}

int jwt_sign(const char *key_id, const void *secret, size_t len, struct view payload,
        struct buf *out)
{
	struct buf header = BUF_INIT(HEADER_MAX);
	unsigned char mac[MAC_BYTES];
	size_t start = out->len;
	int rc = -1;

	buf_addf(&header, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", key_id);
	if (buf_failed(&header))
		goto out;
	base64url_encode(header.ptr, header.len, out);
	buf_add_char(out, '.');
	base64url_encode(payload.ptr, payload.len, out);
	if (buf_failed(out))
		goto out;
	if (!mac_of((struct view){out->ptr + start, out->len - start}, secret, len, mac))
		goto out;
	buf_add_char(out, '.');
	rc = base64url_encode(mac, sizeof(mac), out);
out:
	buf_release(&header);
	return rc;
}
