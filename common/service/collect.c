#include "service/collect.h"

#include "base/io.h"
#include "service/collect_parts.h"
#include "service/cursor.h"
#include "service/repo_walk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CURSOR_REPOS "repos "
#define CURSOR_STORE "store"

int64_t collect_until(const struct collect *c, uint64_t age)
{
	/* Time stamps may be ahead of the clock. */
	if (age == 0)
		return INT64_MAX;
	return age <= INT64_MAX ? c->now - (int64_t)age : INT64_MIN;
}

bool collect_is_old(const struct collect *c, int64_t changed, uint64_t age)
{
	return changed <= collect_until(c, age);
}

bool collect_stops(struct collect *c)
{
	if (!c->result->cancelled)
		c->result->cancelled = job_cancelled(c->job);
	return c->result->cancelled;
}

void collect_problem(struct collect *c, const struct repo_name *repo, const char *path,
	const struct digest *digest, struct err *why)
{
	char text[DIGEST_TEXT_MAX + 1];

	c->result->problems++;
	job_item(c->job, "problem",
		(struct job_field[]){JOB_TEXT("repository", repo ? repo->text : NULL),
			JOB_TEXT("path", path),
			JOB_TEXT("digest", digest ? digest_text(digest, text) : NULL),
			JOB_TEXT("problem", why->text), JOB_END});
	err_release(why);
}

int collect_unlink(struct collect *c, int dir, const char *name, const char *path)
{
	struct err why = ERR_INIT;

	if (c->options->dry_run || io_unlink(dir, name) == 0)
		return 1;
	if (errno != ENOENT) {
		err_io(&why, "cannot remove %s", path);
		collect_problem(c, NULL, path, NULL, &why);
	}
	return 0;
}

/* A run over everything. */
struct run {
	struct collect *c;
	struct cursor cursor;
	char at[CURSOR_MAX + 1]; /* what a cursor saved now would say */
};

static void save_cursor(struct run *run, bool must)
{
	if (!run->c->options->dry_run && run->at[0] != '\0')
		cursor_save(&run->cursor, run->at, must);
}

static int visit(void *arg, const struct repo_name *r, unsigned has, struct err *err)
{
	struct run *run = arg;
	struct collect *c = run->c;

	(void)err;
	if (collect_stops(c))
		return 1;
	collect_repo(c, r, has);
	if (c->result->cancelled)
		return 1;
	snprintf(run->at, sizeof(run->at), CURSOR_REPOS "%s", r->text);
	save_cursor(run, false);
	job_progress(c->job, "repositories", c->result->repositories, 0);
	return 0;
}

static void unreadable(void *arg, const char *path, const struct err *why)
{
	struct run *run = arg;
	struct err copy = ERR_INIT;

	err_set(&copy, why->code, "%s", why->text);
	collect_problem(run->c, NULL, path, NULL, &copy);
}

/* Where to go on: the name to begin after, or NULL when all repositories are done. */
static const char *resume(struct run *run)
{
	const size_t len = strlen(CURSOR_REPOS);
	struct repo_name name;

	if (run->c->options->dry_run || !cursor_load(&run->cursor, run->at))
		return "";
	if (strcmp(run->at, CURSOR_STORE) == 0) {
		run->c->result->resumed = true;
		return NULL;
	}
	if (strncmp(run->at, CURSOR_REPOS, len) != 0 ||
		repo_name_parse(view_of(run->at + len), &name) < 0) {
		run->at[0] = '\0';
		return "";
	}
	run->c->result->resumed = true;
	return run->at + len;
}

static void run_store(struct run *run)
{
	struct collect *c = run->c;

	strcpy(run->at, CURSOR_STORE);
	save_cursor(run, true);
	collect_sessions(c);
	collect_files(c);
	collect_entries(c);
	if (!collect_stops(c) && !c->options->dry_run)
		cursor_clear(&run->cursor);
}

static int run_all(struct collect *c, struct err *err)
{
	struct run run = {c, CURSOR_INIT(c->store, "collect"), ""};
	struct repo_name after = {{0}};
	struct repo_walk walk = {after.text, visit, NULL, unreadable, &run};
	const char *name = resume(&run);
	int rc = 0;

	if (name) {
		snprintf(after.text, sizeof(after.text), "%s", name);
		rc = repo_walk(c->store, &walk, err);
	}
	if (rc == 0)
		run_store(&run);
	else
		save_cursor(&run, true);
	return rc < 0 ? -1 : 0;
}

static int run_one(struct collect *c, struct err *err)
{
	const struct repo_name *r = c->options->repo;
	unsigned has;

	if (repo_look(c->store, r, &has, err) < 0)
		return -1;
	if ((has & ~(unsigned)REPO_HAS_CHILDREN) == 0)
		return err_set(err, ERR_NAME_UNKNOWN, "there is no repository %s",
			r->text);
	collect_repo(c, r, has);
	return 0;
}

int collect_run(struct store *s, const struct collect_options *options,
	const struct job *job, struct collect_result *result, struct err *err)
{
	struct collect c = {.store = s,
		.options = options,
		.job = job,
		.result = result,
		.now = options->now != 0 ? options->now : (int64_t)time(NULL),
		.taken = LINK_COUNTS_INIT};
	int rc;

	*result = (struct collect_result){0};
	rc = reach_open(&c.graph, err);
	if (rc == 0)
		rc = options->repo ? run_one(&c, err) : run_all(&c, err);
	reach_release(&c.graph);
	link_counts_release(&c.taken);
	return rc;
}
