#include "service/dir_each.h"

#include "base/io.h"

#include <errno.h>

int dir_each(struct store *s, const char *path,
	int (*each)(void *arg, int dir, const char *name, struct err *err), void *arg,
	struct err *err)
{
	DIR *d = io_dir_open(s->root, path);
	struct dirent *e;
	int rc = 0;

	if (!d)
		return errno == ENOENT || errno == ENOTDIR || errno == ESTALE
			       ? 0
			       : err_io(err, "cannot list %s", path);
	errno = 0;
	while (rc == 0 && (e = io_dir_next(d)))
		rc = each(arg, dirfd(d), e->d_name, err);
	if (rc == 0 && errno != 0)
		rc = err_io(err, "cannot list %s", path);
	io_dir_close(&d);
	return rc;
}

static int find_one(void *arg, int dir, const char *name, struct err *err)
{
	(void)arg;
	(void)dir;
	(void)name;
	(void)err;
	return 1;
}

int dir_is_empty(struct store *s, const char *path, struct err *err)
{
	int rc = dir_each(s, path, find_one, NULL, err);

	return rc < 0 ? -1 : rc == 0;
}
