/* Buffers: growth, the ceiling, the failure that is remembered, and the two encodings. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void empty_at_first_and_after_release(void **state)
{
	struct buf b = BUF_INIT(10);

	(void)state;
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_view(&b).len, 0);
	assert_non_null(buf_view(&b).ptr);
	assert_int_equal(buf_add_str(&b, "abc"), 0);
	buf_release(&b);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_add_str(&b, "0123456789"), 0);
	assert_int_equal(buf_add_char(&b, 'x'), -1);
	buf_release(&b);
	buf_release(&b);
}

static void appending(void **state)
{
	struct buf b = BUF_INIT(1000);

	(void)state;
	assert_int_equal(buf_add(&b, "a\0b", 3), 0);
	assert_int_equal(buf_add_str(&b, "cd"), 0);
	assert_int_equal(buf_add_view(&b, view_of("ef")), 0);
	assert_int_equal(buf_add_char(&b, 'g'), 0);
	assert_int_equal(buf_addf(&b, "%d-%s", 42, "x"), 0);
	assert_int_equal(buf_add(&b, NULL, 0), 0);
	assert_true(view_equal(buf_view(&b), VIEW_LIT("a\0bcdefg42-x")));
	assert_int_equal(b.ptr[b.len], '\0');
	assert_false(buf_failed(&b));
	buf_release(&b);
}

static void growth_keeps_the_content(void **state)
{
	struct buf b = BUF_INIT(1 << 20);

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(buf_add_char(&b, (char)('a' + i % 26)), 0);
	assert_int_equal(b.len, 100000);
	for (unsigned i = 0; i < 100000; i++)
		if (b.ptr[i] != (char)('a' + i % 26))
			fail_msg("byte %u", i);
	buf_release(&b);
}

static void the_ceiling_holds_and_is_remembered(void **state)
{
	struct buf b = BUF_INIT(5);

	(void)state;
	assert_int_equal(buf_add_str(&b, "abc"), 0);
	assert_int_equal(buf_add_str(&b, "def"), -1);
	assert_string_equal(buf_str(&b), "abc");
	assert_true(buf_failed(&b));
	/* Even what would fit comes too late: the text has a hole. */
	assert_int_equal(buf_add_char(&b, 'd'), -1);
	assert_string_equal(buf_str(&b), "abc");
	buf_clear(&b);
	assert_false(buf_failed(&b));
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_addf(&b, "%05d", 7), 0);
	assert_string_equal(buf_str(&b), "00007");
	assert_int_equal(buf_addf(&b, "%d", 7), -1);
	assert_string_equal(buf_str(&b), "00007");
	buf_release(&b);
}

static void a_reservation_does_not_wrap(void **state)
{
	struct buf b = BUF_INIT(100);

	(void)state;
	assert_int_equal(buf_reserve(&b, 100), 0);
	assert_int_equal(b.len, 0);
	memset(b.ptr, 'x', 100);
	b.len = 60;
	assert_int_equal(buf_reserve(&b, 40), 0);
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 10), -1);
	assert_true(buf_failed(&b));
	buf_clear(&b);
	b.len = 60;
	assert_int_equal(buf_reserve(&b, 41), -1);
	buf_release(&b);
}

static void json_strings(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "\"\""},
		{"a/b", "\"a/b\""},
		{"\"\\", "\"\\\"\\\\\""},
		{"\n\t\x01", "\"\\u000a\\u0009\\u0001\""},
		{"\x7f", "\"\\u007f\""},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
			"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"a\xffz", "\"a\\ufffdz\""},
		{"\xc3", "\"\\ufffd\""},
		{"\xc0\x80", "\"\\ufffd\\ufffd\""},
		{"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
		{"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
		{"\xe2\x82(", "\"\\ufffd\\ufffd(\""},
	};
	struct buf b = BUF_INIT(1000);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(&b);
		assert_int_equal(buf_add_json(&b, view_of(rows[i].text)), 0);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
	buf_clear(&b);
	assert_int_equal(buf_add_json(&b, VIEW_LIT("a\0b")), 0);
	assert_string_equal(buf_str(&b), "\"a\\u0000b\"");
	buf_release(&b);
}

static void percent_encoding(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", ""},
		{"azAZ09-._~", "azAZ09-._~"},
		{"a/b:c", "a%2Fb%3Ac"},
		{"a b+c%&=", "a%20b%2Bc%25%26%3D"},
		{"\n\xff", "%0A%FF"},
	};
	struct buf b = BUF_INIT(1000);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(&b);
		assert_int_equal(buf_add_urlencoded(&b, view_of(rows[i].text)), 0);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
	buf_clear(&b);
	assert_int_equal(buf_add_urlencoded(&b, VIEW_LIT("\0")), 0);
	assert_string_equal(buf_str(&b), "%00");
	buf_release(&b);
}

static void encodings_fail_at_the_ceiling(void **state)
{
	struct buf b = BUF_INIT(4);

	(void)state;
	assert_int_equal(buf_add_json(&b, view_of("abc")), -1);
	assert_true(buf_failed(&b));
	buf_clear(&b);
	assert_int_equal(buf_add_urlencoded(&b, view_of("//")), -1);
	assert_true(buf_failed(&b));
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_at_first_and_after_release),
		cmocka_unit_test(appending),
		cmocka_unit_test(growth_keeps_the_content),
		cmocka_unit_test(the_ceiling_holds_and_is_remembered),
		cmocka_unit_test(a_reservation_does_not_wrap),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(percent_encoding),
		cmocka_unit_test(encodings_fail_at_the_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
