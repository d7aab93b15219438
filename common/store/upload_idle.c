#include "store/upload_idle.h"

#include "base/io.h"
#include "store/path.h"

#include <errno.h>
#include <fcntl.h>

/* The data first: without them the session is unknown. */
static const char *const files[] = {"data", "state.new", "state"};
#define FILES (sizeof(files) / sizeof(files[0]))

struct idle {
	struct store *store;
	const struct session_id *id;
	int64_t until;
	uint64_t freed;
};

/* When the file, or the directory, was changed last: 1, 0 when there is none, or -1. */
static int look(struct idle *u, const struct path *path, struct stat *st, struct err *err)
{
	if (io_stat(u->store->root, path->text, st) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR || errno == ESTALE)
		return 0;
	return err_io(err, "cannot look at %s", path->text);
}

/* Whether it is idle: 1, 0, or -1. */
static int is_idle(struct idle *u, struct err *err)
{
	struct path dir = path_upload(u->id);
	struct stat st;
	int any = 0;

	u->freed = 0;
	for (size_t i = 0; i < FILES; i++) {
		struct path file = path_upload_file(u->id, files[i]);
		int found = look(u, &file, &st, err);

		if (found < 0)
			return -1;
		if (found == 1 && st.st_mtim.tv_sec > u->until)
			return 0;
		/* Sealed data may be a blob by now. */
		if (found == 1 && st.st_nlink == 1)
			u->freed += (uint64_t)st.st_size;
		any |= found;
	}
	/* Without files it has just been made, or was not removed to the end. */
	if (any)
		return 1;
	any = look(u, &dir, &st, err);
	return any == 1 ? st.st_mtim.tv_sec <= u->until : any;
}

static int remove_parts(struct idle *u, struct err *err)
{
	struct path dir = path_upload(u->id);

	for (size_t i = 0; i < FILES; i++) {
		struct path file = path_upload_file(u->id, files[i]);

		if (io_unlink(u->store->root, file.text) < 0 && errno != ENOENT)
			return err_io(err, "cannot remove %s", file.text);
	}
	if (io_rmdir(u->store->root, dir.text) < 0 && errno != ENOENT)
		return err_io(err, "cannot remove %s", dir.text);
	return 1;
}

/* Takes the session's lock, *fd stays -1 without data: 1, 0 when it is taken, or -1. */
static int lock_data(struct idle *u, int *fd, struct err *err)
{
	struct path data = path_upload_file(u->id, files[0]);

	*fd = io_open(u->store->root, data.text, O_RDONLY, 0);
	if (*fd == -1)
		return errno == ENOENT || errno == ESTALE
			       ? 1
			       : err_io(err, "cannot open %s", data.text);
	if (io_lock(*fd, true, 0) == 0)
		return 1;
	return errno == ETIMEDOUT ? 0 : err_io(err, "cannot lock %s", data.text);
}

int upload_remove_idle(struct store *s, const struct session_id *id, int64_t until,
	bool dry_run, uint64_t *freed, struct err *err)
{
	struct idle u = {s, id, until, 0};
	int lock = -1;
	int rc = is_idle(&u, err);

	if (rc == 1)
		rc = lock_data(&u, &lock, err);
	/* Somebody may have written to it before it was locked. */
	if (rc == 1)
		rc = is_idle(&u, err);
	if (rc == 1 && !dry_run)
		rc = remove_parts(&u, err);
	io_close(&lock);
	*freed = rc == 1 ? u.freed : 0;
	return rc;
}
