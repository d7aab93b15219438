/* The store as a directory: laying it out, opening it, making directories. */
#include "store/store.h"

#include "base/io.h"
#include "support/bodies.h"
#include "support/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static bool is_dir(struct store *s, const char *path)
{
	struct stat st;

	return io_stat(s->root, path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void write_format(struct store *s, const char *text)
{
	int fd;

	assert_int_equal(io_unlink(s->root, "format"), 0);
	fd = io_open(s->root, "format", O_WRONLY | O_CREAT, 0644);
	assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(io_close(&fd), 0);
}

static void a_new_store_has_its_layout(void **state)
{
	struct fixture *f = *state;
	struct store *s = &f->store;
	char text[32] = "";
	int fd = io_open(s->root, "format", O_RDONLY, 0);

	assert_true(io_read(fd, text, sizeof(text) - 1) > 0);
	io_close(&fd);
	assert_string_equal(text, "lighter 1\n");
	assert_int_equal(count_entries(s, "blobs/sha256"), 256);
	assert_int_equal(count_entries(s, "blobs/sha512"), 256);
	assert_true(is_dir(s, "blobs/sha256/00") && is_dir(s, "blobs/sha512/ff"));
	assert_true(is_dir(s, "repos") && is_dir(s, "uploads"));
	assert_int_equal(count_entries(s, "tmp"), 0);
}

static void a_store_is_opened_again_as_it_is(void **state)
{
	struct fixture *f = *state;
	struct digest d = push_blob(&f->store, "a", "kept");

	fixture_reopen(f);
	assert_true(holds_blob(&f->store, "a", &d));
}

static void an_absent_directory_is_made(void **state)
{
	struct fixture *f = *state;
	struct config config = f->config;
	struct err err = ERR_INIT;
	struct store s;
	char root[128];

	snprintf(root, sizeof(root), "%s/inner", f->dir);
	config.root = root;
	assert_int_equal(store_open(&s, &config, &err), 0);
	assert_true(is_dir(&s, "blobs/sha256/7f"));
	store_close(&s);
	assert_int_equal(s.root, -1);
}

static void a_missing_parent_is_said(void **state)
{
	struct fixture *f = *state;
	struct config config = f->config;
	struct err err = ERR_INIT;
	struct store s;
	char root[128];

	snprintf(root, sizeof(root), "%s/no/where", f->dir);
	config.root = root;
	assert_int_equal(store_open(&s, &config, &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	assert_non_null(strstr(err.text, root));
	assert_int_equal(s.root, -1);
}

static void another_format_is_refused_and_not_touched(void **state)
{
	static const char *const rows[] = {"lighter 2\n", "lighter 1", "lighter 11\n", "",
		"something else altogether\n"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		struct store s;

		write_format(&f->store, rows[i]);
		(void)!io_rmdir(f->store.root, "blobs/sha256/00");
		assert_int_equal(store_open(&s, &f->config, &err), -1);
		assert_int_equal(err.code, ERR_FAULT);
		assert_non_null(strstr(err.text, "format"));
		assert_int_equal(s.root, -1);
		assert_false(is_dir(&f->store, "blobs/sha256/00"));
	}
}

static void many_processes_lay_it_out_at_once(void **state)
{
	struct fixture *f = *state;
	struct config config = f->config;
	struct store s;
	struct err err = ERR_INIT;
	char root[128];
	int status;

	snprintf(root, sizeof(root), "%s/shared", f->dir);
	config.root = root;
	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(store_open(&s, &config, &err) == 0 ? 0 : 1);
	}
	for (int i = 0; i < 8; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(store_open(&s, &config, &err), 0);
	assert_int_equal(count_entries(&s, "blobs/sha512"), 256);
	assert_int_equal(count_entries(&s, "tmp"), 0);
	store_close(&s);
}

static void directories_are_made_with_their_parents(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_int_equal(
		store_make_dirs(&f->store, "repos/a/b/c/@blobs/sha256", &err), 0);
	assert_true(is_dir(&f->store, "repos/a/b/c/@blobs/sha256"));
	assert_int_equal(
		store_make_dirs(&f->store, "repos/a/b/c/@blobs/sha256", &err), 0);
	assert_int_equal(store_make_dirs(&f->store, "repos/a/b/x", &err), 0);
}

static void a_file_in_the_way_is_a_fault(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_int_equal(store_make_dirs(&f->store, "format/a/b", &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
}

static void random_ids_are_ids_and_differ(void **state)
{
	struct session_id a, b, parsed;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(store_random_id(&a, &err), 0);
	assert_int_equal(store_random_id(&b, &err), 0);
	assert_int_equal(session_id_parse(view_of(a.text), &parsed), 0);
	assert_string_not_equal(a.text, b.text);
}

#ifdef IO_FAULTS
/* After a failed start the next one finds nothing in its way. */
static void any_failed_call_can_be_made_good(void **state)
{
	struct fixture *f = *state;
	struct config config = f->config;
	unsigned fds = count_descriptors();
	unsigned k = 0, calls;
	int rc;

	do {
		struct err err = ERR_INIT;
		struct store s;
		char root[128];

		/* The 512 directories of blobs are all made in the same way. */
		k += k > 20 && k < 500 ? 37 : 1;
		snprintf(root, sizeof(root), "%s/f%u", f->dir, k);
		config.root = root;
		io_fault_arm(k, ENOSPC);
		rc = store_open(&s, &config, &err);
		calls = io_fault_calls();
		io_fault_arm(0, 0);
		if (rc != 0) {
			assert_int_equal(err.code, ERR_FULL);
			assert_int_equal(count_descriptors(), fds);
			err_release(&err);
			assert_int_equal(store_open(&s, &config, &err), 0);
		}
		assert_int_equal(count_entries(&s, "blobs/sha256"), 256);
		assert_int_equal(count_entries(&s, "tmp"), 0);
		store_close(&s);
	} while (k <= calls);
	assert_true(k > 500);
}
#endif

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_store_has_its_layout),
		TEST(a_store_is_opened_again_as_it_is),
		TEST(an_absent_directory_is_made),
		TEST(a_missing_parent_is_said),
		TEST(another_format_is_refused_and_not_touched),
		TEST(many_processes_lay_it_out_at_once),
		TEST(directories_are_made_with_their_parents),
		TEST(a_file_in_the_way_is_a_fault),
		TEST(random_ids_are_ids_and_differ),
#ifdef IO_FAULTS
		TEST(any_failed_call_can_be_made_good),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
