#include "service/collect_parts.h"

#include "base/io.h"
#include "service/dir_each.h"
#include "store/account.h"
#include "store/referrers.h"
#include "store/repo_dirs.h"
#include "store/repos.h"

#include <errno.h>
#include <time.h>

/* Longer than others wait between two tries for the lock. */
#define PAUSE_MS 30

void sweep_pause(void)
{
	const struct timespec pause = {0, PAUSE_MS * 1000000L};

	nanosleep(&pause, NULL);
}

/*
 * Takes the exclusive lock and looks at what the manifests are now. Nothing is reported
 * under it: whoever listens may be slow.
 */
static int hold(struct sweep *w, int *lock, struct err *err)
{
	if (repos_lock(w->c->store, w->repo, true, false, lock, err) < 0) {
		if (err->code != ERR_NAME_UNKNOWN)
			return -1;
		err_release(err);
		return 1;
	}
	if (reach_load(w->c->store, w->repo, &w->c->graph, err) < 0)
		return -1;
	return w->c->graph.damaged > 0;
}

/* Releases the lock; rc is what hold, or what came after it, has returned. */
static int let_go(struct sweep *w, int *lock, int rc)
{
	io_close(lock);
	if (rc == 1)
		sweep_protect(w);
	return rc;
}

/* ---- manifests ---- */

/* The first of those that are to go, *n of them; *more when these are not all. */
static int remove_manifests(struct sweep *w, size_t *n, bool *more, struct err *err)
{
	struct reach *g = &w->c->graph;

	if (sweep_doom(w, n, err) < 0)
		return -1;
	*more = *n > REACH_REMOVE_MAX;
	if (*more)
		*n = REACH_REMOVE_MAX;
	return reach_remove_all(w->c->store, w->repo, g, g->order, *n, err);
}

int sweep_manifests(struct sweep *w, struct err *err)
{
	struct reach *g = &w->c->graph;
	bool more = true;
	int rc = 0;

	while (rc == 0 && more) {
		size_t n = 0;
		int lock = -1;

		rc = hold(w, &lock, err);
		if (rc == 0)
			rc = remove_manifests(w, &n, &more, err);
		rc = let_go(w, &lock, rc);
		for (size_t i = 0; i < n && !g->manifests[g->order[i]].present; i++)
			sweep_count_manifest(w, g->order[i]);
		if (rc == 0 && more) {
			sweep_pause();
			rc = collect_stops(w->c);
		}
	}
	return rc;
}

/* ---- blobs ---- */

/* Keeps in the batch what is still unneeded and old. */
static int look_again(struct sweep *w, struct err *err)
{
	size_t n = w->n;

	if (sweep_mark(w, err) < 0)
		return -1;
	w->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct path path = path_repo_blob(w->repo, &w->batch[i]);
		struct stat *st = &w->seen[w->n];

		if (reach_needs(&w->c->graph, &w->batch[i]))
			continue;
		if (io_stat(w->c->store->root, path.text, st) < 0) {
			if (errno == ENOENT || errno == ESTALE)
				continue;
			return err_io(err, "cannot look at %s", path.text);
		}
		if (sweep_is_old(w, st))
			w->batch[w->n++] = w->batch[i];
	}
	return 0;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* The store's entry of a blob, if that is the file that was seen: 1, 0, or -1. */
static int look_at_entry(struct sweep *w, const struct path *entry,
	const struct stat *seen, struct stat *st, struct err *err)
{
	if (seen->st_nlink == 1)
		return 0;
	if (io_stat(w->c->store->root, entry->text, st) == 0)
		return st->st_ino == seen->st_ino;
	if (errno == ENOENT || errno == ESTALE)
		return 0;
	return err_io(err, "cannot look at %s", entry->text);
}

/*
 * Somebody may have renewed the lease of a blob after we looked at it and before it went,
 * and count on it now. The store's entry is the same file, so it tells, and nobody can have
 * pushed a manifest meanwhile: 1 when the repository has it again.
 */
static int give_back(struct sweep *w, size_t i, struct err *err)
{
	struct path entry = path_blob(&w->batch[i]);
	const struct stat *seen = &w->seen[i];
	struct account_change gain = {
		w->repo, ACCOUNT_BLOB, &w->batch[i], (uint64_t)seen->st_size};
	struct stat st;
	int same = look_at_entry(w, &entry, seen, &st, err);

	if (same <= 0 || same_time(&st.st_mtim, &seen->st_mtim))
		return same < 0 ? -1 : 0;
	return account_gain(w->c->store, &gain, &entry, err) < 0 ? -1 : 1;
}

