/* Moving a body into a file: what is written is what is hashed, in one thread or two. */
#include "store/pump.h"

#include "base/io.h"
#include "support/bodies.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BLOCK ((size_t)256 << 10)

static int temporary_file(void)
{
	const char *dir = getenv("TMPDIR");
	int fd = io_open(AT_FDCWD, dir ? dir : "/tmp", O_TMPFILE | O_RDWR, 0600);

	assert_int_not_equal(fd, -1);
	return fd;
}

/* The first len bytes of the file are those of bytes, and the hash is theirs. */
static void assert_moved(int fd, struct hash hash, const char *bytes, size_t len)
{
	struct digest want = digest_of_bytes(hash.algorithm, bytes, len);
	struct digest got;
	char *read = malloc(len + 1);

	assert_non_null(read);
	assert_int_equal(io_pread_full(fd, read, len, 0), len);
	assert_memory_equal(read, bytes, len);
	free(read);
	hash_final(&hash, &got);
	assert_string_equal(got.hex, want.hex);
}

static void bodies_of_every_shape_arrive(void **state)
{
	static const struct {
		size_t len, piece;
		enum digest_algorithm algorithm;
	} rows[] = {
		{0, 0, DIGEST_SHA256},
		{1, 0, DIGEST_SHA256},
		{1000, 7, DIGEST_SHA512},
		{BLOCK - 1, 0, DIGEST_SHA256},
		{BLOCK, 0, DIGEST_SHA256},
		{BLOCK + 1, 0, DIGEST_SHA256},
		{2 * BLOCK, 1 << 16, DIGEST_SHA256},
		{3 * BLOCK + 17, 8191, DIGEST_SHA256},
		{9 * BLOCK, 0, DIGEST_SHA512},
		{40 * BLOCK + 5, 100000, DIGEST_SHA256},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *bytes = bytes_make((unsigned)i, rows[i].len);
		struct err err = ERR_INIT;
		struct hash hash;
		struct body b;
		uint64_t moved = 77;
		int fd = temporary_file();

		body_init(&b, bytes, rows[i].len);
		b.piece = rows[i].piece;
		hash_init(&hash, rows[i].algorithm);
		assert_int_equal(
			pump(&b.source, fd, 0, UINT64_MAX, &hash, &moved, &err), 0);
		assert_int_equal(moved, rows[i].len);
		assert_moved(fd, hash, bytes, rows[i].len);
		io_close(&fd);
		free(bytes);
	}
}

static void a_body_goes_on_where_another_ended(void **state)
{
	size_t len = 5 * BLOCK + 100, cut = 2 * BLOCK + 33;
	char *bytes = bytes_make(1, len);
	struct err err = ERR_INIT;
	struct hash hash;
	struct body b;
	uint64_t moved;
	int fd = temporary_file();

	(void)state;
	hash_init(&hash, DIGEST_SHA256);
	body_init(&b, bytes, cut);
	assert_int_equal(pump(&b.source, fd, 0, UINT64_MAX, &hash, &moved, &err), 0);
	/* What stands beyond the offset is written over. */
	assert_int_equal(io_write_all(fd, "junk", 4), 0);
	body_init(&b, bytes + cut, len - cut);
	assert_int_equal(pump(&b.source, fd, cut, UINT64_MAX, &hash, &moved, &err), 0);
	assert_int_equal(moved, len - cut);
	assert_moved(fd, hash, bytes, len);
	io_close(&fd);
	free(bytes);
}

static void what_came_before_the_peer_left_is_kept(void **state)
{
	static const size_t rows[] = {0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 6 * BLOCK + 3};
	size_t len = 8 * BLOCK;
	char *bytes = bytes_make(2, len);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		struct hash hash;
		struct body b;
		uint64_t moved;
		int fd = temporary_file();

		body_init(&b, bytes, len);
		b.breaks_at = rows[i];
		hash_init(&hash, DIGEST_SHA256);
		assert_int_equal(
			pump(&b.source, fd, 0, UINT64_MAX, &hash, &moved, &err), -1);
		assert_int_equal(err.code, ERR_GONE);
		assert_int_equal(moved, rows[i]);
		assert_moved(fd, hash, bytes, rows[i]);
		io_close(&fd);
	}
	free(bytes);
}

