/* Removing a repository: what goes, what is told about it, and what stays. */
#include "store/repo_remove.h"

#include "base/io.h"
#include "base/log.h"
#include "store/account.h"
#include "store/account_recount.h"
#include "store/manifest_order.h"
#include "store/repos.h"
#include "support/invariants.h"
#include "support/pusher.h"
#include "support/states.h"
#include "support/values.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	static struct fixture f;

	fixture_open(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_close(*state);
	return 0;
}

static enum err_code take_away(struct fixture *f, const char *repo, struct repo_removed *out)
{
	struct repo_name r = as_repo(repo);
	struct err err = ERR_INIT;
	int rc = repo_remove(&f->store, &r, out, &err);
	enum err_code code = err.code;

	assert_int_equal(rc == 0, code == ERR_NONE);
	err_release(&err);
	return code;
}

static bool is_there(struct fixture *f, const char *path)
{
	struct stat st;

	return io_stat(f->store.root, path, &st) == 0;
}

static struct account account_of(struct fixture *f, const char *ns)
{
	struct repo_name r = as_repo(ns);
	struct account counted, kept;
	struct err err = ERR_INIT;
	bool differs;

	assert_int_equal(account_recount(&f->store, &r, false, &counted, &differs, &err), 0);
	assert_false(differs);
	assert_int_equal(account_read(&f->store, &r, &kept, &err), 0);
	assert_true(account_equal(&counted, &kept));
	return kept;
}

static const struct row {
	const char *state;
	unsigned tags, manifests, blobs;
} rows[] = {
	{"blob a", 0, 0, 1},
	{"blob a; image I a", 0, 1, 1},
	{"blob a; blob b; image I a b; tag t I; tag u I", 2, 1, 2},
	{"blob a; image I a; image J a; index X I J; index Y X; tag t Y", 1, 4, 1},
	{"blob a; image I a; referrer S I a; referrer T S a; tag t I", 1, 3, 1},
	/* what is out of order goes as well */
	{"tag t gone", 1, 0, 0},
	{"listed gone lost", 0, 0, 0},
	{"blob a; image I a lost; index X gone; referrer S gone a; tag t I", 1, 3, 1},
	{"blob a; image I a; corrupt I; damaged D; other O a I; corrupt a; tag t D", 1, 3, 1},
};

static void all_of_it_goes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct fixture f;
		struct states s = {.f = &f, .repo = "a/b"};
		struct repo_removed out;
		struct account before;

		fixture_open(&f);
		states_make(&s, row->state);
		before = account_of(&f, "a");
		assert_int_equal(take_away(&f, "a/b", &out), ERR_NONE);
		if (out.tags != row->tags || out.manifests != row->manifests ||
			out.blobs != row->blobs || out.bytes != before.bytes)
			fail_msg("\"%s\": %u tags, %u manifests, %u blobs, %u bytes",
				row->state, (unsigned)out.tags, (unsigned)out.manifests,
				(unsigned)out.blobs, (unsigned)out.bytes);
		assert_string_equal(states_left(&s), "");
		assert_int_equal(names_in(&f, "repos"), 0);
		assert_int_equal(account_of(&f, "a").bytes, 0);
		assert_int_equal(take_away(&f, "a/b", &out), ERR_NAME_UNKNOWN);
		fixture_close(&f);
	}
}

static int add_name(void *arg, const struct repo_name *r, struct err *err)
{
	char *text = arg;

	(void)err;
	snprintf(text + strlen(text), 256 - strlen(text), "%s ", r->text);
	return 0;
}

static void assert_catalog(struct fixture *f, const char *want)
{
	char text[256] = "";
	struct repos_page page = {.last = "", .n = 100, .emit = add_name, .arg = text};
	struct err err = ERR_INIT;
	bool more;

	assert_int_equal(repos_list(&f->store, &page, &more, &err), 0);
	assert_string_equal(text, want);
}

