#include "format/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void reads_one_scope(void **state)
{
	static const struct {
		const char *text;
		enum scope_type type;
		const char *name;
		unsigned actions;
	} rows[] = {
	        {"repository:a/b:pull", SCOPE_REPOSITORY, "a/b", ACTION_PULL},
	        {"repository:a/b:pull,push", SCOPE_REPOSITORY, "a/b",
	                ACTION_PULL | ACTION_PUSH},
	        {"repository:a:push,pull", SCOPE_REPOSITORY, "a",
	                ACTION_PULL | ACTION_PUSH},
	        {"repository:a:delete", SCOPE_REPOSITORY, "a", ACTION_DELETE},
	        {"repository:a:*", SCOPE_REPOSITORY, "a", ACTION_ALL},
	        {"repository:a:", SCOPE_REPOSITORY, "a", 0},
	        {"repository:a:fly,pull", SCOPE_REPOSITORY, "a", ACTION_PULL},
	        {"registry:catalog:*", SCOPE_REGISTRY, "catalog", ACTION_ALL},
	};
	struct scope s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(scope_parse(view_of(rows[i].text), &s), 0);
		assert_int_equal(s.type, rows[i].type);
		assert_string_equal(s.name.text, rows[i].name);
		assert_int_equal(s.actions, rows[i].actions);
	}
}

static void refuses_what_is_none(void **state)
{
	static const char *const rows[] = {"", ":", "::", "repository", "repository:a",
	        "repository::pull", "repository:A:pull", "repository:../a:pull",
	        "repository:a//b:pull", "repository(plugin):a:pull", "Repository:a:pull",
	        "user:a:pull", "repository:host:5000/a:pull"};
	struct scope s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_int_equal(scope_parse(view_of(rows[i]), &s), -1);
}

static void several_in_one_parameter_and_the_same_again(void **state)
{
	struct scope_list list = {0};

	(void)state;
	assert_int_equal(
	        scope_list_parse(&list,
	                VIEW_LIT(
	                        "repository:a/b:pull repository:c:pull,push  nonsense ")),
	        0);
	assert_int_equal(scope_list_parse(&list, VIEW_LIT("repository:a/b:push")), 0);
	assert_int_equal(scope_list_parse(&list, VIEW_LIT("")), 0);
	assert_int_equal(list.n, 2);
	assert_int_equal(scope_list_actions(&list, SCOPE_REPOSITORY, "a/b"),
	        ACTION_PULL | ACTION_PUSH);
	assert_int_equal(scope_list_actions(&list, SCOPE_REPOSITORY, "c"),
	        ACTION_PULL | ACTION_PUSH);
	assert_int_equal(scope_list_actions(&list, SCOPE_REPOSITORY, "a"), 0);
	assert_int_equal(scope_list_actions(&list, SCOPE_REGISTRY, "c"), 0);
}

static void has_ceilings(void **state)
{
	struct scope_list list = {0};
	char text[64];
	int i;

	(void)state;
	for (i = 0; i < SCOPE_LIST_MAX; i++) {
		snprintf(text, sizeof(text), "repository:a%d:pull", i);
		assert_int_equal(scope_list_parse(&list, view_of(text)), 0);
	}
	assert_int_equal(scope_list_parse(&list, VIEW_LIT("repository:a0:push")), 0);
	assert_int_equal(scope_list_parse(&list, VIEW_LIT("repository:more:pull")), -1);
	assert_int_equal(list.n, SCOPE_LIST_MAX);
	assert_int_equal(
	        scope_list_parse(&list, (struct view){"", SCOPE_PARAMETER_MAX + 1}), -1);
}

static void writes_what_it_reads(void **state)
{
	static const char *const rows[] = {"repository:a/b:pull",
	        "repository:a/b:pull,push", "repository:a:push,delete", "repository:a:*",
	        "registry:catalog:*", "repository:a:pull,push,delete",
	        "repository:a:admin"};
	struct buf text = BUF_INIT(512);
	struct scope s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		buf_clear(&text);
		assert_int_equal(scope_parse(view_of(rows[i]), &s), 0);
		assert_int_equal(scope_text(&s, &text), 0);
		assert_string_equal(buf_str(&text), rows[i]);
	}
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_one_scope),
	        cmocka_unit_test(refuses_what_is_none),
	        cmocka_unit_test(several_in_one_parameter_and_the_same_again),
	        cmocka_unit_test(has_ceilings),
	        cmocka_unit_test(writes_what_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
