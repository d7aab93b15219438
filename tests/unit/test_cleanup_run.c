/* Cleanup: what is told, what is refused, and runs over many repositories. */
#include "base/io.h"
#include "store/repos.h"
#include "support/cleaning.h"
#include "support/invariants.h"
#include "support/pusher.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

static void the_reason_is_told(void **state)
{
	struct fixture *f = *state;
	struct states s = {.f = f, .repo = "a/b"};
	static struct report report;
	struct cleanup_result result;
	char want[1024];

	states_make(&s, "blob a; image I a; image J a; tag i I; tag j J");
	cleaning_set_ages(&s, "i 40 j 3");
	assert_int_equal(cleaning_run(f, "# rules\na/b older-than=30d keep-newest=1\n",
				 (struct cleanup_options){0}, &report, &result),
		ERR_NONE);
	snprintf(want, sizeof(want),
		"tag {\"repository\":\"a/b\",\"tag\":\"i\",\"digest\":\"sha256:%s\",,"
		"\"why\":\"the rule of line 2 for a/b: any tag, was pushed 40d ago "
		"(older-than=30d), is not one of the newest 1\"}\n"
		"manifest {\"repository\":\"a/b\",\"digest\":\"sha256:%s\",}\n",
		states_find(&s, "I")->digest.hex, states_find(&s, "I")->digest.hex);
	assert_string_equal(report.text, want);
	assert_int_equal(result.repositories, 1);
	assert_int_equal(result.kept_tags, 1);
	assert_int_equal(result.bytes, states_find(&s, "I")->size);
}

static void all_is_agreed_to(void **state)
{
	struct fixture *f = *state;
	struct states s = {.f = f, .repo = "a/b"};
	static struct report report;
	struct cleanup_result result;

	states_make(&s, "blob a; image I a; tag t I");
	/* a rule that says nothing stops the run before anything is touched */
	assert_int_equal(cleaning_run(f, "a/b keep-newest=0\n** remove=t", (struct cleanup_options){0},
				 &report, &result),
		ERR_BAD_REQUEST);
	assert_non_null(strstr(report.text, "file:1: the rule would remove every tag"));
	assert_int_equal(cleaning_run(f, "x keep=v\ny\n** remove=t", (struct cleanup_options){0},
				 &report, &result),
		ERR_BAD_REQUEST);
	assert_non_null(strstr(report.text, "file:2: "));
	/* one that turns out to leave none is a problem of the repository */
	assert_int_equal(cleaning_run(f, "x keep=v\na/b remove=t", (struct cleanup_options){0}, &report,
				 &result),
		ERR_NONE);
	assert_non_null(strstr(report.text, "problem {\"repository\":\"a/b\",\"problem\":"
					    "\"nothing is removed: the rule of line 2"));
	assert_string_equal(states_left(&s), "a I t");
	assert_int_equal(result.kept_tags, 1);
	assert_int_equal(cleaning_run(f, "a/b", (struct cleanup_options){.all = true}, &report, &result),
		ERR_NONE);
	assert_string_equal(states_left(&s), "a");
	assert_int_equal(result.problems, 0);
	assert_int_equal(result.tags, 1);
}

/* Plants a tag whose name says which manifest it belongs to. */
static void belong(struct states *s, const char *to, const char *suffix, const char *manifest)
{
	char path[512], target[256];

	snprintf(path, sizeof(path), "repos/%s/@tags/sha256-%s%s", s->repo,
		states_find(s, to)->digest.hex, suffix);
	snprintf(target, sizeof(target), "../@manifests/sha256/%s",
		states_find(s, manifest)->digest.hex);
	plant_link(s->f, path, target);
}