/* The first n of the batch have gone: gives back and leaves out those that are wanted. */
static int give_back_all(struct sweep *w, size_t n, struct err *err)
{
	int rc = 0;

	w->n = 0;
	for (size_t i = 0; i < n; i++) {
		int given = give_back(w, i, err);

		if (given < 0)
			rc = -1;
		if (given == 1)
			continue;
		w->batch[w->n] = w->batch[i];
		w->seen[w->n++] = w->seen[i];
	}
	return rc;
}

static int remove_blobs(struct sweep *w, struct err *err)
{
	struct account lost;
	int rc = look_again(w, err);

	if (rc < 0) {
		w->n = 0;
		return -1;
	}
	rc = account_lose_all(w->c->store, w->repo, ACCOUNT_BLOB, w->batch, w->n, &lost,
		err);
	if (give_back_all(w, lost.blobs, err) < 0)
		rc = -1;
	return rc;
}

/* The store's entry of a blob that lost its link here, if that was its last. */
static void free_entry(struct sweep *w, const struct digest *d, const struct stat *seen)
{
	struct path entry = path_blob(d);
	struct collect_result *r = w->c->result;
	struct err why = ERR_INIT;
	struct stat st;
	int same = look_at_entry(w, &entry, seen, &st, &why);

	if (same < 0)
		collect_problem(w->c, NULL, entry.text, NULL, &why);
	if (seen->st_nlink == 1)
		r->bytes_freed += (uint64_t)seen->st_size;
	if (same != 1 || st.st_nlink != 1 || !sweep_is_old(w, &st) ||
		!collect_unlink(w->c, w->c->store->root, entry.text, entry.text))
		return;
	r->entries++;
	r->bytes_freed += (uint64_t)st.st_size;
}

int sweep_blobs(struct sweep *w, struct err *err)
{
	int lock = -1;
	int rc = hold(w, &lock, err);

	if (rc == 0)
		rc = remove_blobs(w, err);
	else
		w->n = 0;
	/* Freeing the bytes of large files takes time, and needs no lock. */
	rc = let_go(w, &lock, rc);
	for (size_t i = 0; i < w->n; i++) {
		sweep_count_blob(w, &w->batch[i], &w->seen[i]);
		free_entry(w, &w->batch[i], &w->seen[i]);
	}
	w->blobs -= w->n;
	w->n = 0;
	return rc;
}

/* ---- entries of referrers, and directories ---- */

static int remove_entries(struct sweep *w, struct err *err)
{
	for (size_t i = 0; i < w->n; i++) {
		if (reach_find(&w->c->graph, &w->batch[i]) != REACH_NONE)
			continue;
		if (referrers_remove(w->c->store, w->repo, &w->subject, &w->batch[i],
			    err) < 0)
			return -1;
		w->c->result->referrers++;
		w->entries--;
	}
	return 0;
}

int sweep_referrers(struct sweep *w, struct err *err)
{
	int lock = -1;
	int rc = hold(w, &lock, err);

	if (rc == 0)
		rc = remove_entries(w, err);
	w->n = 0;
	return let_go(w, &lock, rc);
}

static int remove_subject(void *arg, int dir, const char *name, struct err *err)
{
	(void)arg;
	if (io_rmdir(dir, name) == 0 || errno == ENOTEMPTY || errno == EEXIST ||
		errno == ENOTDIR || errno == ENOENT)
		return 0;
	return err_io(err, "cannot remove the directory of subject %s", name);
}

static int remove_dirs(struct sweep *w, struct err *err)
{
	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		struct path dir = repo_dirs_subjects(w->repo, (enum digest_algorithm)a);

		if (dir_each(w->c->store, dir.text, remove_subject, NULL, err) < 0)
			return -1;
	}
	return repo_dirs_remove(w->c->store, w->repo, err);
}

int sweep_dirs(struct sweep *w, struct err *err)
{
	int lock = -1;
	int rc = hold(w, &lock, err);

	if (rc == 0)
		rc = remove_dirs(w, err);
	return let_go(w, &lock, rc);
}
