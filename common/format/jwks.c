#include "format/jwks.h"

#include "format/base64.h"
#include "format/json_text.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define COORDINATE 32 /* bytes of a P-256 coordinate and of an Ed25519 key */

static const char *const names[] = {
        [KEY_HS256] = "HS256",
        [KEY_RS256] = "RS256",
        [KEY_ES256] = "ES256",
        [KEY_EDDSA] = "EdDSA",
};

int key_algorithm_parse(struct view name, enum key_algorithm *out)
{
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!view_is(name, names[i]))
			continue;
		*out = (enum key_algorithm)i;
		return 0;
	}
	return -1;
}

const char *key_algorithm_name(enum key_algorithm a)
{
	return names[a];
}

void key_set_release(struct key_set *set)
{
	while (set->n > 0)
		EVP_PKEY_free(set->keys[--set->n].pkey);
}

/*
 * The algorithm a key serves; -1 when it serves none of ours or is too weak or too
 * large.
 */
static int algorithm_of(EVP_PKEY *pkey, enum key_algorithm *out)
{
	char group[32] = "";

	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_RSA:
		*out = KEY_RS256;
		return EVP_PKEY_get_bits(pkey) >= KEY_RSA_BITS_MIN &&
		                       EVP_PKEY_get_bits(pkey) <= KEY_RSA_BITS_MAX
		               ? 0
		               : -1;
	case EVP_PKEY_EC:
		*out = KEY_ES256;
		EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL);
		return strcmp(group, "prime256v1") == 0 ? 0 : -1;
	case EVP_PKEY_ED25519:
		*out = KEY_EDDSA;
		return 0;
	default:
		return -1;
	}
}

/* Takes pkey over, on failure too. */
static int add_key(struct key_set *set, EVP_PKEY *pkey, struct view id, struct err *err)
{
	struct public_key *k = &set->keys[set->n];

	if (!pkey)
		return err_set(
		        err, ERR_FAULT, "key %zu of the file is malformed", set->n + 1);
	if (set->n == KEY_SET_MAX) {
		err_set(err, ERR_FAULT, "more than %d keys in one file", KEY_SET_MAX);
		goto fail;
	}
	if (algorithm_of(pkey, &k->algorithm) != 0) {
		err_set(err, ERR_FAULT,
		        "key %zu of the file is not RSA of %d to %d bits, "
		        "P-256 or Ed25519",
		        set->n + 1, KEY_RSA_BITS_MIN, KEY_RSA_BITS_MAX);
		goto fail;
	}
	if (view_copy(id, k->id, sizeof(k->id)) != 0) {
		err_set(err, ERR_FAULT, "the id of key %zu of the file is too long",
		        set->n + 1);
		goto fail;
	}
	k->pkey = pkey;
	set->n++;
	return 0;
fail:
	EVP_PKEY_free(pkey);
	return -1;
}

/*
 * The empty view for a member that is absent or no text: no rule below takes that for a
 * value.
 */
static struct view member(json_object *o, const char *name)
{
	struct view v;

	return json_member_text(o, name, &v) == 1 ? v : VIEW_LIT("");
}

