/* Collection beside others that are at work on the same repository. */
#include "base/io.h"
#include "base/log.h"
#include "store/account.h"
#include "store/account_record.h"
#include "store/repos.h"
#include "support/bodies.h"
#include "support/collection.h"
#include "support/invariants.h"
#include "support/values.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_busy_repository_is_passed_over(void **state)
{
	struct repo_name r = as_repo("a");
	struct err err = ERR_INIT;
	struct collection c;
	struct states a, b;
	int lock;

	(void)state;
	collection_open(&c);
	a = collection_repo(&c, "a");
	b = collection_repo(&c, "b");
	states_make(&a, "blob x");
	states_make(&b, "blob x");
	c.f.config.lock_wait = 0;
	assert_int_equal(repos_lock(&c.f.store, &r, false, false, &lock, &err), 0);
	collection_run(&c);
	assert_string_equal(states_left(&a), "x");
	assert_string_equal(states_left(&b), "");
	assert_int_equal(c.result.problems, 1);
	assert_non_null(strstr(c.items, "problem {\"repository\":\"a\","));
	io_close(&lock);
	collection_run(&c);
	assert_string_equal(states_left(&a), "");
	collection_close(&c, 0);
}

/* Nothing to remove: the lock is not wanted. */
static void a_look_needs_no_lock(void **state)
{
	struct repo_name r = as_repo("a");
	struct err err = ERR_INIT;
	struct collection c;
	struct states a;
	int lock;

	(void)state;
	collection_open(&c);
	a = collection_repo(&c, "a");
	states_make(&a, "blob x; image I x; tag t I; blob y; fresh y");
	c.f.config.lock_wait = 0;
	assert_int_equal(repos_lock(&c.f.store, &r, true, false, &lock, &err), 0);
	collection_run(&c);
	assert_int_equal(c.result.problems, 0);
	states_make(&a, "blob z");
	c.options.dry_run = true;
	collection_run(&c);
	assert_int_equal(c.result.problems, 0);
	assert_int_equal(c.result.blobs, 1);
	io_close(&lock);
	collection_close(&c, 0);
}

static bool is_locked(struct fixture *f, const char *lock)
{
	int fd = io_open(f->store.root, lock, O_RDWR, 0);
	bool locked = fd != -1 && io_lock(fd, false, 0) < 0;

	io_close(&fd);
	return locked;
}

static void take_time(void *arg, const char *kind, const char *json)
{
	(void)kind;
	(void)json;
	assert_false(is_locked(arg, "repos/a/@lock"));
}

/* Whoever hears what has gone may be slow, and nobody has to wait for that. */
static void nothing_is_told_under_the_lock(void **state)
{
	struct collection c;
	struct states s;
	struct job job = {.item = take_time, .arg = &c.f};
	struct err err = ERR_INIT;

	(void)state;
	collection_open(&c);
	s = collection_repo(&c, "a");
	states_make(&s, "blob x; image I x; blob y; image J y; tag t J");
	c.options.untagged_age = DAY;
	assert_int_equal(
		collect_run(&c.f.store, &c.options, &job, &c.result, &err), 0);
	assert_int_equal(c.result.manifests + c.result.blobs, 2);
	collection_close(&c, 0);
}

/*
 * The lease of a blob is renewed when collection has looked at it and waits for the
 * account to remove it.
 */
static void a_renewed_lease_keeps_the_blob(void **state)
{
	struct repo_name r = as_repo("a");
	struct err err = ERR_INIT;
	struct collection c;
	struct states s;
	int lock, status;
	pid_t child;

	(void)state;
	collection_open(&c);
	s = collection_repo(&c, "a");
	states_make(&s, "blob x; blob y");
	assert_int_equal(account_lock(&c.f.store, &r, &lock, &err), 0);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		io_close(&lock);
		collection_run(&c);
		_exit(c.result.blobs == 1 && c.result.problems == 0 ? 0 : 1);
	}
	while (!is_locked(&c.f, "repos/a/@lock"))
		usleep(1000);
	states_touch(&c.f, path_blob(&states_find(&s, "y")->digest).text, states_now());
	io_close(&lock);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(states_left(&s), "y");
	assert_int_equal(states_in_store(&s, "y"), 1);
	collection_close(&c, 0);
}

