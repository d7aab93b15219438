#include "support/values.h"

#include "format/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACE_SIZE 1024

static void demand(bool held, const char *what, const char *object)
{
	if (held)
		return;
	fprintf(stderr, "values: %s: %s\n", what, object);
	abort();
}

struct repo_name as_repo(const char *text)
{
	struct repo_name r;

	demand(repo_name_parse(view_of(text), &r) == 0, "no repository name", text);
	return r;
}

struct tag as_tag(const char *text)
{
	struct tag t;

	demand(tag_parse(view_of(text), &t) == 0, "no tag", text);
	return t;
}

struct digest as_digest(enum digest_algorithm a, const char *bytes)
{
	struct digest d;

	hash_bytes(a, bytes, strlen(bytes), &d);
	return d;
}

/* The absolute path, with the directories above it made. */
static void place(const struct fixture *f, const char *path, char out[PLACE_SIZE])
{
	int len = snprintf(out, PLACE_SIZE, "%s/%s", f->dir, path);

	demand(len > 0 && len < PLACE_SIZE, "path too long", path);
	for (char *p = out + strlen(f->dir) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(out, 0755);
		*p = '/';
	}
}

void plant_file(const struct fixture *f, const char *path, const char *bytes)
{
	char at[PLACE_SIZE];
	size_t len = strlen(bytes);
	int fd;

	place(f, path, at);
	unlink(at);
	fd = open(at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	demand(fd != -1 && write(fd, bytes, len) == (ssize_t)len, "cannot write", at);
	close(fd);
}

void plant_link(const struct fixture *f, const char *path, const char *target)
{
	char at[PLACE_SIZE];

	place(f, path, at);
	unlink(at);
	demand(symlink(target, at) == 0, "cannot link", at);
}

/* What was planted in the repository is counted when the account is needed next. */
static void forget_account(const struct fixture *f, const char *repo)
{
	char at[PLACE_SIZE];

	snprintf(at, sizeof(at), "%s/quota/%.*s/account", f->dir, (int)strcspn(repo, "/"),
		repo);
	demand(unlink(at) == 0 || errno == ENOENT, "cannot remove", at);
}

struct digest plant_blob(const struct fixture *f, const char *repo, const char *bytes)
{
	struct digest d = as_digest(DIGEST_SHA256, bytes);
	char path[512], from[PLACE_SIZE], to[PLACE_SIZE];

	snprintf(path, sizeof(path), "blobs/sha256/%.2s/%s", d.hex, d.hex);
	plant_file(f, path, bytes);
	place(f, path, from);
	snprintf(path, sizeof(path), "repos/%s/@blobs/sha256/%s", repo, d.hex);
	place(f, path, to);
	demand(chmod(from, 0444) == 0 && link(from, to) == 0, "cannot link", to);
	forget_account(f, repo);
	return d;
}

struct digest plant_manifest(const struct fixture *f, const char *repo, const char *type,
	const char *bytes)
{
	struct digest d = as_digest(DIGEST_SHA256, bytes);
	char path[512];
	char file[8192];

	snprintf(path, sizeof(path), "repos/%s/@manifests/sha256/%s", repo, d.hex);
	demand(snprintf(file, sizeof(file), "%s\n%s", type, bytes) < (int)sizeof(file),
		"manifest too long", path);
	plant_file(f, path, file);
	forget_account(f, repo);
	return d;
}

static unsigned count(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;
	struct dirent *e;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

unsigned open_descriptors(void)
{
	return count("/proc/self/fd");
}

unsigned names_in(const struct fixture *f, const char *path)
{
	char at[PLACE_SIZE];

	place(f, path, at);
	return count(at);
}
