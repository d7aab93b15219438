#include "service/watched.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct scratch scratch;
static struct watched w;
static struct buf text;
static struct err err;

static int setup(void **state)
{
	(void)state;
	scratch_open(&scratch);
	text = BUF_INIT(64);
	assert_int_equal(
	        watched_open(&w, AT_FDCWD, scratch_path(&scratch, "f"), &err), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	watched_close(&w);
	buf_release(&text);
	err_release(&err);
	scratch_close(&scratch);
	return 0;
}

/* So late that no file of this test is young. */
static int64_t late(void)
{
	static int64_t now;

	if (now == 0)
		now = (int64_t)time(NULL) + 1000000;
	return now++;
}

static void reads_what_is_new_or_changed(void **state)
{
	(void)state;
	scratch_write(&scratch, "f", "one");
	assert_int_equal(watched_read(&w, late(), &text, &err), 1);
	assert_string_equal(buf_str(&text), "one");
	assert_int_equal(watched_read(&w, late(), &text, &err), 0);
	/* Same name, same size, another file. */
	scratch_write(&scratch, "f", "two");
	assert_int_equal(watched_read(&w, late(), &text, &err), 1);
	assert_string_equal(buf_str(&text), "two");
	assert_int_equal(watched_read(&w, late(), &text, &err), 0);
	scratch_write(&scratch, "f", "");
	assert_int_equal(watched_read(&w, late(), &text, &err), 1);
	assert_string_equal(buf_str(&text), "");
}

static void looks_once_a_second_unless_told(void **state)
{
	int64_t now = late();

	(void)state;
	scratch_write(&scratch, "f", "one");
	assert_int_equal(watched_read(&w, now, &text, &err), 1);
	scratch_write(&scratch, "f", "two");
	assert_int_equal(watched_read(&w, now, &text, &err), 0);
	watched_look_again(&w);
	assert_int_equal(watched_read(&w, now, &text, &err), 1);
	assert_string_equal(buf_str(&text), "two");
}

static void a_young_file_is_read_again(void **state)
{
	struct timespec times[2];
	struct stat st;
	int64_t now;

	(void)state;
	scratch_write(&scratch, "f", "one");
	assert_int_equal(stat(scratch_path(&scratch, "f"), &st), 0);
	now = st.st_mtim.tv_sec;
	assert_int_equal(watched_read(&w, now, &text, &err), 1);
	assert_int_equal(watched_read(&w, now + 1, &text, &err), 1);
	/* Once it is old, a second look at it is the last. */
	times[0] = times[1] = (struct timespec){now - 100, 0};
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(&scratch, "f"), times, 0), 0);
	assert_int_equal(watched_read(&w, now + 2, &text, &err), 1);
	assert_int_equal(watched_read(&w, now + 3, &text, &err), 0);
}

static void a_failure_is_reported_once(void **state)
{
	(void)state;
	assert_int_equal(watched_read(&w, late(), &text, &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	assert_non_null(strstr(err.text, scratch_path(&scratch, "f")));
	err_release(&err);
	assert_int_equal(watched_read(&w, late(), &text, &err), 0);
	assert_int_equal(err.code, ERR_NONE);
	scratch_write(&scratch, "f", "here");
	assert_int_equal(watched_read(&w, late(), &text, &err), 1);
	assert_int_equal(unlink(scratch_path(&scratch, "f")), 0);
	assert_int_equal(watched_read(&w, late(), &text, &err), -1);
}

static void refuses_what_is_no_file_or_too_large(void **state)
{
	char large[66];

	(void)state;
	assert_int_equal(mkfifo(scratch_path(&scratch, "f"), 0600), 0);
	assert_int_equal(watched_read(&w, late(), &text, &err), -1);
	err_release(&err);
	watched_close(&w);
	assert_int_equal(
	        watched_open(&w, AT_FDCWD, scratch_path(&scratch, "g"), &err), 0);
	memset(large, 'x', sizeof(large));
	large[65] = '\0';
	scratch_write(&scratch, "g", large);
	assert_int_equal(watched_read(&w, late(), &text, &err), -1);
	err_release(&err);
	large[63] = '\0';
	scratch_write(&scratch, "g", large);
	assert_int_equal(watched_read(&w, late(), &text, &err), 1);
	assert_int_equal(text.len, 63);
}

static void no_path_is_no_file(void **state)
{
	(void)state;
	watched_close(&w);
	assert_int_equal(watched_open(&w, AT_FDCWD, "", &err), 0);
	assert_int_equal(watched_read(&w, late(), &text, &err), 0);
}

static void follows_links_to_a_file(void **state)
{
	(void)state;
	scratch_write(&scratch, "g", "linked");
	assert_int_equal(symlink("g", scratch_path(&scratch, "f")), 0);
	assert_int_equal(watched_read(&w, late(), &text, &err), 1);
	assert_string_equal(buf_str(&text), "linked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                reads_what_is_new_or_changed, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                looks_once_a_second_unless_told, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_young_file_is_read_again, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_failure_is_reported_once, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                refuses_what_is_no_file_or_too_large, setup, teardown),
	        cmocka_unit_test_setup_teardown(no_path_is_no_file, setup, teardown),
	        cmocka_unit_test_setup_teardown(follows_links_to_a_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
