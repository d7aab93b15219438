/*
 * Collection, with every call of common/base/io.c failing in turn: once with each errno, once
 * by killing the process before the call. After each case nothing that is needed has gone,
 * the invariants of the store hold, accounts included, and the next run does the rest.
 */
#include "base/io.h"
#include "base/log.h"
#include "store/account.h"
#include "support/collection.h"
#include "support/fault_runs.h"
#include "support/invariants.h"
#include "support/values.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef IO_FAULTS
#error "this test needs a build with -DIO_FAULTS"
#endif

#define SESSION "uploads/00112233445566778899aabbccddeeff"

static unsigned cases;

/* A way to collect, what it must leave of the repository "a", and what it takes. */
static const struct variant {
	const char *name;
	uint64_t grace, untagged;
	bool later; /* when everything is STATES_LATER old */
	bool one;   /* that one repository */
	const char *kept, *left, *garbage;
} variants[] = {
	{"grace 0", 0, 0, false, false,
		"blob x; image I x; tag t I; blob y; image J y; blob z; referrer S J z",
		"x I t y J z S", "blob v; blob w"},
	{"grace 1d", DAY, DAY, true, false, "blob x; image I x; tag t I", "x I t",
		"blob y; image J y; blob z; referrer S J z; blob v; listed gone J"},
	{"one repository", DAY, DAY, true, true, "blob x; image I x; tag t I", "x I t",
		"blob y; image J y; blob z; referrer S J z; blob v; listed gone J"},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static struct scene {
	struct collection c;
	const struct variant *variant;
	struct states kept, garbage, other;
	struct repo_name repo;
} scene;

static void scene_open(const struct variant *v)
{
	memset(&scene, 0, sizeof(scene));
	collection_open(&scene.c);
	scene.variant = v;
	scene.repo = as_repo("a");
	scene.kept = collection_repo(&scene.c, "a");
	states_make(&scene.kept, v->kept);
	scene.c.options = (struct collect_options){.repo = v->one ? &scene.repo : NULL,
		.grace = v->grace,
		.session_idle = v->grace,
		.untagged_age = v->untagged,
		.now = v->later ? states_now() : 0};
}

/* To list each of them costs calls that are all alike. */
static void remove_empty_fans(void)
{
	char path[64];

	for (unsigned i = 0; i < 512; i++) {
		snprintf(path, sizeof(path), "blobs/sha%s/%02x", i < 256 ? "256" : "512",
			i % 256);
		if (io_rmdir(scene.c.f.store.root, path) < 0)
			assert_true(errno == ENOTEMPTY || errno == ENOENT);
	}
}

/* Makes sure that the namespace has a record, which has to be kept right. */
static void read_account(const char *ns)
{
	struct repo_name r = as_repo(ns);
	struct err err = ERR_INIT;
	struct account sum;

	assert_int_equal(account_read(&scene.c.f.store, &r, &sum, &err), 0);
}

static void plant_garbage(void)
{
	struct digest d = as_digest(DIGEST_SHA256, "entry");

	scene.garbage = collection_repo(&scene.c, "a");
	scene.other = collection_repo(&scene.c, "b/c");
	states_make(&scene.garbage, scene.variant->garbage);
	if (!scene.variant->one) {
		states_make(&scene.other, "blob p");
		plant_file(&scene.c.f, "tmp/file", "x");
		plant_file(&scene.c.f, SESSION "/data", "x");
		plant_file(&scene.c.f, SESSION "/state", "x");
		plant_file(&scene.c.f, path_blob(&d).text, "entry");
	}
	remove_empty_fans();
	/* What was planted was not counted. */
	assert_true(io_unlink(scene.c.f.store.root, "quota/a/account") == 0 ||
		    errno == ENOENT);
	assert_true(io_unlink(scene.c.f.store.root, "quota/b/account") == 0 ||
		    errno == ENOENT);
	read_account("a");
	if (!scene.variant->one)
		read_account("b");
}

static bool all_gone(void)
{
	return states_left(&scene.garbage)[0] == '\0' &&
	       states_left(&scene.other)[0] == '\0' &&
	       names_in(&scene.c.f, "uploads") == 0;
}

/* After a run that met the fault. */
static void check(unsigned k, int errnum)
{
	if (strcmp(states_left(&scene.kept), scene.variant->left) != 0)
		fail_msg("%s: call %u failing with %d leaves \"%s\"", scene.variant->name,
			k, errnum, scene.kept.left);
	if (invariants_check_but(scene.c.f.dir, INVARIANTS_TMP | INVARIANTS_LISTED))
		fail_msg("%s: call %u failing with %d breaks the store",
			scene.variant->name, k, errnum);
}

/* The next run does the rest. */
static void check_again(unsigned k, int errnum)
{
	collection_run(&scene.c);
	check(k, errnum);
	if (scene.c.result.problems > 0 || !all_gone())
		fail_msg("%s: after call %u failing with %d \"%s\" is left: %s",
			scene.variant->name, k, errnum, scene.garbage.left,
			scene.c.items);
	if (!scene.variant->one) {
		assert_false(collection_has(&scene.c, "repos/b"));
		assert_int_equal(names_in(&scene.c.f, "jobs"), 0);
	}
}

/* One case of a failing call; false when a run makes fewer than k calls. */
static bool run_failing(unsigned k, int errnum)
{
	unsigned before = open_descriptors(), calls;
	struct err err = ERR_INIT;
	int rc;

	plant_garbage();
	io_fault_arm(k, errnum);
	rc = collect_run(&scene.c.f.store, &scene.c.options, NULL, &scene.c.result, &err);
	calls = io_fault_calls();
	io_fault_arm(0, 0);
	assert_int_equal(open_descriptors(), before);
	if (errnum == EINTR)
		assert_int_equal(rc, 0);
	/* What a run says to have gone without a problem is all gone. */
	if (rc == 0 && scene.c.result.problems == 0 && !all_gone())
		fail_msg("%s: call %u failing with %d is no problem, but \"%s\" is left",
			scene.variant->name, k, errnum, scene.garbage.left);
	err_release(&err);
	check(k, errnum);
	check_again(k, errnum);
	cases += k <= calls;
	return k <= calls;
}

/* The same, with the process killed before the k-th call. */
static bool run_killed(unsigned k)
{
	struct err err = ERR_INIT;
	bool killed;
	int status;
	pid_t child;

	plant_garbage();
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		io_fault_arm(k, FAULT_KILL);
		collect_run(&scene.c.f.store, &scene.c.options, NULL, &scene.c.result,
			&err);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	assert_true(killed || status == 0);
	check(k, FAULT_KILL);
	check_again(k, FAULT_KILL);
	cases += killed;
	return killed;
}

static void run_all(int errnum)
{
	for (size_t i = 0; i < VARIANTS; i++) {
		unsigned k = 1;

		scene_open(&variants[i]);
		while (errnum == FAULT_KILL ? run_killed(k) : run_failing(k, errnum))
			k++;
		/* Otherwise there was little to do. */
		assert_true(k > 100);
		fixture_close(&scene.c.f);
	}
}

int main(void)
{
	int failed;

	log_set_level(LOG_LEVEL_ERROR);
	failed = fault_runs(run_all);
	printf("faults: %u cases in %zu ways to collect\n", cases, VARIANTS);
	return failed;
}
