#include "format/credentials.h"

#include "format/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define SIGNATURE                                                                        \
	"Axa2S5jBHpOHd22XGS5VdGVPbNrQ+vwo8cZHGI0ueQ+n8gZfvwspfkOsoAG3Res6euRkkFNQyMKCcd" \
	"eBeJx4Ag=="

static void tells_what_a_field_is(void **state)
{
	static const struct {
		const char *field;
		enum credentials_kind kind;
	} rows[] = {
	        {"", CREDENTIALS_NONE},
	        {"  ", CREDENTIALS_NONE},
	        {"Basic YWxpY2U6c2VjcmV0", CREDENTIALS_BASIC},
	        {"basic  YWxpY2U6c2VjcmV0 ", CREDENTIALS_BASIC},
	        {"Basic YWxpY2U6", CREDENTIALS_BASIC},
	        {"Bearer a.b-c_d", CREDENTIALS_BEARER},
	        {"BEARER x", CREDENTIALS_BEARER},
	        {KEY ":" SIGNATURE, CREDENTIALS_SIGNATURE},
	        {"Digest username=\"a\"", CREDENTIALS_UNKNOWN},
	        {"Negotiate YII=", CREDENTIALS_UNKNOWN},
	        {"Basic", CREDENTIALS_MALFORMED},
	        {"Basic ", CREDENTIALS_MALFORMED},
	        {"Basic YWxpY2U6c2VjcmV0=", CREDENTIALS_MALFORMED},
	        {"Basic YWxpY2U=", CREDENTIALS_MALFORMED},     /* alice */
	        {"Basic OnNlY3JldA==", CREDENTIALS_MALFORMED}, /* :secret */
	        {"Basic YS9iOng=", CREDENTIALS_MALFORMED},     /* a/b:x */
	        {"Basic YTp4Cnk=", CREDENTIALS_MALFORMED},     /* a:x\ny */
	        {"Basic YTp4AHk=", CREDENTIALS_MALFORMED},     /* a:x\0y */
	        {"Bearer", CREDENTIALS_MALFORMED},
	        {"Bearer ", CREDENTIALS_MALFORMED},
	        {"Bearer a b", CREDENTIALS_MALFORMED},
	        {"Bearer a\xc3\xa9", CREDENTIALS_MALFORMED},
	        {KEY, CREDENTIALS_MALFORMED},
	        {KEY ":", CREDENTIALS_MALFORMED},
	        {KEY ":AAAA", CREDENTIALS_MALFORMED},
	        {KEY ":" SIGNATURE "AAAA", CREDENTIALS_MALFORMED},
	        {"AAAA:" SIGNATURE, CREDENTIALS_MALFORMED},
	};
	struct credentials c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		if (credentials_parse(view_of(rows[i].field), &c) != rows[i].kind)
			fail_msg("\"%s\" is %d", rows[i].field, c.kind);
}

static void reads_user_and_password(void **state)
{
	struct buf field = BUF_INIT(1024);
	struct credentials c;

	(void)state;
	buf_add_str(&field, "Basic ");
	base64_encode("alice:se:c\xc3\xa9t", 13, &field);
	assert_int_equal(credentials_parse(buf_view(&field), &c), CREDENTIALS_BASIC);
	assert_string_equal(c.user.text, "alice");
	assert_string_equal(c.password, "se:c\xc3\xa9t");
	credentials_wipe(&c);
	assert_string_equal(c.password, "");
	assert_string_equal(c.user.text, "alice");
	buf_release(&field);
}

static void passwords_end_where_crypt_does(void **state)
{
	char pair[2 + CREDENTIALS_PASSWORD_MAX + 1];
	struct buf field = BUF_INIT(2048);
	struct credentials c;

	(void)state;
	memset(pair, 'x', sizeof(pair));
	memcpy(pair, "a:", 2);
	buf_add_str(&field, "Basic ");
	base64_encode(pair, sizeof(pair) - 1, &field);
	assert_int_equal(credentials_parse(buf_view(&field), &c), CREDENTIALS_BASIC);
	assert_int_equal(strlen(c.password), CREDENTIALS_PASSWORD_MAX);
	buf_clear(&field);
	buf_add_str(&field, "Basic ");
	base64_encode(pair, sizeof(pair), &field);
	assert_int_equal(credentials_parse(buf_view(&field), &c), CREDENTIALS_MALFORMED);
	assert_string_equal(c.password, "");
	buf_release(&field);
}

static void reads_tokens_and_signatures(void **state)
{
	struct credentials c;
	struct ssh_key key;

	(void)state;
	assert_int_equal(
	        credentials_parse(VIEW_LIT("Bearer  a.b.c "), &c), CREDENTIALS_BEARER);
	assert_true(view_is(c.token, "a.b.c"));
	assert_int_equal(credentials_parse(VIEW_LIT(KEY ":" SIGNATURE), &c),
	        CREDENTIALS_SIGNATURE);
	assert_int_equal(ssh_key_parse(VIEW_LIT(KEY), &key), 0);
	assert_true(ssh_key_equal(&c.key, &key));
	assert_int_equal(c.signature[0], 0x03);
	assert_int_equal(c.signature[63], 0x02);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(tells_what_a_field_is),
	        cmocka_unit_test(reads_user_and_password),
	        cmocka_unit_test(passwords_end_where_crypt_does),
	        cmocka_unit_test(reads_tokens_and_signatures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