static EVP_PKEY *pkey_from(const char *type, OSSL_PARAM_BLD *build)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY *pkey = NULL;

	if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1)
		if (EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
			pkey = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static BIGNUM *number_member(json_object *o, const char *name)
{
	unsigned char bytes[KEY_RSA_BITS_MAX / 8];
	size_t len;

	if (base64url_decode(member(o, name), bytes, sizeof(bytes), &len) != 0 ||
	        len == 0)
		return NULL;
	return BN_bin2bn(bytes, (int)len, NULL);
}

static EVP_PKEY *rsa_key(json_object *o)
{
	BIGNUM *n = number_member(o, "n"), *e = number_member(o, "e");
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = NULL;

	if (!n || !e || !build || !BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > 64)
		goto out;
	if (OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
	        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		pkey = pkey_from("RSA", build);
out:
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return pkey;
}

static bool coordinate(json_object *o, const char *name, unsigned char out[COORDINATE])
{
	size_t len;

	return base64url_decode(member(o, name), out, COORDINATE, &len) == 0 &&
	       len == COORDINATE;
}

static EVP_PKEY *ec_key(json_object *o)
{
	unsigned char point[1 + 2 * COORDINATE] = {POINT_CONVERSION_UNCOMPRESSED};
	OSSL_PARAM_BLD *build;
	EVP_PKEY *pkey = NULL;

	if (!coordinate(o, "x", point + 1) || !coordinate(o, "y", point + 1 + COORDINATE))
		return NULL;
	build = OSSL_PARAM_BLD_new();
	if (build &&
	        OSSL_PARAM_BLD_push_utf8_string(
	                build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
	        OSSL_PARAM_BLD_push_octet_string(
	                build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)))
		pkey = pkey_from("EC", build);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

static EVP_PKEY *okp_key(json_object *o)
{
	unsigned char x[COORDINATE];

	if (!coordinate(o, "x", x))
		return NULL;
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, sizeof(x));
}

static const struct {
	const char *kty, *crv, *alg;
	EVP_PKEY *(*build)(json_object *o);
} kinds[] = {
        {"RSA", "", "RS256", rsa_key},
        {"EC", "P-256", "ES256", ec_key},
        {"OKP", "Ed25519", "EdDSA", okp_key},
};

static int add_jwk(struct key_set *set, json_object *o, struct err *err)
{
	struct view use = member(o, "use"), alg = member(o, "alg");
	size_t i;

	if (!json_object_is_type(o, json_type_object))
		return err_set(err, ERR_FAULT, "an element of \"keys\" is not an object");
	if (json_object_object_get_ex(o, "d", NULL))
		return err_set(err, ERR_FAULT, "the file holds a private key");
	if (use.len > 0 && !view_is(use, "sig"))
		return 0;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!view_is(member(o, "kty"), kinds[i].kty))
			continue;
		if (!view_is(member(o, "crv"), kinds[i].crv))
			continue;
		if (alg.len > 0 && !view_is(alg, kinds[i].alg))
			continue;
		return add_key(set, kinds[i].build(o), member(o, "kid"), err);
	}
	return 0;
}

static int parse_jwks(struct view text, struct key_set *out, struct err *err)
{
	const char *why;
	json_object *root = json_parse_object(text, &why), *keys;
	size_t i, n;
	int rc = -1;

	if (!json_object_object_get_ex(root, "keys", &keys) ||
	        !json_object_is_type(keys, json_type_array)) {
		err_set(err, ERR_FAULT, "not a JSON Web Key Set: {\"keys\":[…]}");
		goto out;
	}
	n = json_object_array_length(keys);
	for (i = 0; i < n; i++)
		if (add_jwk(out, json_object_array_get_idx(keys, i), err) != 0)
			goto out;
	rc = 0;
out:
	json_object_put(root);
	return rc;
}

/* The key of one PEM block, NULL when there is none in it. */
static EVP_PKEY *pem_key(const char *label, const unsigned char *der, long len)
{
	EVP_PKEY *pkey = NULL;
	X509 *x;

	if (strcmp(label, PEM_STRING_PUBLIC) == 0)
		return d2i_PUBKEY(NULL, &der, len);
	if (strcmp(label, PEM_STRING_X509) != 0)
		return NULL;
	x = d2i_X509(NULL, &der, len);
	if (x)
		pkey = X509_get_pubkey(x);
	X509_free(x);
	return pkey;
}

static int parse_pem(struct view text, struct key_set *out, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
	char *label, *header;
	unsigned char *der;
	long len;
	int rc = 0;

	if (!bio)
		return err_set(err, ERR_FAULT, "no memory");
	while (rc == 0 && PEM_read_bio(bio, &label, &header, &der, &len) == 1) {
		if (strstr(label, "PRIVATE KEY"))
			rc = err_set(err, ERR_FAULT, "the file holds a private key");
		else
			rc = add_key(out, pem_key(label, der, len), view_of(""), err);
		OPENSSL_clear_free(der, (size_t)len);
		OPENSSL_free(label);
		OPENSSL_free(header);
	}
	BIO_free(bio);
	return rc;
}

static bool is_json(struct view text)
{
	size_t i = 0;

	while (i < text.len && strchr(" \t\r\n", text.ptr[i]) && text.ptr[i] != '\0')
		i++;
	return i < text.len && text.ptr[i] == '{';
}

int key_set_parse(struct view text, struct key_set *out, struct err *err)
{
	int rc;

	out->n = 0;
	if (text.len > KEY_FILE_MAX)
		return err_set(err, ERR_FAULT, "over %d bytes of keys", KEY_FILE_MAX);
	rc = is_json(text) ? parse_jwks(text, out, err) : parse_pem(text, out, err);
	if (rc == 0 && out->n == 0)
		rc = err_set(
		        err, ERR_FAULT, "no usable key: RSA, P-256 or Ed25519 is needed");
	if (rc != 0)
		key_set_release(out);
	return rc;
}
