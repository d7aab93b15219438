#include "service/nonces.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW 1717500000 /* the beginning of a unit */

static struct scratch scratch;
static struct err err;

static int setup(void **state)
{
	(void)state;
	scratch_open(&scratch);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	err_release(&err);
	scratch_close(&scratch);
	return 0;
}

static int use(const char *what, int64_t at, int64_t now)
{
	return nonces_use(scratch.fd, view_of(what), at, now, 0, &err);
}

static bool unit_exists(int64_t unit)
{
	char name[64];

	snprintf(name, sizeof(name), "keys/nonces/%lld", (long long)unit);
	return access(scratch_path(&scratch, name), F_OK) == 0;
}

static void once_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(use("a", NOW, NOW), 1);
	assert_int_equal(use("a", NOW, NOW), 0);
	assert_int_equal(use("a", NOW, NOW + 300), 0);
	assert_int_equal(use("b", NOW, NOW), 1);
	assert_int_equal(use("../../a/b", NOW, NOW), 1);
	assert_int_equal(use("", NOW, NOW), 1);
	assert_int_equal(use("", NOW, NOW), 0);
}

static void one_of_many_workers_wins(void **state)
{
	int i, status, wins = 0;

	(void)state;
	for (i = 0; i < 8; i++)
		if (fork() == 0)
			_exit(use("a", NOW, NOW) == 1 ? 7 : 0);
	for (i = 0; i < 8; i++) {
		assert_true(wait(&status) > 0);
		wins += WIFEXITED(status) && WEXITSTATUS(status) == 7;
	}
	assert_int_equal(wins, 1);
}

static void what_is_over_is_swept(void **state)
{
	(void)state;
	assert_int_equal(use("a", NOW, NOW), 1);
	assert_int_equal(use("b", NOW, NOW), 1);
	assert_true(unit_exists(NOW / NONCE_WINDOW));
	/* A request of that unit could still be in time. */
	assert_int_equal(use("c", NOW + 600, NOW + 600), 1);
	assert_true(unit_exists(NOW / NONCE_WINDOW));
	assert_int_equal(use("a", NOW, NOW + 600), 0);
	assert_int_equal(use("d", NOW + 1200, NOW + 1200), 1);
	assert_false(unit_exists(NOW / NONCE_WINDOW));
	assert_true(unit_exists(NOW / NONCE_WINDOW + 4));
}

static void a_store_that_cannot_be_written_refuses(void **state)
{
	(void)state;
	scratch_write(&scratch, "keys", "a file in the way");
	assert_int_equal(use("a", NOW, NOW), -1);
	assert_int_equal(err.code, ERR_FAULT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(once_and_no_more),
	        TEST(one_of_many_workers_wins),
	        TEST(what_is_over_is_swept),
	        TEST(a_store_that_cannot_be_written_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
