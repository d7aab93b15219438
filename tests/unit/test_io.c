/* The wrappers of system calls: what they add to the calls, and injected faults. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char path[64];
	int dir;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *tmp = getenv("TMPDIR");

	assert_non_null(p);
	snprintf(p->path, sizeof(p->path), "%.40s/lighter-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(p->path));
	p->dir = io_open(AT_FDCWD, p->path, O_RDONLY | O_DIRECTORY, 0);
	assert_int_not_equal(p->dir, -1);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	DIR *d = io_dir_open(p->dir, ".");
	struct dirent *e;

	while ((e = io_dir_next(d)))
		if (io_unlink(p->dir, e->d_name) != 0)
			(void)!io_rmdir(p->dir, e->d_name);
	io_dir_close(&d);
	io_close(&p->dir);
	assert_int_equal(io_rmdir(AT_FDCWD, p->path), 0);
	free(p);
	return 0;
}

static int make_file(struct place *p, const char *name, const char *text)
{
	int fd = io_open(p->dir, name, O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
	return fd;
}

static void descriptors_do_not_survive_exec(void **state)
{
	struct place *p = *state;

	assert_true((fcntl(p->dir, F_GETFD) & FD_CLOEXEC) != 0);
}

static void close_leaves_nothing_to_close(void **state)
{
	struct place *p = *state;
	int fd = make_file(p, "a", "");
	int old = fd;

	assert_int_equal(io_close(&fd), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(old, F_GETFD), -1);
	assert_int_equal(io_close(&fd), 0);
}

static void reading_stops_at_the_end(void **state)
{
	struct place *p = *state;
	int fd = make_file(p, "a", "0123456789");
	char bytes[16];

	assert_int_equal(io_pread_full(fd, bytes, sizeof(bytes), 4), 6);
	assert_memory_equal(bytes, "456789", 6);
	assert_int_equal(io_pread_full(fd, bytes, 3, 0), 3);
	assert_int_equal(io_pread_full(fd, bytes, 3, 100), 0);
	assert_int_equal(io_seek(fd, 8), 0);
	assert_int_equal(io_read(fd, bytes, sizeof(bytes)), 2);
	assert_int_equal(io_read(fd, bytes, sizeof(bytes)), 0);
	assert_int_equal(io_truncate(fd, 2), 0);
	assert_int_equal(io_pread_full(fd, bytes, sizeof(bytes), 0), 2);
	io_close(&fd);
}

static void links_and_renames_say_what_is_in_the_way(void **state)
{
	struct place *p = *state;
	struct stat a, b;
	int fd = make_file(p, "a", "x");

	io_close(&fd);
	assert_int_equal(io_link(p->dir, "a", "b"), 0);
	assert_int_equal(io_link(p->dir, "a", "b"), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(io_link(p->dir, "none", "c"), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(io_stat(p->dir, "a", &a), 0);
	assert_int_equal(io_stat(p->dir, "b", &b), 0);
	assert_true(a.st_ino == b.st_ino && a.st_nlink == 2);
	assert_int_equal(io_mkdir(p->dir, "d", 0700), 0);
	assert_int_equal(io_mkdir(p->dir, "d", 0700), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(io_rename(p->dir, "a", "d/a"), 0);
	assert_int_equal(io_rmdir(p->dir, "d"), -1);
	assert_int_equal(errno, ENOTEMPTY);
	assert_int_equal(io_unlink(p->dir, "d/a"), 0);
	assert_int_equal(io_unlink(p->dir, "d/a"), -1);
	assert_int_equal(errno, ENOENT);
}

static void a_symbolic_link_is_read_not_followed(void **state)
{
	struct place *p = *state;
	char out[16];
	struct stat st;

	assert_int_equal(io_symlink("0123456789", p->dir, "l"), 0);
	assert_int_equal(io_readlink(p->dir, "l", out, sizeof(out)), 10);
	assert_string_equal(out, "0123456789");
	assert_int_equal(io_readlink(p->dir, "l", out, 11), 10);
	assert_int_equal(io_readlink(p->dir, "l", out, 10), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(io_stat(p->dir, "l", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void touching_makes_a_file_new(void **state)
{
	struct place *p = *state;
	struct timespec old[2] = {{1000, 0}, {1000, 0}};
	struct stat st;
	int fd = make_file(p, "a", "");

	assert_int_equal(futimens(fd, old), 0);
	assert_int_equal(io_touch(p->dir, "a"), 0);
	assert_int_equal(io_fstat(fd, &st), 0);
	assert_true(st.st_mtim.tv_sec > 1000000000);
	io_close(&fd);
}

static void a_lock_is_shared_or_exclusive(void **state)
{
	static const struct {
		bool first, second; /* exclusive */
		int want;
	} rows[] = {{false, false, 0}, {false, true, -1}, {true, false, -1},
		{true, true, -1}};
	struct place *p = *state;
	int a = make_file(p, "a", "");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int b = io_open(p->dir, "a", O_RDWR, 0);
		int c = io_open(p->dir, "a", O_RDWR, 0);

		assert_int_equal(io_lock(b, rows[i].first, 0), 0);
		assert_int_equal(io_lock(c, rows[i].second, i % 2 ? 5 : 0), rows[i].want);
		if (rows[i].want == -1)
			assert_int_equal(errno, ETIMEDOUT);
		io_close(&b);
		/* Closing releases it. */
		assert_int_equal(io_lock(c, true, 0), 0);
		io_close(&c);
	}
	io_close(&a);
}

