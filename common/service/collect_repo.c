#include "service/collect_parts.h"

#include "base/io.h"
#include "service/dir_each.h"
#include "service/repo_walk.h"
#include "store/referrers.h"
#include "store/repo_dirs.h"

#include <errno.h>

/* ---- what stays and what goes ---- */

int sweep_protect(struct sweep *w)
{
	const struct reach *g = &w->c->graph;

	for (uint32_t i = 0; i < g->nmanifests; i++) {
		struct err why = ERR_INIT;

		if (!g->manifests[i].present || !g->manifests[i].damaged)
			continue;
		err_set(&why, ERR_FAULT,
			"the manifest is damaged: nothing of the repository is removed");
		collect_problem(w->c, w->repo, NULL, reach_digest(g, i), &why);
	}
	return g->damaged > 0;
}

int sweep_mark(struct sweep *w, struct err *err)
{
	struct reach *g = &w->c->graph;

	for (size_t i = 0; i < g->nmanifests; i++)
		g->manifests[i].root = true;
	return reach_mark(g, err);
}

int sweep_doom(struct sweep *w, size_t *n, struct err *err)
{
	uint64_t age = w->c->options->untagged_age;
	struct reach *g = &w->c->graph;

	if (reach_tags(w->c->store, w->repo, g, err) < 0)
		return -1;
	for (size_t i = 0; i < g->nmanifests; i++) {
		struct reach_manifest *m = &g->manifests[i];

		m->root = m->tagged ||
			  !collect_is_old(w->c, m->stamp.mtime.tv_sec, age);
	}
	if (reach_mark(g, err) < 0)
		return -1;
	return reach_doomed(g, n, err);
}

bool sweep_is_old(const struct sweep *w, const struct stat *st)
{
	return S_ISREG(st->st_mode) &&
	       collect_is_old(w->c, st->st_mtim.tv_sec, w->c->options->grace);
}

/* ---- counting ---- */

static void report(const struct sweep *w, const char *kind, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX + 1];

	if (!w->c->job || !w->c->job->item)
		return;
	job_item(w->c->job, kind,
		(struct job_field[]){JOB_TEXT("repository", w->repo->text),
			JOB_TEXT("digest", digest_text(d, text)),
			JOB_FLAG("removed", !w->c->options->dry_run), JOB_END});
}

void sweep_count_manifest(struct sweep *w, uint32_t manifest)
{
	const struct reach_manifest *m = &w->c->graph.manifests[manifest];

	w->c->result->manifests++;
	w->c->result->bytes_unlinked += m->bytes;
	w->c->result->bytes_freed += m->stamp.size;
	report(w, "manifest", reach_digest(&w->c->graph, manifest));
}

void sweep_count_blob(struct sweep *w, const struct digest *d, const struct stat *st)
{
	w->c->result->blobs++;
	w->c->result->bytes_unlinked += (uint64_t)st->st_size;
	report(w, "blob", d);
}

/* What removing the link would free, after all that would have been removed before. */
static int count_freed(struct sweep *w, const struct digest *d, const struct stat *st,
	struct err *err)
{
	uint64_t taken = link_counts_add(&w->c->taken, (uint64_t)st->st_ino);
	struct collect_result *r = w->c->result;
	struct path entry = path_blob(d);
	struct stat in_store;

	if (taken == 0)
		return err_set(err, ERR_FAULT, "no memory for a dry run");
	if (st->st_nlink <= taken) {
		r->bytes_freed += (uint64_t)st->st_size;
	} else if (st->st_nlink == taken + 1 &&
		   io_stat(w->c->store->root, entry.text, &in_store) == 0 &&
		   in_store.st_ino == st->st_ino) {
		r->entries++;
		r->bytes_freed += (uint64_t)st->st_size;
	}
	return 0;
}

/* ---- a look at everything ---- */

static int look_manifests(struct sweep *w, struct err *err)
{
	struct reach *g = &w->c->graph;
	size_t n;

	if (w->c->options->untagged_age == 0)
		return 0;
	if (sweep_doom(w, &n, err) < 0)
		return -1;
	if (n == 0)
		return 0;
	/* Their entries go with them. */
	w->hollow = true;
	if (!w->c->options->dry_run)
		return sweep_manifests(w, err);
	for (size_t i = 0; i < n; i++) {
		sweep_count_manifest(w, g->order[i]);
		g->manifests[g->order[i]].present = false;
	}
	return 0;
}

static bool is_gone(int errnum)
{
	return errnum == ENOENT || errnum == ESTALE;
}

