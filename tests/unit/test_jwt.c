#include "format/jwt.h"

#include "format/base64.h"
#include "support/signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECRET "0123456789abcdef0123456789abcdef"

/* RFC 7515, appendices A.1 to A.3; RFC 8037, appendix A.4. */
#define PAYLOAD                                                                          \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc1" \
	"9"                                                                              \
	"yb290Ijp0cnVlfQ"
#define A1                                                                               \
	"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD                              \
	".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define A1_KEY                                                                           \
	"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"                                  \
	"1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr"                                             \
	"1Z9CAow"
#define A2                                                                               \
	"eyJhbGciOiJSUzI1NiJ9." PAYLOAD                                                  \
	".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-"    \
	"0Qc_lF5YKt_O8W"                                                                 \
	"2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"                         \
	"nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSj"                                            \
	"tQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"                         \
	"eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh"                                            \
	"6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define A2_KEY                                                                           \
	"\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\""                                        \
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"          \
	"4qPCJrcS2mJPMEzP1Pt0B"                                                          \
	"m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"     \
	"bSf63kpaSHSXndS5"                                                               \
	"z5rexMdbBYUsLA9e-KXBdQOS-"                                                      \
	"UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7"              \
	"aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\""
#define A3                                                                               \
	"eyJhbGciOiJFUzI1NiJ9." PAYLOAD                                                  \
	".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-"                                              \
	"F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define A3_KEY                                                                           \
	"\"kty\":\"EC\",\"crv\":\"P-256\","                                              \
	"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                         \
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define A4                                                                               \
	"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"                       \
	".hgyY0il_MGCjP0JzlnLWG1PPOt7-"                                                  \
	"09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
#define A4_KEY                                                                           \
	"\"kty\":\"OKP\",\"crv\":\"Ed25519\","                                           \
	"\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

static enum jwt_reason against(const char *token, const struct key_set *set)
{
	enum jwt_reason reason;
	struct jwt t;

	reason = jwt_parse(view_of(token), &t);
	return reason == JWT_OK ? jwt_verify_set(&t, set) : reason;
}

static void keys(const char *elements, struct key_set *set)
{
	struct buf text = BUF_INIT(65536);
	struct err err = ERR_INIT;

	buf_addf(&text, "{\"keys\":[%s]}", elements);
	if (key_set_parse(buf_view(&text), set, &err) != 0)
		fail_msg("%s", err.text);
	buf_release(&text);
}

static void verifies_the_examples_of_the_standards(void **state)
{
	unsigned char secret[64];
	struct key_set set;
	struct jwt t;
	size_t len;

	(void)state;
	assert_int_equal(base64url_decode(VIEW_LIT(A1_KEY), secret, 64, &len), 0);
	assert_int_equal(jwt_parse(VIEW_LIT(A1), &t), JWT_OK);
	assert_int_equal(t.algorithm, KEY_HS256);
	assert_int_equal(jwt_verify_secret(&t, secret, len), JWT_OK);
	secret[0] ^= 1;
	assert_int_equal(jwt_verify_secret(&t, secret, len), JWT_SIGNATURE);

	keys("{" A2_KEY "},{" A3_KEY "},{" A4_KEY "}", &set);
	assert_int_equal(against(A2, &set), JWT_OK);
	assert_int_equal(against(A3, &set), JWT_OK);
	assert_int_equal(against(A4, &set), JWT_OK);
	key_set_release(&set);
}

static void refuses_with_the_reason(void **state)
{
	static const struct {
		const char *header;
		enum jwt_reason reason;
	} rows[] = {
	        {"{\"alg\":\"none\"}", JWT_ALGORITHM},
	        {"{\"alg\":\"None\"}", JWT_ALGORITHM},
	        {"{\"alg\":\"RS512\"}", JWT_ALGORITHM},
	        {"{\"alg\":\"HS512\"}", JWT_ALGORITHM},
	        {"{\"alg\":\"\"}", JWT_ALGORITHM},
	        {"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", JWT_EXTENSION},
	        {"{}", JWT_MALFORMED},
	        {"{\"alg\":1}", JWT_MALFORMED},
	        {"{\"alg\":\"HS256\",\"kid\":7}", JWT_MALFORMED},
	        {"{\"alg\":\"HS256\\u0000\"}", JWT_MALFORMED},
	        {"[]", JWT_MALFORMED},
	        {"\"HS256\"", JWT_MALFORMED},
	        {"", JWT_MALFORMED},
	        {"{\"alg\":\"HS256\"} x", JWT_MALFORMED},
	};
	struct buf token = BUF_INIT(4096);
	struct jwt t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		buf_clear(&token);
		signer_token(NULL, KEY_HS256, rows[i].header, "{}", &token);
		if (jwt_parse(buf_view(&token), &t) != rows[i].reason)
			fail_msg("%s", rows[i].header);
	}
	buf_release(&token);
}

static void refuses_what_is_no_token(void **state)
{
	static const char *const rows[] = {"", ".", "..", "a", "a.b", "a.b.c", "....",
	        "eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9.e30",
	        "eyJhbGciOiJIUzI1NiJ9=.e30.AAAA", " eyJhbGciOiJIUzI1NiJ9.e30.AAAA"};
	struct jwt t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		if (jwt_parse(view_of(rows[i]), &t) != JWT_MALFORMED)
			fail_msg("accepted: %s", rows[i]);
}

