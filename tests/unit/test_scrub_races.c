/* Scrubs, a collector and clients at once on one store. */
#include "base/log.h"
#include "store/path.h"
#include "support/bodies.h"
#include "support/collection.h"
#include "support/damage.h"
#include "support/pusher.h"
#include "support/values.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PUSHERS 3
#define IMAGES 200
#define OLD_BLOBS 60

static const char *const repos[PUSHERS] = {"a/one", "a/one/two", "b"};

/* Takes manifests that no tag reaches, and old blobs, until the pipe is closed. */
static pid_t start_collector(struct collection *c, int pipes[2])
{
	pid_t pid = fork();
	char byte;

	assert_int_not_equal(pid, -1);
	if (pid > 0)
		return pid;
	close(pipes[1]);
	fixture_reopen(&c->f);
	c->options = (struct collect_options){
		.grace = DAY, .untagged_age = 1, .now = (int64_t)time(NULL) + 2};
	do {
		collection_run(c);
		if (c->result.problems > 0) {
			fprintf(stderr, "collector: %s\n", c->items);
			_exit(1);
		}
	} while (read(pipes[0], &byte, 1) != 0);
	_exit(0);
}

static void scrub(struct collection *c, bool repair)
{
	struct scrub_options o = {.repair = repair};
	struct states s = {.f = &c->f, .repo = "-"};
	struct scrub_result r;
	char text[DAMAGE_TEXT];

	if (damage_scrub(&s, &o, &r, text)[0] != '\0')
		fail_msg("found while all is well: %s", text);
	assert_int_equal(r.quarantined, 0);
}

static void push_old_blobs(struct collection *c)
{
	for (unsigned i = 0; i < OLD_BLOBS; i++) {
		struct digest d;
		char text[32];

		snprintf(text, sizeof(text), "the old blob %u", i);
		d = push_blob(&c->f.store, repos[i % PUSHERS], text);
		states_touch(&c->f, path_blob(&d).text, 1);
	}
}

static void nothing_is_found_and_nothing_breaks(void **state)
{
	struct collection c;
	pid_t pushers[PUSHERS], collector;
	int pipes[2], status;
	unsigned runs = PUSHERS;

	(void)state;
	collection_open(&c);
	push_old_blobs(&c);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(fcntl(pipes[0], F_SETFL, O_NONBLOCK), 0);
	collector = start_collector(&c, pipes);
	close(pipes[0]);
	for (unsigned i = 0; i < PUSHERS; i++)
		pushers[i] = pusher_start(&c.f, repos[i], 0, IMAGES);
	for (unsigned round = 0; runs > 0; round++) {
		scrub(&c, round % 2);
		for (unsigned i = 0; i < PUSHERS; i++) {
			if (pushers[i] == 0 || pusher_runs(pushers[i]))
				continue;
			pushers[i] = 0;
			runs--;
		}
	}
	close(pipes[1]);
	assert_int_equal(waitpid(collector, &status, 0), collector);
	assert_int_equal(status, 0);
	scrub(&c, true);
	/* The collector was not idle: what is left is the one blob of the images. */
	for (unsigned i = 0; i < PUSHERS; i++) {
		struct repo_name r = as_repo(repos[i]);

		assert_int_equal(
			names_in(&c.f, path_repo_blobs(&r, DIGEST_SHA256).text), 1);
	}
	collection_close(&c, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_found_and_nothing_breaks),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
