#include "store/store.h"

#include "base/io.h"
#include "base/log.h"
#include "store/listing.h"
#include "store/path.h"
#include "store/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define FORMAT_FILE "format"
#define FORMAT_TEXT "lighter 1\n"
#define DIR_MODE 0750
#define FANOUT 256
/* Collection removes empty directories; those that we count on are made again this often. */
#define TRIES 32

int store_random_id(struct session_id *out, struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[SESSION_ID_LENGTH / 2];

	if (io_random(raw, sizeof(raw)) < 0)
		return err_io(err, "cannot get random bytes");
	for (size_t i = 0; i < sizeof(raw); i++) {
		out->text[2 * i] = digits[raw[i] >> 4];
		out->text[2 * i + 1] = digits[raw[i] & 15];
	}
	out->text[SESSION_ID_LENGTH] = '\0';
	return 0;
}

int store_sync_dir(struct store *s, const char *path, struct err *err)
{
	int fd, rc;

	if (s->config->durability == DURABILITY_RELAXED)
		return 0;
	fd = io_open(s->root, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -1)
		return err_io(err, "cannot open %s", path);
	rc = io_fsync(fd);
	if (rc < 0)
		err_io(err, "cannot sync %s", path);
	io_close(&fd);
	return rc;
}

/* Makes one directory: 1, 0 when its parent is missing or it was removed again, or -1. */
static int make_dir(struct store *s, const char *path, struct err *err)
{
	struct path full;

	if (io_mkdir(s->root, path, DIR_MODE) < 0) {
		if (errno == EEXIST)
			return 1;
		return errno == ENOENT ? 0 : err_io(err, "cannot create %s", path);
	}
	snprintf(full.text, sizeof(full.text), "%s", path);
	if (store_sync_dir(s, path_parent(&full).text, err) == 0)
		return 1;
	if (err->errnum == ENOENT) {
		err_release(err);
		return 0;
	}
	/* The next to come would take it for durable. It stays when somebody has put a
	 * thing into it already. */
	if (io_rmdir(s->root, path) < 0)
		log_event(LOG_LEVEL_WARN, "directory-unsynced", "path=%s", path);
	return -1;
}

/* Makes those above path, and path: 1, 0 when one has gone in between, or -1. */
static int make_all(struct store *s, const char *path, struct err *err)
{
	struct path prefix;

	for (const char *slash = strchr(path, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		int made;

		snprintf(prefix.text, sizeof(prefix.text), "%.*s", (int)(slash - path),
			path);
		made = make_dir(s, prefix.text, err);
		if (made != 1)
			return made;
	}
	return make_dir(s, path, err);
}

int store_make_dirs(struct store *s, const char *path, struct err *err)
{
	int made = make_dir(s, path, err);

	for (int i = 0; made == 0 && i < TRIES; i++)
		made = make_all(s, path, err);
	if (made == 0) {
		errno = ENOENT;
		return err_io(err, "cannot create %s", path);
	}
	return made < 0 ? -1 : 0;
}

/* A directory of the layout; its parent is synced by the caller. */
static int lay_dir(struct store *s, const char *path, struct err *err)
{
	if (io_mkdir(s->root, path, DIR_MODE) < 0 && errno != EEXIST)
		return err_io(err, "cannot create %s", path);
	return 0;
}

/* blobs/<algorithm>/00 to ff, so that no blob has to make its directory. */
static int lay_fanout(struct store *s, enum digest_algorithm a, struct err *err)
{
	char algorithm[32], path[40];

	snprintf(
		algorithm, sizeof(algorithm), PATH_BLOBS "/%s", digest_algorithm_name(a));
	if (lay_dir(s, algorithm, err) < 0)
		return -1;
	for (unsigned i = 0; i < FANOUT; i++) {
		snprintf(path, sizeof(path), "%s/%02x", algorithm, i);
		if (lay_dir(s, path, err) < 0)
			return -1;
	}
	return store_sync_dir(s, algorithm, err);
}

static int lay_format(struct store *s, struct err *err)
{
	struct path format = {FORMAT_FILE};
	struct staged f = STAGED_INIT;
	int rc = staged_open(s, &f, err);

	if (rc == 0 && io_write_all(f.fd, FORMAT_TEXT, strlen(FORMAT_TEXT)) < 0)
		rc = err_io(err, "cannot write %s", f.path.text);
	if (rc == 0)
		rc = staged_finish(s, &f, err);
	if (rc == 0)
		rc = staged_rename(s, &f, &format, err);
	staged_discard(s, &f);
	return rc;
}

/*
 * Every step tolerates that another process has done it, and the format file comes last:
 * whoever sees it sees a whole store.
 */
static int lay_out(struct store *s, struct err *err)
{
	static const char *const dirs[] = {
		PATH_BLOBS, PATH_REPOS, PATH_UPLOADS, PATH_TMP};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (lay_dir(s, dirs[i], err) < 0)
			return -1;
	for (int a = 0; a < DIGEST_ALGORITHMS; a++)
		if (lay_fanout(s, (enum digest_algorithm)a, err) < 0)
			return -1;
	if (store_sync_dir(s, PATH_BLOBS, err) < 0)
		return -1;
	return lay_format(s, err);
}

/* Whether the store has a format file and it is ours: 1, 0 when it has none, or -1. */
static int check_format(struct store *s, struct err *err)
{
	char text[sizeof(FORMAT_TEXT)];
	ssize_t len;
	int fd = io_open(s->root, FORMAT_FILE, O_RDONLY, 0);

	if (fd == -1)
		return errno == ENOENT ? 0
				       : err_io(err, "cannot open " FORMAT_FILE " in %s",
						 s->config->root);
	len = io_pread_full(fd, text, sizeof(text), 0);
	if (len < 0)
		err_io(err, "cannot read " FORMAT_FILE " in %s", s->config->root);
	io_close(&fd);
	if (len < 0)
		return -1;
	if (!view_is((struct view){text, (size_t)len}, FORMAT_TEXT))
		return err_set(err, ERR_FAULT,
			"%s is a store of another format: this program reads \"%.*s\" "
			"only",
			s->config->root, (int)strlen(FORMAT_TEXT) - 1, FORMAT_TEXT);
	return 1;
}

int store_open(struct store *s, const struct config *config, struct err *err)
{
	int known;

	*s = STORE_INIT;
	s->config = config;
	if (io_mkdir(AT_FDCWD, config->root, DIR_MODE) < 0 && errno != EEXIST)
		return err_io(err, "cannot create the store %s", config->root);
	s->root = io_open(AT_FDCWD, config->root, O_RDONLY | O_DIRECTORY, 0);
	if (s->root == -1)
		return err_io(err, "cannot open the store %s", config->root);
	known = check_format(s, err);
	if (known == 1 || (known == 0 && lay_out(s, err) == 0))
		return 0;
	store_close(s);
	return -1;
}

void store_close(struct store *s)
{
	io_close(&s->root);
	listing_cache_free(s->listings);
	*s = STORE_INIT;
}
