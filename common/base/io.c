#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#ifdef IO_FAULTS

static unsigned fault_at, fault_count;
static int fault_errno;

void io_fault_arm(unsigned k, int errnum)
{
	fault_at = k;
	fault_errno = errnum;
	fault_count = 0;
}

unsigned io_fault_calls(void)
{
	return fault_count;
}

static int fault(void)
{
	if (++fault_count != fault_at)
		return 0;
	if (fault_errno == -1)
		raise(SIGKILL);
	errno = fault_errno;
	return -1;
}

#else

static inline int fault(void)
{
	return 0;
}

#endif

/* Evaluates call until it ends with anything but EINTR; an injected fault counts as a call. */
#define RETRY(result, call)                                                                        \
	do {                                                                                       \
		(result) = fault() ? -1 : (call);                                                  \
	} while ((result) == -1 && errno == EINTR)

int io_open(int dir, const char *path, int flags, mode_t mode)
{
	int fd;

	RETRY(fd, openat(dir, path, flags | O_CLOEXEC, mode));
	return fd;
}

int io_close(int *fd)
{
	int rc = 0;

	/* A descriptor is gone after close(2) whatever it says, EINTR included. */
	if (*fd != -1)
		rc = close(*fd);
	*fd = -1;
	return rc == -1 && errno == EINTR ? 0 : rc;
}

ssize_t io_read(int fd, void *bytes, size_t len)
{
	ssize_t n;

	RETRY(n, read(fd, bytes, len));
	return n;
}

ssize_t io_pread_full(int fd, void *bytes, size_t len, uint64_t offset)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		RETRY(n, pread(fd, (char *)bytes + got, len - got, (off_t)(offset + got)));
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int io_write_all(int fd, const void *bytes, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		RETRY(n, write(fd, (const char *)bytes + done, len - done));
		if (n == -1)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

int io_seek(int fd, uint64_t offset)
{
	off_t at;

	RETRY(at, lseek(fd, (off_t)offset, SEEK_SET));
	return at == -1 ? -1 : 0;
}

int io_truncate(int fd, uint64_t size)
{
	int rc;

	RETRY(rc, ftruncate(fd, (off_t)size));
	return rc;
}

int io_fdatasync(int fd)
{
	int rc;

	RETRY(rc, fdatasync(fd));
	return rc;
}

int io_fsync(int fd)
{
	int rc;

	RETRY(rc, fsync(fd));
	return rc;
}

void io_write_behind(int fd, uint64_t offset, uint64_t len)
{
	sync_file_range(fd, (off_t)offset, (off_t)len, SYNC_FILE_RANGE_WRITE);
}

void io_read_ahead(int fd, uint64_t offset, uint64_t len)
{
	posix_fadvise(fd, (off_t)offset, (off_t)len, POSIX_FADV_WILLNEED);
}

int io_chmod(int fd, mode_t mode)
{
	int rc;

	RETRY(rc, fchmod(fd, mode));
	return rc;
}

int io_link(int dir, const char *from, const char *to)
{
	int rc;

	RETRY(rc, linkat(dir, from, dir, to, 0));
	return rc;
}

int io_symlink(const char *target, int dir, const char *path)
{
	int rc;

	RETRY(rc, symlinkat(target, dir, path));
	return rc;
}

ssize_t io_readlink(int dir, const char *path, char *out, size_t size)
{
	ssize_t n;

	RETRY(n, readlinkat(dir, path, out, size));
	if (n == -1)
		return -1;
	if ((size_t)n >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	out[n] = '\0';
	return n;
}

int io_rename(int dir, const char *from, const char *to)
{
	int rc;

	RETRY(rc, renameat(dir, from, dir, to));
	return rc;
}

int io_unlink(int dir, const char *path)
{
	int rc;

	RETRY(rc, unlinkat(dir, path, 0));
	return rc;
}

int io_mkdir(int dir, const char *path, mode_t mode)
{
	int rc;

	RETRY(rc, mkdirat(dir, path, mode));
	return rc;
}

int io_rmdir(int dir, const char *path)
{
	int rc;

	RETRY(rc, unlinkat(dir, path, AT_REMOVEDIR));
	return rc;
}

int io_stat(int dir, const char *path, struct stat *st)
{
	int rc;

	RETRY(rc, fstatat(dir, path, st, AT_SYMLINK_NOFOLLOW));
	return rc;
}

int io_fstat(int fd, struct stat *st)
{
	int rc;

	RETRY(rc, fstat(fd, st));
	return rc;
}

int io_touch(int dir, const char *path)
{
	int rc;

	RETRY(rc, utimensat(dir, path, NULL, AT_SYMLINK_NOFOLLOW));
	return rc;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int io_lock(int fd, bool exclusive, unsigned wait_ms)
{
	uint64_t deadline = now_ms() + wait_ms;
	unsigned pause_us = 200;
	int rc;

	/* Asked again and again, because a waiting flock(2) has no time limit. */
	for (;;) {
		RETRY(rc, flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB));
		if (rc == 0 || errno != EWOULDBLOCK)
			return rc;
		if (now_ms() >= deadline) {
			errno = ETIMEDOUT;
			return -1;
		}
		usleep(pause_us);
		if (pause_us < 20000)
			pause_us *= 2;
	}
}

DIR *io_dir_open(int dir, const char *path)
{
	int fd = io_open(dir, path, O_RDONLY | O_DIRECTORY, 0);
	DIR *d;

	if (fd == -1)
		return NULL;
	d = fdopendir(fd);
	if (!d) {
		int errnum = errno;

		close(fd);
		errno = errnum;
	}
	return d;
}

struct dirent *io_dir_next(DIR *d)
{
	struct dirent *e;

	do {
		int rc;

		RETRY(rc, 0);
		if (rc == -1)
			return NULL;
		errno = 0;
		e = readdir(d);
	} while (e && e->d_name[0] == '.' &&
		 (e->d_name[1] == '\0' || (e->d_name[1] == '.' && e->d_name[2] == '\0')));
	return e;
}

void io_dir_close(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

int io_random(void *bytes, size_t len)
{
	ssize_t n;

	RETRY(n, getrandom(bytes, len, 0));
	return n == (ssize_t)len ? 0 : -1;
}
