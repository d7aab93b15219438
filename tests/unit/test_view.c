/* Views: comparing, cutting, trimming and copying bytes that somebody else owns. */
#include "base/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOTHING ((struct view){NULL, 0})

static void a_c_string_or_none(void **state)
{
	(void)state;
	assert_int_equal(view_of("abc").len, 3);
	assert_int_equal(view_of("").len, 0);
	assert_int_equal(view_of(NULL).len, 0);
	assert_non_null(view_of(NULL).ptr);
	assert_int_equal(VIEW_LIT("a\0b").len, 3);
}

static void equality(void **state)
{
	static const struct {
		const char *a, *b;
		bool same, same_nocase;
	} rows[] = {
		{"", "", true, true},
		{"abc", "abc", true, true},
		{"abc", "ABC", false, true},
		{"abc", "abd", false, false},
		{"abc", "ab", false, false},
		{"ab", "abc", false, false},
		{"", "a", false, false},
		{"[", "{", false, false},
		{"\xc3\xa9", "\xc3\x89", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view a = view_of(rows[i].a);

		assert_int_equal(view_equal(a, view_of(rows[i].b)), rows[i].same);
		assert_int_equal(view_is(a, rows[i].b), rows[i].same);
		assert_int_equal(view_is_nocase(a, rows[i].b), rows[i].same_nocase);
	}
	assert_false(view_is(VIEW_LIT("a\0b"), "a"));
}

static void starts_and_ends(void **state)
{
	struct view v = view_of("sha256:ab");

	(void)state;
	assert_true(view_starts(v, "sha256:"));
	assert_true(view_starts(v, ""));
	assert_true(view_starts(v, "sha256:ab"));
	assert_false(view_starts(v, "sha256:abc"));
	assert_false(view_starts(v, "Sha"));
	assert_true(view_ends(v, ":ab"));
	assert_true(view_ends(v, ""));
	assert_false(view_ends(v, "xsha256:ab"));
	assert_false(view_ends(v, "AB"));
}

static void order_is_that_of_bytes(void **state)
{
	/* Each is less than all that follow. */
	static const char *rows[] = {
		"", "-", "A", "B", "a", "a-", "a/b", "aa", "b", "\x7f", "\x80", "\xff"};
	size_t n = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			int got = view_compare(view_of(rows[i]), view_of(rows[k]));

			assert_int_equal((got > 0) - (got < 0), (i > k) - (i < k));
		}
}

static void cutting(void **state)
{
	static const struct {
		const char *text;
		bool found;
		const char *head, *tail, *last_head, *last_tail;
	} rows[] = {
		{"a/b/c", true, "a", "b/c", "a/b", "c"},
		{"a/b", true, "a", "b", "a", "b"},
		{"/", true, "", "", "", ""},
		{"/a", true, "", "a", "", "a"},
		{"a/", true, "a", "", "a", ""},
		{"//", true, "", "/", "/", ""},
		{"ab", false, "ab", "", "", "ab"},
		{"", false, "", "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view head, tail;

		assert_int_equal(view_cut(view_of(rows[i].text), '/', &head, &tail),
			rows[i].found);
		assert_true(view_is(head, rows[i].head));
		assert_true(view_is(tail, rows[i].tail));
		assert_int_equal(view_cut_last(view_of(rows[i].text), '/', &head, &tail),
			rows[i].found);
		assert_true(view_is(head, rows[i].last_head));
		assert_true(view_is(tail, rows[i].last_tail));
	}
}

/* view_cut(rest, c, &part, &rest): how every list is walked. */
static void a_view_can_be_cut_into_itself(void **state)
{
	struct view part, rest = view_of("a&bb&");
	size_t bytes = 0, parts = 0;

	(void)state;
	while (rest.len > 0) {
		view_cut(rest, '&', &part, &rest);
		bytes += part.len;
		parts++;
	}
	assert_int_equal(parts, 2);
	assert_int_equal(bytes, 3);
	rest = view_of("a/b/c");
	assert_true(view_cut_last(rest, '/', &rest, &part));
	assert_true(view_is(rest, "a/b"));
}

static void trimming(void **state)
{
	(void)state;
	assert_true(view_is(view_trim(view_of(" \t a b\t ")), "a b"));
	assert_true(view_is(view_trim(view_of("ab")), "ab"));
	assert_true(view_is(view_trim(view_of(" \t")), ""));
	assert_true(view_is(view_trim(view_of("")), ""));
	assert_true(view_is(view_trim(view_of("\na\r")), "\na\r"));
}

static void copying(void **state)
{
	char out[4];

	(void)state;
	assert_int_equal(view_copy(view_of("abc"), out, sizeof(out)), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(view_copy(view_of(""), out, sizeof(out)), 0);
	assert_string_equal(out, "");
	memset(out, 'x', sizeof(out));
	assert_int_equal(view_copy(view_of("abcd"), out, sizeof(out)), -1);
	assert_string_equal(out, "");
	memset(out, 'x', sizeof(out));
	assert_int_equal(view_copy(VIEW_LIT("a\0b"), out, sizeof(out)), -1);
	assert_string_equal(out, "");
}

/* A view that was never set, a null pointer, may be compared, trimmed and copied. */
static void the_null_view_is_empty(void **state)
{
	char out[4] = "xxx";

	(void)state;
	assert_true(view_equal(NOTHING, view_of("")));
	assert_true(view_is(NOTHING, ""));
	assert_false(view_is(NOTHING, "a"));
	assert_int_equal(view_compare(NOTHING, view_of("")), 0);
	assert_true(view_compare(NOTHING, view_of("a")) < 0);
	assert_int_equal(view_trim(NOTHING).len, 0);
	assert_int_equal(view_copy(NOTHING, out, sizeof(out)), 0);
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_c_string_or_none),
		cmocka_unit_test(equality),
		cmocka_unit_test(starts_and_ends),
		cmocka_unit_test(order_is_that_of_bytes),
		cmocka_unit_test(cutting),
		cmocka_unit_test(a_view_can_be_cut_into_itself),
		cmocka_unit_test(trimming),
		cmocka_unit_test(copying),
		cmocka_unit_test(the_null_view_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
