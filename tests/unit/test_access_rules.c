#include "format/access_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct access_rules rules;

/* The message of the error, or "" when the texts were taken. */
static const char *parse(const char *text, const char *groups, const char *public)
{
	static struct err err;
	const struct access_source sources[] = {{view_of(text), "access"},
	        {view_of(groups), "groups"}, {view_of(public), "public"}};

	err_release(&err);
	if (access_rules_parse(&sources[0], &sources[1], &sources[2], &rules, &err) == 0)
		return "";
	assert_int_equal(err.code, ERR_FAULT);
	assert_int_equal(rules.nrules, 0);
	assert_null(rules.text);
	return err.text;
}

static unsigned actions(const char *name, const char *repo)
{
	struct user_name user = USER_NOBODY;

	if (*name)
		assert_int_equal(user_name_parse(view_of(name), &user), 0);
	return access_rules_actions(&rules, &user, view_of(repo));
}

static void who_may_do_what(void **state)
{
	static const struct {
		const char *user, *repo;
		unsigned actions;
	} rows[] = {
	        {"alice", "team/app", ACTION_PULL | ACTION_PUSH},
	        {"alice", "team/app/x", 0},
	        {"alice", "team", 0},
	        {"Alice", "team/app", 0},
	        {"bob", "team/app", ACTION_DELETE},
	        {"carol", "team/app", ACTION_DELETE},
	        {"dave", "team/app", 0},
	        {"dave", "mirror/a/b", ACTION_PULL},
	        {"", "mirror/a/b", 0},
	        {"", "base/a", ACTION_PULL},
	        {"dave", "base/a", ACTION_PULL},
	        {"", "drop", ACTION_PUSH},
	        {"dave", "drop", ACTION_PUSH},
	        {"root", "any/thing", ACTION_ALL},
	        {"root", "base/a", ACTION_ALL},
	        /* the registry as a whole */
	        {"root", "", ACTION_ALL},
	        {"alice", "", 0},
	        {"dave", "", 0},
	        {"", "", 0},
	};
	size_t i;

	(void)state;
	assert_string_equal(
	        parse("# rules\n\nalice team/* pull,push\n"
	              "\t@builders   team/*\tdelete\r\n"
	              "authenticated mirror/** pull\n"
	              "* base/* pull\n"
	              "anonymous drop push\n"
	              "root ** *\n"
	              "@empty ** admin",
	                "builders: bob\n# more\nempty:\nbuilders: carol  erin\n", ""),
	        "");
	for (i = 0; i < COUNT(rows); i++)
		if (actions(rows[i].user, rows[i].repo) != rows[i].actions)
			fail_msg("%s on %s: %u", rows[i].user, rows[i].repo,
			        actions(rows[i].user, rows[i].repo));
	assert_true(access_rules_open(&rules));
	access_rules_release(&rules);
}

static void public_opens_pull_and_only_that(void **state)
{
	(void)state;
	assert_string_equal(parse("", "", " library/*,\tpub/**  x "), "");
	assert_int_equal(actions("", "library/a"), ACTION_PULL);
	assert_int_equal(actions("", "pub/a/b"), ACTION_PULL);
	assert_int_equal(actions("bob", "x"), ACTION_PULL);
	assert_int_equal(actions("", "library/a/b"), 0);
	assert_int_equal(actions("", "y"), 0);
	assert_true(access_rules_open(&rules));
	access_rules_release(&rules);
}

static void without_rules_nobody_may_anything(void **state)
{
	(void)state;
	assert_string_equal(parse("", "", ""), "");
	assert_int_equal(actions("", "a"), 0);
	assert_int_equal(actions("alice", "alice/a"), 0);
	assert_false(access_rules_open(&rules));
	access_rules_release(&rules);
	assert_string_equal(parse("authenticated ** *\nalice ** *\n", "", ""), "");
	assert_false(access_rules_open(&rules));
	access_rules_release(&rules);
}

static void errors_name_file_and_line(void **state)
{
	static const struct {
		const char *rules, *groups, *public, *message;
	} rows[] = {
	        {"alice", "", "", "access:1: not \"who repository-glob actions\""},
	        {"alice a", "", "", "access:1: not \"who repository-glob actions\""},
	        {"\n#\nalice a pull push", "", "",
	                "access:3: not \"who repository-glob actions\""},
	        {"a/b a pull", "", "",
	                "access:1: \"a/b\" is no user name, and no group of the group "
	                "file"},
	        {"@nobody a pull", "some: a", "",
	                "access:1: \"@nobody\" is no user name, and no group of the "
	                "group file"},
	        {"alice A pull", "", "", "access:1: \"A\" is no repository glob"},
	        {"alice /a pull", "", "", "access:1: \"/a\" is no repository glob"},
	        {"alice a pull,fly", "", "",
	                "access:1: \"pull,fly\" is no list of pull, push, delete, admin "
	                "or *"},
	        {"alice a pull,", "", "",
	                "access:1: \"pull,\" is no list of pull, push, delete, admin or "
	                "*"},
	        {"al\x1bice a pull", "", "",
	                "access:1: \"al?ice\" is no user name, and no group of the group "
	                "file"},
	        {"", "a b\n", "", "groups:1: not \"group: user user\""},
	        {"", "g: a\n@g: b\n", "", "groups:2: \"@g\" is no group name"},
	        {"", "g: a, b\n", "", "groups:1: \"a,\" is no user name"},
	        {"", "g: @h\n", "", "groups:1: \"@h\" is no user name"},
	        {"", "", "a Bad", "public: \"Bad\" is no repository glob"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_string_equal(parse(rows[i].rules, rows[i].groups, rows[i].public),
		        rows[i].message);
}

static void has_ceilings(void **state)
{
	char *text = malloc(ACCESS_FILE_MAX + 2);
	size_t i;

	(void)state;
	memset(text, '\n', ACCESS_FILE_MAX + 1);
	text[ACCESS_FILE_MAX + 1] = '\0';
	assert_string_equal(parse(text, "", ""), "access: over 1048576 bytes");
	assert_string_equal(parse("", text, ""), "groups: over 1048576 bytes");
	for (i = 0; i <= ACCESS_RULES_MAX; i++)
		memcpy(text + i * 9, "a b pull\n", 9);
	text[i * 9] = '\0';
	assert_string_equal(parse(text, "", ""), "access:10001: over 10000 rules");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(who_may_do_what),
	        cmocka_unit_test(public_opens_pull_and_only_that),
	        cmocka_unit_test(without_rules_nobody_may_anything),
	        cmocka_unit_test(errors_name_file_and_line),
	        cmocka_unit_test(has_ceilings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