static void the_limit_is_the_last_byte_that_fits(void **state)
{
	static const struct {
		size_t len;
		uint64_t limit;
		int want;
	} rows[] = {
		{10, 10, 0},
		{11, 10, -1},
		{0, 0, 0},
		{1, 0, -1},
		{2 * BLOCK, 2 * BLOCK, 0},
		{2 * BLOCK + 1, 2 * BLOCK, -1},
		{8 * BLOCK, 3 * BLOCK + 5, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *bytes = bytes_make(3, rows[i].len);
		struct err err = ERR_INIT;
		struct hash hash;
		struct body b;
		uint64_t moved;
		int fd = temporary_file();

		body_init(&b, bytes, rows[i].len);
		hash_init(&hash, DIGEST_SHA256);
		assert_int_equal(
			pump(&b.source, fd, 0, rows[i].limit, &hash, &moved, &err),
			rows[i].want);
		assert_int_equal(err.code, rows[i].want ? ERR_TOO_LARGE : ERR_NONE);
		assert_true(moved <= rows[i].limit);
		assert_moved(fd, hash, bytes, moved);
		io_close(&fd);
		free(bytes);
	}
}

/* A source that sends a signal to the process while the helper is at work. */
struct signalling {
	struct body body;
	unsigned pulls;
};

static pthread_t main_thread;
static volatile sig_atomic_t taken_by_main, taken_by_other;

static void on_signal(int number)
{
	(void)number;
	if (pthread_equal(pthread_self(), main_thread))
		taken_by_main++;
	else
		taken_by_other++;
}

static ssize_t pull_and_signal(void *arg, void *bytes, size_t len, struct err *err)
{
	struct signalling *s = arg;

	if (++s->pulls % 2 == 0)
		kill(getpid(), SIGUSR1);
	return s->body.source.pull(&s->body, bytes, len, err);
}

static void the_helper_takes_no_signals(void **state)
{
	size_t len = 12 * BLOCK;
	char *bytes = bytes_make(4, len);
	struct sigaction action = {.sa_handler = on_signal}, before;
	struct signalling s = {.pulls = 0};
	struct body_source source = {pull_and_signal, &s};
	sigset_t block, old;
	struct err err = ERR_INIT;
	struct hash hash;
	uint64_t moved;
	int fd = temporary_file();

	(void)state;
	main_thread = pthread_self();
	sigaction(SIGUSR1, &action, &before);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	/* Blocked here, so that the helper would be the one to take it. */
	pthread_sigmask(SIG_BLOCK, &block, &old);
	body_init(&s.body, bytes, len);
	hash_init(&hash, DIGEST_SHA256);
	assert_int_equal(pump(&source, fd, 0, UINT64_MAX, &hash, &moved, &err), 0);
	assert_int_equal(taken_by_main + taken_by_other, 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	assert_true(taken_by_main > 0);
	assert_int_equal(taken_by_other, 0);
	sigaction(SIGUSR1, &before, NULL);
	io_close(&fd);
	free(bytes);
}

#ifdef IO_FAULTS
static void hash_and_file_agree_after_a_failed_write(void **state)
{
	size_t len = 7 * BLOCK + 11;
	char *bytes = bytes_make(5, len);
	unsigned k = 0, calls;

	(void)state;
	do {
		struct err err = ERR_INIT;
		struct hash hash;
		struct body b;
		uint64_t moved;
		int fd = temporary_file();
		int rc;

		body_init(&b, bytes, len);
		hash_init(&hash, DIGEST_SHA256);
		io_fault_arm(++k, ENOSPC);
		rc = pump(&b.source, fd, 0, UINT64_MAX, &hash, &moved, &err);
		calls = io_fault_calls();
		io_fault_arm(0, 0);
		assert_int_equal(rc, k <= calls ? -1 : 0);
		assert_int_equal(err.code, k <= calls ? ERR_FULL : ERR_NONE);
		assert_moved(fd, hash, bytes, moved);
		io_close(&fd);
	} while (k <= calls);
	assert_true(k > 8);
	free(bytes);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_of_every_shape_arrive),
		cmocka_unit_test(a_body_goes_on_where_another_ended),
		cmocka_unit_test(what_came_before_the_peer_left_is_kept),
		cmocka_unit_test(the_limit_is_the_last_byte_that_fits),
		cmocka_unit_test(the_helper_takes_no_signals),
#ifdef IO_FAULTS
		cmocka_unit_test(hash_and_file_agree_after_a_failed_write),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
