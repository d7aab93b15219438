#include "store/repo_dirs.h"

#include "base/io.h"

#include <errno.h>
#include <string.h>

/* Three kinds for each algorithm, the three above them, and that of the tags. */
#define OWN_MAX (3 * DIGEST_ALGORITHMS + 4)

struct path repo_dirs_subjects(const struct repo_name *r, enum digest_algorithm a)
{
	struct digest any = {.algorithm = a};
	struct path path;

	memset(any.hex, '0', digest_hex_length(a));
	path = path_referrers(r, &any);
	return path_parent(&path);
}

/* The directories below that of the repository, each before the one it is in. */
static void own_dirs(const struct repo_name *r, struct path dirs[OWN_MAX])
{
	size_t n = 0;

	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		dirs[n++] = path_manifests(r, (enum digest_algorithm)a);
		dirs[n++] = path_repo_blobs(r, (enum digest_algorithm)a);
		dirs[n++] = repo_dirs_subjects(r, (enum digest_algorithm)a);
	}
	for (size_t i = 0; i < 3; i++)
		dirs[n++] = path_parent(&dirs[i]);
	dirs[n] = path_tags(r);
}

static int is_there(struct store *s, const struct path *path, struct err *err)
{
	struct stat st;

	if (io_stat(s->root, path->text, &st) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR
		       ? 0
		       : err_io(err, "cannot look at %s", path->text);
}

int repo_dirs_in_use(struct store *s, const struct repo_name *r, struct err *err)
{
	struct path dirs[OWN_MAX], lock = path_repo_lock(r);
	int found = is_there(s, &lock, err);

	own_dirs(r, dirs);
	for (size_t i = 3 * DIGEST_ALGORITHMS; found == 0 && i < OWN_MAX; i++)
		found = is_there(s, &dirs[i], err);
	return found;
}

/* 1 when it has been removed, 0 when it was not there, 2 when it stays, or -1. */
static int try_rmdir(struct store *s, const struct path *path, struct err *err)
{
	if (io_rmdir(s->root, path->text) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return errno == ENOTEMPTY || errno == EEXIST
		       ? 2
		       : err_io(err, "cannot remove %s", path->text);
}

int repo_dirs_remove_bare(struct store *s, const struct repo_name *r, struct err *err)
{
	struct path path = path_repo(r);
	bool any = false;
	int rc = 1;

	while (strcmp(path.text, PATH_REPOS) != 0 && (rc = try_rmdir(s, &path, err)) == 1) {
		path = path_parent(&path);
		any = true;
	}
	if (rc < 0 || !any)
		return rc < 0 ? -1 : 0;
	if (store_sync_dir(s, path.text, err) == 0 || err->errnum != ENOENT)
		return err->code == ERR_NONE ? 0 : -1;
	/* Somebody else has removed that as well. */
	err_release(err);
	return 0;
}

int repo_dirs_remove(struct store *s, const struct repo_name *r, struct err *err)
{
	struct path dirs[OWN_MAX], lock = path_repo_lock(r);
	bool stays = false;

	own_dirs(r, dirs);
	for (size_t i = 0; i < OWN_MAX; i++) {
		int rc = try_rmdir(s, &dirs[i], err);

		if (rc < 0)
			return -1;
		stays = stays || rc == 2;
	}
	if (stays)
		return 0;
	if (io_unlink(s->root, lock.text) < 0 && errno != ENOENT)
		return err_io(err, "cannot remove %s", lock.text);
	return repo_dirs_remove_bare(s, r, err);
}
