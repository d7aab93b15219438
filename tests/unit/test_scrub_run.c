/* How a scrub runs: it counts, waits, is cancelled and killed, goes on, and keeps others. */
#include "service/scrub.h"

#include "base/log.h"
#include "store/blobs.h"
#include "store/path.h"
#include "support/bodies.h"
#include "support/damage.h"
#include "support/invariants.h"
#include "support/values.h"

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

#define BLOBS 12

/* A job that counts how often it is asked, and ends at some time. */
struct watch {
	unsigned asked, stop_at; /* 0: never */
	bool kill;               /* ends the process and not the job */
	unsigned kill_repos;     /* and when so many repositories are done */
	uint64_t done, total;
	unsigned repositories;
};

static bool ask(void *arg)
{
	struct watch *w = arg;

	if (++w->asked != w->stop_at)
		return w->stop_at != 0 && w->asked > w->stop_at;
	if (w->kill)
		raise(SIGKILL);
	return true;
}

static void note_progress(void *arg, const char *step, uint64_t done, uint64_t total)
{
	struct watch *w = arg;

	if (strcmp(step, "blobs") == 0) {
		assert_true(done >= w->done && done <= total);
		w->done = done;
		w->total = total;
	} else {
		w->repositories++;
		if (w->repositories == w->kill_repos)
			raise(SIGKILL);
	}
}

static void run(struct fixture *f, struct watch *w, const struct scrub_options *o,
	struct scrub_result *r)
{
	const struct scrub_options plain = {0};
	struct job job = {note_progress, NULL, ask, w};
	struct err err = ERR_INIT;

	if (scrub_run(&f->store, o ? o : &plain, &job, r, &err) != 0)
		fail_msg("%s", err.text);
}

