#include "store/repo_remove.h"

#include "base/io.h"
#include "store/account.h"
#include "store/manifest_order.h"
#include "store/repo_dirs.h"
#include "store/repos.h"

#include <errno.h>
#include <stdlib.h>

/* Blobs or manifests that go with one hold of the account's lock and one sync. */
#define BATCH 1000
/* Blobs that come in while others go are looked for so often. */
#define PASSES 3

struct removal {
	struct store *store;
	const struct repo_name *repo;
	struct repo_removed *out;
	/* of the directories being emptied */
	enum account_kind kind;
	enum digest_algorithm algorithm;
	struct digest subject;
	struct digest batch[BATCH];
	size_t n;
	uint64_t lost;
};

/* Calls each() for every name in the directory; an absent one is empty. */
static int each_name(struct removal *w, const struct path *dir,
	int (*each)(struct removal *w, const char *name, struct err *err),
	struct err *err)
{
	DIR *d = io_dir_open(w->store->root, dir->text);
	struct dirent *e;
	int rc = 0;

	if (!d)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_io(err, "cannot list %s", dir->text);
	while (rc == 0 && (e = io_dir_next(d)))
		rc = each(w, e->d_name, err);
	if (rc == 0 && errno != 0)
		rc = err_io(err, "cannot list %s", dir->text);
	io_dir_close(&d);
	return rc;
}

static int remove_name(struct store *s, const struct path *path, struct err *err)
{
	if (io_unlink(s->root, path->text) == 0 || errno == ENOENT)
		return 0;
	return err_io(err, "cannot remove %s", path->text);
}

static int remove_tag(struct removal *w, const char *name, struct err *err)
{
	struct tag t;
	struct path path;

	if (tag_parse(view_of(name), &t) < 0)
		return 0;
	path = path_tag(w->repo, &t);
	if (remove_name(w->store, &path, err) < 0)
		return -1;
	w->out->tags++;
	return 0;
}

static int remove_tags(struct removal *w, struct err *err)
{
	struct path dir = path_tags(w->repo);
	int rc = each_name(w, &dir, remove_tag, err);

	/* No tag may come back whose manifest does not. */
	if (w->out->tags > 0 && store_sync_dir(w->store, dir.text, err) < 0)
		rc = -1;
	return rc;
}

/* The store's entry has one name when no repository holds the blob. */
static void count_collectable(struct removal *w, const struct digest *d)
{
	struct path entry = path_blob(d);
	struct stat st;

	if (io_stat(w->store->root, entry.text, &st) == 0 && st.st_nlink == 1)
		w->out->bytes_collectable += (uint64_t)st.st_size;
}

static int lose_batch(struct removal *w, struct err *err)
{
	struct account lost;
	int rc = account_lose_all(
		w->store, w->repo, w->kind, w->batch, w->n, &lost, err);

	w->lost += lost.blobs + lost.manifests;
	w->out->blobs += lost.blobs;
	w->out->manifests += lost.manifests;
	w->out->bytes += lost.bytes;
	for (size_t i = 0; w->kind == ACCOUNT_BLOB && i < w->n; i++)
		count_collectable(w, &w->batch[i]);
	w->n = 0;
	return rc;
}

static int lose(struct removal *w, const struct digest *d, struct err *err)
{
	w->batch[w->n++] = *d;
	return w->n < BATCH ? 0 : lose_batch(w, err);
}

static int lose_name(struct removal *w, const char *name, struct err *err)
{
	struct digest d;

	if (digest_from_hex(w->algorithm, view_of(name), &d) < 0)
		return 0;
	return lose(w, &d, err);
}

/* Everything of one kind, in the order of the directory. */
static int lose_kind(struct removal *w, enum account_kind kind, struct err *err)
{
	int rc = 0;

	w->kind = kind;
	w->n = 0;
	w->lost = 0;
	for (int a = 0; rc == 0 && a < DIGEST_ALGORITHMS; a++) {
		struct path dir;

		w->algorithm = (enum digest_algorithm)a;
		dir = kind == ACCOUNT_BLOB ? path_repo_blobs(w->repo, w->algorithm)
					   : path_manifests(w->repo, w->algorithm);
		rc = each_name(w, &dir, lose_name, err);
	}
	return rc < 0 ? -1 : lose_batch(w, err);
}

/* Indexes first, so that none that is still there misses a child. */
static int remove_manifests(struct removal *w, struct err *err)
{
	struct digest *parents;
	size_t n;
	int rc = manifest_order_parents(w->store, w->repo, &parents, &n, err);

	w->kind = ACCOUNT_MANIFEST;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = lose(w, &parents[i], err);
	if (rc == 0)
		rc = lose_batch(w, err);
	free(parents);
	return rc < 0 ? -1 : lose_kind(w, ACCOUNT_MANIFEST, err);
}

static int remove_blobs(struct removal *w, struct err *err)
{
	int rc = 0;

	for (int pass = 0; rc == 0 && pass < PASSES; pass++) {
		rc = lose_kind(w, ACCOUNT_BLOB, err);
		if (w->lost == 0)
			break;
	}
	return rc;
}

static int remove_entry(struct removal *w, const char *name, struct err *err)
{
	struct digest manifest;
	struct path path;

	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		if (digest_from_hex((enum digest_algorithm)a, view_of(name), &manifest) < 0)
			continue;
		path = path_referrer(w->repo, &w->subject, &manifest);
		return remove_name(w->store, &path, err);
	}
	return 0;
}

static int remove_subject(struct removal *w, const char *name, struct err *err)
{
	struct path dir;

	if (digest_from_hex(w->algorithm, view_of(name), &w->subject) < 0)
		return 0;
	dir = path_referrers(w->repo, &w->subject);
	if (each_name(w, &dir, remove_entry, err) < 0)
		return -1;
	if (io_rmdir(w->store->root, dir.text) == 0 || errno == ENOENT ||
		errno == ENOTEMPTY || errno == EEXIST)
		return 0;
	return err_io(err, "cannot remove %s", dir.text);
}

static int remove_referrers(struct removal *w, struct err *err)
{
	int rc = 0;

	for (int a = 0; rc == 0 && a < DIGEST_ALGORITHMS; a++) {
		struct path dir = repo_dirs_subjects(w->repo, (enum digest_algorithm)a);

		w->algorithm = (enum digest_algorithm)a;
		rc = each_name(w, &dir, remove_subject, err);
	}
	return rc;
}

static int remove_all(struct removal *w, struct err *err)
{
	if (remove_tags(w, err) < 0 || remove_manifests(w, err) < 0 ||
		remove_referrers(w, err) < 0 || remove_blobs(w, err) < 0)
		return -1;
	return repo_dirs_remove(w->store, w->repo, err);
}

int repo_remove(struct store *s, const struct repo_name *r, struct repo_removed *out,
	struct err *err)
{
	struct removal w = {.store = s, .repo = r, .out = out};
	int lock = -1;
	int in_use, rc;

	*out = (struct repo_removed){0};
	in_use = repo_dirs_in_use(s, r, err);
	if (in_use < 0)
		return -1;
	/* An empty directory is what is left when one was killed at the very end. */
	if (in_use == 0) {
		if (repo_dirs_remove_bare(s, r, err) < 0)
			return -1;
		return err_set(err, ERR_NAME_UNKNOWN, "there is no repository %s",
			r->text);
	}
	rc = repos_lock(s, r, true, false, &lock, err);
	if (rc == 0)
		rc = remove_all(&w, err);
	io_close(&lock);
	return rc;
}
