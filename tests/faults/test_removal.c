/*
 * Removing a repository, and cleanup, with every call of common/base/io.c failing in turn:
 * once with each errno, once by killing the process before the call. After each case the
 * invariants hold, the account is exact, no index has lost a child, what is to stay is
 * there, and the same again completes the work.
 */
#include "base/io.h"
#include "service/cleanup.h"
#include "store/account.h"
#include "store/account_recount.h"
#include "store/repo_remove.h"
#include "support/fault_runs.h"
#include "support/invariants.h"
#include "support/states.h"
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

static const struct work {
	const char *name;
	const char *state;
	const char *rules; /* of a cleanup; NULL: the repository is removed */
	const char *left;  /* afterwards, at least */
	const char *goes;  /* surely */
} works[] = {
	{"remove a repository",
		"blob a; blob b; image I a; image J a b; index X I J; index Y X; referrer S Y b;"
		"referrer T S a; tag t Y; tag u S; listed gone a",
		NULL, "", "a b I J X Y S T t u gone<a"},
	{"remove one without a manifest", "blob a; listed gone a", NULL, "",
		"a gone<a"},
	{"remove the last tag of an index",
		"blob a; image I a; image J a; index X I J; tag x X; referrer S X a; tag j J; "
		"tag v J; image U a",
		"a/b remove=x", "a J j v U", "x"},
	{"remove two of three tags", "blob a; image I a; image J a; tag i I; tag j J; tag k J",
		"a/b keep=k", "a J k", "i j"},
	{"find nothing to remove", "blob a; image I a; tag i I", "a/b keep=i", "a I i", ""},
};

#define NWORKS (sizeof(works) / sizeof(works[0]))

struct scene {
	const struct work *work;
	struct fixture f;
	struct states it, below; /* the repository, and one below it */
	struct repo_removed all, out;
	struct cleanup_result result;
	enum err_code code;
};

static unsigned cases;

static void scene_open(struct scene *s, const struct work *work)
{
	struct repo_name r = as_repo("a/b");
	struct account a;
	struct err err = ERR_INIT;

	memset(s, 0, sizeof(*s));
	s->work = work;
	fixture_open(&s->f);
	fixture_thin(&s->f);
	s->it = (struct states){.f = &s->f, .repo = "a/b"};
	s->below = (struct states){.f = &s->f, .repo = "a/b/c"};
	states_make(&s->it, work->state);
	states_make(&s->below, "blob a; image I a; tag z I");
	/* The account is there, as it is but for the first push. */
	assert_int_equal(account_read(&s->f.store, &r, &a, &err), 0);
	fixture_reopen(&s->f);
}

static void act(struct scene *s)
{
	struct repo_name r = as_repo("a/b");
	struct cleanup_rules rules = CLEANUP_RULES_INIT;
	struct cleanup_options options = {.rules = &rules, .now = states_now()};
	struct err err = ERR_INIT;

	if (!s->work->rules) {
		repo_remove(&s->f.store, &r, &s->out, &err);
	} else {
		if (cleanup_rules_parse(view_of(s->work->rules), "file", &rules, &err) == 0)
			cleanup_run(&s->f.store, &options, NULL, &s->result, &err);
		cleanup_rules_release(&rules);
	}
	s->code = err.code;
	err_release(&err);
}

static bool is_left(struct states *s, const char *name)
{
	char left[600], word[64];

	snprintf(left, sizeof(left), " %s ", states_left(s));
	snprintf(word, sizeof(word), " %s ", name);
	return strstr(left, word) != NULL;
}

static const char *first_of(struct states *s, const char *names, bool left)
{
	static char copy[256];
	char *at = NULL;

	snprintf(copy, sizeof(copy), "%s", names);
	for (char *n = strtok_r(copy, " ", &at); n; n = strtok_r(NULL, " ", &at))
		if (is_left(s, n) == left)
			return n;
	return NULL;
}

static void check_account(struct scene *s, unsigned k, int errnum)
{
	struct repo_name r = as_repo("a");
	struct account counted;
	struct err err = ERR_INIT;
	bool differs;

	assert_int_equal(
		account_recount(&s->f.store, &r, false, &counted, &differs, &err), 0);
	if (differs)
		fail_msg("%s: call %u failing with %d: the account is wrong", s->work->name, k,
			errnum);
}

/* Of an index that is there the children are, and of a tag the manifest. */
static void check_order(struct scene *s, unsigned k, int errnum)
{
	static const char *const needs[] = {"Y X", "X I", "X J"};

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		char parent[2] = {needs[i][0], '\0'};

		if (strstr(s->work->state, "index X") && is_left(&s->it, parent) &&
			!is_left(&s->it, needs[i] + 2))
			fail_msg("%s: call %u failing with %d: %s is gone before %s",
				s->work->name, k, errnum, needs[i] + 2, parent);
	}
}