static void others_stay(void **state)
{
	struct fixture *f = *state;
	struct states above = {.f = f, .repo = "a"}, below = {.f = f, .repo = "a/b/c"};
	struct states beside = {.f = f, .repo = "a/bc"}, it = {.f = f, .repo = "a/b"};
	const char *words = "blob a; image I a; tag t I";
	struct repo_removed out;

	states_make(&above, words);
	states_make(&below, words);
	states_make(&beside, words);
	states_make(&it, words);
	assert_catalog(f, "a a/b a/b/c a/bc ");
	assert_int_equal(take_away(f, "a/b", &out), ERR_NONE);
	assert_catalog(f, "a a/b/c a/bc ");
	assert_string_equal(states_left(&above), "a I t");
	assert_string_equal(states_left(&below), "a I t");
	assert_string_equal(states_left(&beside), "a I t");
	assert_int_equal(account_of(f, "a").manifests, 3);
	assert_int_equal(take_away(f, "a/b/c", &out), ERR_NONE);
	/* a/b was kept by it alone */
	assert_false(is_there(f, "repos/a/b"));
	assert_int_equal(take_away(f, "a", &out), ERR_NONE);
	assert_catalog(f, "a/bc ");
	assert_int_equal(invariants_check(f->dir), 0);
}

static void what_is_not_there_is_unknown(void **state)
{
	struct fixture *f = *state;
	struct states s = {.f = f, .repo = "a/b"};
	struct repo_removed out;

	states_make(&s, "blob a; image I a; tag t I");
	assert_int_equal(take_away(f, "c", &out), ERR_NAME_UNKNOWN);
	assert_int_equal(take_away(f, "a/b/c", &out), ERR_NAME_UNKNOWN);
	/* the beginning of another name; nothing is made of it */
	assert_int_equal(take_away(f, "a", &out), ERR_NAME_UNKNOWN);
	assert_false(is_there(f, "repos/a/@lock"));
	assert_string_equal(states_left(&s), "a I t");
	/* what a process killed at the end has left */
	assert_int_equal(io_mkdir(f->store.root, "repos/x", 0755), 0);
	assert_int_equal(io_mkdir(f->store.root, "repos/x/y", 0755), 0);
	assert_int_equal(take_away(f, "x/y", &out), ERR_NAME_UNKNOWN);
	assert_false(is_there(f, "repos/x"));
}

static void what_nobody_holds_is_collectable(void **state)
{
	struct fixture *f = *state;
	struct states one = {.f = f, .repo = "a"}, two = {.f = f, .repo = "b"};
	struct repo_removed out;
	char from[512], to[512];
	uint64_t shared, own;

	states_make(&one, "blob a; blob b; image I a b; tag t I");
	shared = states_find(&one, "a")->size;
	own = states_find(&one, "b")->size;
	states_make(&two, "blob c");
	snprintf(from, sizeof(from), "repos/a/@blobs/sha256/%s",
		states_find(&one, "a")->digest.hex);
	snprintf(to, sizeof(to), "repos/b/@blobs/sha256/%s",
		states_find(&one, "a")->digest.hex);
	assert_int_equal(io_link(f->store.root, from, to), 0);
	assert_int_equal(take_away(f, "a", &out), ERR_NONE);
	assert_int_equal(out.bytes_collectable, own);
	assert_int_equal(out.bytes, own + shared + states_find(&one, "I")->size);
	assert_true(states_in_store(&one, "a") && states_in_store(&one, "b"));
	assert_int_equal(take_away(f, "b", &out), ERR_NONE);
	assert_int_equal(out.bytes_collectable, shared + states_find(&two, "c")->size);
}

static void what_does_not_belong_there_stays(void **state)
{
	struct fixture *f = *state;
	struct states s = {.f = f, .repo = "a"};
	struct repo_removed out;

	states_make(&s, "blob a; image I a; tag t I");
	plant_file(f, "repos/a/@tags/.nfs01", "");
	plant_file(f, "repos/a/@blobs/sha256/notes", "mine");
	assert_int_equal(take_away(f, "a", &out), ERR_NONE);
	assert_string_equal(states_left(&s), "");
	assert_catalog(f, "");
	assert_true(is_there(f, "repos/a/@blobs/sha256/notes"));
	assert_true(is_there(f, "repos/a/@tags/.nfs01"));
	assert_false(is_there(f, "repos/a/@manifests"));
}

