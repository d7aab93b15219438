/* Repository names, tags and session ids: the grammars of the distribution-spec. */
#include "format/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void repository_names(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{"a", true},
		{"0", true},
		{"library/ubuntu", true},
		{"a/b/c/d/e/f/g/h", true},
		{"a.b", true},
		{"a_b", true},
		{"a__b", true},
		{"a-b", true},
		{"a---------b", true},
		{"a.b_c__d-e--f/g0", true},
		{"a/blobs/uploads", true},
		{"a/tags/list", true},
		{"manifests", true},
		{"", false},
		{"/", false},
		{"/a", false},
		{"a/", false},
		{"a//b", false},
		{"A", false},
		{"a/B", false},
		{".", false},
		{"..", false},
		{"a/..", false},
		{"../a", false},
		{"a/../b", false},
		{"a/./b", false},
		{"a..b", false},
		{"a___b", false},
		{"a._b", false},
		{"a-_b", false},
		{"a_-b", false},
		{"a_.b", false},
		{".a", false},
		{"a.", false},
		{"_a", false},
		{"a_", false},
		{"a__", false},
		{"-a", false},
		{"a-", false},
		{"a/-b", false},
		{"@blobs", false},
		{"a/@tags", false},
		{"a b", false},
		{"a:b", false},
		{"a%2fb", false},
		{"a\\b", false},
		{"a\n", false},
		{"\xc3\xa9", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct repo_name name;
		int got = repo_name_parse(view_of(rows[i].text), &name);

		if (got != (rows[i].ok ? 0 : -1))
			fail_msg("\"%s\": %d", rows[i].text, got);
		assert_string_equal(name.text, rows[i].ok ? rows[i].text : "");
	}
}

static void repository_names_end_at_their_limit(void **state)
{
	char text[REPO_NAME_MAX + 1];
	struct repo_name name;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[100] = '/';
	assert_int_equal(repo_name_parse((struct view){text, REPO_NAME_MAX}, &name), 0);
	assert_int_equal(strlen(name.text), REPO_NAME_MAX);
	assert_int_equal(
		repo_name_parse((struct view){text, REPO_NAME_MAX + 1}, &name), -1);
	assert_string_equal(name.text, "");
}

static void a_nul_byte_is_never_part_of_a_value(void **state)
{
	static const char text[] = "a\0b";
	struct repo_name name;
	struct tag tag;

	(void)state;
	assert_int_equal(repo_name_parse((struct view){text, 3}, &name), -1);
	assert_int_equal(tag_parse((struct view){text, 3}, &tag), -1);
}

static void components_hold_no_slash(void **state)
{
	(void)state;
	assert_true(repo_name_is_component(view_of("a-b")));
	assert_false(repo_name_is_component(view_of("a/b")));
	assert_false(repo_name_is_component(view_of("@lock")));
	assert_false(repo_name_is_component(view_of("")));
}

static void namespace_is_the_first_component(void **state)
{
	struct repo_name name;

	(void)state;
	assert_int_equal(repo_name_parse(view_of("team/app/api"), &name), 0);
	assert_true(view_is(repo_name_namespace(&name), "team"));
	assert_int_equal(repo_name_parse(view_of("alone"), &name), 0);
	assert_true(view_is(repo_name_namespace(&name), "alone"));
}

static void tags(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{"latest", true},
		{"1", true},
		{"v1.0-rc.2_b", true},
		{"_x", true},
		{"Latest", true},
		{"_", true},
		{"a..b", true},
		{"", false},
		{".", false},
		{"..", false},
		{".a", false},
		{"-a", false},
		{"a/b", false},
		{"a:b", false},
		{"a+b", false},
		{"a b", false},
		{"a\n", false},
		{"\xc3\xa9", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tag tag;
		int got = tag_parse(view_of(rows[i].text), &tag);

		if (got != (rows[i].ok ? 0 : -1))
			fail_msg("\"%s\": %d", rows[i].text, got);
		assert_string_equal(tag.text, rows[i].ok ? rows[i].text : "");
	}
}

static void tags_end_at_their_limit(void **state)
{
	char text[TAG_MAX + 1];
	struct tag tag;

	(void)state;
	memset(text, 'Z', sizeof(text));
	assert_int_equal(tag_parse((struct view){text, TAG_MAX}, &tag), 0);
	assert_int_equal(strlen(tag.text), TAG_MAX);
	assert_int_equal(tag_parse((struct view){text, TAG_MAX + 1}, &tag), -1);
}

static void session_ids(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{"0123456789abcdef0123456789abcdef", true},
		{"0123456789abcdef0123456789abcde", false},
		{"0123456789abcdef0123456789abcdef0", false},
		{"0123456789abcdef0123456789abcdeF", false},
		{"0123456789abcdef0123456789abcd/.", false},
		{"01234567-89ab-cdef-0123-456789abcdef", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct session_id id;
		int got = session_id_parse(view_of(rows[i].text), &id);

		if (got != (rows[i].ok ? 0 : -1))
			fail_msg("\"%s\": %d", rows[i].text, got);
		assert_string_equal(id.text, rows[i].ok ? rows[i].text : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repository_names),
		cmocka_unit_test(repository_names_end_at_their_limit),
		cmocka_unit_test(a_nul_byte_is_never_part_of_a_value),
		cmocka_unit_test(components_hold_no_slash),
		cmocka_unit_test(namespace_is_the_first_component),
		cmocka_unit_test(tags),
		cmocka_unit_test(tags_end_at_their_limit),
		cmocka_unit_test(session_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
