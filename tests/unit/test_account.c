/* What a repository gains and loses. */
#include "store/account.h"

#include "base/io.h"
#include "support/bodies.h"
#include "support/fixture.h"
#include "support/invariants_account.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
	struct fixture f;
	struct repo_name repo;
	struct digest digest;
	struct path from; /* what is gained */
	struct account_change change;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	int fd;

	assert_non_null(w);
	fixture_open(&w->f);
	w->repo = repo_of("team/app");
	w->digest = digest_of_text("content");
	strcpy(w->from.text, "tmp/from");
	fd = io_open(w->f.store.root, w->from.text, O_WRONLY | O_CREAT, 0444);
	assert_int_equal(io_write_all(fd, "content", 7), 0);
	io_close(&fd);
	w->change = (struct account_change){&w->repo, ACCOUNT_BLOB, &w->digest, 7};
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	fixture_close(&w->f);
	free(w);
	return 0;
}

static bool is_there(struct world *w, enum account_kind kind)
{
	struct path p = kind == ACCOUNT_BLOB ? path_repo_blob(&w->repo, &w->digest)
					     : path_manifest(&w->repo, &w->digest);
	struct stat st;

	return io_stat(w->f.store.root, p.text, &st) == 0;
}

static unsigned wrong_accounts(const struct world *w)
{
	struct check c = {0, 0};

	check_accounts(&c, w->f.dir);
	return c.violations;
}

static void a_gain_is_a_link_and_a_loss_takes_it_away(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	bool lost;

	for (int kind = ACCOUNT_BLOB; kind <= ACCOUNT_MANIFEST; kind++) {
		w->change.kind = (enum account_kind)kind;
		assert_int_equal(
			account_gain(&w->f.store, &w->change, &w->from, &err), 0);
		assert_true(is_there(w, w->change.kind));
		/* Once more is no failure. */
		assert_int_equal(
			account_gain(&w->f.store, &w->change, &w->from, &err), 0);
		assert_int_equal(account_lose(&w->f.store, &w->change, &lost, &err), 0);
		assert_true(lost);
		assert_false(is_there(w, w->change.kind));
		assert_int_equal(account_lose(&w->f.store, &w->change, &lost, &err), 0);
		assert_false(lost);
	}
}

static void what_is_not_there_cannot_be_gained(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	struct stat st;

	assert_int_equal(io_unlink(w->f.store.root, w->from.text), 0);
	assert_int_equal(account_gain(&w->f.store, &w->change, &w->from, &err), -1);
	assert_int_equal(err.code, ERR_BLOB_UNKNOWN);
	assert_int_equal(io_stat(w->f.store.root, "repos/team", &st), -1);
}

static void a_loss_in_no_repository_is_none(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	bool lost = true;

	assert_int_equal(account_lose(&w->f.store, &w->change, &lost, &err), 0);
	assert_false(lost);
}

#ifdef IO_FAULTS
/* What is there is counted, whether the call that made it failed afterwards or not. */
static void a_failed_gain_is_counted_if_it_is_there(void **state)
{
	struct world *w = *state;
	unsigned fds = count_descriptors();
	bool lost;

	/* First the repository is made as well, then it is there. */
	for (int round = 0; round < 2; round++) {
		unsigned k = 0, calls;

		do {
			struct err err = ERR_INIT;
			int rc;

			io_fault_arm(++k, EIO);
			rc = account_gain(&w->f.store, &w->change, &w->from, &err);
			calls = io_fault_calls();
			io_fault_arm(0, 0);
			assert_int_equal(rc == 0, k > calls);
			if (rc == 0)
				assert_true(is_there(w, ACCOUNT_BLOB));
			assert_int_equal(wrong_accounts(w), 0);
			assert_int_equal(count_descriptors(), fds);
			err_release(&err);
		} while (k <= calls);
		assert_int_equal(
			account_lose(&w->f.store, &w->change, &lost, &(struct err){0}),
			0);
	}
}

static void a_failed_loss_has_happened_or_not(void **state)
{
	struct world *w = *state;
	unsigned fds = count_descriptors();
	unsigned k = 0, calls;

	do {
		struct err err = ERR_INIT;
		bool lost = true;
		int rc;

		assert_int_equal(
			account_gain(&w->f.store, &w->change, &w->from, &err), 0);
		io_fault_arm(++k, EIO);
		rc = account_lose(&w->f.store, &w->change, &lost, &err);
		calls = io_fault_calls();
		io_fault_arm(0, 0);
		assert_int_equal(lost, !is_there(w, ACCOUNT_BLOB));
		assert_int_equal(rc == 0, k > calls);
		assert_int_equal(count_descriptors(), fds);
	} while (k <= calls);
}
#endif

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_gain_is_a_link_and_a_loss_takes_it_away),
		TEST(what_is_not_there_cannot_be_gained),
		TEST(a_loss_in_no_repository_is_none),
#ifdef IO_FAULTS
		TEST(a_failed_gain_is_counted_if_it_is_there),
		TEST(a_failed_loss_has_happened_or_not),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
