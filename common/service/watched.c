#include "service/watched.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Time stamps may have a grain of a second, and clocks of two hosts are not the same. */
#define YOUNG_SECONDS 2

int watched_open(struct watched *w, int dir, const char *path, struct err *err)
{
	*w = WATCHED_INIT;
	w->dir = dir;
	w->looked = INT64_MIN;
	if (!*path)
		return 0;
	w->path = strdup(path);
	return w->path ? 0 : err_set(err, ERR_FAULT, "no memory");
}

void watched_close(struct watched *w)
{
	free(w->path);
	*w = WATCHED_INIT;
}

void watched_look_again(struct watched *w)
{
	w->looked = INT64_MIN;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int read_all(
        const struct watched *w, int fd, size_t size, struct buf *out, struct err *err)
{
	ssize_t n;

	buf_clear(out);
	/* One byte more than expected tells a file that has grown meanwhile. */
	if (buf_reserve(out, size + 1) != 0)
		return err_set(err, ERR_FAULT, "%s: too large", w->path);
	n = io_pread_full(fd, out->ptr, size + 1, 0);
	if (n < 0)
		return err_io(err, "%s: cannot be read: %s", w->path, strerror(errno));
	if ((size_t)n > size)
		return err_set(err, ERR_FAULT, "%s: changed while it was read", w->path);
	out->len = (size_t)n;
	out->ptr[n] = '\0';
	return 1;
}

static int look(struct watched *w, int64_t now, struct buf *out, struct err *err)
{
	/* Not to be held up by a FIFO, nor to make a terminal ours. */
	int fd = io_open(w->dir, w->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	int rc = -1;

	if (fd == -1)
		return err_io(err, "%s: cannot be opened: %s", w->path,
		        strerror(errno));
	if (io_fstat(fd, &st) != 0) {
		err_io(err, "%s: cannot be read: %s", w->path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(err, ERR_FAULT, "%s: not a regular file", w->path);
		goto out;
	}
	if (w->read && !w->young && same(&st, &w->st)) {
		rc = 0;
		goto out;
	}
	rc = read_all(w, fd, (size_t)st.st_size, out, err);
	w->read = rc == 1;
	w->st = st;
	w->young = st.st_mtim.tv_sec >= now - YOUNG_SECONDS;
out:
	io_close(&fd);
	return rc;
}

int watched_read(struct watched *w, int64_t now, struct buf *out, struct err *err)
{
	bool reported = w->failed;
	int rc;

	if (!w->path || now == w->looked)
		return 0;
	w->looked = now;
	rc = look(w, now, out, err);
	w->failed = rc < 0;
	if (rc >= 0 || !reported)
		return rc;
	err_release(err);
	return 0;
}