static void signatures_stay_with_what_they_sign(void **state)
{
	struct fixture *f = *state;
	struct states s = {.f = f, .repo = "a"};
	static struct report preview, real;
	struct cleanup_result planned, result;
	const char *rules = "a keep-newest=1";

	states_make(&s, "blob a; image I a; image J a; image SI a; image SJ a; image SSI a;"
			"image SSJ a; image L a; tag i I; tag j J");
	cleaning_set_ages(&s, "i 40 j 30");
	belong(&s, "I", ".sig", "SI");
	belong(&s, "SI", ".sig", "SSI");
	belong(&s, "J", ".sig", "SJ");
	belong(&s, "SJ", ".sig", "SSJ");
	belong(&s, "J", "", "L");
	assert_int_equal(cleaning_run(f, rules, (struct cleanup_options){.dry_run = true}, &preview,
				 &planned),
		ERR_NONE);
	assert_int_equal(cleaning_run(f, rules, (struct cleanup_options){0}, &real, &result), ERR_NONE);
	assert_string_equal(states_left(&s), "a J SJ SSJ L j");
	assert_int_equal(names_in(f, "repos/a/@tags"), 4);
	assert_int_equal(result.tags, 3);
	assert_int_equal(result.manifests, 3);
	assert_string_equal(preview.text, real.text);
	assert_non_null(strstr(real.text, "it belongs to sha256:"));
	/* Whose manifest is not there is a tag as any. */
	belong(&s, "I", ".sig", "J");
	assert_int_equal(cleaning_run(f, "a remove=sha256-.*sig", (struct cleanup_options){0}, &real,
				 &result),
		ERR_NONE);
	assert_int_equal(result.tags, 1);
	assert_string_equal(states_left(&s), "a J SJ SSJ L j");
	assert_int_equal(invariants_check(f->dir), 0);
}

/* Every repository with a rule, and a stop on the way. */
static void a_run_goes_over_all_and_goes_on(void **state)
{
	static const char *const names[] = {"a", "a/b", "b", "c/d", "e"};
	struct fixture *f = *state;
	struct states s[5];
	static struct report report;
	struct cleanup_result result;
	const char *rules = "a/* remove=old\nc/* remove=old\na remove=old\nb remove=old";

	for (int i = 0; i < 5; i++) {
		s[i] = (struct states){.f = f};
		snprintf(s[i].repo, sizeof(s[i].repo), "%s", names[i]);
		states_make(&s[i], "blob a; image I a; image J a; tag old I; tag new J");
	}
	report.cancel_after = 2;
	assert_int_equal(
		cleaning_run(f, rules, (struct cleanup_options){0}, &report, &result), ERR_NONE);
	assert_true(result.cancelled);
	assert_false(result.resumed);
	assert_int_equal(result.repositories, 2);
	report.cancel_after = 0;
	/* A preview looks at everything, whatever was done. */
	assert_int_equal(cleaning_run(f, rules, (struct cleanup_options){.dry_run = true}, &report,
				 &result),
		ERR_NONE);
	assert_int_equal(result.repositories, 4);
	assert_false(result.resumed);
	assert_int_equal(
		cleaning_run(f, rules, (struct cleanup_options){0}, &report, &result), ERR_NONE);
	assert_true(result.resumed);
	assert_false(result.cancelled);
	assert_int_equal(result.repositories, 2);
	for (int i = 0; i < 4; i++)
		assert_string_equal(states_left(&s[i]), "a J new");
	assert_string_equal(states_left(&s[4]), "a I J old new");
	assert_int_equal(
		cleaning_run(f, rules, (struct cleanup_options){0}, &report, &result), ERR_NONE);
	assert_false(result.resumed);
	assert_int_equal(result.repositories, 4);
}

static void one_repository(void **state)
{
	struct fixture *f = *state;
	struct states one = {.f = f, .repo = "a/b"}, two = {.f = f, .repo = "a/c"};
	struct repo_name r = as_repo("a/b"), above = as_repo("a"), none = as_repo("x");
	static struct report report;
	struct cleanup_result result;

	states_make(&one, "blob a; image I a; image J a; tag old I; tag new J");
	states_make(&two, "blob a; image I a; image J a; tag old I; tag new J");
	assert_int_equal(cleaning_run(f, "x remove=old", (struct cleanup_options){.repo = &r}, &report,
				 &result),
		ERR_NONE);
	assert_int_equal(result.repositories, 0);
	assert_int_equal(cleaning_run(f, "a/** remove=old", (struct cleanup_options){.repo = &r},
				 &report, &result),
		ERR_NONE);
	assert_int_equal(result.repositories, 1);
	assert_string_equal(states_left(&one), "a J new");
	assert_string_equal(states_left(&two), "a I J old new");
	assert_int_equal(cleaning_run(f, "** remove=old", (struct cleanup_options){.repo = &above},
				 &report, &result),
		ERR_NAME_UNKNOWN);
	assert_int_equal(cleaning_run(f, "** remove=old", (struct cleanup_options){.repo = &none},
				 &report, &result),
		ERR_NAME_UNKNOWN);
}