/* Waits until the child sleeps, which it does for a lock only. */
static void wait_asleep(pid_t child)
{
	char path[64], state = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
	while (state != 'S') {
		FILE *f = fopen(path, "r");

		assert_non_null(f);
		assert_int_equal(fscanf(f, "%*d (%*[^)]) %c", &state), 1);
		fclose(f);
	}
}

/* What collection has looked at changes before it has the lock. */
static void change_before_the_lock(uint64_t untagged_age)
{
	struct repo_name r = as_repo("a");
	struct err err = ERR_INIT;
	struct collection c;
	struct states s;
	int lock, status;
	pid_t child;

	collection_open(&c);
	s = collection_repo(&c, "a");
	states_make(&s, "blob x; blob y; blob z; blob v; image I v; image J v; tag t J");
	c.options.untagged_age = untagged_age;
	assert_int_equal(repos_lock(&c.f.store, &r, false, false, &lock, &err), 0);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		io_close(&lock);
		collection_run(&c);
		_exit(c.result.blobs == 1 && c.result.manifests == 0 ? 0 : 1);
	}
	wait_asleep(child);
	/* A lease, a manifest, a tag. */
	states_make(&s, "fresh y; image K z; tag k K; tag i I");
	io_close(&lock);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(states_left(&s), "y z v I J t K k i");
	collection_close(&c, 0);
}

static void what_has_changed_is_seen(void **state)
{
	(void)state;
	/* The first lock is for blobs, or for manifests. */
	change_before_the_lock(0);
	change_before_the_lock(DAY);
}

/* The children of an index are pushed before it. */
static void a_manifest_that_is_pushed_again_is_new(void **state)
{
	struct repo_name r = as_repo("a");
	struct collection c;
	struct digest config, image;

	(void)state;
	collection_open(&c);
	c.options.now = 0;
	c.options.untagged_age = DAY;
	for (int again = 1; again >= 0; again--) {
		config = push_blob(&c.f.store, "a", "{}");
		image = push_image(&c.f.store, "a", &config, 2);
		states_touch(&c.f, path_manifest(&r, &image).text, 1);
		if (again)
			push_image(&c.f.store, "a", &config, 2);
		collection_run_all(&c);
		assert_int_equal(c.result.manifests, !again);
	}
	collection_close(&c, 0);
}

/* The repository has the blob as another file than the store. */
static void a_copy_of_its_own_is_freed_at_once(void **state)
{
	struct collection c;
	struct states s;
	struct digest d;

	(void)state;
	collection_open(&c);
	s = collection_repo(&c, "a");
	states_make(&s, "blob x; image I lost");
	d = states_find(&s, "x")->digest;
	plant_file(&c.f, path_blob(&d).text, "the blob x");
	collection_run_all(&c);
	assert_int_equal(c.result.blobs, 1);
	assert_int_equal(c.result.entries, 1);
	assert_int_equal(c.result.bytes_freed, 2 * strlen("the blob x"));
	collection_close(&c, INVARIANTS_SPARSE);
}

/* The same, and it is pushed again. */
static void a_push_renews_a_copy_of_its_own(void **state)
{
	struct collection c;
	struct digest d;
	struct repo_name r = as_repo("a");

	(void)state;
	collection_open(&c);
	d = push_blob(&c.f.store, "a", "x");
	assert_int_equal(io_unlink(c.f.store.root, path_blob(&d).text), 0);
	states_touch(&c.f, path_repo_blob(&r, &d).text, 1);
	push_blob(&c.f.store, "a", "x");
	c.options.now = 0;
	collection_run_all(&c);
	assert_int_equal(c.result.blobs, 0);
	collection_close(&c, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_busy_repository_is_passed_over),
		cmocka_unit_test(a_look_needs_no_lock),
		cmocka_unit_test(nothing_is_told_under_the_lock),
		cmocka_unit_test(a_renewed_lease_keeps_the_blob),
		cmocka_unit_test(what_has_changed_is_seen),
		cmocka_unit_test(a_manifest_that_is_pushed_again_is_new),
		cmocka_unit_test(a_copy_of_its_own_is_freed_at_once),
		cmocka_unit_test(a_push_renews_a_copy_of_its_own),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