static void refuses_what_is_too_large(void **state)
{
	char *text = malloc(JWT_MAX + 1);
	struct jwt t;

	(void)state;
	memset(text, 'A', JWT_MAX + 1);
	memcpy(text, A1, strlen(A1));
	assert_int_equal(jwt_parse((struct view){text, JWT_MAX + 1}, &t), JWT_TOO_LARGE);
	/* One byte less is taken, and is then found to be wrongly signed. */
	assert_int_equal(jwt_parse((struct view){text, JWT_MAX}, &t), JWT_OK);
	assert_int_equal(jwt_verify_secret(&t, SECRET, 32), JWT_SIGNATURE);
	free(text);
}

static void a_public_key_is_no_secret(void **state)
{
	struct buf token = BUF_INIT(8192), pem = BUF_INIT(8192);
	EVP_PKEY *key = signer_key(KEY_RS256);
	struct err err = ERR_INIT;
	struct key_set set;
	struct jwt t;

	(void)state;
	signer_pem(key, &pem);
	assert_int_equal(key_set_parse(buf_view(&pem), &set, &err), 0);
	/* What an attacker who knows the public key can make. */
	assert_int_equal(jwt_sign("", pem.ptr, pem.len, VIEW_LIT("{}"), &token), 0);
	assert_int_equal(against(buf_str(&token), &set), JWT_KEY_MISMATCH);
	/* And a token that is rightly signed with it is none of ours. */
	buf_clear(&token);
	signer_token(key, KEY_RS256, "{\"alg\":\"RS256\"}", "{}", &token);
	assert_int_equal(against(buf_str(&token), &set), JWT_OK);
	assert_int_equal(jwt_parse(buf_view(&token), &t), JWT_OK);
	assert_int_equal(jwt_verify_secret(&t, pem.ptr, pem.len), JWT_KEY_MISMATCH);
	key_set_release(&set);
	EVP_PKEY_free(key);
	buf_release(&token);
	buf_release(&pem);
}

/*
 * Every algorithm: right, with an id, another key's id, another key, tampered, cut
 * short.
 */
static void check_algorithm(enum key_algorithm a)
{
	EVP_PKEY *one = signer_key(a), *two = signer_key(a);
	struct buf set_text = BUF_INIT(8192), header = BUF_INIT(256),
	           token = BUF_INIT(8192);
	struct key_set set;

	signer_jwk(one, a, "one", &set_text);
	keys(buf_str(&set_text), &set);
	buf_addf(&header, "{\"alg\":\"%s\",\"kid\":\"one\"}", key_algorithm_name(a));
	signer_token(one, a, buf_str(&header), "{\"a\":1}", &token);
	assert_int_equal(against(buf_str(&token), &set), JWT_OK);
	token.ptr[header.len * 4 / 3 + 4] ^= 1;
	assert_int_not_equal(against(buf_str(&token), &set), JWT_OK);
	token.ptr[header.len * 4 / 3 + 4] ^= 1;
	token.ptr[token.len - 4] = token.ptr[token.len - 4] == 'A' ? 'B' : 'A';
	assert_int_equal(against(buf_str(&token), &set), JWT_SIGNATURE);
	token.ptr[token.len - 4] = '\0';
	assert_int_equal(against(buf_str(&token), &set), JWT_SIGNATURE);

	buf_clear(&token);
	signer_token(two, a, buf_str(&header), "{\"a\":1}", &token);
	assert_int_equal(against(buf_str(&token), &set), JWT_SIGNATURE);
	buf_clear(&header);
	buf_clear(&token);
	buf_addf(&header, "{\"alg\":\"%s\",\"kid\":\"two\"}", key_algorithm_name(a));
	signer_token(one, a, buf_str(&header), "{\"a\":1}", &token);
	assert_int_equal(against(buf_str(&token), &set), JWT_KEY_UNKNOWN);
	key_set_release(&set);
	EVP_PKEY_free(one);
	EVP_PKEY_free(two);
	buf_release(&set_text);
	buf_release(&header);
	buf_release(&token);
}

static void every_algorithm(void **state)
{
	(void)state;
	check_algorithm(KEY_RS256);
	check_algorithm(KEY_ES256);
	check_algorithm(KEY_EDDSA);
}

static void signs_what_it_verifies(void **state)
{
	struct buf token = BUF_INIT(4096);
	struct jwt t;

	(void)state;
	assert_int_equal(
	        jwt_sign("k1", SECRET, 32, VIEW_LIT("{\"sub\":\"a\"}"), &token), 0);
	assert_int_equal(jwt_parse(buf_view(&token), &t), JWT_OK);
	assert_string_equal(t.key_id, "k1");
	assert_int_equal(jwt_verify_secret(&t, SECRET, 32), JWT_OK);
	assert_int_equal(jwt_verify_secret(&t, SECRET, 31), JWT_SIGNATURE);
	buf_release(&token);
	token = BUF_INIT(20);
	assert_int_equal(jwt_sign("k1", SECRET, 32, VIEW_LIT("{}"), &token), -1);
	buf_release(&token);
}

static void every_reason_has_words_of_its_own(void **state)
{
	enum jwt_reason a, b;

	(void)state;
	for (a = JWT_OK; a <= JWT_SUBJECT; a++)
		for (b = JWT_OK; b < a; b++)
			assert_string_not_equal(jwt_reason_text(a), jwt_reason_text(b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(verifies_the_examples_of_the_standards),
	        cmocka_unit_test(refuses_with_the_reason),
	        cmocka_unit_test(refuses_what_is_no_token),
	        cmocka_unit_test(refuses_what_is_too_large),
	        cmocka_unit_test(a_public_key_is_no_secret),
	        cmocka_unit_test(every_algorithm),
	        cmocka_unit_test(signs_what_it_verifies),
	        cmocka_unit_test(every_reason_has_words_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
