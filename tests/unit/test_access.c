#include "service/access.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct scratch scratch;
static struct access *access_of;
static struct err err;
static int64_t now;

static int setup(void **state)
{
	(void)state;
	scratch_open(&scratch);
	now = (int64_t)time(NULL) + 1000000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	access_close(&access_of);
	err_release(&err);
	scratch_close(&scratch);
	return 0;
}

static int try_open(const char *rules, const char *groups, const char *open)
{
	struct access_settings settings = {"", "", open};

	if (rules) {
		scratch_write(&scratch, "access", rules);
		settings.rules = scratch_path(&scratch, "access");
	}
	if (groups) {
		scratch_write(&scratch, "groups", groups);
		settings.groups = scratch_path(&scratch, "groups");
	}
	return access_open(&access_of, &settings, now, &err);
}

static void refresh(void)
{
	access_refresh(access_of, ++now);
}

static struct repo_name repo(const char *name)
{
	struct repo_name r;

	assert_int_equal(repo_name_parse(view_of(name), &r), 0);
	return r;
}

/*
 * "" nobody; "alice" by password; "token:alice" and "outside:alice" with scopes behind
 * it.
 */
static struct identity *who(const char *text, const char *scopes)
{
	static struct identity w;
	struct view kind, name;
	struct user_name user = USER_NOBODY;

	if (!view_cut(view_of(text), ':', &kind, &name))
		name = kind;
	if (name.len > 0)
		assert_int_equal(user_name_parse(name, &user), 0);
	identity_anonymous(&w);
	if (user.text[0])
		identity_user(&w, &user);
	if (strchr(text, ':')) {
		w.kind = IDENTITY_TOKEN;
		w.outside = view_is(kind, "outside");
		assert_int_equal(scope_list_parse(&w.grants, view_of(scopes)), 0);
	}
	return &w;
}

#define NO_RIGHTS 0
#define PULL ACTION_PULL
#define PUSH ACTION_PUSH
#define DELETE ACTION_DELETE
#define OWN (PULL | PUSH | DELETE)

#define RULES                                                                            \
	"bob          alice/shared     pull,push\n"                                      \
	"@team        team/**          pull,push\n"                                      \
	"authenticated inner/*         pull\n"                                           \
	"*            open             pull\n"                                           \
	"root         **               *\n"

static void the_whole_matrix(void **state)
{
	static const struct {
		const char *who, *scopes, *repo;
		unsigned actions;
	} rows[] = {
	        /* own, granted, public, private, unknown */
	        {"alice", "", "alice/a", OWN},
	        {"alice", "", "alice/a/b", OWN},
	        {"alice", "", "alice", NO_RIGHTS},
	        {"alice", "", "alicex/a", NO_RIGHTS},
	        {"alice", "", "bob/a", NO_RIGHTS},
	        {"alice", "", "u---qalice/a", NO_RIGHTS},
	        {"Alice", "", "u---qalice/a", OWN},
	        {"Alice", "", "alice/a", NO_RIGHTS},
	        {"alice", "", "inner/a", PULL},
	        {"alice", "", "inner/a/b", NO_RIGHTS},
	        {"alice", "", "open", PULL},
	        {"alice", "", "public/a", PULL},
	        {"alice", "", "public/a/b", NO_RIGHTS},
	        {"alice", "", "team/a", NO_RIGHTS},
	        {"bob", "", "alice/shared", PULL | PUSH},
	        {"bob", "", "alice/shared/more", NO_RIGHTS},
	        {"bob", "", "alice/other", NO_RIGHTS},
	        {"carol", "", "team/a/b", PULL | PUSH},
	        {"root", "", "alice/a", ACTION_ALL},
	        {"root", "", "un/known", ACTION_ALL},
	        /* nobody */
	        {"", "", "alice/a", NO_RIGHTS},
	        {"", "", "inner/a", NO_RIGHTS},
	        {"", "", "open", PULL},
	        {"", "", "public/a", PULL},
	        {"", "", "un/known", NO_RIGHTS},
	        /* a token of ours: what it grants, as far as the user may */
	        {"token:alice", "", "alice/a", NO_RIGHTS},
	        {"token:alice", "repository:alice/a:pull", "alice/a", PULL},
	        {"token:alice", "repository:alice/a:pull", "alice/b", NO_RIGHTS},
	        {"token:alice", "repository:alice/a:*", "alice/a", OWN},
	        {"token:alice", "repository:bob/a:*", "bob/a", NO_RIGHTS},
	        {"token:alice", "", "public/a", PULL},
	        {"token:root", "repository:x:*", "x", ACTION_ALL},
	        {"token:root", "repository:x:pull", "x", PULL},
	        {"token:root", "repository:x:pull", "y", NO_RIGHTS},
	        /* an anonymous token */
	        {"token:", "", "open", PULL},
	        {"token:", "repository:open:pull,push", "open", PULL},
	        {"token:", "repository:alice/a:pull", "alice/a", NO_RIGHTS},
	        /* an outside issuer decides itself, and by repository only */
	        {"outside:alice", "", "alice/a", NO_RIGHTS},
	        {"outside:alice", "repository:bob/a:pull,push", "bob/a", PULL | PUSH},
	        {"outside:root", "", "x", NO_RIGHTS},
	        {"outside:", "repository:bob/a:pull", "bob/a", PULL},
	        {"outside:alice", "", "public/a", PULL},
	};
	struct repo_name r;
	size_t i;

	(void)state;
	assert_int_equal(try_open(RULES, "team: carol dave\n", "public/*"), 0);
	for (i = 0; i < COUNT(rows); i++) {
		r = repo(rows[i].repo);
		if (access_actions(access_of, who(rows[i].who, rows[i].scopes), &r) !=
		        rows[i].actions)
			fail_msg("%s (%s) on %s", rows[i].who, rows[i].scopes,
			        rows[i].repo);
	}
}

