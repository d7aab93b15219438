#include "support/signer.h"

#include "format/base64.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define SIGNATURE_MAX 512

EVP_PKEY *signer_key(enum key_algorithm a)
{
	EVP_PKEY *key;

	if (a == KEY_RS256)
		key = EVP_RSA_gen(2048);
	else if (a == KEY_ES256)
		key = EVP_EC_gen("P-256");
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert(key);
	return key;
}

static void add_number(
        EVP_PKEY *key, const char *member, const char *param, int size, struct buf *out)
{
	unsigned char bytes[SIGNATURE_MAX];
	BIGNUM *n = NULL;
	int len;

	EVP_PKEY_get_bn_param(key, param, &n);
	assert(n);
	len = size ? BN_bn2binpad(n, bytes, size) : BN_bn2bin(n, bytes);
	buf_addf(out, ",\"%s\":\"", member);
	base64url_encode(bytes, (size_t)len, out);
	buf_add_char(out, '"');
	BN_free(n);
}

void signer_jwk(EVP_PKEY *key, enum key_algorithm a, const char *id, struct buf *out)
{
	unsigned char raw[32];
	size_t len = sizeof(raw);

	buf_addf(out, "{\"use\":\"sig\",\"alg\":\"%s\"", key_algorithm_name(a));
	if (id)
		buf_addf(out, ",\"kid\":\"%s\"", id);
	if (a == KEY_RS256) {
		buf_add_str(out, ",\"kty\":\"RSA\"");
		add_number(key, "n", OSSL_PKEY_PARAM_RSA_N, 0, out);
		add_number(key, "e", OSSL_PKEY_PARAM_RSA_E, 0, out);
	} else if (a == KEY_ES256) {
		buf_add_str(out, ",\"kty\":\"EC\",\"crv\":\"P-256\"");
		add_number(key, "x", OSSL_PKEY_PARAM_EC_PUB_X, 32, out);
		add_number(key, "y", OSSL_PKEY_PARAM_EC_PUB_Y, 32, out);
	} else {
		EVP_PKEY_get_raw_public_key(key, raw, &len);
		buf_add_str(out, ",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
		base64url_encode(raw, len, out);
		buf_add_char(out, '"');
	}
	buf_add_char(out, '}');
}

void signer_pem(EVP_PKEY *key, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	PEM_write_bio_PUBKEY(bio, key);
	len = BIO_get_mem_data(bio, &text);
	buf_add(out, text, (size_t)len);
	BIO_free(bio);
}

/* A DER signature as the two numbers of RFC 7518, section 3.4. */
static size_t to_halves(unsigned char *sig, size_t len)
{
	const unsigned char *p = sig;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)len);

	assert(pair);
	BN_bn2binpad(ECDSA_SIG_get0_r(pair), sig, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(pair), sig + 32, 32);
	ECDSA_SIG_free(pair);
	return 64;
}

void signer_token(EVP_PKEY *key, enum key_algorithm a, const char *header,
        const char *payload, struct buf *out)
{
	unsigned char sig[SIGNATURE_MAX];
	size_t len = sizeof(sig), start = out->len;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int done;

	base64url_encode(header, strlen(header), out);
	buf_add_char(out, '.');
	base64url_encode(payload, strlen(payload), out);
	if (key) {
		done = EVP_DigestSignInit(
		        ctx, NULL, a == KEY_EDDSA ? NULL : EVP_sha256(), NULL, key);
		assert(done == 1);
		done = EVP_DigestSign(ctx, sig, &len, (unsigned char *)out->ptr + start,
		        out->len - start);
		assert(done == 1);
		if (a == KEY_ES256)
			len = to_halves(sig, len);
	}
	EVP_MD_CTX_free(ctx);
	buf_add_char(out, '.');
	if (key)
		base64url_encode(sig, len, out);
	assert(!buf_failed(out));
}
