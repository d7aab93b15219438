#include "service/cleanup_parts.h"

#include "base/io.h"
#include "service/cleanup_left.h"
#include "service/cleanup_plan.h"
#include "store/path.h"
#include "store/repos.h"

#include <errno.h>
#include <time.h>

/* Longer than others wait between two tries for the lock. */
#define PAUSE_MS 30
#define WHY_MAX 8192

/* The work in one repository. */
struct sweep {
	struct cleanup *c;
	const struct repo_name *repo;
	struct cleanup_plan plan;
	size_t removed; /* manifests, the first of graph.order, in this hold of the lock */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what is told ---- */

static void report_tag(struct sweep *w, const struct planned_tag *t)
{
	char text[DIGEST_TEXT_MAX + 1];
	struct buf why = BUF_INIT(WHY_MAX);

	w->c->result->tags++;
	cleanup_plan_why(&w->plan, &w->c->graph, t, &why);
	job_item(w->c->job, "tag",
		(struct job_field[]){JOB_TEXT("repository", w->repo->text),
			JOB_TEXT("tag", t->name),
			JOB_TEXT("digest", digest_text(&t->digest, text)),
			JOB_FLAG("removed", !w->c->options->dry_run),
			JOB_TEXT("why", buf_str(&why)), JOB_END});
	buf_release(&why);
}

/* Those that have gone, or all that would. */
static void report_tags(struct sweep *w)
{
	for (size_t i = 0; i < w->plan.n; i++)
		if (w->plan.tags[i].gone ||
			(w->c->options->dry_run && w->plan.tags[i].goes))
			report_tag(w, &w->plan.tags[i]);
}

/* The first n of the order. */
static void report_manifests(struct sweep *w, size_t n)
{
	const struct reach *g = &w->c->graph;
	char text[DIGEST_TEXT_MAX + 1];

	for (size_t i = 0; i < n; i++) {
		w->c->result->manifests++;
		w->c->result->bytes += g->manifests[g->order[i]].bytes;
		job_item(w->c->job, "manifest",
			(struct job_field[]){JOB_TEXT("repository", w->repo->text),
				JOB_TEXT("digest",
					digest_text(reach_digest(g, g->order[i]), text)),
				JOB_FLAG("removed", !w->c->options->dry_run), JOB_END});
	}
}

/* ---- what is done under the exclusive lock ---- */

/* Makes the plan: 1 when something is to go, 0, or -1 when nothing may. */
static int make_plan(struct sweep *w, struct err *err)
{
	const struct cleanup_plan *plan = &w->plan;

	if (cleanup_plan_make(w->c->store, w->repo, &w->c->graph, &w->plan, err) < 0)
		return -1;
	if (plan->going == 0 && plan->doomed == 0)
		return 0;
	if (w->c->graph.damaged > 0)
		return err_set(err, ERR_CONFLICT,
			"nothing is removed: a damaged manifest may refer to anything");
	if (plan->going > 0 && plan->going == plan->n && !w->c->options->all)
		return err_set(err, ERR_CONFLICT,
			"nothing is removed: the rule of line %u would leave no tag",
			plan->rule->line);
	return 1;
}

/* A tag that cannot be removed stays, with its manifest; the others go all the same. */
static void remove_tag(struct sweep *w, struct planned_tag *t)
{
	struct err why = ERR_INIT;
	struct path path;
	struct tag tag;

	if (tag_parse(view_of(t->name), &tag) < 0)
		return;
	path = path_tag(w->repo, &tag);
	if (io_unlink(w->c->store->root, path.text) == 0) {
		t->gone = true;
	} else if (errno != ENOENT) {
		err_io(&why, "cannot remove %s", path.text);
		cleanup_problem(w->c, w->repo, NULL, &why);
	}
}

static int remove_tags(struct sweep *w, struct err *err)
{
	struct path dir = path_tags(w->repo);
	size_t doomed;

	if (w->plan.going == 0)
		return 0;
	if (reach_doomed(&w->c->graph, &doomed, err) < 0)
		return -1;
	cleanup_left_save(w->c->store, w->repo, &w->c->graph, doomed);
	for (size_t i = 0; i < w->plan.n; i++)
		if (w->plan.tags[i].goes)
			remove_tag(w, &w->plan.tags[i]);
	/* No tag may come back whose manifest does not. */
	return store_sync_dir(w->c->store, dir.text, err);
}

/*
 * Removes the manifests that tags reached when the plan was made, and that nothing which is
 * there now needs: 1 when time has run out, 0 when all is done, or -1.
 */
static int remove_manifests(struct sweep *w, int64_t deadline, struct err *err)
{
	struct reach *g = &w->c->graph;
	size_t n;

	if (reach_tags(w->c->store, w->repo, g, err) < 0)
		return -1;
	for (size_t i = 0; i < g->nmanifests; i++)
		g->manifests[i].root = g->manifests[i].tagged || !g->manifests[i].seen;
	if (reach_mark(g, err) < 0 || reach_doomed(g, &n, err) < 0)
		return -1;
	for (w->removed = 0; w->removed < n;) {
		struct reach_manifest *m = &g->manifests[g->order[w->removed]];
		int rc = reach_remove(
			w->c->store, w->repo, g, g->order[w->removed], err);

		/* Should it be pushed again, it is not for us. */
		m->seen = m->present;
		w->removed += !m->present;
		if (rc < 0)
			return -1;
		if (w->removed < n && now_ms() >= deadline)
			return 1;
	}
	return 0;
}

static int sweep_locked(struct sweep *w, bool first, struct err *err)
{
	int rc;

	if (first) {
		rc = make_plan(w, err);
		if (rc == 1)
			rc = remove_tags(w, err) < 0 ? -1 : 1;
	} else {
		rc = reach_load(w->c->store, w->repo, &w->c->graph, err) < 0 ? -1 : 1;
		/* What came meanwhile may be damaged, and refer to anything. */
		if (rc == 1 && w->c->graph.damaged > 0)
			rc = err_set(err, ERR_CONFLICT,
				"manifests without tags stay: a damaged manifest may refer "
				"to anything");
	}
	return rc == 1 ? remove_manifests(w, now_ms() + CLEANUP_HOLD_MS, err) : rc;
}

/* One hold of the lock. What has gone is told after it, since that may take its time. */
static int sweep_once(struct sweep *w, bool first, struct err *err)
{
	int lock = -1;
	int rc = repos_lock(w->c->store, w->repo, true, false, &lock, err);

	w->removed = 0;
	if (rc == 0)
		rc = sweep_locked(w, first, err);
	io_close(&lock);
	if (first)
		report_tags(w);
	report_manifests(w, w->removed);
	return rc;
}

static int sweep(struct sweep *w, struct err *err)
{
	const struct timespec pause = {0, PAUSE_MS * 1000000L};
	int rc = sweep_once(w, true, err);

	while (rc > 0) {
		nanosleep(&pause, NULL);
		rc = sweep_once(w, false, err);
	}
	if (rc == 0)
		cleanup_left_forget(w->c->store, w->repo);
	/* It went away by itself. */
	if (rc < 0 && err->code == ERR_NAME_UNKNOWN) {
		err_release(err);
		rc = 0;
	}
	return rc;
}

static int count(struct sweep *w, struct err *err)
{
	size_t n;

	if (reach_doomed(&w->c->graph, &n, err) < 0)
		return -1;
	report_tags(w);
	report_manifests(w, n);
	return 0;
}

void cleanup_repo(struct cleanup *c, const struct repo_name *r)
{
	struct sweep w = {.c = c, .repo = r, .plan = CLEANUP_PLAN_INIT};
	uint64_t before = c->result->tags;
	struct err err = ERR_INIT;
	int rc;

	w.plan.rule = cleanup_rules_find(c->options->rules, view_of(r->text));
	w.plan.now = c->now;
	if (!w.plan.rule)
		return;
	c->result->repositories++;
	rc = make_plan(&w, &err);
	if (rc == 1)
		rc = c->options->dry_run ? count(&w, &err) : sweep(&w, &err);
	else if (rc == 0 && w.plan.left && !c->options->dry_run)
		cleanup_left_forget(c->store, r);
	if (rc < 0)
		cleanup_problem(c, r, NULL, &err);
	c->result->kept_tags += w.plan.n - (c->result->tags - before);
	cleanup_plan_release(&w.plan);
	reach_clear(&c->graph);
}
