#include "format/jwks.h"

#include "format/jwt.h"
#include "support/signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The public key of RFC 8037, appendix A.2, and that of RFC 7515, appendix A.3. */
#define ED "\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define EC                                                                               \
	"\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","       \
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""

static int parse(const char *text, struct key_set *set)
{
	struct err err = ERR_INIT;
	int rc = key_set_parse(view_of(text), set, &err);

	if (rc != 0) {
		assert_int_equal(err.code, ERR_FAULT);
		assert_true(err.text[0] != '\0');
		assert_int_equal(set->n, 0);
	}
	err_release(&err);
	return rc;
}

static void reads_a_set(void **state)
{
	struct key_set set;

	(void)state;
	assert_int_equal(parse(" \n{\"keys\":["
	                       "{\"kty\":\"OKP\",\"kid\":\"one\"," ED "},"
	                       "{\"kty\":\"EC\",\"use\":\"sig\",\"alg\":\"ES256\","
	                       "\"kid\":\"two\"," EC "}]}\n",
	                         &set),
	        0);
	assert_int_equal(set.n, 2);
	assert_string_equal(set.keys[0].id, "one");
	assert_int_equal(set.keys[0].algorithm, KEY_EDDSA);
	assert_string_equal(set.keys[1].id, "two");
	assert_int_equal(set.keys[1].algorithm, KEY_ES256);
	key_set_release(&set);
}

static void passes_over_keys_of_another_kind_or_use(void **state)
{
	struct key_set set;

	(void)state;
	assert_int_equal(
	        parse("{\"keys\":["
	              "{\"kty\":\"oct\",\"k\":\"AAAA\"},"
	              "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"},"
	              "{\"kty\":\"OKP\",\"use\":\"enc\"," ED "},"
	              "{\"kty\":\"OKP\",\"alg\":\"X25519\"," ED "},"
	              "{\"kty\":\"EC\",\"alg\":\"EdDSA\"," EC "},"
	              "{\"kty\":\"OKP\"," ED "}]}",
	                &set),
	        0);
	assert_int_equal(set.n, 1);
	assert_string_equal(set.keys[0].id, "");
	key_set_release(&set);
}

static void refuses_broken_files(void **state)
{
	static const char *const rows[] = {
	        "",
	        "{",
	        "{}",
	        "[]",
	        "{\"keys\":{}}",
	        "{\"keys\":[]}",
	        "{\"keys\":[1]}",
	        "{\"keys\":[{\"kty\":\"OKP\"," ED "}]} x",
	        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}]}",
	        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}]}",
	        "{\"keys\":[{\"kty\":\"OKP\",\"d\":\"AAAA\"," ED "}]}",
	        /* not on the curve */
	        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
	        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	        "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}]}",
	        /* 64 bits of RSA */
	        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"_________-8\",\"e\":\"AQAB\"}]}",
	        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"Ag\"}]}",
	        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	        "no keys here\n",
	};
	struct key_set set;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		if (parse(rows[i], &set) != -1)
			fail_msg("accepted: %s", rows[i]);
}

static void refuses_too_many(void **state)
{
	struct buf text = BUF_INIT(65536);
	struct key_set set;
	int i;

	(void)state;
	buf_add_str(&text, "{\"keys\":[");
	for (i = 0; i < KEY_SET_MAX; i++)
		buf_addf(&text, "{\"kty\":\"OKP\"," ED "},");
	buf_add_str(&text, "{\"kty\":\"OKP\"," ED "}]}");
	assert_int_equal(parse(buf_str(&text), &set), -1);
	buf_release(&text);
}

static void reads_pem_of_every_kind(void **state)
{
	static const enum key_algorithm kinds[] = {KEY_RS256, KEY_ES256, KEY_EDDSA};
	struct buf text = BUF_INIT(16384);
	struct key_set set;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(kinds); i++) {
		EVP_PKEY *key = signer_key(kinds[i]);

		signer_pem(key, &text);
		EVP_PKEY_free(key);
	}
	assert_int_equal(parse(buf_str(&text), &set), 0);
	assert_int_equal(set.n, 3);
	for (i = 0; i < COUNT(kinds); i++) {
		assert_int_equal(set.keys[i].algorithm, kinds[i]);
		assert_string_equal(set.keys[i].id, "");
	}
	key_set_release(&set);
	buf_release(&text);
}

static void refuses_private_and_weak_keys_in_pem(void **state)
{
	EVP_PKEY *key = signer_key(KEY_EDDSA), *weak = EVP_RSA_gen(1024);
	struct buf text = BUF_INIT(16384);
	BIO *bio = BIO_new(BIO_s_mem());
	struct key_set set;
	char *pem;
	long len;

	(void)state;
	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(bio, &pem);
	buf_add(&text, pem, (size_t)len);
	assert_int_equal(parse(buf_str(&text), &set), -1);
	buf_clear(&text);
	signer_pem(weak, &text);
	assert_int_equal(parse(buf_str(&text), &set), -1);
	BIO_free(bio);
	EVP_PKEY_free(key);
	EVP_PKEY_free(weak);
	buf_release(&text);
}

static void knows_the_algorithms_by_name(void **state)
{
	static const char *const bad[] = {
	        "", "none", "None", "hs256", "HS512", "RS512", "PS256"};
	enum key_algorithm a, b;
	size_t i;

	(void)state;
	for (a = KEY_HS256; a <= KEY_EDDSA; a++) {
		assert_int_equal(
		        key_algorithm_parse(view_of(key_algorithm_name(a)), &b), 0);
		assert_int_equal(a, b);
	}
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(key_algorithm_parse(view_of(bad[i]), &b), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_a_set),
	        cmocka_unit_test(passes_over_keys_of_another_kind_or_use),
	        cmocka_unit_test(refuses_broken_files),
	        cmocka_unit_test(refuses_too_many),
	        cmocka_unit_test(reads_pem_of_every_kind),
	        cmocka_unit_test(refuses_private_and_weak_keys_in_pem),
	        cmocka_unit_test(knows_the_algorithms_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
