/* Files on their way to their place: what readers see, and what failures leave. */
#include "store/publish.h"

#include "base/io.h"
#include "support/bodies.h"
#include "support/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	struct fixture *f = malloc(sizeof(*f));

	assert_non_null(f);
	fixture_open(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fixture_close(*state);
	free(*state);
	return 0;
}

static void stage(struct store *s, struct staged *f, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(staged_open(s, f, &err), 0);
	assert_int_equal(io_write_all(f->fd, text, strlen(text)), 0);
	assert_int_equal(staged_finish(s, f, &err), 0);
}

static bool holds(struct store *s, const char *path, const char *text)
{
	char bytes[64];
	int fd = io_open(s->root, path, O_RDONLY, 0);
	ssize_t n = fd == -1 ? -1 : io_pread_full(fd, bytes, sizeof(bytes), 0);

	io_close(&fd);
	return n == (ssize_t)strlen(text) && memcmp(bytes, text, (size_t)n) == 0;
}

static void nothing_is_staged_by_init(void **state)
{
	struct fixture *f = *state;
	struct staged file = STAGED_INIT;

	staged_discard(&f->store, &file);
	assert_int_equal(file.fd, -1);
}

static void a_discarded_file_is_gone(void **state)
{
	struct fixture *f = *state;
	struct staged file = STAGED_INIT;
	unsigned fds = count_descriptors();

	stage(&f->store, &file, "x");
	assert_int_equal(count_entries(&f->store, "tmp"), 1);
	staged_discard(&f->store, &file);
	assert_int_equal(count_entries(&f->store, "tmp"), 0);
	assert_int_equal(count_descriptors(), fds);
	staged_discard(&f->store, &file);
}

static void a_renamed_file_replaces_and_is_read_only(void **state)
{
	struct fixture *f = *state;
	struct path to = {"repos/file"};
	struct err err = ERR_INIT;
	struct stat st;

	for (int i = 0; i < 2; i++) {
		struct staged file = STAGED_INIT;

		stage(&f->store, &file, i ? "second" : "first");
		assert_int_equal(staged_rename(&f->store, &file, &to, &err), 0);
		staged_discard(&f->store, &file);
		assert_true(holds(&f->store, to.text, i ? "second" : "first"));
	}
	assert_int_equal(io_stat(f->store.root, to.text, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0444);
	assert_int_equal(count_entries(&f->store, "tmp"), 0);
}

static void a_second_name_is_staged(void **state)
{
	struct fixture *f = *state;
	struct staged first = STAGED_INIT, second = STAGED_INIT;
	struct path absent = {"tmp/none"};
	struct err err = ERR_INIT;

	stage(&f->store, &first, "x");
	assert_int_equal(staged_link(&f->store, &second, &first.path, &err), 0);
	staged_discard(&f->store, &first);
	assert_true(holds(&f->store, second.path.text, "x"));
	staged_discard(&f->store, &second);
	assert_int_equal(staged_link(&f->store, &second, &absent, &err), -1);
	assert_int_equal(err.errnum, ENOENT);
	staged_discard(&f->store, &second);
	assert_int_equal(count_entries(&f->store, "tmp"), 0);
}

static void a_link_makes_its_directories(void **state)
{
	struct fixture *f = *state;
	struct path from = {"format"}, to = {"repos/a/b/c"}, other = {"repos/x/y"};
	struct path absent = {"tmp/none"};
	struct err err = ERR_INIT;
	struct stat st;

	assert_int_equal(publish_link(&f->store, &from, &to, &err), 1);
	assert_int_equal(publish_link(&f->store, &from, &to, &err), 0);
	assert_true(holds(&f->store, to.text, "lighter 1\n"));
	assert_int_equal(publish_link(&f->store, &absent, &other, &err), -1);
	assert_int_equal(err.code, ERR_BLOB_UNKNOWN);
	/* And makes none for nothing. */
	assert_int_equal(io_stat(f->store.root, "repos/x", &st), -1);
}

#ifdef IO_FAULTS
static int publish(
	struct store *s, const struct path *to, const char *text, struct err *err)
{
	struct staged f = STAGED_INIT;
	int rc = staged_open(s, &f, err);

	if (rc == 0 && io_write_all(f.fd, text, strlen(text)) < 0)
		rc = err_io(err, "write");
	if (rc == 0)
		rc = staged_finish(s, &f, err);
	if (rc == 0)
		rc = staged_rename(s, &f, to, err);
	staged_discard(s, &f);
	return rc;
}

static void readers_see_the_old_or_the_new(void **state)
{
	static const int errnums[] = {EIO, ENOSPC, EINTR};
	struct fixture *f = *state;
	struct path to = {"repos/file"};
	unsigned fds = count_descriptors();

	for (size_t e = 0; e < sizeof(errnums) / sizeof(errnums[0]); e++) {
		unsigned k = 0, calls;

		do {
			struct err err = ERR_INIT;
			int rc;

			assert_int_equal(publish(&f->store, &to, "old", &err), 0);
			io_fault_arm(++k, errnums[e]);
			rc = publish(&f->store, &to, "new", &err);
			calls = io_fault_calls();
			io_fault_arm(0, 0);
			if (errnums[e] == EINTR)
				assert_int_equal(rc, 0);
			assert_int_equal(err.code, rc == 0		  ? ERR_NONE
						   : errnums[e] == ENOSPC ? ERR_FULL
									  : ERR_FAULT);
			assert_true(holds(&f->store, to.text, "new") ||
				    (rc != 0 && holds(&f->store, to.text, "old")));
			assert_int_equal(count_entries(&f->store, "tmp"), 0);
			assert_int_equal(count_descriptors(), fds);
		} while (k <= calls);
		assert_true(k > 6);
	}
}
#endif

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_staged_by_init),
		TEST(a_discarded_file_is_gone),
		TEST(a_renamed_file_replaces_and_is_read_only),
		TEST(a_second_name_is_staged),
		TEST(a_link_makes_its_directories),
#ifdef IO_FAULTS
		TEST(readers_see_the_old_or_the_new),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