/* A process of its own that ends in the middle. */
static void run_killed(struct fixture *f, struct watch *w, const struct scrub_options *o)
{
	struct scrub_result r;
	int status;
	pid_t child = fork();

	assert_int_not_equal(child, -1);
	if (child == 0) {
		run(f, w, o, &r);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void fill(struct fixture *f, struct states *s)
{
	char words[32];

	fixture_open(f);
	*s = (struct states){.f = f, .repo = "a/b"};
	for (int i = 0; i < BLOBS; i++) {
		snprintf(words, sizeof(words), "blob b%d", i);
		states_make(s, words);
	}
	states_make(s, "image I b0 b1 b2; tag t I; tag u I");
}

static void it_counts_what_it_checked(void **state)
{
	struct scrub_result r;
	struct watch w = {0};
	struct fixture f;
	struct states s;
	uint64_t bytes = 0;

	(void)state;
	fill(&f, &s);
	damage_share(&s, "b0", "c/d");
	for (unsigned i = 0; i < BLOBS; i++)
		bytes += s.names[i].size;
	run(&f, &w, NULL, &r);
	assert_int_equal(r.repositories, 2);
	assert_int_equal(r.blobs, BLOBS);
	assert_int_equal(r.manifests, 1);
	assert_int_equal(r.tags, 2);
	assert_int_equal(r.bytes, bytes + states_find(&s, "I")->size);
	assert_int_equal(r.problems, 0);
	assert_false(r.cancelled);
	assert_false(r.resumed);
	assert_int_equal(w.total, bytes);
	assert_int_equal(w.done, bytes);
	assert_int_equal(names_in(&f, "jobs"), 0);
	fixture_close(&f);
}

static void a_file_of_many_names_is_hashed_once(void **state)
{
	struct scrub_result r;
	struct watch w = {0};
	struct fixture f;
	struct states s = {.f = &f, .repo = "a/b"};

	(void)state;
	fixture_open(&f);
	states_make(&s, "blob a");
	damage_share(&s, "a", "c/d");
	damage_share(&s, "a", "e/f");
	/* Its entry is another file from now on, as when it had too many names. */
	damage_remove_entry(&s, "a");
	plant_blob(&f, "g/h", "the blob a");
	run(&f, &w, NULL, &r);
	assert_int_equal(r.blobs, 2);
	assert_int_equal(r.problems, 0);
	fixture_close(&f);
}

static void one_repository_can_be_checked(void **state)
{
	struct repo_name one = as_repo("a/b"), none = as_repo("x/y");
	struct scrub_options o = {.repo = &one};
	struct err err = ERR_INIT;
	struct scrub_result r;
	struct watch w = {0};
	struct fixture f;
	struct states s;
	char text[DAMAGE_TEXT];

	(void)state;
	fill(&f, &s);
	plant_blob(&f, "c/d", "of another repository");
	run(&f, &w, &o, &r);
	assert_int_equal(r.repositories, 1);
	assert_int_equal(r.blobs, BLOBS);
	assert_true(w.total > 0 && w.done == w.total);

	damage_share(&s, "b1", "c/d");
	damage_flip_entry(&s, "b1");
	damage_scrub(&s, &o, &r, text);
	assert_string_equal(text, "affected t b1; affected u b1; blob b1");
	o.repair = true;
	damage_scrub(&s, &o, &r, text);
	assert_string_equal(
		text, "blob b1; reference b1 of I; affected t b1; affected u b1");
	/* What the other has is found when it is its turn. */
	o.repo = NULL;
	damage_scrub(&s, &o, &r, text);
	assert_non_null(strstr(text, "blob b1"));

	o.repo = &none;
	assert_int_equal(scrub_run(&f.store, &o, NULL, &r, &err), -1);
	assert_int_equal(err.code, ERR_NAME_UNKNOWN);
	err_release(&err);
	fixture_close(&f);
}

/* The blobs of both parts together are all, and none is hashed twice. */
static void it_goes_on_where_it_was_cancelled(void **state)
{
	struct watch whole = {0};
	struct scrub_result all;
	struct fixture f;
	struct states s;

	(void)state;
	fill(&f, &s);
	run(&f, &whole, NULL, &all);
	/* The blobs come near the end: before, it asks while it adds up their sizes. */
	for (unsigned stop = whole.asked - 3 * BLOBS; stop <= whole.asked; stop++) {
		struct watch first = {.stop_at = stop}, second = {0};
		struct scrub_result r, rest;

		run(&f, &first, NULL, &r);
		assert_true(r.cancelled);
		run(&f, &second, NULL, &rest);
		assert_false(rest.cancelled);
		assert_int_equal(rest.resumed, r.blobs > 0);
		assert_int_equal(r.blobs + rest.blobs, all.blobs);
		assert_int_equal(r.repositories + rest.repositories, all.repositories);
		if (rest.blobs > 0)
			assert_int_equal(second.done, second.total);
		assert_int_equal(names_in(&f, "jobs"), 0);
	}
	fixture_close(&f);
}

static void it_goes_on_after_it_was_killed(void **state)
{
	struct watch early = {.kill = true}, late = {.kill_repos = 2};
	struct watch w;
	struct scrub_result r;
	struct fixture f;
	struct states s;

	(void)state;
	fill(&f, &s);
	plant_blob(&f, "c/d", "of another repository");
	w = (struct watch){0};
	run(&f, &w, NULL, &r);
	/* While blobs are hashed. */
	early.stop_at = w.asked - BLOBS;
	run_killed(&f, &early, NULL);
	w = (struct watch){0};
	run(&f, &w, NULL, &r);
	assert_true(r.resumed);
	assert_true(r.blobs < BLOBS + 1);
	assert_int_equal(r.repositories, 2);
	/* While repositories are looked at: the blobs have been done. */
	run_killed(&f, &late, NULL);
	w = (struct watch){0};
	run(&f, &w, NULL, &r);
	assert_true(r.resumed);
	assert_int_equal(r.blobs, 0);
	assert_true(r.repositories > 0);
	w = (struct watch){0};
	run(&f, &w, NULL, &r);
	assert_false(r.resumed);
	fixture_close(&f);
}

/* A run that only looked has mended nothing. */
static void mending_does_not_go_on_after_looking(void **state)
{
	struct scrub_options repair = {.repair = true};
	struct watch late = {.kill_repos = 1};
	struct scrub_result r;
	struct fixture f;
	struct states s;
	char text[DAMAGE_TEXT];

	(void)state;
	fill(&f, &s);
	damage_flip_entry(&s, "b9");
	run_killed(&f, &late, NULL);
	damage_scrub(&s, &repair, &r, text);
	assert_false(r.resumed);
	assert_string_equal(text, "blob b9");
	damage_scrub(&s, NULL, &r, text);
	assert_true(r.resumed);
	fixture_close(&f);
}

/* It is asked once more for each part of a second that it waits. */
static void the_rate_is_limited(void **state)
{
	struct scrub_options slow = {.bytes_per_second = 25};
	struct watch free_run = {0}, limited = {0}, stopped = {0};
	struct scrub_result r;
	struct fixture f;
	struct states s = {.f = &f, .repo = "a/b"};

	(void)state;
	fixture_open(&f);
	states_make(&s, "blob a; blob b; blob c; blob d; blob e");
	run(&f, &free_run, NULL, &r);
	assert_int_equal(r.bytes, 50);
	run(&f, &limited, &slow, &r);
	assert_int_equal(r.bytes, 50);
	assert_true(limited.asked >= free_run.asked + 3);
	/* A job that is cancelled does not wait. */
	slow.bytes_per_second = 1;
	stopped.stop_at = free_run.asked;
	run(&f, &stopped, &slow, &r);
	assert_true(r.cancelled);
	fixture_close(&f);
}

/* ---- beside pushes ---- */

static void push_and_delete(struct store *s, const char *repo)
{
	struct repo_name r = repo_of(repo);
	struct digest config = push_blob(s, repo, "{}"), layer;
	struct err err = ERR_INIT;

	for (int i = 0; i < 60; i++) {
		char text[32];

		snprintf(text, sizeof(text), "layer %d", i % 3);
		layer = push_blob(s, repo, text);
		push_image(s, repo, &config, 2);
		if (blobs_delete(s, &r, &layer, &err) < 0 &&
			err.code != ERR_BLOB_UNKNOWN)
			_exit(1);
		err_release(&err);
	}
}

static void start_pusher(struct fixture *f, const char *repo)
{
	pid_t child = fork();

	assert_int_not_equal(child, -1);
	if (child == 0) {
		fixture_reopen(f);
		push_and_delete(&f->store, repo);
		_exit(0);
	}
}

static void pushes_are_not_disturbed(void **state)
{
	struct scrub_options repair = {.repair = true};
	struct fixture f;
	struct states s = {.f = &f, .repo = "a/b"};
	unsigned running = 2;

	(void)state;
	fixture_open(&f);
	start_pusher(&f, "a/b");
	start_pusher(&f, "a/c");
	for (int round = 0; running > 0; round++) {
		struct scrub_result r;
		char text[DAMAGE_TEXT];
		int status;

		damage_scrub(&s, round % 2 ? &repair : NULL, &r, text);
		if (r.problems > 0)
			fail_msg("found while all is well: %s", text);
		for (pid_t p; running > 0 && (p = waitpid(-1, &status, WNOHANG)) > 0;
			running--)
			assert_int_equal(status, 0);
	}
	assert_int_equal(invariants_check(f.dir), 0);
	fixture_close(&f);
}

static void push_often(struct fixture *f, const char *text)
{
	fixture_reopen(f);
	for (int i = 0; i < 300; i++)
		push_blob(&f->store, "a/b", text);
	_exit(0);
}

/* Whatever comes between, the push after the last damage was mended makes it whole. */
static void a_blob_is_pushed_while_it_is_taken_away(void **state)
{
	struct scrub_options repair = {.repair = true};
	struct scrub_result r;
	struct fixture f;
	struct states s = {.f = &f, .repo = "a/b"};
	char text[DAMAGE_TEXT];
	int status = 0;
	pid_t child;

	(void)state;
	fixture_open(&f);
	states_make(&s, "blob a");
	damage_keep_account(&s);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0)
		push_often(&f, "the blob a");
	do {
		push_blob(&f.store, "a/b", "the blob a");
		damage_flip_entry(&s, "a");
		damage_scrub(&s, &repair, &r, text);
		assert_string_equal(text, "blob a");
	} while (waitpid(child, &status, WNOHANG) == 0);
	assert_int_equal(status, 0);
	push_blob(&f.store, "a/b", "the blob a");
	damage_scrub(&s, &repair, &r, text);
	assert_string_equal(text, "");
	assert_string_equal(states_left(&s), "a");
	assert_int_equal(invariants_check(f.dir), 0);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_counts_what_it_checked),
		cmocka_unit_test(a_file_of_many_names_is_hashed_once),
		cmocka_unit_test(one_repository_can_be_checked),
		cmocka_unit_test(it_goes_on_where_it_was_cancelled),
		cmocka_unit_test(it_goes_on_after_it_was_killed),
		cmocka_unit_test(mending_does_not_go_on_after_looking),
		cmocka_unit_test(the_rate_is_limited),
		cmocka_unit_test(pushes_are_not_disturbed),
		cmocka_unit_test(a_blob_is_pushed_while_it_is_taken_away),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