static void the_answer_says_what_could_help(void **state)
{
	static const struct {
		const char *who, *scopes, *repo;
		unsigned action;
		enum access_answer answer;
	} rows[] = {
	        {"alice", "", "alice/a", ACTION_PUSH, ACCESS_ALLOWED},
	        {"", "", "public/a", ACTION_PULL, ACCESS_ALLOWED},
	        {"", "", "public/a", ACTION_PUSH, ACCESS_CHALLENGE},
	        {"", "", "alice/a", ACTION_PULL, ACCESS_CHALLENGE},
	        {"", "", "un/known", ACTION_PULL, ACCESS_CHALLENGE},
	        {"token:", "", "alice/a", ACTION_PULL, ACCESS_CHALLENGE},
	        /* A token that was not made for it, and one that never could be. */
	        {"token:alice", "", "alice/a", ACTION_PUSH, ACCESS_CHALLENGE},
	        {"token:alice", "repository:alice/a:pull", "alice/a", ACTION_PUSH,
	                ACCESS_CHALLENGE},
	        {"token:alice", "repository:bob/a:pull", "bob/a", ACTION_PULL,
	                ACCESS_FORBIDDEN},
	        {"token:alice", "", "public/a", ACTION_PUSH, ACCESS_FORBIDDEN},
	        {"alice", "", "bob/a", ACTION_PULL, ACCESS_FORBIDDEN},
	        {"alice", "", "un/known", ACTION_PULL, ACCESS_FORBIDDEN},
	        {"alice", "", "public/a", ACTION_DELETE, ACCESS_FORBIDDEN},
	        {"alice", "", "alice/a", ACTION_ADMIN, ACCESS_FORBIDDEN},
	        {"outside:alice", "", "alice/a", ACTION_PULL, ACCESS_CHALLENGE},
	        {"outside:", "", "alice/a", ACTION_PULL, ACCESS_CHALLENGE},
	};
	struct repo_name r;
	size_t i;

	(void)state;
	assert_int_equal(try_open(RULES, "team: carol\n", "public/*"), 0);
	for (i = 0; i < COUNT(rows); i++) {
		r = repo(rows[i].repo);
		if (access_decide(access_of, who(rows[i].who, rows[i].scopes), &r,
		            rows[i].action, &err) != rows[i].answer)
			fail_msg("%s (%s) on %s", rows[i].who, rows[i].scopes,
			        rows[i].repo);
		assert_int_equal(err.code, rows[i].answer == ACCESS_ALLOWED ? ERR_NONE
		                           : rows[i].answer == ACCESS_CHALLENGE
		                                   ? ERR_UNAUTHORIZED
		                                   : ERR_DENIED);
		err_release(&err);
	}
}

