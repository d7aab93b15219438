/* Percent-decoding and the parameters of a query. */
#include "format/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void decoding(void **state)
{
	static const struct {
		const char *text;
		bool plus;
		const char *want; /* NULL: refused */
	} rows[] = {
		{"", false, ""},
		{"abc", false, "abc"},
		{"a%2Fb", false, "a/b"},
		{"a%2fb", false, "a/b"},
		{"%41%5a", false, "AZ"},
		{"%25%32%46", false, "%2F"},
		{"a+b", false, "a+b"},
		{"a+b", true, "a b"},
		{"a%2Bb", true, "a+b"},
		{"%C3%A9", false, "\xc3\xa9"},
		{"\xc3\xa9", false, "\xc3\xa9"},
		{"%", false, NULL},
		{"%2", false, NULL},
		{"a%2", false, NULL},
		{"%2g", false, NULL},
		{"%g2", false, NULL},
		{"%%41", false, NULL},
		{"%u0041", false, NULL},
		{"%00", false, NULL},
		{"a%0Ab", false, NULL},
		{"a%0d%0aX: y", false, NULL},
		{"%7F", false, NULL},
		{"a\nb", false, NULL},
		{"a\tb", false, NULL},
	};
	struct buf out = BUF_INIT(1024);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int got = percent_decode(view_of(rows[i].text), rows[i].plus, &out);

		if (got != (rows[i].want ? 0 : -1))
			fail_msg("\"%s\": %d", rows[i].text, got);
		if (rows[i].want)
			assert_string_equal(buf_str(&out), rows[i].want);
	}
	buf_release(&out);
}

static void decoding_stops_at_the_ceiling(void **state)
{
	struct buf out = BUF_INIT(3);

	(void)state;
	assert_int_equal(percent_decode(view_of("%61bc"), false, &out), 0);
	assert_int_equal(percent_decode(view_of("%61bcd"), false, &out), -1);
	/* The failure of the last call is not that of the next. */
	assert_int_equal(percent_decode(view_of("xyz"), false, &out), 0);
	assert_string_equal(buf_str(&out), "xyz");
	buf_release(&out);
}

static void parameters(void **state)
{
	static const struct {
		const char *query, *name;
		unsigned n;
		int want;
		const char *value;
	} rows[] = {
		{"n=10&last=b", "n", 0, 1, "10"},
		{"n=10&last=b", "last", 0, 1, "b"},
		{"n=10&last=b", "la", 0, 0, NULL},
		{"n=10&last=b", "lastb", 0, 0, NULL},
		{"n=10&last=b", "n", 1, 0, NULL},
		{"tag=a&x=y&tag=b&tag=c", "tag", 0, 1, "a"},
		{"tag=a&x=y&tag=b&tag=c", "tag", 1, 1, "b"},
		{"tag=a&x=y&tag=b&tag=c", "tag", 2, 1, "c"},
		{"tag=a&x=y&tag=b&tag=c", "tag", 3, 0, NULL},
		{"", "n", 0, 0, NULL},
		{"n", "n", 0, 1, ""},
		{"n=", "n", 0, 1, ""},
		{"&&n=1&", "n", 0, 1, "1"},
		{"=1", "n", 0, 0, NULL},
		{"a=b=c", "a", 0, 1, "b=c"},
		{"digest=sha256%3Aab", "digest", 0, 1, "sha256:ab"},
		{"artifactType=application%2Fvnd.x%2Bjson", "artifactType", 0, 1,
			"application/vnd.x+json"},
		{"artifactType=a/b+json", "artifactType", 0, 1, "a/b json"},
		{"%64igest=x", "digest", 0, 1, "x"},
		{"%6=y&n=1", "n", 0, 1, "1"},
		{"N=1", "n", 0, 0, NULL},
		{"n=%", "n", 0, -1, NULL},
		{"n=%&n=2", "n", 1, 1, "2"},
		{"n=1;m=2", "m", 0, 0, NULL},
		{"n=a%00b", "n", 0, -1, NULL},
	};
	struct buf out = BUF_INIT(1024);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int got =
			query_get(view_of(rows[i].query), rows[i].name, rows[i].n, &out);

		if (got != rows[i].want)
			fail_msg("%s of \"%s\": %d", rows[i].name, rows[i].query, got);
		if (rows[i].value)
			assert_string_equal(buf_str(&out), rows[i].value);
	}
	buf_release(&out);
}

static void one_after_the_other(void **state)
{
	static const char *const want[] = {"a", "1", "b", "", "a", "x y", "", "z"};
	struct view rest = VIEW_LIT("&a=1&b&&%61=x+y&=z&");
	struct buf name = BUF_INIT(8), value = BUF_INIT(8);

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i += 2) {
		assert_int_equal(query_next(&rest, &name, &value), 1);
		assert_string_equal(buf_str(&name), want[i]);
		assert_string_equal(buf_str(&value), want[i + 1]);
	}
	assert_int_equal(query_next(&rest, &name, &value), 0);
	assert_int_equal(query_next(&rest, &name, &value), 0);
	rest = VIEW_LIT("%0");
	assert_int_equal(query_next(&rest, &name, &value), -1);
	rest = VIEW_LIT("a=%zz");
	assert_int_equal(query_next(&rest, &name, &value), -1);
	rest = VIEW_LIT("a=123456789");
	assert_int_equal(query_next(&rest, &name, &value), -1);
	buf_release(&name);
	buf_release(&value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decoding),
		cmocka_unit_test(decoding_stops_at_the_ceiling),
		cmocka_unit_test(parameters),
		cmocka_unit_test(one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
