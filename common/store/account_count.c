#include "store/account_count.h"

#include "base/io.h"
#include "base/num.h"
#include "format/media.h"
#include "store/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int account_add(struct account *a, enum account_kind kind, uint64_t size)
{
	uint64_t *number = kind == ACCOUNT_BLOB ? &a->blobs : &a->manifests;
	uint64_t more, bytes;

	if (num_add(*number, 1, &more) < 0 || num_add(a->bytes, size, &bytes) < 0)
		return -1;
	*number = more;
	a->bytes = bytes;
	return 0;
}

int account_subtract(struct account *a, enum account_kind kind, uint64_t size)
{
	uint64_t *number = kind == ACCOUNT_BLOB ? &a->blobs : &a->manifests;

	if (*number < 1 || a->bytes < size)
		return -1;
	*number -= 1;
	a->bytes -= size;
	return 0;
}

bool account_equal(const struct account *a, const struct account *b)
{
	return a->blobs == b->blobs && a->manifests == b->manifests &&
	       a->bytes == b->bytes;
}

static bool is_gone(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR || errnum == ESTALE;
}

/* Bytes of a manifest's file without its first line: 1, 0, or -1 and errno. */
static int manifest_bytes(int dir, const char *path, uint64_t *size)
{
	char line[MEDIA_TYPE_MAX + 1];
	const char *end;
	struct stat st;
	ssize_t got;
	int fd = io_open(dir, path, O_RDONLY, 0);
	int errnum;

	if (fd == -1)
		return is_gone(errno) ? 0 : -1;
	got = io_fstat(fd, &st) < 0 ? -1 : io_pread_full(fd, line, sizeof(line), 0);
	errnum = errno;
	io_close(&fd);
	if (got < 0) {
		errno = errnum;
		return -1;
	}
	end = memchr(line, '\n', (size_t)got);
	*size = (uint64_t)st.st_size - (end ? (uint64_t)(end - line) + 1 : 0);
	return 1;
}

/* Bytes that the file counts: 1, 0 when there is none, or -1 and errno. */
static int bytes_of(int dir, const char *path, enum account_kind kind, uint64_t *size)
{
	struct stat st;

	if (kind == ACCOUNT_MANIFEST)
		return manifest_bytes(dir, path, size);
	if (io_stat(dir, path, &st) < 0)
		return is_gone(errno) ? 0 : -1;
	*size = (uint64_t)st.st_size;
	return 1;
}

int account_held(struct store *s, enum account_kind kind, const struct repo_name *repo,
	const struct digest *d, uint64_t *size, struct err *err)
{
	struct path path = kind == ACCOUNT_BLOB ? path_repo_blob(repo, d)
						: path_manifest(repo, d);
	int found = bytes_of(s->root, path.text, kind, size);

	return found < 0 ? err_io(err, "cannot look at %s", path.text) : found;
}

/* A count under way. */
struct count {
	struct store *store;
	const struct account_entry *except; /* or NULL */
	struct repo_name repo;		    /* where the count is */
	struct account sum;
};

static bool is_excepted(
	const struct count *c, enum account_kind kind, const struct digest *d)
{
	return c->except && c->except->kind == kind &&
	       digest_equal(&c->except->digest, d) &&
	       strcmp(c->except->repo.text, c->repo.text) == 0;
}

static int count_one(struct count *c, DIR *dir, const char *name, enum account_kind kind,
	enum digest_algorithm a, struct err *err)
{
	struct digest d;
	uint64_t size;
	int found;

	if (digest_from_hex(a, view_of(name), &d) < 0 || is_excepted(c, kind, &d))
		return 0;
	found = bytes_of(dirfd(dir), name, kind, &size);
	if (found < 0)
		return err_io(err, "cannot look at %s of %s", name, c->repo.text);
	if (found == 1 && account_add(&c->sum, kind, size) < 0)
		return err_set(err, ERR_FAULT, "the sizes in %s exceed every bound",
			c->repo.text);
	return 0;
}

static int count_dir(struct count *c, enum account_kind kind, enum digest_algorithm a,
	struct err *err)
{
	struct path path = kind == ACCOUNT_BLOB ? path_repo_blobs(&c->repo, a)
						: path_manifests(&c->repo, a);
	DIR *dir = io_dir_open(c->store->root, path.text);
	struct dirent *e;
	int rc = 0;

	if (!dir)
		return is_gone(errno) ? 0 : err_io(err, "cannot list %s", path.text);
	while (rc == 0 && (e = io_dir_next(dir)))
		rc = count_one(c, dir, e->d_name, kind, a, err);
	if (rc == 0 && errno != 0)
		rc = err_io(err, "cannot list %s", path.text);
	io_dir_close(&dir);
	return rc;
}

static int count_here(struct count *c, struct err *err)
{
	for (int a = 0; a < DIGEST_ALGORITHMS; a++)
		if (count_dir(c, ACCOUNT_BLOB, (enum digest_algorithm)a, err) < 0 ||
			count_dir(c, ACCOUNT_MANIFEST, (enum digest_algorithm)a, err) < 0)
			return -1;
	return 0;
}

int account_count_repo(struct store *s, const struct repo_name *repo, struct account *out,
	struct err *err)
{
	struct count c = {.store = s, .repo = *repo};
	int rc = count_here(&c, err);

	*out = c.sum;
	return rc;
}

static int count_below(struct count *c, struct err *err);

/* The repository called name in the one where the count is, and all below it. */
static int count_child(struct count *c, const struct dirent *e, struct err *err)
{
	size_t at = strlen(c->repo.text), len = strlen(e->d_name);
	int rc;

	if ((e->d_type != DT_DIR && e->d_type != DT_UNKNOWN) ||
		at + 1 + len > REPO_NAME_MAX ||
		!repo_name_is_component((struct view){e->d_name, len}))
		return 0;
	c->repo.text[at] = '/';
	memcpy(c->repo.text + at + 1, e->d_name, len + 1);
	rc = count_here(c, err);
	if (rc == 0)
		rc = count_below(c, err);
	c->repo.text[at] = '\0';
	return rc;
}

static int count_below(struct count *c, struct err *err)
{
	struct path path = path_repo(&c->repo);
	DIR *dir = io_dir_open(c->store->root, path.text);
	struct dirent *e;
	int rc = 0;

	if (!dir)
		return is_gone(errno) ? 0 : err_io(err, "cannot list %s", path.text);
	while (rc == 0 && (e = io_dir_next(dir)))
		rc = count_child(c, e, err);
	if (rc == 0 && errno != 0)
		rc = err_io(err, "cannot list %s", path.text);
	io_dir_close(&dir);
	return rc;
}

int account_count_all(struct store *s, const struct repo_name *ns,
	const struct account_entry *except, struct account *out, struct err *err)
{
	struct count c = {.store = s, .except = except, .repo = *ns};
	int rc;

	c.repo.text[repo_name_namespace(ns).len] = '\0';
	rc = count_here(&c, err);
	if (rc == 0)
		rc = count_below(&c, err);
	*out = c.sum;
	return rc;
}
