/* What a job says of itself, and how it remembers where it was. */
#include "service/cursor.h"
#include "service/job.h"

#include "base/log.h"
#include "support/fixture.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct heard {
	char text[512];
};

static void hear_item(void *arg, const char *kind, const char *json)
{
	struct heard *h = arg;

	snprintf(h->text, sizeof(h->text), "%s %s", kind, json);
}

static void hear_progress(void *arg, const char *step, uint64_t done, uint64_t total)
{
	struct heard *h = arg;

	snprintf(h->text, sizeof(h->text), "%s %u/%u", step, (unsigned)done,
		(unsigned)total);
}

static bool stop(void *arg)
{
	(void)arg;
	return true;
}

static void a_job_need_not_listen(void **state)
{
	const struct job deaf = {0};
	const struct job *jobs[] = {NULL, &deaf};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		job_progress(jobs[i], "x", 1, 2);
		job_item(jobs[i], "x", (struct job_field[]){JOB_END});
		assert_false(job_cancelled(jobs[i]));
	}
}

static void items_are_json(void **state)
{
	struct heard heard;
	const struct job j = {hear_progress, hear_item, stop, &heard};

	(void)state;
	job_item(&j, "tag",
		(struct job_field[]){JOB_TEXT("repository", "a/b"), JOB_TEXT("tag", NULL),
			JOB_TEXT("problem", "a \"quote\"\n"), JOB_FLAG("repaired", true),
			JOB_FLAG("again", false), JOB_END});
	assert_string_equal(heard.text,
		"tag {\"repository\":\"a/b\",\"problem\":\"a \\\"quote\\\"\\u000a\","
		"\"repaired\":true,\"again\":false}");
	job_item(&j, "none", (struct job_field[]){JOB_END});
	assert_string_equal(heard.text, "none {}");
	job_progress(&j, "blobs", 3, 7);
	assert_string_equal(heard.text, "blobs 3/7");
	assert_true(job_cancelled(&j));
}

static void a_cursor_stays_until_cleared(void **state)
{
	char text[CURSOR_MAX + 1];
	struct cursor c, other;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	c = CURSOR_INIT(&f.store, "one");
	other = CURSOR_INIT(&f.store, "other");
	assert_false(cursor_load(&c, text));
	assert_string_equal(text, "");
	cursor_save(&c, "repos a/b", false);
	assert_true(cursor_load(&c, text));
	assert_string_equal(text, "repos a/b");
	/* Too soon after the last one, unless it must be. */
	cursor_save(&c, "repos a/c", false);
	assert_true(cursor_load(&c, text));
	assert_string_equal(text, "repos a/b");
	cursor_save(&c, "repos a/c", true);
	assert_true(cursor_load(&c, text));
	assert_string_equal(text, "repos a/c");
	assert_false(cursor_load(&other, text));
	assert_int_equal(names_in(&f, "tmp"), 0);
	cursor_clear(&c);
	assert_false(cursor_load(&c, text));
	cursor_clear(&c);
	fixture_close(&f);
}

static void a_cursor_that_cannot_be_kept_is_no_failure(void **state)
{
	char text[CURSOR_MAX + 1];
	struct cursor c;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	plant_file(&f, "jobs", "no directory");
	c = CURSOR_INIT(&f.store, "one");
	cursor_save(&c, "x", true);
	assert_false(cursor_load(&c, text));
	cursor_clear(&c);
	assert_int_equal(names_in(&f, "tmp"), 0);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_need_not_listen),
		cmocka_unit_test(items_are_json),
		cmocka_unit_test(a_cursor_stays_until_cleared),
		cmocka_unit_test(a_cursor_that_cannot_be_kept_is_no_failure),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
