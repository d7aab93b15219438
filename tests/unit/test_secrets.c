#include "service/secrets.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct scratch scratch;
static struct err err;
static int64_t now;

static int setup(void **state)
{
	(void)state;
	scratch_open(&scratch);
	now = (int64_t)time(NULL) + 1000000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	err_release(&err);
	scratch_close(&scratch);
	return 0;
}

static void the_first_makes_it_and_all_agree(void **state)
{
	struct secrets a, b;
	struct stat st;

	(void)state;
	assert_int_equal(secrets_open(&a, scratch.fd, now, &err), 0);
	assert_int_equal(secrets_open(&b, scratch.fd, now, &err), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.items[0].made, now);
	assert_string_equal(a.items[0].id, b.items[0].id);
	assert_memory_equal(a.items[0].bytes, b.items[0].bytes, SECRET_BYTES);
	assert_int_equal(stat(scratch_path(&scratch, "keys/token"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(scratch_path(&scratch, "keys"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	secrets_close(&a);
	secrets_close(&b);
}

/* The child sends its secret up the pipe. */
static void child(int to)
{
	struct secrets s;
	int rc = secrets_open(&s, scratch.fd, now, &err);

	if (rc == 0 && write(to, &s.items[0], sizeof(s.items[0])) != sizeof(s.items[0]))
		rc = -1;
	_exit(rc == 0 ? 0 : 1);
}

static void many_at_once_agree(void **state)
{
	struct secret first, other;
	int i, status, pipes[2];
	unsigned files = 0;
	DIR *d;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	for (i = 0; i < 8; i++)
		if (fork() == 0)
			child(pipes[1]);
	for (i = 0; i < 8; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(read(pipes[0], &first, sizeof(first)), sizeof(first));
	for (i = 1; i < 8; i++) {
		assert_int_equal(read(pipes[0], &other, sizeof(other)), sizeof(other));
		assert_string_equal(first.id, other.id);
		assert_memory_equal(first.bytes, other.bytes, SECRET_BYTES);
	}
	/* Nothing but the secrets is left. */
	d = opendir(scratch_path(&scratch, "keys"));
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		files += e->d_name[0] != '.';
	closedir(d);
	assert_int_equal(files, 1);
	close(pipes[0]);
	close(pipes[1]);
}

static void rotation_keeps_the_old_until_its_tokens_are_gone(void **state)
{
	struct secrets s;
	char first[SECRET_ID_LENGTH + 1];

	(void)state;
	assert_int_equal(secrets_open(&s, scratch.fd, now, &err), 0);
	strcpy(first, s.items[0].id);
	assert_int_equal(secrets_rotate(scratch.fd, now + 10, 100, 1000, &err), 0);
	secrets_refresh(&s, now + 11);
	assert_int_equal(s.n, 2);
	assert_string_not_equal(secrets_newest(&s)->id, first);
	assert_non_null(secrets_find(&s, first, now + 11));
	/* It was superseded at 10: its last token may live until 110. */
	assert_int_equal(secrets_rotate(scratch.fd, now + 109, 100, 1000, &err), 0);
	secrets_refresh(&s, now + 109);
	assert_int_equal(s.n, 3);
	assert_non_null(secrets_find(&s, first, now + 109));
	assert_int_equal(secrets_rotate(scratch.fd, now + 110, 100, 1000, &err), 0);
	secrets_refresh(&s, now + 110);
	assert_int_equal(s.n, 3);
	assert_null(secrets_find(&s, first, now + 110));
	assert_int_equal(secrets_newest(&s)->made, now + 110);
	secrets_close(&s);
}

static void rotation_with_nothing_kept_voids_all(void **state)
{
	struct secrets s;
	char first[SECRET_ID_LENGTH + 1];

	(void)state;
	assert_int_equal(secrets_open(&s, scratch.fd, now, &err), 0);
	strcpy(first, s.items[0].id);
	assert_int_equal(secrets_rotate(scratch.fd, now, 0, 1000, &err), 0);
	secrets_refresh(&s, now + 1);
	assert_int_equal(s.n, 1);
	assert_null(secrets_find(&s, first, now + 1));
	secrets_close(&s);
}

static void rotation_is_refused_when_all_are_needed(void **state)
{
	struct secrets s;
	int i;

	(void)state;
	for (i = 1; i < SECRETS_MAX; i++)
		assert_int_equal(secrets_rotate(scratch.fd, now + i, 100, 1000, &err), 0);
	assert_int_equal(secrets_rotate(scratch.fd, now + i, 100, 1000, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	assert_int_equal(secrets_open(&s, scratch.fd, now, &err), 0);
	assert_int_equal(s.n, SECRETS_MAX);
	secrets_close(&s);
}

static void a_secret_made_elsewhere_a_moment_ago_is_found(void **state)
{
	struct secrets a, b;

	(void)state;
	assert_int_equal(secrets_open(&a, scratch.fd, now, &err), 0);
	assert_int_equal(secrets_rotate(scratch.fd, now, 100, 1000, &err), 0);
	assert_int_equal(secrets_open(&b, scratch.fd, now, &err), 0);
	/* In the very second in which it looked. */
	assert_non_null(secrets_find(&a, secrets_newest(&b)->id, now));
	assert_null(secrets_find(&a, "0123456789abcdef", now));
	assert_null(secrets_find(&a, "", now));
	secrets_close(&a);
	secrets_close(&b);
}

static void a_readable_or_broken_file_is_refused(void **state)
{
	static const char *const texts[] = {"", "lighter token secrets 2\n",
	        "lighter token secrets 1\n", "lighter token secrets 1\nx\n",
	        "lighter token secrets 1\n0123456789abcdef 1 AAAA\n",
	        "lighter token secrets 1\n0123456789abcdeg 1 "
	        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
	        "lighter token secrets 1\n0123456789abcdef 1 "
	        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct secrets s;
	size_t i;

	(void)state;
	assert_int_equal(secrets_open(&s, scratch.fd, now, &err), 0);
	secrets_close(&s);
	assert_int_equal(chmod(scratch_path(&scratch, "keys/token"), 0644), 0);
	assert_int_equal(secrets_open(&s, scratch.fd, now, &err), -1);
	assert_non_null(strstr(err.text, "everybody may read it"));
	err_release(&err);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		scratch_write(&scratch, "keys/token", texts[i]);
		assert_int_equal(chmod(scratch_path(&scratch, "keys/token"), 0600), 0);
		if (secrets_open(&s, scratch.fd, now, &err) != -1)
			fail_msg("accepted: %s", texts[i]);
		assert_non_null(strstr(err.text, "malformed"));
		err_release(&err);
	}
}

static void a_broken_file_later_changes_nothing(void **state)
{
	struct secrets s;

	(void)state;
	assert_int_equal(secrets_open(&s, scratch.fd, now, &err), 0);
	scratch_write(&scratch, "keys/token", "garbage\n");
	assert_int_equal(chmod(scratch_path(&scratch, "keys/token"), 0600), 0);
	secrets_refresh(&s, now + 1);
	assert_int_equal(s.n, 1);
	assert_non_null(secrets_find(&s, s.items[0].id, now + 1));
	secrets_close(&s);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(the_first_makes_it_and_all_agree),
	        TEST(many_at_once_agree),
	        TEST(rotation_keeps_the_old_until_its_tokens_are_gone),
	        TEST(rotation_with_nothing_kept_voids_all),
	        TEST(rotation_is_refused_when_all_are_needed),
	        TEST(a_secret_made_elsewhere_a_moment_ago_is_found),
	        TEST(a_readable_or_broken_file_is_refused),
	        TEST(a_broken_file_later_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
