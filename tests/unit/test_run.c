/* Other programs: what they get, what is heard of them, and that they end. */
#include "service/run.h"

#include "base/buf.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct heard {
	struct buf lines;             /* joined by '|' */
	unsigned asked, cancel_after; /* 0: never */
};

static void hear(void *arg, struct view line)
{
	struct heard *h = arg;

	if (h->lines.len > 0)
		buf_add_char(&h->lines, '|');
	buf_add_view(&h->lines, line);
}

static bool is_cancelled(void *arg)
{
	struct heard *h = arg;

	return h->cancel_after > 0 && ++h->asked > h->cancel_after;
}

static int run_script(const char *script, struct heard *h, struct err *err)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	const struct run r = {argv, hear, is_cancelled, h};

	buf_clear(&h->lines);
	return run_program(&r, err);
}

static void lines_of_both_outputs(void **state)
{
	struct heard h = {.lines = BUF_INIT(65536)};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	        run_script(
	                "echo one; echo two >&2; printf 'three\rfour\n\nfive'", &h, &err),
	        1);
	assert_string_equal(buf_str(&h.lines), "one|two|three|four|five");
	/* There is no input, whatever this process has. */
	assert_int_equal(run_script("cat; echo end", &h, &err), 1);
	assert_string_equal(buf_str(&h.lines), "end");
	/* A line that is too long is cut, and the next one is whole. */
	assert_int_equal(run_script("printf '%2000s\nx\n' y", &h, &err), 1);
	assert_int_equal(h.lines.len, 511 + strlen("|x"));
	/* Its outputs may be closed long before it ends. */
	assert_int_equal(run_script("exec >&- 2>&-; sleep 0.3", &h, &err), 1);
	buf_release(&h.lines);
}

static void failures(void **state)
{
	static const char *const argv[] = {"/no/such/program", NULL};
	const struct run absent = {argv, NULL, NULL, NULL};
	struct heard h = {.lines = BUF_INIT(65536)};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(run_script("echo why; exit 3", &h, &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	err_release(&err);
	assert_int_equal(run_script("kill -9 $$", &h, &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	err_release(&err);
	assert_int_equal(run_program(&absent, &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	assert_int_equal(err.errnum, ENOENT);
	err_release(&err);
	buf_release(&h.lines);
}

/* A zombie has: a child of the program is its new parent's to bury. */
static bool has_ended(int pid)
{
	char path[64], state = 'Z';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%*d %*s %c", &state) != 1)
		state = 'Z';
	if (f)
		fclose(f);
	return state == 'Z';
}

/* It has ended when the call returns: the shell prints its own process id first. */
static void a_cancelled_program_is_gone(void **state)
{
	static const char *const scripts[] = {"echo $$; exec sleep 1000",
	        "echo $$; exec sleep 1000 >&- 2>&-", "sleep 1000 & echo $!; sleep 1000",
	        "trap '' TERM; echo $$; while :; do echo x; done"};
	struct heard h = {.lines = BUF_INIT((size_t)64 << 20), .cancel_after = 3};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		h.asked = 0;
		assert_int_equal(run_script(scripts[i], &h, &err), 0);
		assert_int_equal(err.code, ERR_NONE);
		for (int tries = 0; !has_ended(atoi(buf_str(&h.lines))); tries++) {
			assert_true(tries < 1000);
			poll(NULL, 0, 10);
		}
	}
	buf_release(&h.lines);
}

/* Signals that this process blocks or ignores are not blocked there. */
static void signals_are_as_usual(void **state)
{
	struct heard h = {.lines = BUF_INIT(65536)};
	struct err err = ERR_INIT;
	sigset_t set, before;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	assert_int_equal(run_script("kill -TERM $$; echo still here", &h, &err), -1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_string_equal(buf_str(&h.lines), "");
	err_release(&err);
	buf_release(&h.lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(lines_of_both_outputs),
	        cmocka_unit_test(failures),
	        cmocka_unit_test(a_cancelled_program_is_gone),
	        cmocka_unit_test(signals_are_as_usual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