static void check(struct scene *s, unsigned k, int errnum)
{
	const char *name;

	if (invariants_check_but(s->f.dir, INVARIANTS_TMP | INVARIANTS_LISTED))
		fail_msg("%s: call %u failing with %d breaks the store", s->work->name, k,
			errnum);
	check_account(s, k, errnum);
	check_order(s, k, errnum);
	name = first_of(&s->it, s->work->left, false);
	if (name)
		fail_msg("%s: call %u failing with %d takes %s", s->work->name, k, errnum,
			name);
	assert_string_equal(states_left(&s->below), "a I z");
}

/* Nothing fails any more. */
static void check_again(struct scene *s, unsigned k, int errnum)
{
	const char *name;

	act(s);
	if (s->code != ERR_NONE && (s->work->rules || s->code != ERR_NAME_UNKNOWN))
		fail_msg("%s: after call %u failing with %d it fails with %d", s->work->name,
			k, errnum, s->code);
	check(s, k, errnum);
	name = first_of(&s->it, s->work->goes, true);
	if (name)
		fail_msg("%s: after call %u failing with %d %s stays", s->work->name, k,
			errnum, name);
	if (s->work->rules) {
		assert_int_equal(s->result.problems, 0);
		/* Also the manifests that had lost their tags the first time. */
		if (strcmp(states_left(&s->it), s->work->left) != 0)
			fail_msg("%s: after call %u failing with %d stays: %s", s->work->name,
				k, errnum, states_left(&s->it));
		assert_int_equal(names_in(&s->f, "jobs"), 0);
	} else {
		assert_int_equal(names_in(&s->f, "repos/a/b"), 1); /* c */
	}
}

static void expect_told(struct scene *s, const struct repo_removed *first, unsigned k,
	int errnum)
{
	const struct repo_removed *again = &s->out, *all = &s->all;

	if (s->work->rules)
		return;
	if (first->tags + again->tags != all->tags ||
		first->manifests + again->manifests != all->manifests ||
		first->blobs + again->blobs != all->blobs ||
		first->bytes + again->bytes != all->bytes)
		fail_msg("%s: call %u failing with %d: not all is told", s->work->name, k,
			errnum);
}

/* What it tells when nothing fails. */
static struct repo_removed undisturbed(const struct work *work)
{
	struct scene s;
	struct repo_removed out;

	scene_open(&s, work);
	act(&s);
	assert_int_equal(s.code, ERR_NONE);
	out = s.out;
	fixture_close(&s.f);
	return out;
}

static bool run_failing(const struct work *work, const struct repo_removed *all, unsigned k,
	int errnum)
{
	struct scene s;
	struct repo_removed first;
	unsigned before, calls;

	scene_open(&s, work);
	s.all = *all;
	before = open_descriptors();
	io_fault_arm(k, errnum);
	act(&s);
	calls = io_fault_calls();
	io_fault_arm(0, 0);
	assert_int_equal(open_descriptors(), before);
	if (errnum == EINTR && (s.code != ERR_NONE || s.result.problems > 0))
		fail_msg("%s: EINTR at call %u fails it", work->name, k);
	if (errnum == ENOSPC && s.code != ERR_NONE && s.code != ERR_FULL)
		fail_msg("%s: a full disk at call %u gives %d", work->name, k, s.code);
	first = s.out;
	check(&s, k, errnum);
	if (s.code == ERR_NONE && s.result.problems == 0 &&
		first_of(&s.it, work->goes, true))
		fail_msg("%s: call %u failing with %d: it has not happened", work->name, k,
			errnum);
	check_again(&s, k, errnum);
	expect_told(&s, &first, k, errnum);
	fixture_close(&s.f);
	cases += k <= calls;
	return k <= calls;
}

static bool run_killed(const struct work *work, unsigned k)
{
	struct scene s;
	int status;
	pid_t child;
	bool killed;

	scene_open(&s, work);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		io_fault_arm(k, FAULT_KILL);
		act(&s);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	check(&s, k, FAULT_KILL);
	check_again(&s, k, FAULT_KILL);
	fixture_close(&s.f);
	cases += killed;
	return killed;
}

static void run_all(int errnum)
{
	for (size_t i = 0; i < NWORKS; i++) {
		struct repo_removed all = undisturbed(&works[i]);

		for (unsigned k = 1; errnum == FAULT_KILL
					     ? run_killed(&works[i], k)
					     : run_failing(&works[i], &all, k, errnum);
			k++)
			;
	}
}

int main(void)
{
	int failed;

	failed = fault_runs(run_all);
	printf("faults: %u cases in %zu operations\n", cases, NWORKS);
	return failed;
}