static void a_busy_repository_is_a_problem(void **state)
{
	struct fixture *f = *state;
	struct states one = {.f = f, .repo = "a"}, two = {.f = f, .repo = "b"};
	struct repo_name r = as_repo("a");
	static struct report report;
	struct cleanup_result result;
	struct err err = ERR_INIT;
	int lock = -1;

	states_make(&one, "blob a; image I a; image J a; tag old I; tag new J");
	states_make(&two, "blob a; image I a; image J a; tag old I; tag new J");
	f->config.lock_wait = 0;
	assert_int_equal(repos_lock(&f->store, &r, false, false, &lock, &err), 0);
	assert_int_equal(cleaning_run(f, "** remove=old", (struct cleanup_options){0}, &report, &result),
		ERR_NONE);
	assert_int_equal(result.problems, 1);
	assert_string_equal(states_left(&one), "a I J old new");
	assert_string_equal(states_left(&two), "a J new");
	/* One without anything to remove is not locked. */
	assert_int_equal(cleaning_run(f, "** keep=old|new remove=x", (struct cleanup_options){0},
				 &report, &result),
		ERR_NONE);
	assert_int_equal(result.problems, 0);
	io_close(&lock);
}

/* A tag that was just pushed is one of the newest, and has its manifest. */
static void pushes_meanwhile_are_whole(void **state)
{
	struct fixture *f = *state;
	static struct report report;
	struct cleanup_result result;
	uint64_t removed = 0;

	f->config.durability = DURABILITY_RELAXED;
	for (unsigned round = 0; round < 10; round++) {
		pid_t pusher = pusher_start(f, "a/b", round * 20, 20);

		while (pusher_runs(pusher)) {
			assert_int_equal(cleaning_run(f, "a/b keep-newest=3",
						 (struct cleanup_options){0}, &report, &result),
				ERR_NONE);
			assert_int_equal(result.problems, 0);
			removed += result.tags;
		}
		assert_int_equal(invariants_check(f->dir), 0);
	}
	assert_int_equal(cleaning_run(f, "a/b keep-newest=3", (struct cleanup_options){0},
				 &report, &result),
		ERR_NONE);
	assert_true(removed + result.tags > 0);
	assert_int_equal(names_in(f, "repos/a/b/@tags"), 3);
}

static void the_file_is_loaded(void **state)
{
	struct fixture *f = *state;
	struct cleanup_rules r;
	struct err err = ERR_INIT;
	char path[512];

	/* by default it need not be there */
	assert_int_equal(cleanup_rules_load(&f->config, &r, &err), 0);
	assert_int_equal(r.n, 0);
	cleanup_rules_release(&r);
	plant_file(f, "cleanup", "a/* keep-newest=3\n");
	assert_int_equal(cleanup_rules_load(&f->config, &r, &err), 0);
	assert_int_equal(r.n, 1);
	cleanup_rules_release(&r);
	plant_file(f, "cleanup", "\na/* keep-newest=x\n");
	assert_int_equal(cleanup_rules_load(&f->config, &r, &err), -1);
	assert_int_equal(err.code, ERR_BAD_REQUEST);
	snprintf(path, sizeof(path), "%s/cleanup:2: keep-newest", f->dir);
	assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
	err_release(&err);
	/* one that is named has to be there, and to be a file */
	snprintf(path, sizeof(path), "%s/absent", f->dir);
	assert_int_equal(config_set(&f->config, VIEW_LIT("cleanup-file"), view_of(path), "test",
				 &err),
		0);
	assert_int_equal(cleanup_rules_load(&f->config, &r, &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	err_release(&err);
	assert_int_equal(config_set(&f->config, VIEW_LIT("cleanup-file"), view_of(f->dir),
				 "test", &err),
		0);
	assert_int_equal(cleanup_rules_load(&f->config, &r, &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	err_release(&err);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_reason_is_told),
		TEST(all_is_agreed_to),
		TEST(signatures_stay_with_what_they_sign),
		TEST(a_run_goes_over_all_and_goes_on),
		TEST(one_repository),
		TEST(a_busy_repository_is_a_problem),
		TEST(pushes_meanwhile_are_whole),
		TEST(the_file_is_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