static int look_blob(void *arg, int dir, const char *name, struct err *err)
{
	struct sweep *w = arg;
	struct digest d;
	struct stat st;
	int rc;

	w->blobs++;
	if (digest_from_hex(w->algorithm, view_of(name), &d) < 0 ||
		reach_needs(&w->c->graph, &d))
		return 0;
	if (io_stat(dir, name, &st) < 0)
		return is_gone(errno) ? 0 : err_io(err, "cannot look at blob %s", name);
	if (!sweep_is_old(w, &st))
		return 0;
	if (w->c->options->dry_run) {
		sweep_count_blob(w, &d, &st);
		return count_freed(w, &d, &st, err);
	}
	w->batch[w->n++] = d;
	if (w->n < COLLECT_BATCH)
		return 0;
	rc = sweep_blobs(w, err);
	sweep_pause();
	return rc == 0 ? collect_stops(w->c) : rc;
}

static int look_blobs(struct sweep *w, struct err *err)
{
	int rc = sweep_mark(w, err);

	if (!(w->has & REPO_HAS_BLOBS))
		return rc;
	for (int a = 0; rc == 0 && a < DIGEST_ALGORITHMS; a++) {
		struct path dir = path_repo_blobs(w->repo, (enum digest_algorithm)a);

		w->algorithm = (enum digest_algorithm)a;
		rc = dir_each(w->c->store, dir.text, look_blob, w, err);
	}
	return rc == 0 && w->n > 0 ? sweep_blobs(w, err) : rc;
}

static int look_referrer(void *arg, int dir, const char *name, struct err *err)
{
	struct sweep *w = arg;
	struct digest d;
	struct stat st;

	w->entries++;
	if (referrers_entry_parse(name, &d) < 0 ||
		reach_find(&w->c->graph, &d) != REACH_NONE)
		return 0;
	if (io_stat(dir, name, &st) < 0)
		return is_gone(errno) ? 0 : err_io(err, "cannot look at entry %s", name);
	if (!sweep_is_old(w, &st))
		return 0;
	if (w->c->options->dry_run) {
		w->c->result->referrers++;
		return 0;
	}
	w->batch[w->n++] = d;
	return w->n == COLLECT_BATCH ? sweep_referrers(w, err) : 0;
}

static int look_subject(void *arg, int dir, const char *name, struct err *err)
{
	struct sweep *w = arg;
	struct path path;
	int rc;

	(void)dir;
	if (digest_from_hex(w->algorithm, view_of(name), &w->subject) < 0)
		return 0;
	path = path_referrers(w->repo, &w->subject);
	w->subjects++;
	w->entries = 0;
	rc = dir_each(w->c->store, path.text, look_referrer, w, err);
	if (rc == 0 && w->n > 0)
		rc = sweep_referrers(w, err);
	if (w->entries == 0)
		w->hollow = true;
	return rc;
}

static int look_referrers(struct sweep *w, struct err *err)
{
	int rc = 0;

	if (!(w->has & REPO_HAS_REFERRERS))
		return 0;
	for (int a = 0; rc == 0 && a < DIGEST_ALGORITHMS; a++) {
		struct path dir = repo_dirs_subjects(w->repo, (enum digest_algorithm)a);

		w->algorithm = (enum digest_algorithm)a;
		rc = dir_each(w->c->store, dir.text, look_subject, w, err);
	}
	return rc;
}

/* Whether there are no tags though there is a directory for them: 1, 0, or -1. */
static int has_hollow_tags(struct sweep *w, struct err *err)
{
	struct path tags = path_tags(w->repo);

	return w->has & REPO_HAS_TAGS ? dir_is_empty(w->c->store, tags.text, err) : 0;
}

static int look_dirs(struct sweep *w, struct err *err)
{
	int tags;

	if (w->c->options->dry_run)
		return 0;
	tags = has_hollow_tags(w, err);
	if (tags < 0)
		return -1;
	if (w->hollow || tags || w->has == REPO_HAS_LOCK ||
		(w->has & REPO_HAS_BLOBS && w->blobs == 0) ||
		(w->has & REPO_HAS_MANIFESTS && w->c->graph.present == 0) ||
		(w->has & REPO_HAS_REFERRERS && w->subjects == 0))
		return sweep_dirs(w, err);
	return 0;
}

static int look(struct sweep *w, struct err *err)
{
	int rc = reach_load(w->c->store, w->repo, &w->c->graph, err);

	if (rc == 0)
		rc = sweep_protect(w);
	if (rc == 0)
		rc = look_referrers(w, err);
	if (rc == 0)
		rc = look_manifests(w, err);
	if (rc == 0)
		rc = look_blobs(w, err);
	if (rc == 0)
		rc = look_dirs(w, err);
	return rc;
}

void collect_repo(struct collect *c, const struct repo_name *r, unsigned has)
{
	struct sweep w = {.c = c, .repo = r, .has = has};
	struct err why = ERR_INIT;
	int rc = 0;

	if ((has & ~(unsigned)REPO_HAS_CHILDREN) != 0) {
		c->result->repositories++;
		rc = look(&w, &why);
		reach_clear(&c->graph);
	} else if (has == 0 && !c->options->dry_run) {
		/* Not even a lock: somebody was killed on the way. */
		rc = repo_dirs_remove_bare(c->store, r, &why);
	}
	if (rc < 0)
		collect_problem(c, r, NULL, NULL, &why);
}
