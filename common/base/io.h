/*
 * The only file that opens, reads, writes, syncs, links, renames and unlinks. Thin
 * wrappers with the meaning of the system call: 0 or a count, or -1 and errno.
 * All retry EINTR. Paths are relative to the directory descriptor dir.
 *
 * Built with -DIO_FAULTS every wrapper counts, and the k-th call can be told to
 * fail with an errno or to kill the process before it acts: io_fault_arm().
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include "base/attr.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* open(2); O_CLOEXEC is added. dir may be AT_FDCWD. */
MUST_USE int io_open(int dir, const char *path, int flags, mode_t mode);
/* Closes *fd unless it is -1 and leaves -1 behind. -1 when close reports an error. */
int io_close(int *fd);
/* Up to len bytes; 0 at the end. */
MUST_USE ssize_t io_read(int fd, void *bytes, size_t len);
/* Reads until len bytes or the end of the file, from offset; the count or -1. */
MUST_USE ssize_t io_pread_full(int fd, void *bytes, size_t len, uint64_t offset);
/* Writes all of it or fails. */
MUST_USE int io_write_all(int fd, const void *bytes, size_t len);
MUST_USE int io_seek(int fd, uint64_t offset);
MUST_USE int io_truncate(int fd, uint64_t size);
MUST_USE int io_fdatasync(int fd);
MUST_USE int io_fsync(int fd);
/* Starts writing [offset, offset+len) to disk without waiting. Advice: failure is ignored. */
void io_write_behind(int fd, uint64_t offset, uint64_t len);
/* Starts reading [offset, offset+len) from disk without waiting. Advice, as above. */
void io_read_ahead(int fd, uint64_t offset, uint64_t len);
MUST_USE int io_chmod(int fd, mode_t mode);
MUST_USE int io_link(int dir, const char *from, const char *to);
MUST_USE int io_symlink(const char *target, int dir, const char *path);
/* The NUL-terminated target in out[size]; its length, or -1 (ENAMETOOLONG when it does not fit). */
MUST_USE ssize_t io_readlink(int dir, const char *path, char *out, size_t size);
MUST_USE int io_rename(int dir, const char *from, const char *to);
MUST_USE int io_unlink(int dir, const char *path);
MUST_USE int io_mkdir(int dir, const char *path, mode_t mode);
MUST_USE int io_rmdir(int dir, const char *path);
/* Never follows a symbolic link in the last component. */
MUST_USE int io_stat(int dir, const char *path, struct stat *st);
MUST_USE int io_fstat(int fd, struct stat *st);
/* Sets the modification time to now. */
MUST_USE int io_touch(int dir, const char *path);
/*
 * Takes flock(2) on fd, shared or exclusive, waiting at most wait_ms milliseconds
 * (0: one try). -1 with errno ETIMEDOUT when somebody else still holds it. Closing
 * the descriptor releases it.
 */
MUST_USE int io_lock(int fd, bool exclusive, unsigned wait_ms);
/* opendir on a path; NULL and errno. */
MUST_USE DIR *io_dir_open(int dir, const char *path);
/* The next name but "." and "..", or NULL: at the end with errno 0, else errno says why. */
MUST_USE struct dirent *io_dir_next(DIR *d);
void io_dir_close(DIR **d);
/* len random bytes from the kernel. */
MUST_USE int io_random(void *bytes, size_t len);

#ifdef IO_FAULTS
/* The k-th call from now (k >= 1) fails with errnum; errnum -1 kills the process with SIGKILL. k 0 disarms. */
void io_fault_arm(unsigned k, int errnum);
/* Calls counted since the last io_fault_arm. */
unsigned io_fault_calls(void);
#endif

#endif