static void a_stranger_cannot_tell_private_from_unknown(void **state)
{
	static const char *const strangers[] = {
	        "", "alice", "token:alice", "token:", "outside:alice"};
	struct repo_name private = repo("bob/secret"), unknown = repo("bob/nothin");
	struct err other = ERR_INIT;
	char *at;
	size_t i;

	(void)state;
	assert_int_equal(try_open(RULES, "team: carol\n", "public/*"), 0);
	for (i = 0; i < COUNT(strangers); i++) {
		assert_int_equal(access_decide(access_of, who(strangers[i], ""), &private,
		                         PULL, &err),
		        access_decide(access_of, who(strangers[i], ""), &unknown, PULL,
		                &other));
		at = strstr(err.text, "bob/secret");
		if (at)
			memcpy(at, "bob/nothin", 10);
		assert_string_equal(err.text, other.text);
		err_release(&err);
		err_release(&other);
	}
}

static void login_catalog_and_administration(void **state)
{
	static const struct {
		const char *who, *scopes;
		enum access_answer login, list, admin;
	} rows[] = {
	        {"", "", ACCESS_CHALLENGE, ACCESS_CHALLENGE, ACCESS_CHALLENGE},
	        {"alice", "", ACCESS_ALLOWED, ACCESS_ALLOWED, ACCESS_FORBIDDEN},
	        {"root", "", ACCESS_ALLOWED, ACCESS_ALLOWED, ACCESS_ALLOWED},
	        {"token:", "", ACCESS_ALLOWED, ACCESS_CHALLENGE, ACCESS_CHALLENGE},
	        {"token:alice", "", ACCESS_ALLOWED, ACCESS_CHALLENGE, ACCESS_FORBIDDEN},
	        {"token:alice", "registry:catalog:*", ACCESS_ALLOWED, ACCESS_ALLOWED,
	                ACCESS_FORBIDDEN},
	        {"token:alice", "registry:admin:*", ACCESS_ALLOWED, ACCESS_CHALLENGE,
	                ACCESS_FORBIDDEN},
	        {"token:root", "", ACCESS_ALLOWED, ACCESS_CHALLENGE, ACCESS_CHALLENGE},
	        {"token:root", "registry:admin:*", ACCESS_ALLOWED, ACCESS_CHALLENGE,
	                ACCESS_ALLOWED},
	        {"outside:root", "", ACCESS_ALLOWED, ACCESS_CHALLENGE, ACCESS_CHALLENGE},
	        {"outside:x", "registry:admin:* registry:catalog:*", ACCESS_ALLOWED,
	                ACCESS_ALLOWED, ACCESS_ALLOWED},
	};
	struct identity *w;
	size_t i;

	(void)state;
	assert_int_equal(try_open(RULES, "team: carol\n", "public/*"), 0);
	assert_true(access_any(access_of));
	assert_true(access_anonymous(access_of));
	for (i = 0; i < COUNT(rows); i++) {
		w = who(rows[i].who, rows[i].scopes);
		if (access_decide_login(access_of, w, &err) != rows[i].login ||
		        access_decide_list(access_of, w, &err) != rows[i].list ||
		        access_decide_admin(access_of, w, &err) != rows[i].admin)
			fail_msg("%s (%s)", rows[i].who, rows[i].scopes);
		err_release(&err);
	}
}

