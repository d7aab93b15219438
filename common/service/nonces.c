#include "service/nonces.h"

#include "base/io.h"
#include "base/log.h"
#include "base/num.h"
#include "format/digest.h"
#include "format/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define DIRECTORY "keys/nonces"
#define PATH_MAX_LENGTH 128
#define SWEEP_MAX 10000 /* files removed in one request; the next one goes on */
#define CLOCKS_APART 60 /* seconds */

/* A unit whose every time is out of the window, by the slowest clock of all hosts. */
static bool is_over(uint64_t unit, int64_t now)
{
	return ((int64_t)unit + 1) * NONCE_WINDOW < now - NONCE_WINDOW - CLOCKS_APART;
}

/*
 * Removes the files of one unit, and then itself. What fails is left to the next sweep.
 */
static void remove_unit(int root, const char *name, unsigned *budget)
{
	char path[PATH_MAX_LENGTH + 256];
	struct dirent *entry;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%.32s", DIRECTORY, name);
	d = io_dir_open(root, path);
	if (!d)
		return;
	while (*budget > 0 && (entry = io_dir_next(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%.32s/%.255s", DIRECTORY, name,
		        entry->d_name);
		if (io_unlink(root, path) != 0)
			break;
		--*budget;
	}
	io_dir_close(&d);
	snprintf(path, sizeof(path), "%s/%.32s", DIRECTORY, name);
	if (io_rmdir(root, path) != 0 && errno != ENOENT && errno != ENOTEMPTY &&
	        errno != EEXIST)
		log_event(LOG_LEVEL_WARN, "nonces-left", "%s stays behind, errno %d",
		        path, errno);
}

static void sweep(int root, int64_t now)
{
	unsigned budget = SWEEP_MAX;
	DIR *d = io_dir_open(root, DIRECTORY);
	struct dirent *entry;
	uint64_t unit;

	if (!d)
		return;
	while (budget > 0 && (entry = io_dir_next(d)) != NULL)
		if (num_parse(view_of(entry->d_name), &unit) == 0 && is_over(unit, now))
			remove_unit(root, entry->d_name, &budget);
	io_dir_close(&d);
}

static int make(int root, const char *path, struct err *err)
{
	if (io_mkdir(root, path, 0700) == 0)
		return 1;
	return errno == EEXIST ? 0 : err_io(err, "make %s", path);
}

static int make_unit(int root, const char *path, int64_t now, struct err *err)
{
	int made;

	if (make(root, "keys", err) < 0 || make(root, DIRECTORY, err) < 0)
		return -1;
	made = make(root, path, err);
	if (made == 1)
		sweep(root, now);
	return made < 0 ? -1 : 0;
}

/* What was used already, by the age of its file: 1 when that does not count yet, 0, -1.
 */
static int use_again(int root, const char *path, unsigned again, struct err *err)
{
	struct stat st;

	if (again == 0)
		return 0;
	if (io_stat(root, path, &st) != 0)
		return err_io(err, "look at %s", path);
	return (int64_t)time(NULL) - (int64_t)st.st_mtim.tv_sec <= (int64_t)again;
}

int nonces_use(int root, struct view what, int64_t at, int64_t now, unsigned again,
        struct err *err)
{
	char unit[PATH_MAX_LENGTH], path[2 * PATH_MAX_LENGTH];
	struct digest digest;
	int fd;

	hash_bytes(DIGEST_SHA256, what.ptr, what.len, &digest);
	snprintf(unit, sizeof(unit), "%s/%" PRId64, DIRECTORY, at / NONCE_WINDOW);
	snprintf(path, sizeof(path), "%s/%.64s", unit, digest.hex);
	fd = io_open(root, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd == -1 && errno == ENOENT) {
		if (make_unit(root, unit, now, err) != 0)
			return -1;
		fd = io_open(root, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	}
	if (fd == -1 && errno == EEXIST)
		return use_again(root, path, again, err);
	if (fd == -1)
		return err_io(err, "make %s", path);
	io_close(&fd);
	return 1;
}
