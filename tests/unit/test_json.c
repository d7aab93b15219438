/* JSON texts from outside: what RFC 8259 allows, and not what json-c allows beyond it. */
#include "format/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool is_object(struct view text)
{
	const char *why = NULL;
	struct json_object *o = json_parse_object(text, &why);

	/* Exactly one of the two is an answer. */
	assert_true((o == NULL) == (why != NULL));
	json_object_put(o);
	return o != NULL;
}

static void texts_that_are_objects(void **state)
{
	static const char *rows[] = {
		"{}",
		" \t\r\n{ } \n",
		"{\"a\":[],\"b\":{},\"c\":null,\"d\":true,\"e\":false}",
		"{\"a\":[0,-0,1,-1,10,1.5,-0.25,1e5,1E+5,1.0e-5,9223372036854775807]}",
		"{\"\":\"\"}",
		"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\ud83d\\ude00\\u0000\"}",
		"{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"}",
		"{\"a\":\"//\", \"b\":\"'NaN'\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!is_object(view_of(rows[i])))
			fail_msg("refused: %s", rows[i]);
}

static void texts_that_are_not(void **state)
{
	static const char *rows[] = {
		"",
		" ",
		"{",
		"}",
		"[]",
		"null",
		"1",
		"\"a\"",
		"{} x",
		"{}{}",
		"{},",
		"{\"a\":1",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{\"a\":[1,]}",
		"{,}",
		"{a:1}",
		"{'a':1}",
		"{\"a\":'b'}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":NaN}",
		"{\"a\":Infinity}",
		"{\"a\":-Infinity}",
		"{\"a\":nan}",
		"{\"a\":TRUE}",
		"{\"a\":nul}",
		"{\"a\":01}",
		"{\"a\":00}",
		"{\"a\":-01}",
		"{\"a\":1.}",
		"{\"a\":.5}",
		"{\"a\":1e}",
		"{\"a\":1e+}",
		"{\"a\":+1}",
		"{\"a\":--1}",
		"{\"a\":-}",
		"{\"a\":0x1}",
		"{\"a\":1.5.5}",
		"{\"a\":1-1}",
		"{\"a\":\"\n\"}",
		"{\"a\":\"\t\"}",
		"{\"a\":\"\x01\"}",
		"{\"a\":\"\\x\"}",
		"{\"a\":\"\\u12g4\"}",
		"{\"a\":\"\\\"}",
		"{\"a\":\"",
		"{/* */}",
		"{}//",
		"\xef\xbb\xbf{}",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\xc0\x80\"}",
		"{\"a\":\"\xe0\x80\x80\"}",
		"{\"a\":\"\xed\xa0\x80\"}",
		"{\"a\":\"\xf4\x90\x80\x80\"}",
		"{\"a\":\"\xc3\"}",
		"{\"a\":\"\xe2\x82\"}",
		"{}\f",
		"\v{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_object(view_of(rows[i])))
			fail_msg("accepted: %s", rows[i]);
}

static void nothing_hides_behind_a_nul_byte(void **state)
{
	(void)state;
	assert_false(is_object(VIEW_LIT("{}\0")));
	assert_false(is_object(VIEW_LIT("{}\0{}")));
	assert_false(is_object(VIEW_LIT("{\"a\":\"\0\"}")));
}

/* {"a":[[[…]]]} with as many arrays as asked for. */
static char *nested(size_t arrays)
{
	char *text = malloc(arrays * 2 + 7);
	size_t n = 0;

	assert_non_null(text);
	memcpy(text, "{\"a\":", 5);
	n = 5;
	memset(text + n, '[', arrays);
	n += arrays;
	memset(text + n, ']', arrays);
	n += arrays;
	memcpy(text + n, "}", 2);
	return text;
}

static void depth_is_limited(void **state)
{
	char *ok = nested(JSON_DEPTH_MAX - 1), *deep = nested(JSON_DEPTH_MAX);
	char *deeper = nested(100000);

	(void)state;
	assert_true(is_object(view_of(ok)));
	assert_false(is_object(view_of(deep)));
	assert_false(is_object(view_of(deeper)));
	free(ok);
	free(deep);
	free(deeper);
}

/* {"a":[x,x,…]} with n times x. */
static char *repeated(const char *x, size_t n)
{
	size_t len = strlen(x);
	char *text = malloc(8 + n * (len + 1)), *end = text;

	assert_non_null(text);
	end = stpcpy(end, "{\"a\":[");
	for (size_t i = 0; i < n; i++) {
		end = stpcpy(end, x);
		*end++ = i + 1 < n ? ',' : ']';
	}
	strcpy(end, "}");
	return text;
}

static void values_are_limited(void **state)
{
	char *ok = repeated("{}", JSON_CONTAINERS_MAX - 2);
	char *containers = repeated("{}", JSON_CONTAINERS_MAX - 1);
	char *values = repeated("1", JSON_VALUES_MAX);
	const char *why;

	(void)state;
	assert_true(is_object(view_of(ok)));
	assert_null(json_parse_object(view_of(containers), &why));
	assert_string_equal(why, "too many values");
	assert_null(json_parse_object(view_of(values), &why));
	assert_string_equal(why, "too many values");
	free(ok);
	free(containers);
	free(values);
}

static void members_by_type(void **state)
{
	const char *why;
	struct json_object *v,
		*o = json_parse_object(
			VIEW_LIT("{\"s\":\"x\\u0000y\",\"n\":null,\"i\":1,\"i\":2}"),
			&why);

	(void)state;
	assert_non_null(o);
	assert_true(json_member(o, "s", json_type_string, &v));
	assert_true(view_equal(json_text(v), VIEW_LIT("x\0y")));
	assert_true(json_member(o, "n", json_type_string, &v));
	assert_null(v);
	assert_int_equal(json_text(v).len, 0);
	assert_true(json_member(o, "absent", json_type_string, &v));
	assert_null(v);
	assert_false(json_member(o, "i", json_type_string, &v));
	assert_null(v);
	assert_true(json_member(o, "i", json_type_int, &v));
	assert_int_equal(json_object_get_int(v), 2);
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_objects),
		cmocka_unit_test(texts_that_are_not),
		cmocka_unit_test(nothing_hides_behind_a_nul_byte),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(values_are_limited),
		cmocka_unit_test(members_by_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