static void a_lock_is_waited_for(void **state)
{
	struct place *p = *state;
	int fd = make_file(p, "a", "");
	int pipes[2], status;
	char c;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		int own = io_open(p->dir, "a", O_RDWR, 0);

		if (io_lock(own, true, 0) != 0 || write(pipes[1], "x", 1) != 1)
			_exit(1);
		usleep(20000);
		_exit(0);
	}
	assert_int_equal(read(pipes[0], &c, 1), 1);
	assert_int_equal(io_lock(fd, true, 60000), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(pipes[0]);
	close(pipes[1]);
	io_close(&fd);
}

static void a_directory_is_read_without_its_dots(void **state)
{
	struct place *p = *state;
	int fd = make_file(p, ".hidden", "");
	DIR *d = io_dir_open(p->dir, ".");
	struct dirent *e;

	io_close(&fd);
	e = io_dir_next(d);
	assert_non_null(e);
	assert_string_equal(e->d_name, ".hidden");
	assert_null(io_dir_next(d));
	assert_int_equal(errno, 0);
	io_dir_close(&d);
	assert_null(d);
	io_dir_close(&d);
	assert_null(io_dir_open(p->dir, "none"));
	assert_int_equal(errno, ENOENT);
}

static void random_bytes_differ(void **state)
{
	unsigned char a[16] = {0}, b[16] = {0};

	(void)state;
	assert_int_equal(io_random(a, sizeof(a)), 0);
	assert_int_equal(io_random(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

#ifdef IO_FAULTS
static void the_armed_call_fails_and_no_other(void **state)
{
	struct place *p = *state;
	struct stat st;

	io_fault_arm(3, EIO);
	assert_int_equal(io_stat(p->dir, ".", &st), 0);
	assert_int_equal(io_stat(p->dir, ".", &st), 0);
	assert_int_equal(io_stat(p->dir, ".", &st), -1);
	assert_int_equal(errno, EIO);
	assert_int_equal(io_stat(p->dir, ".", &st), 0);
	assert_int_equal(io_fault_calls(), 4);
	io_fault_arm(0, 0);
	assert_int_equal(io_fault_calls(), 0);
}

static void an_interrupted_call_is_made_again(void **state)
{
	struct place *p = *state;
	int fd = make_file(p, "a", "abc");
	char bytes[4];

	io_fault_arm(1, EINTR);
	assert_int_equal(io_write_all(fd, "def", 3), 0);
	io_fault_arm(1, EINTR);
	assert_int_equal(io_pread_full(fd, bytes, 3, 3), 3);
	assert_memory_equal(bytes, "def", 3);
	io_fault_arm(1, EINTR);
	assert_int_equal(io_fdatasync(fd), 0);
	io_fault_arm(0, 0);
	io_close(&fd);
}

static void the_armed_call_can_kill(void **state)
{
	struct place *p = *state;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		io_fault_arm(1, -1);
		(void)!io_mkdir(p->dir, "never", 0700);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(io_rmdir(p->dir, "never"), -1);
	assert_int_equal(errno, ENOENT);
}
#endif

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(descriptors_do_not_survive_exec),
		TEST(close_leaves_nothing_to_close),
		TEST(reading_stops_at_the_end),
		TEST(links_and_renames_say_what_is_in_the_way),
		TEST(a_symbolic_link_is_read_not_followed),
		TEST(touching_makes_a_file_new),
		TEST(a_lock_is_shared_or_exclusive),
		TEST(a_lock_is_waited_for),
		TEST(a_directory_is_read_without_its_dots),
		TEST(random_bytes_differ),
#ifdef IO_FAULTS
		TEST(the_armed_call_fails_and_no_other),
		TEST(an_interrupted_call_is_made_again),
		TEST(the_armed_call_can_kill),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