static void the_account_of_a_namespace(void **state)
{
	static const struct {
		const char *who, *scopes;
		enum access_answer own, other, all;
		bool sees_own, sees_other;
	} rows[] = {
	        {"", "", ACCESS_CHALLENGE, ACCESS_CHALLENGE, ACCESS_CHALLENGE, false,
	                false},
	        {"alice", "", ACCESS_ALLOWED, ACCESS_FORBIDDEN, ACCESS_ALLOWED, true,
	                false},
	        {"root", "", ACCESS_ALLOWED, ACCESS_ALLOWED, ACCESS_ALLOWED, true, true},
	        {"token:", "registry:usage:*", ACCESS_CHALLENGE, ACCESS_CHALLENGE,
	                ACCESS_CHALLENGE, false, false},
	        {"token:alice", "repository:alice/a:pull", ACCESS_CHALLENGE,
	                ACCESS_CHALLENGE, ACCESS_CHALLENGE, false, false},
	        {"token:alice", "registry:usage:*", ACCESS_ALLOWED, ACCESS_FORBIDDEN,
	                ACCESS_ALLOWED, true, false},
	        {"token:alice", "registry:admin:*", ACCESS_ALLOWED, ACCESS_FORBIDDEN,
	                ACCESS_ALLOWED, true, false},
	        {"token:root", "", ACCESS_CHALLENGE, ACCESS_CHALLENGE, ACCESS_CHALLENGE,
	                false, false},
	        {"token:root", "registry:usage:*", ACCESS_ALLOWED, ACCESS_ALLOWED,
	                ACCESS_ALLOWED, true, true},
	        {"outside:alice", "registry:usage:*", ACCESS_ALLOWED, ACCESS_CHALLENGE,
	                ACCESS_ALLOWED, true, false},
	        {"outside:root", "registry:usage:*", ACCESS_CHALLENGE, ACCESS_CHALLENGE,
	                ACCESS_ALLOWED, false, false},
	        {"outside:x", "registry:admin:*", ACCESS_ALLOWED, ACCESS_ALLOWED,
	                ACCESS_ALLOWED, true, true},
	};
	struct repo_name own = repo("alice"), other = repo("bob"), all = {""};
	struct identity *w;

	(void)state;
	assert_int_equal(try_open(RULES, "team: carol\n", "public/*"), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		w = who(rows[i].who, rows[i].scopes);
		if (access_decide_usage(access_of, w, &own, &err) != rows[i].own ||
		        access_decide_usage(access_of, w, &other, &err) !=
		                rows[i].other ||
		        access_decide_usage(access_of, w, &all, &err) != rows[i].all ||
		        access_sees_usage(access_of, w, &own) != rows[i].sees_own ||
		        access_sees_usage(access_of, w, &other) != rows[i].sees_other)
			fail_msg("%s (%s)", rows[i].who, rows[i].scopes);
		err_release(&err);
	}
}

static void the_catalog_shows_what_may_be_pulled(void **state)
{
	static const struct {
		const char *who, *scopes, *repo;
		bool listed;
	} rows[] = {
	        {"", "", "public/a", true},
	        {"", "", "alice/a", false},
	        {"alice", "", "alice/a", true},
	        {"alice", "", "bob/a", false},
	        {"token:alice", "registry:catalog:*", "alice/a", true},
	        {"token:alice", "registry:catalog:*", "bob/a", false},
	        {"token:alice", "registry:catalog:pull", "alice/a", false},
	        {"token:alice", "repository:alice/a:pull", "alice/a", true},
	        {"token:alice", "", "alice/a", false},
	        {"outside:x", "registry:catalog:*", "bob/a", true},
	        {"outside:x", "", "bob/a", false},
	};
	struct repo_name r;
	size_t i;

	(void)state;
	assert_int_equal(try_open(RULES, "team: carol\n", "public/*"), 0);
	for (i = 0; i < COUNT(rows); i++) {
		r = repo(rows[i].repo);
		if (access_lists(access_of, who(rows[i].who, rows[i].scopes), &r) !=
		        rows[i].listed)
			fail_msg("%s (%s) on %s", rows[i].who, rows[i].scopes,
			        rows[i].repo);
	}
}

static void grants_what_is_asked_and_allowed(void **state)
{
	struct scope_list asked = {0}, granted = {0};

	(void)state;
	assert_int_equal(try_open(RULES, "team: carol\n", "public/*"), 0);
	assert_int_equal(
	        scope_list_parse(&asked,
	                VIEW_LIT("repository:alice/a:pull,push "
	                         "repository:bob/a:pull repository:public/a:pull,push "
	                         "registry:catalog:* "
	                         "registry:admin:* registry:usage:* registry:other:*")),
	        0);
	access_grant(access_of, who("alice", ""), &asked, &granted);
	assert_int_equal(granted.n, 4);
	assert_int_equal(
	        scope_list_actions(&granted, SCOPE_REGISTRY, "usage"), ACTION_ALL);
	assert_int_equal(
	        scope_list_actions(&granted, SCOPE_REPOSITORY, "alice/a"), PULL | PUSH);
	assert_int_equal(
	        scope_list_actions(&granted, SCOPE_REPOSITORY, "public/a"), PULL);
	assert_int_equal(
	        scope_list_actions(&granted, SCOPE_REGISTRY, "catalog"), ACTION_ALL);
	access_grant(access_of, who("root", ""), &asked, &granted);
	assert_int_equal(
	        scope_list_actions(&granted, SCOPE_REGISTRY, "admin"), ACTION_ALL);
	access_grant(access_of, who("", ""), &asked, &granted);
	assert_int_equal(granted.n, 2);
	assert_int_equal(
	        scope_list_actions(&granted, SCOPE_REPOSITORY, "public/a"), PULL);
}

