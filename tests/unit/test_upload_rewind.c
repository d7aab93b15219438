/* A chunk that is sent again from its beginning: what it replaces counts no more. */
#include "store/uploads.h"

#include "base/io.h"
#include "store/blobs.h"
#include "support/sessions.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PART ((size_t)600000)

/* Bytes that the store reads from files, to tell when data are read again. */
static size_t bytes_read;

ssize_t pread(int fd, void *bytes, size_t len, off_t offset)
{
	ssize_t n = syscall(SYS_pread64, fd, bytes, len, offset);

	if (n > 0)
		bytes_read += (size_t)n;
	return n;
}

/* One request that sends a chunk from at on; breaks_at as in a body. */
static int send_again(struct session *w, uint64_t at, const char *bytes, size_t len,
        size_t breaks_at, enum err_code *code)
{
	struct err err = ERR_INIT;
	struct upload u;
	struct body b;
	int rc = session_enter(w, &u, &err);

	body_init(&b, bytes, len);
	b.breaks_at = breaks_at;
	if (rc == 0)
		rc = upload_rewind(w->s, &u, at, &err);
	if (rc == 0)
		rc = upload_append(w->s, &u, &b.source, len, &err);
	upload_close(&u);
	*code = err.code;
	err_release(&err);
	return rc;
}

static void the_last_part_again_reads_nothing(void **state)
{
	struct session *w = *state;
	char *bytes = bytes_make(1, 3 * PART);
	enum err_code code;

	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		struct digest d =
		        digest_of_bytes((enum digest_algorithm)a, bytes, 3 * PART);

		session_start(w, (enum digest_algorithm)a);
		bytes_read = 0;
		session_append(w, bytes, PART);
		session_append(w, bytes + PART, PART);
		/* The answer was lost; then it breaks in the middle, twice. */
		assert_int_equal(send_again(w, PART, bytes + PART, PART, PART, &code), 0);
		assert_int_equal(
		        send_again(w, PART, bytes + PART, PART, 400000, &code), -1);
		assert_int_equal(code, ERR_GONE);
		assert_int_equal(session_offset(w), PART + 400000);
		assert_int_equal(send_again(w, PART, bytes + PART, PART, 7, &code), -1);
		assert_int_equal(session_offset(w), PART + 7);
		assert_int_equal(send_again(w, PART, bytes + PART, PART, PART, &code), 0);
		session_append(w, bytes + 2 * PART, PART);
		assert_int_equal(session_commit(w, &d, &code), 0);
		assert_true(bytes_read < 64 * 1024);
		session_assert_blob(w, &d, bytes, 3 * PART);
	}
	free(bytes);
}

static void a_session_goes_back_to_anywhere(void **state)
{
	static const size_t places[] = {
	        0, 1, 64, PART - 1, PART, PART + 63, 2 * PART - 1, 2 * PART};
	struct session *w = *state;
	char *bytes = bytes_make(2, 2 * PART);
	struct digest d = digest_of_bytes(DIGEST_SHA256, bytes, 2 * PART);
	enum err_code code;

	session_start(w, DIGEST_SHA256);
	session_append(w, bytes, PART);
	session_append(w, bytes + PART, PART);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t at = places[i];

		assert_int_equal(send_again(w, at, bytes + at, 2 * PART - at,
		                         2 * PART - at, &code),
		        0);
		assert_int_equal(session_offset(w), 2 * PART);
	}
	assert_int_equal(session_commit(w, &d, &code), 0);
	session_assert_blob(w, &d, bytes, 2 * PART);
	free(bytes);
}

static void other_bytes_take_the_place(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("headtail"), was = digest_of_text("headXXXXXX");
	enum err_code code;

	session_start(w, DIGEST_SHA256);
	session_append(w, "head", 4);
	session_append(w, "XXXXXX", 6);
	assert_int_equal(send_again(w, 4, "tail", 4, 4, &code), 0);
	assert_int_equal(session_offset(w), 8);
	assert_int_equal(session_commit(w, &d, &code), 0);
	session_assert_blob(w, &d, "headtail", 8);
	assert_false(holds_blob(w->s, "team/app", &was));
}

static void a_sealed_session_does_not_go_back(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("abc");
	enum err_code code;
	int fd;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	fd = session_file(w, "data", O_RDWR);
	assert_int_equal(io_chmod(fd, 0444), 0);
	io_close(&fd);
	assert_int_equal(send_again(w, 0, "xyz", 3, 3, &code), -1);
	assert_int_equal(code, ERR_BLOB_UPLOAD_INVALID);
	assert_int_equal(session_commit(w, &d, &code), 0);
	session_assert_blob(w, &d, "abc", 3);
}

#ifdef IO_FAULTS
/* Sends a part again in a process that is killed at its k-th call: whether it was. */
static bool send_and_die(struct session *w, const char *bytes, unsigned k)
{
	enum err_code code;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		io_fault_arm(k, -1);
		_exit(send_again(w, 4, bytes, PART, PART, &code) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	return status != 0;
}

/*
 * What was hashed and what lies there must never differ, wherever it ends: the blob of the
 * first bytes comes to be with these bytes or not at all.
 */
static void a_killed_rewind_mixes_nothing(void **state)
{
	struct session *w = *state;
	char *first = bytes_make(3, PART + 4), *second = bytes_make(4, PART + 4);
	struct digest old = digest_of_bytes(DIGEST_SHA256, first, PART + 4), new;
	enum err_code code;
	unsigned k = 0;
	bool killed;

	memcpy(second, first, 4);
	new = digest_of_bytes(DIGEST_SHA256, second, PART + 4);
	do {
		session_start(w, DIGEST_SHA256);
		session_append(w, first, 4);
		session_append(w, first + 4, PART);
		killed = send_and_die(w, second + 4, ++k);
		if (k % 2 == 0) {
			if (session_commit(w, &old, &code) == 0)
				session_assert_blob(w, &old, first, PART + 4);
			else
				assert_int_equal(code, ERR_DIGEST_INVALID);
		} else {
			assert_int_equal(
			        send_again(w, 4, second + 4, PART, PART, &code), 0);
			assert_int_equal(session_commit(w, &new, &code), 0);
			session_assert_blob(w, &new, second, PART + 4);
		}
	} while (killed);
	assert_true(k > 8);
	free(first);
	free(second);
}
#endif

#define TEST(f) cmocka_unit_test_setup_teardown(f, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(the_last_part_again_reads_nothing),
	        TEST(a_session_goes_back_to_anywhere),
	        TEST(other_bytes_take_the_place),
	        TEST(a_sealed_session_does_not_go_back),
#ifdef IO_FAULTS
	        TEST(a_killed_rewind_mixes_nothing),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
