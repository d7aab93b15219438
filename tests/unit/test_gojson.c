/* JSON and literals as Go writes them; the expected texts came from Go's own encoder. */
#include "format/gojson.h"

#include "format/json.h"
#include "format/printable.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define EXPECT(call, want)                                                               \
	do {                                                                             \
		struct buf out = BUF_INIT(4096);                                         \
		assert_int_equal(call, 0);                                               \
		assert_string_equal(buf_str(&out), want);                                \
		buf_release(&out);                                                       \
	} while (0)

static void strings(void **state)
{
	static const char text[] =
	        "a\"\\\b\f\n\r\t\0\x1f\x7f<>&\xe2\x80\xa8\xe2\x80\xa9\xff"
	        "\xc3(\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd/";

	(void)state;
	EXPECT(gojson_add_string(&out, (struct view){text, sizeof(text) - 1}),
	        "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\\u003c\\u003e\\u0026\\u2028"
	        "\\u2029\\ufffd\\ufffd(\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd/\"");
	EXPECT(gojson_add_string(&out, VIEW_LIT("")), "\"\"");
}

static void numbers(void **state)
{
	static const struct {
		double value;
		const char *want;
	} rows[] = {
	        {0, "0"},
	        {1, "1"},
	        {-1, "-1"},
	        {0.5, "0.5"},
	        {0.05, "0.05"},
	        {0.8, "0.8"},
	        {1e-6, "0.000001"},
	        {9.99e-7, "9.99e-7"},
	        {1e-7, "1e-7"},
	        {1e-10, "1e-10"},
	        {1e20, "100000000000000000000"},
	        {1e21, "1e+21"},
	        {1.5e21, "1.5e+21"},
	        {1048576, "1048576"},
	        {0.0001, "0.0001"},
	        {-0.0, "-0"},
	        {2.5, "2.5"},
	        {9007199254740993.0, "9007199254740992"},
	        {5e-324, "5e-324"},
	        {123456789012345680000.0, "123456789012345680000"},
	        {1.1, "1.1"},
	        {1.7976931348623157e308, "1.7976931348623157e+308"},
	        {10.25, "10.25"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		EXPECT(gojson_add_double(&out, rows[i].value), rows[i].want);
	EXPECT(gojson_add_double(&out, NAN), "null");
	EXPECT(gojson_add_double(&out, INFINITY), "null");
}

static void single_floats(void **state)
{
	char text[GOJSON_NUMBER_SIZE];

	(void)state;
	EXPECT(gojson_add_float(&out, 0.8f), "0.8");
	EXPECT(gojson_add_float(&out, 9007199254740993.0f), "9007199000000000");
	EXPECT(gojson_add_float(&out, 1e-6f), "0.000001");
	EXPECT(gojson_add_float(&out, 9.99e-7f), "9.99e-7");
	EXPECT(gojson_add_float(&out, 1e21f), "1e+21");
	gojson_float_text(0.1f, text);
	assert_string_equal(text, "0.1");
	gojson_float_text(NAN, text);
	assert_string_equal(text, "");
}

static struct json_object *member(struct json_object *o, const char *name)
{
	return json_object_object_get(o, name);
}

static void trees_have_their_members_in_order(void **state)
{
	static const char text[] =
	        "{\"\xc3\xa9\": 1, \"a\": 1.0, \"B\": [1, null, true, "
	        "{\"z\":1,\"a\":\"x\"}],"
	        "\"big\": 9007199254740993, \"e\": 1e2, \"huge\": 18446744073709551615}";
	const char *why;
	struct json_object *o = json_parse_object(view_of(text), &why);

	(void)state;
	assert_non_null(o);
	EXPECT(gojson_add_value(&out, o),
	        "{\"B\":[1,null,true,{\"a\":\"x\",\"z\":1}],\"a\":1,\"big\":"
	        "9007199254740992,"
	        "\"e\":100,\"huge\":18446744073709552000,\"\xc3\xa9\":1}");
	json_object_put(o);
	EXPECT(gojson_add_value(&out, NULL), "null");
}

static void literals(void **state)
{
	static const char text[] =
	        "{\"s\":\"a\\\"\\\\\\u0007\\b\\f\\n\\r\\t\\u000b\\u001f\x7f<"
	        "\xc2\xa0\xef\xbb\xbf"
	        "\xf3\xa0\x80\x81`\",\"i\":32768,\"m\":1048576,\"f\":0.8,\"t\":1e-5,"
	        "\"h\":123456,"
	        "\"b\":true,\"n\":null,\"l\":[1,\"x\"]}";
	const char *why;
	struct json_object *o = json_parse_object(view_of(text), &why);

	(void)state;
	assert_non_null(o);
	EXPECT(gojson_add_literal(&out, member(o, "s")),
	        "\"a\\\"\\\\\\a\\b\\f\\n\\r\\t\\v\\x1f\\x7f<\\u00a0\\ufeff\\U000e0001`"
	        "\"");
	EXPECT(gojson_add_literal(&out, member(o, "i")), "32768");
	EXPECT(gojson_add_literal(&out, member(o, "m")), "1.048576e+06");
	EXPECT(gojson_add_literal(&out, member(o, "f")), "0.8");
	EXPECT(gojson_add_literal(&out, member(o, "t")), "1e-05");
	EXPECT(gojson_add_literal(&out, member(o, "h")), "123456");
	EXPECT(gojson_add_literal(&out, member(o, "b")), "true");
	EXPECT(gojson_add_literal(&out, member(o, "n")), "<nil>");
	EXPECT(gojson_add_literal(&out, member(o, "l")), "[1,\"x\"]");
	json_object_put(o);
}

static void a_full_buffer_is_a_failure(void **state)
{
	struct buf out = BUF_INIT(4);

	(void)state;
	assert_int_equal(gojson_add_string(&out, VIEW_LIT("long text")), -1);
	assert_true(buf_failed(&out));
	buf_release(&out);
}

static void printable_characters(void **state)
{
	static const uint32_t yes[] = {
	        ' ', 'a', '~', 0xe9, 0x3042, 0x1f600, 0xfffd, 0x301};
	static const uint32_t no[] = {0, '\n', '\t', 0x7f, 0xa0, 0xad, 0x200d, 0x2028,
	        0xfeff, 0xd800, 0xe000, 0x10ffff, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(code_point_is_printable(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(code_point_is_printable(no[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(strings),
	        cmocka_unit_test(numbers),
	        cmocka_unit_test(single_floats),
	        cmocka_unit_test(trees_have_their_members_in_order),
	        cmocka_unit_test(literals),
	        cmocka_unit_test(a_full_buffer_is_a_failure),
	        cmocka_unit_test(printable_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