static void without_files_a_user_has_the_own_namespace(void **state)
{
	struct repo_name own = repo("alice/a"), other = repo("bob/a");

	(void)state;
	assert_int_equal(try_open(NULL, NULL, ""), 0);
	assert_int_equal(access_actions(access_of, who("alice", ""), &own), OWN);
	assert_int_equal(access_actions(access_of, who("alice", ""), &other), NO_RIGHTS);
	assert_int_equal(access_actions(access_of, who("", ""), &other), NO_RIGHTS);
	assert_true(access_any(access_of));
	assert_false(access_anonymous(access_of));
}

static void everything_open_needs_no_login(void **state)
{
	(void)state;
	assert_int_equal(try_open("* ** pull,push,delete\n", NULL, ""), 0);
	assert_false(access_any(access_of));
	assert_int_equal(
	        access_decide_login(access_of, who("", ""), &err), ACCESS_ALLOWED);
	assert_int_equal(
	        access_decide_list(access_of, who("", ""), &err), ACCESS_ALLOWED);
	assert_int_equal(
	        access_decide_list(access_of, who("token:", ""), &err), ACCESS_ALLOWED);
}

static void an_edit_takes_effect(void **state)
{
	struct repo_name r = repo("x/y");

	(void)state;
	assert_int_equal(try_open("bob x/* pull\n", "g: carol\n", ""), 0);
	assert_int_equal(access_actions(access_of, who("bob", ""), &r), PULL);
	scratch_write(&scratch, "access", "bob x/* push\n@g x/* delete\n");
	assert_int_equal(access_actions(access_of, who("bob", ""), &r), PULL);
	refresh();
	assert_int_equal(access_actions(access_of, who("bob", ""), &r), PUSH);
	assert_int_equal(access_actions(access_of, who("carol", ""), &r), DELETE);
	scratch_write(&scratch, "groups", "g: dave\n");
	refresh();
	assert_int_equal(access_actions(access_of, who("carol", ""), &r), NO_RIGHTS);
	assert_int_equal(access_actions(access_of, who("dave", ""), &r), DELETE);
}

static void a_broken_edit_changes_nothing(void **state)
{
	struct repo_name r = repo("x/y");

	(void)state;
	assert_int_equal(try_open("bob x/* pull\n", "g: carol\n", ""), 0);
	scratch_write(&scratch, "access", "bob x/* everything\n");
	refresh();
	assert_int_equal(access_actions(access_of, who("bob", ""), &r), PULL);
	unlink(scratch_path(&scratch, "access"));
	refresh();
	refresh();
	assert_int_equal(access_actions(access_of, who("bob", ""), &r), PULL);
	/* A rule before its group: in force as soon as both are there. */
	scratch_write(&scratch, "access", "@new x/* push\n");
	refresh();
	assert_int_equal(access_actions(access_of, who("bob", ""), &r), PULL);
	scratch_write(&scratch, "groups", "new: bob\n");
	refresh();
	assert_int_equal(access_actions(access_of, who("bob", ""), &r), PUSH);
}

static void a_broken_file_is_refused_at_the_start(void **state)
{
	struct access_settings absent = {scratch_path(&scratch, "absent"), "", ""};

	(void)state;
	assert_int_equal(try_open("# fine\nbob x/*\n", NULL, ""), -1);
	assert_non_null(strstr(err.text, "access:2: "));
	assert_null(access_of);
	err_release(&err);
	assert_int_equal(try_open(NULL, NULL, "Bad"), -1);
	err_release(&err);
	assert_int_equal(access_open(&access_of, &absent, now, &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(the_whole_matrix),
	        TEST(the_answer_says_what_could_help),
	        TEST(a_stranger_cannot_tell_private_from_unknown),
	        TEST(login_catalog_and_administration),
	        TEST(the_account_of_a_namespace),
	        TEST(the_catalog_shows_what_may_be_pulled),
	        TEST(grants_what_is_asked_and_allowed),
	        TEST(without_files_a_user_has_the_own_namespace),
	        TEST(everything_open_needs_no_login),
	        TEST(an_edit_takes_effect),
	        TEST(a_broken_edit_changes_nothing),
	        TEST(a_broken_file_is_refused_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
