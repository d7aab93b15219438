/*
 * A scrub that mends, with every call of common/base/io.c failing in turn, and killed before
 * it. Whatever happened, nothing that was good is lost, and the next scrub mends the rest:
 * then the store is whole, and every account is exact.
 */
#include "base/io.h"
#include "base/log.h"
#include "support/damage.h"
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

static unsigned cases;

struct scene {
	struct fixture f;
	struct states s;
	const char *left; /* what there is after it was mended */
	unsigned others;  /* blobs that another repository has then */
};

/* The directories that are not used cost calls, and time. */
static void remove_empty_dirs(struct fixture *f)
{
	char path[128];

	for (unsigned i = 0; i < 512; i++) {
		snprintf(path, sizeof(path), "%s/blobs/%s/%02x", f->dir,
			i < 256 ? "sha256" : "sha512", i % 256);
		rmdir(path);
	}
}

/* Damages of content, each of which needs others of the store to be mended. */
static void damage_content(struct scene *w)
{
	struct states *s = &w->s;

	states_make(s, "blob a; blob b; blob c; blob z; image I a b; image J a c;"
		       "image K a; tag t I; tag u J; tag v K");
	damage_share(s, "b", "c/d");
	damage_keep_account(s);
	/* There is a good copy of b, c has a bad one, and of z there is none. */
	damage_copy(s, "b");
	damage_flip_entry(s, "b");
	damage_copy(s, "c");
	damage_flip_own(s, "c");
	damage_share(s, "z", "c/d");
	damage_flip_entry(s, "z");
	damage_flip_own(s, "K");
	w->left = "a b c I J t u";
	w->others = 1;
}

static void damage_the_rest(struct scene *w)
{
	struct states *s = &w->s;

	states_make(s, "blob a; blob b; blob c; image I a b; image J a c; referrer S I a;"
		       "tag t I; tag u gone; listed gone I; listed J I");
	damage_age_listed(s, "I", "gone<I");
	damage_keep_account(s);
	damage_remove_entry(s, "b");
	damage_copy(s, "c");
	damage_mode(s, "a", 0664);
	plant_link(&w->f, "repos/a/b/@tags/w", "../../elsewhere");
	plant_file(&w->f, "uploads/0123456789abcdef0123456789abcdef/state", "nonsense");
	plant_file(&w->f, "uploads/0123456789abcdef0123456789abcdef/data", "bytes");
	w->left = "a b c I J S t";
}

static void (*const damages[])(struct scene *w) = {damage_content, damage_the_rest};
#define NDAMAGES (sizeof(damages) / sizeof(damages[0]))

static void scene_open(struct scene *w, size_t damage)
{
	*w = (struct scene){0};
	fixture_open(&w->f);
	fixture_thin(&w->f);
	w->s = (struct states){.f = &w->f, .repo = "a/b"};
	damages[damage](w);
	remove_empty_dirs(&w->f);
}

/* What failed is an item, unless it failed before it began. */
static void mend(struct scene *w, char text[DAMAGE_TEXT])
{
	struct scrub_options o = {.repair = true};
	struct scrub_result r;
	struct err err = ERR_INIT;

	if (damage_try(&w->s, &o, &r, text, &err) != 0)
		strcpy(text, "fault");
	err_release(&err);
}

/* Whether the item stands in the text, and not as mended. */
static bool is_told(const char *text, const char *item, size_t len)
{
	for (const char *at = text; (at = memmem(at, strlen(at), item, len)); at++)
		if (at[len] != '+')
			return true;
	return false;
}

/* What is found now was told by the run before, or that it could not look everywhere. */
static void check_told(struct scene *w, const char *told, unsigned k, int errnum)
{
	struct scrub_result r;
	char text[DAMAGE_TEXT];
	const char *at = damage_scrub(&w->s, NULL, &r, text), *end;

	if (strstr(told, "fault"))
		return;
	for (; at[0] != '\0'; at = end[0] ? end + 2 : end) {
		end = strstr(at, "; ");
		end = end ? end : at + strlen(at);
		if (!is_told(told, at, (size_t)(end - at)))
			fail_msg("call %u, %d: told %s; there is %s", k, errnum, told,
				text);
	}
}

static void check(struct scene *w, unsigned k, int errnum, unsigned allow)
{
	struct scrub_options o = {.repair = true};
	struct scrub_result r;
	char text[DAMAGE_TEXT];

	/* The next one mends what is left, and no account has to be set right. */
	damage_scrub(&w->s, &o, &r, text);
	if (strstr(text, "account"))
		fail_msg("call %u, %d: the account is wrong: %s", k, errnum, text);
	damage_scrub(&w->s, NULL, &r, text);
	if (text[0])
		fail_msg("call %u, %d: not mended: %s", k, errnum, text);
	if (strcmp(states_left(&w->s), w->left) != 0)
		fail_msg("call %u, %d: left is %s", k, errnum, w->s.left);
	if (names_in(&w->f, "repos/c/d/@blobs/sha256") != w->others)
		fail_msg("call %u, %d: another repository lost a blob", k, errnum);
	if (invariants_check_but(w->f.dir, allow) != 0)
		fail_msg("call %u, %d: the store is not whole", k, errnum);
}

static bool run_failing(size_t damage, unsigned k, int errnum)
{
	struct scene w;
	char told[DAMAGE_TEXT];
	unsigned before, calls;

	scene_open(&w, damage);
	before = open_descriptors();
	io_fault_arm(k, errnum);
	mend(&w, told);
	calls = io_fault_calls();
	io_fault_arm(0, 0);
	assert_int_equal(open_descriptors(), before);
	check_told(&w, told, k, errnum);
	check(&w, k, errnum, 0);
	fixture_close(&w.f);
	cases += k <= calls;
	return k <= calls;
}

static bool run_killed(size_t damage, unsigned k)
{
	struct scene w;
	char told[DAMAGE_TEXT];
	int status;
	pid_t child;
	bool killed;

	scene_open(&w, damage);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		io_fault_arm(k, FAULT_KILL);
		mend(&w, told);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	check(&w, k, FAULT_KILL, INVARIANTS_TMP);
	fixture_close(&w.f);
	cases += killed;
	return killed;
}

static bool run_case(size_t damage, unsigned k, int errnum)
{
	return errnum == FAULT_KILL ? run_killed(damage, k) : run_failing(damage, k, errnum);
}

static void run_all(int errnum)
{
	for (size_t i = 0; i < NDAMAGES; i++)
		for (unsigned k = 1; run_case(i, k, errnum); k++)
			;
}

int main(void)
{
	int failed;

	log_set_level(LOG_LEVEL_ERROR);
	failed = fault_runs(run_all);
	printf("faults: %u cases in %zu damages\n", cases, NDAMAGES);
	return failed;
}