static void a_busy_repository_stays(void **state)
{
	struct fixture *f = *state;
	struct states s = {.f = f, .repo = "a"};
	struct repo_name r = as_repo("a");
	struct repo_removed out;
	struct err err = ERR_INIT;
	int lock = -1;

	states_make(&s, "blob a; image I a; tag t I");
	f->config.lock_wait = 0;
	assert_int_equal(repos_lock(&f->store, &r, false, false, &lock, &err), 0);
	assert_int_equal(take_away(f, "a", &out), ERR_BUSY);
	assert_string_equal(states_left(&s), "a I t");
	io_close(&lock);
	assert_int_equal(take_away(f, "a", &out), ERR_NONE);
}

/* More than go at a time, of both kinds. */
static void a_large_repository(void **state)
{
	enum { MANY = 2100 };
	struct fixture *f = *state;
	struct repo_removed out;
	struct account before;
	char text[64];

	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "{\"n\":%d}", i);
		plant_blob(f, "a/b", text);
		plant_manifest(f, "a/b", "application/x-one", text);
	}
	before = account_of(f, "a");
	assert_int_equal(before.blobs, MANY);
	assert_int_equal(take_away(f, "a/b", &out), ERR_NONE);
	assert_int_equal(out.blobs, MANY);
	assert_int_equal(out.manifests, MANY);
	assert_int_equal(out.bytes, before.bytes);
	assert_int_equal(account_of(f, "a").blobs, 0);
	assert_int_equal(names_in(f, "repos"), 0);
}

static size_t place_of(const struct states *s, const char *name, const struct digest *d,
	size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (digest_equal(&d[i], &states_find(s, name)->digest))
			return i;
	fail_msg("%s is not among them", name);
	return 0;
}

static void parents_come_before_their_children(void **state)
{
	struct fixture *f = *state;
	struct states s = {.f = f, .repo = "a"};
	struct repo_name r = as_repo("a");
	struct err err = ERR_INIT;
	struct digest *d;
	size_t n;

	assert_int_equal(manifest_order_parents(&f->store, &r, &d, &n, &err), 0);
	assert_int_equal(n, 0);
	free(d);
	states_make(&s, "blob a; image I a; image J a; index X I J; index Y X gone; index Z Y X;"
			"index W; index V I; index U V; corrupt U; other O X");
	assert_int_equal(manifest_order_parents(&f->store, &r, &d, &n, &err), 0);
	/* Not W, which lists nothing; U cannot be read. */
	assert_int_equal(n, 4);
	assert_true(place_of(&s, "Z", d, n) < place_of(&s, "Y", d, n));
	assert_true(place_of(&s, "Y", d, n) < place_of(&s, "X", d, n));
	place_of(&s, "V", d, n);
	free(d);
}

/* Removes it again and again while a child process pushes; afterwards all is right. */
static void remove_while_pushed(struct fixture *f, unsigned from)
{
	struct repo_removed out;
	pid_t child = pusher_start(f, "a/b", from, 20);

	while (pusher_runs(child)) {
		enum err_code code = take_away(f, "a/b", &out);

		assert_true(code == ERR_NONE || code == ERR_NAME_UNKNOWN);
	}
	assert_int_equal(invariants_check(f->dir), 0);
	account_of(f, "a");
}

static void pushes_meanwhile_fail_or_are_whole(void **state)
{
	struct fixture *f = *state;
	struct repo_removed out;
	pid_t child;

	f->config.durability = DURABILITY_RELAXED;
	for (unsigned round = 0; round < 10; round++)
		remove_while_pushed(f, round * 20);
	child = pusher_start(f, "a/b", 200, 1);
	while (pusher_runs(child))
		;
	assert_catalog(f, "a/b ");
	assert_int_equal(take_away(f, "a/b", &out), ERR_NONE);
	assert_int_equal(names_in(f, "repos"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_goes),
		TEST(others_stay),
		TEST(what_is_not_there_is_unknown),
		TEST(what_nobody_holds_is_collectable),
		TEST(what_does_not_belong_there_stays),
		TEST(a_busy_repository_stays),
		TEST(a_large_repository),
		TEST(parents_come_before_their_children),
		TEST(pushes_meanwhile_fail_or_are_whole),
	};

	/* What is damaged here is logged as an error. */
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
