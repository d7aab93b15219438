/* The walk over the directories of all repositories: its order, and going on. */
#include "service/repo_walk.h"

#include "base/buf.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct seen {
	struct buf names, strays, unreadable;
	unsigned stop_after, visits;
};

static int visit(void *arg, const struct repo_name *r, unsigned has, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	buf_addf(&seen->names, "%s:%u ", r->text, has);
	return ++seen->visits == seen->stop_after;
}

static void stray(void *arg, const char *path)
{
	buf_addf(&((struct seen *)arg)->strays, "%s ", path);
}

static void unreadable(void *arg, const char *path, const struct err *why)
{
	(void)why;
	buf_addf(&((struct seen *)arg)->unreadable, "%s ", path);
}

static void walk(struct fixture *f, const char *after, struct seen *seen, int rc)
{
	struct repo_walk w = {after, visit, stray, unreadable, seen};
	struct err err = ERR_INIT;

	buf_clear(&seen->names);
	buf_clear(&seen->strays);
	buf_clear(&seen->unreadable);
	seen->visits = 0;
	assert_int_equal(repo_walk(&f->store, &w, &err), rc);
	assert_int_equal(err.code, ERR_NONE);
}

static struct seen seen_init(void)
{
	return (struct seen){.names = BUF_INIT(1 << 20),
		.strays = BUF_INIT(1 << 20),
		.unreadable = BUF_INIT(1 << 20)};
}

static void seen_release(struct seen *seen)
{
	buf_release(&seen->names);
	buf_release(&seen->strays);
	buf_release(&seen->unreadable);
}

static void plant_repos(struct fixture *f)
{
	static const char *const files[] = {"a/@lock", "a/b/@tags/t", "a-b/@blobs/x",
		"a/b/c/@manifests/sha256/x", "a/c/@referrers/x", "b/x"};
	char path[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "repos/%s", files[i]);
		plant_file(f, path, "");
	}
}

static const struct {
	const char *after, *names;
} rows[] = {
	{"", "a/b/c:4 a/b:40 a/c:16 a:33 a-b:2 b:0 "},
	{"a/b/c", "a/b:40 a/c:16 a:33 a-b:2 b:0 "},
	{"a/b", "a/c:16 a:33 a-b:2 b:0 "},
	{"a/bb/x", "a/c:16 a:33 a-b:2 b:0 "},
	{"a/c", "a:33 a-b:2 b:0 "},
	{"a", "a-b:2 b:0 "},
	{"a-b", "b:0 "},
	{"b", ""},
	{"zzz", ""},
};

static void children_come_first_and_it_goes_on(void **state)
{
	struct seen seen = seen_init();
	struct fixture f;

	(void)state;
	fixture_open(&f);
	plant_repos(&f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		walk(&f, rows[i].after, &seen, 0);
		assert_string_equal(buf_str(&seen.names), rows[i].names);
	}
	assert_string_equal(buf_str(&seen.unreadable), "");
	walk(&f, "", &seen, 0);
	assert_string_equal(buf_str(&seen.strays), "repos/b/x ");
	seen.stop_after = 2;
	walk(&f, "", &seen, 1);
	assert_string_equal(buf_str(&seen.names), "a/b/c:4 a/b:40 ");
	seen_release(&seen);
	fixture_close(&f);
}

/* More names than are kept at a time, made in another order than theirs. */
static void a_large_directory_is_walked_whole(void **state)
{
	enum { NAMES = 20000 };
	struct seen seen = seen_init();
	const char *at;
	struct fixture f;
	char path[256];

	(void)state;
	fixture_open(&f);
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "%s/repos/r%05u", f.dir, i * 7919 % NAMES);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	walk(&f, "", &seen, 0);
	assert_int_equal(seen.visits, NAMES);
	at = buf_str(&seen.names);
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "r%05u:0 ", i);
		if (strncmp(at, path, strlen(path)) != 0)
			fail_msg("%s is not at its place", path);
		at += strlen(path);
	}
	walk(&f, "r19990", &seen, 0);
	assert_int_equal(seen.visits, 9);
	seen_release(&seen);
	fixture_close(&f);
}

static void what_does_not_belong_is_told(void **state)
{
	static const char *const strays[] = {"repos/@lock", "repos/Upper/x", "repos/a/_x/y",
		"repos/a/@other", "repos/file"};
	struct seen seen = seen_init();
	struct fixture f;

	(void)state;
	fixture_open(&f);
	plant_repos(&f);
	for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++)
		plant_file(&f, strays[i], "");
	walk(&f, "", &seen, 0);
	assert_int_equal(seen.visits, 6);
	assert_non_null(strstr(buf_str(&seen.strays), "repos/@lock "));
	assert_non_null(strstr(buf_str(&seen.strays), "repos/Upper "));
	assert_non_null(strstr(buf_str(&seen.strays), "repos/a/_x "));
	assert_non_null(strstr(buf_str(&seen.strays), "repos/a/@other "));
	assert_non_null(strstr(buf_str(&seen.strays), "repos/file "));
	seen_release(&seen);
	fixture_close(&f);
}

static void one_directory(void **state)
{
	struct repo_name r = as_repo("a/b"), none = as_repo("none");
	struct err err = ERR_INIT;
	struct fixture f;
	unsigned has;

	(void)state;
	fixture_open(&f);
	plant_repos(&f);
	assert_int_equal(repo_look(&f.store, &r, &has, &err), 0);
	assert_int_equal(has, REPO_HAS_TAGS | REPO_HAS_CHILDREN);
	assert_int_equal(repo_look(&f.store, &none, &has, &err), 0);
	assert_int_equal(has, 0);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_come_first_and_it_goes_on),
		cmocka_unit_test(a_large_directory_is_walked_whole),
		cmocka_unit_test(what_does_not_belong_is_told),
		cmocka_unit_test(one_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
