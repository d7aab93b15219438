/* What a session is worth after a killed process, a restart of the machine, damage. */
#include "store/uploads.h"

#include "base/io.h"
#include "base/log.h"
#include "store/blobs.h"
#include "store/path.h"
#include "support/sessions.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void what_was_not_recorded_is_cut_off(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("abcdef");
	enum err_code code;
	int fd;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	fd = session_file(w, "data", O_WRONLY | O_APPEND);
	assert_int_equal(io_write_all(fd, "killed here", 11), 0);
	io_close(&fd);
	assert_int_equal(session_offset(w), 3);
	session_append(w, "def", 3);
	assert_int_equal(session_commit(w, &d, &code), 0);
	session_assert_blob(w, &d, "abcdef", 6);
}

static void lost_data_are_found_out(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("abcdef");
	enum err_code code;
	int fd;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abcxyz", 6);
	fd = session_file(w, "data", O_RDWR);
	assert_int_equal(io_truncate(fd, 3), 0);
	io_close(&fd);
	assert_int_equal(session_offset(w), 3);
	session_append(w, "def", 3);
	assert_int_equal(session_commit(w, &d, &code), 0);
	session_assert_blob(w, &d, "abcdef", 6);
}

/* The record as another run of the kernel would have left it, with a good checksum. */
static void restart_machine(struct session *w)
{
	char record[4096];
	struct digest check;
	char *boot;
	int fd = session_file(w, "state", O_RDWR);
	ssize_t n = io_pread_full(fd, record, sizeof(record), 0);

	assert_true(n > 71);
	boot = memmem(record, (size_t)n, "\nboot ", 6);
	assert_non_null(boot);
	boot[6] = boot[6] == '0' ? '1' : '0';
	check = digest_of_bytes(DIGEST_SHA256, record, (size_t)n - 71);
	memcpy(record + n - 65, check.hex, 64);
	assert_int_equal(io_seek(fd, 0), 0);
	assert_int_equal(io_write_all(fd, record, (size_t)n), 0);
	io_close(&fd);
}

static void after_a_restart_the_data_are_hashed_again(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("abXdef"), never = digest_of_text("abcdef");
	enum err_code code;
	int fd;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	restart_machine(w);
	/* The kernel had not written what it had accepted. */
	fd = session_file(w, "data", O_WRONLY);
	assert_int_equal(io_write_all(fd, "abX", 3), 0);
	io_close(&fd);
	session_append(w, "def", 3);
	assert_int_equal(session_commit(w, &d, &code), 0);
	session_assert_blob(w, &d, "abXdef", 6);
	assert_false(holds_blob(w->s, "team/app", &never));
}

static void a_damaged_record_is_an_unknown_session(void **state)
{
	struct session *w = *state;
	char record[4096];
	ssize_t n;
	int fd;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	log_set_level(LOG_LEVEL_ERROR);
	fd = session_file(w, "state", O_RDWR);
	n = io_pread_full(fd, record, sizeof(record), 0);
	for (ssize_t i = 0; i < n; i++) {
		record[i] ^= 1;
		assert_int_equal(io_seek(fd, 0), 0);
		assert_int_equal(io_write_all(fd, record, (size_t)n), 0);
		assert_false(session_exists(w));
		record[i] ^= 1;
	}
	for (ssize_t len = n; len > 0; len -= 7) {
		assert_int_equal(io_truncate(fd, (uint64_t)len - 1), 0);
		assert_false(session_exists(w));
	}
	log_set_level(LOG_LEVEL_WARN);
	io_close(&fd);
}

static void an_interrupted_commit_can_be_made_again(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("abc");
	struct path data;
	struct err err = ERR_INIT;
	enum err_code code;
	struct body b;
	int fd;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	data = path_upload_file(&w->id, "data");
	/* As far as a killed process came: the blob is there, and so is the session. */
	fd = session_file(w, "data", O_RDWR);
	assert_int_equal(io_chmod(fd, 0444), 0);
	io_close(&fd);
	assert_int_equal(blobs_publish(w->s, &w->repo, &d, 3, &data, &err), 0);
	/* More bytes would end up in the blob. */
	body_init(&b, "def", 3);
	assert_int_equal(session_append_body(w, &b, 3, &code), -1);
	assert_int_equal(code, ERR_BLOB_UPLOAD_INVALID);
	session_assert_blob(w, &d, "abc", 3);
	body_init(&b, "", 0);
	assert_int_equal(session_append_body(w, &b, 0, &code), 0);
	assert_int_equal(session_commit(w, &d, &code), 0);
	assert_false(session_exists(w));
	session_assert_blob(w, &d, "abc", 3);
}

#ifdef IO_FAULTS
/* Appends and commits in a process that is killed at its k-th call: whether it was. */
static bool push_and_die(struct session *w, const struct digest *d, const char *bytes,
	size_t len, unsigned k)
{
	enum err_code code;
	struct body b;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		body_init(&b, bytes, len);
		io_fault_arm(k, -1);
		if (session_append_body(w, &b, len, &code) != 0 ||
			session_commit(w, d, &code) != 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	return status != 0;
}

static void a_killed_push_goes_on_where_it_was(void **state)
{
	struct session *w = *state;
	char text[64];
	struct digest d;
	enum err_code code;
	unsigned k = 0;
	bool killed;

	do {
		snprintf(text, sizeof(text), "the push that dies at call %u", ++k);
		d = digest_of_text(text);
		session_start(w, DIGEST_SHA256);
		killed = push_and_die(w, &d, text, strlen(text), k);
		/* What a client does: ask, send the rest, finish. Without a session the
		 * push was as good as done. */
		if (session_exists(w)) {
			uint64_t at = session_offset(w);

			assert_true(at == 0 || at == strlen(text));
			session_append(w, text + at, strlen(text) - at);
			assert_int_equal(session_commit(w, &d, &code), 0);
		}
		session_assert_blob(w, &d, text, strlen(text));
	} while (killed);
	assert_true(k > 20);
}
#endif

#define TEST(f) cmocka_unit_test_setup_teardown(f, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_not_recorded_is_cut_off),
		TEST(lost_data_are_found_out),
		TEST(after_a_restart_the_data_are_hashed_again),
		TEST(a_damaged_record_is_an_unknown_session),
		TEST(an_interrupted_commit_can_be_made_again),
#ifdef IO_FAULTS
		TEST(a_killed_push_goes_on_where_it_was),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
