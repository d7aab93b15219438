#include "service/cursor.h"

#include "base/io.h"
#include "base/log.h"
#include "store/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PATH_JOBS "jobs"
#define SAVE_EVERY_MS 1000

static struct path cursor_path(const struct cursor *c)
{
	struct path p;

	snprintf(p.text, sizeof(p.text), PATH_JOBS "/%s", c->name);
	return p;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool cursor_load(const struct cursor *c, char out[CURSOR_MAX + 1])
{
	struct path path = cursor_path(c);
	int fd = io_open(c->store->root, path.text, O_RDONLY, 0);
	ssize_t n = fd != -1 ? io_pread_full(fd, out, CURSOR_MAX, 0) : -1;

	if (n < 0 && errno != ENOENT)
		log_event(LOG_LEVEL_WARN, "cursor-unread", "path=%s errno=%d", path.text,
			errno);
	io_close(&fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return out[0] != '\0';
}

static int write_text(struct store *s, struct staged *f, const char *text,
	const struct path *to, struct err *err)
{
	if (staged_open(s, f, err) < 0)
		return -1;
	if (io_write_all(f->fd, text, strlen(text)) < 0 ||
		io_write_all(f->fd, "\n", 1) < 0)
		return err_io(err, "cannot write %s", f->path.text);
	if (store_make_dirs(s, PATH_JOBS, err) < 0)
		return -1;
	return staged_rename(s, f, to, err);
}

void cursor_save(struct cursor *c, const char *text, bool must)
{
	struct path path = cursor_path(c);
	struct staged f = STAGED_INIT;
	struct err err = ERR_INIT;
	int64_t now = now_ms();

	if (!must && c->saved != 0 && now - c->saved < SAVE_EVERY_MS)
		return;
	c->saved = now;
	if (write_text(c->store, &f, text, &path, &err) < 0)
		log_event(LOG_LEVEL_WARN, "cursor-unsaved", "path=%s reason=%s",
			path.text, err.text);
	staged_discard(c->store, &f);
	err_release(&err);
}

void cursor_clear(struct cursor *c)
{
	struct path path = cursor_path(c);

	if (io_unlink(c->store->root, path.text) < 0 && errno != ENOENT)
		log_event(LOG_LEVEL_WARN, "cursor-left", "path=%s errno=%d", path.text,
			errno);
}
