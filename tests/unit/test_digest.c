/* Digests: the grammar of image-spec, and the two algorithms that are ours. */
#include "format/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16
#define HEX128 HEX64 HEX64
/* One digit short of what sha256 needs, so that a row can choose the last one. */
#define HEX63 HEX16 HEX16 HEX16 "0123456789abcde"

static void parse_tells_three_classes_apart(void **state)
{
	static const struct {
		const char *text;
		enum digest_class want;
	} rows[] = {
		{"sha256:" HEX64, DIGEST_OK},
		{"sha512:" HEX128, DIGEST_OK},
		{"sha256:" HEX63 "F", DIGEST_MALFORMED},
		{"sha256:" HEX63 "g", DIGEST_MALFORMED},
		{"sha256:" HEX63, DIGEST_MALFORMED},
		{"sha256:" HEX64 "0", DIGEST_MALFORMED},
		{"sha256:" HEX128, DIGEST_MALFORMED},
		{"sha512:" HEX64, DIGEST_MALFORMED},
		{"sha256:baddigeststring", DIGEST_MALFORMED},
		{"sha256:", DIGEST_MALFORMED},
		{"sha256", DIGEST_MALFORMED},
		{":" HEX64, DIGEST_MALFORMED},
		{"", DIGEST_MALFORMED},
		{"SHA256:" HEX64, DIGEST_MALFORMED},
		{" sha256:" HEX64, DIGEST_MALFORMED},
		{"sha256:" HEX64 " ", DIGEST_MALFORMED},
		{"sha256:" HEX64 "\n", DIGEST_MALFORMED},
		{"sha256:../../../../etc/passwd", DIGEST_MALFORMED},
		{"sha256::" HEX64, DIGEST_MALFORMED},
		{"md5:" HEX16, DIGEST_UNSUPPORTED},
		{"blake3:" HEX64, DIGEST_UNSUPPORTED},
		{"sha256+b64u:LCa0a2j_xo-5m0U8HTBBNBNCLXBkg7-g=", DIGEST_UNSUPPORTED},
		{"a.b_c-d+e1:x", DIGEST_UNSUPPORTED},
		{"a..b:x", DIGEST_MALFORMED},
		{".a:x", DIGEST_MALFORMED},
		{"a+:x", DIGEST_MALFORMED},
		{"a:b/c", DIGEST_MALFORMED},
		{"a:b c", DIGEST_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct digest d;
		enum digest_class got = digest_parse(view_of(rows[i].text), &d);

		if (got != rows[i].want)
			fail_msg("%s: class %d", rows[i].text, (int)got);
	}
}

static void a_nul_byte_is_no_digit(void **state)
{
	char text[] = "sha256:" HEX64;
	struct digest d;

	(void)state;
	text[20] = '\0';
	assert_int_equal(digest_parse((struct view){text, sizeof(text) - 1}, &d),
		DIGEST_MALFORMED);
}

static void text_gives_back_what_was_parsed(void **state)
{
	static const char *rows[] = {"sha256:" HEX64, "sha512:" HEX128};
	char out[DIGEST_TEXT_MAX + 1];
	struct digest d;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(digest_parse(view_of(rows[i]), &d), DIGEST_OK);
		assert_string_equal(digest_text(&d, out), rows[i]);
		assert_int_equal(strlen(d.hex), digest_hex_length(d.algorithm));
	}
}

static void equal_wants_algorithm_and_digits(void **state)
{
	struct digest a, b, c, d;

	(void)state;
	assert_int_equal(digest_parse(view_of("sha256:" HEX64), &a), DIGEST_OK);
	assert_int_equal(digest_parse(view_of("sha256:" HEX64), &b), DIGEST_OK);
	assert_int_equal(digest_parse(view_of("sha256:" HEX63 "0"), &c), DIGEST_OK);
	assert_int_equal(digest_parse(view_of("sha512:" HEX128), &d), DIGEST_OK);
	assert_true(digest_equal(&a, &b));
	assert_false(digest_equal(&a, &c));
	assert_false(digest_equal(&a, &d));
}

static void algorithms_go_by_their_names(void **state)
{
	enum digest_algorithm a;

	(void)state;
	assert_int_equal(digest_algorithm_parse(view_of("sha256"), &a), 0);
	assert_int_equal(a, DIGEST_SHA256);
	assert_int_equal(digest_algorithm_parse(view_of("sha512"), &a), 0);
	assert_int_equal(a, DIGEST_SHA512);
	assert_string_equal(digest_algorithm_name(a), "sha512");
	assert_int_equal(digest_algorithm_parse(view_of("sha384"), &a), -1);
	assert_int_equal(digest_algorithm_parse(view_of("SHA256"), &a), -1);
	assert_int_equal(digest_algorithm_parse(view_of(""), &a), -1);
}

static void a_file_name_becomes_a_digest(void **state)
{
	struct digest d;

	(void)state;
	assert_int_equal(digest_from_hex(DIGEST_SHA256, view_of(HEX64), &d), 0);
	assert_string_equal(d.hex, HEX64);
	assert_int_equal(digest_from_hex(DIGEST_SHA512, view_of(HEX128), &d), 0);
	assert_int_equal(digest_from_hex(DIGEST_SHA512, view_of(HEX64), &d), -1);
	assert_int_equal(digest_from_hex(DIGEST_SHA256, view_of(HEX63 "A"), &d), -1);
	assert_int_equal(digest_from_hex(DIGEST_SHA256, view_of(HEX63 "/"), &d), -1);
	assert_int_equal(digest_from_hex(DIGEST_SHA256, view_of(""), &d), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_tells_three_classes_apart),
		cmocka_unit_test(a_nul_byte_is_no_digit),
		cmocka_unit_test(text_gives_back_what_was_parsed),
		cmocka_unit_test(equal_wants_algorithm_and_digits),
		cmocka_unit_test(algorithms_go_by_their_names),
		cmocka_unit_test(a_file_name_becomes_a_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
