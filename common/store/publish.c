#include "store/publish.h"

#include "base/io.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>

/* The directory of a name may be removed, empty, as often as this while we link. */
#define TRIES 32

static int random_path(struct staged *f, struct err *err)
{
	struct session_id id;

	if (store_random_id(&id, err) < 0)
		return -1;
	f->path = path_tmp(&id);
	return 0;
}

int staged_open(struct store *s, struct staged *f, struct err *err)
{
	if (random_path(f, err) < 0)
		return -1;
	f->fd = io_open(s->root, f->path.text, O_RDWR | O_CREAT | O_EXCL, 0640);
	if (f->fd == -1) {
		err_io(err, "cannot create %s", f->path.text);
		f->path.text[0] = '\0';
		return -1;
	}
	return 0;
}

int staged_link(
	struct store *s, struct staged *f, const struct path *from, struct err *err)
{
	if (random_path(f, err) < 0)
		return -1;
	if (io_link(s->root, from->text, f->path.text) < 0) {
		err_io(err, "cannot link %s", from->text);
		f->path.text[0] = '\0';
		return -1;
	}
	return 0;
}

int staged_finish(struct store *s, struct staged *f, struct err *err)
{
	/* The mode first, so that the one sync covers it as well. */
	if (io_chmod(f->fd, 0444) < 0)
		return err_io(err, "cannot set the mode of %s", f->path.text);
	if (s->config->durability == DURABILITY_FULL && io_fdatasync(f->fd) < 0)
		return err_io(err, "cannot sync %s", f->path.text);
	return 0;
}

int staged_rename(
	struct store *s, struct staged *f, const struct path *to, struct err *err)
{
	if (io_rename(s->root, f->path.text, to->text) < 0)
		return err_io(err, "cannot rename %s to %s", f->path.text, to->text);
	f->path.text[0] = '\0';
	return store_sync_dir(s, path_parent(to).text, err);
}

void staged_discard(struct store *s, struct staged *f)
{
	io_close(&f->fd);
	if (f->path.text[0] == '\0')
		return;
	/* Asked twice, because nobody comes back for the file should this have been a
	 * passing fault. */
	if (io_unlink(s->root, f->path.text) < 0 && errno != ENOENT &&
		io_unlink(s->root, f->path.text) < 0 && errno != ENOENT)
		log_event(LOG_LEVEL_WARN, "staged-left", "path=%s errno=%d", f->path.text,
			errno);
	*f = STAGED_INIT;
}

int publish_make_room(
	struct store *s, const struct path *from, const struct path *to, struct err *err)
{
	struct stat st;

	if (io_stat(s->root, from->text, &st) == 0)
		return store_make_dirs(s, path_parent(to).text, err);
	if (errno == ENOENT)
		return err_set(err, ERR_BLOB_UNKNOWN, "the blob is not in the store");
	return err_io(err, "cannot look at %s", from->text);
}

int publish_link(
	struct store *s, const struct path *from, const struct path *to, struct err *err)
{
	for (int i = 0; i < TRIES; i++) {
		if (io_link(s->root, from->text, to->text) == 0)
			return 1;
		if (errno == EEXIST)
			return 0;
		if (errno != ENOENT)
			break;
		if (publish_make_room(s, from, to, err) < 0)
			return -1;
		errno = ENOENT;
	}
	return err_io(err, "cannot link %s to %s", from->text, to->text);
}
