#include "service/cleanup.h"

#include "base/io.h"
#include "service/cleanup_parts.h"
#include "service/cursor.h"
#include "service/repo_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FILE_NAME "cleanup"
#define OWN(has) ((has) & ~(unsigned)REPO_HAS_CHILDREN)

/* ---- the file ---- */

/* The whole file, or, when it is too long, as much as shows that. */
static int read_file(const char *path, struct buf *out, struct err *err)
{
	struct stat st;
	ssize_t got = -1;
	int fd = io_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);

	if (fd == -1)
		return err_io(err, "cannot open %s", path);
	if (buf_reserve(out, CLEANUP_FILE_MAX + 1) < 0)
		err_set(err, ERR_FAULT, "no memory for %s", path);
	else if (io_fstat(fd, &st) < 0)
		err_io(err, "cannot look at %s", path);
	else if (!S_ISREG(st.st_mode))
		err_set(err, ERR_FAULT, "%s is no regular file", path);
	else if ((got = io_pread_full(fd, out->ptr, CLEANUP_FILE_MAX + 1, 0)) < 0)
		err_io(err, "cannot read %s", path);
	io_close(&fd);
	if (got < 0)
		return -1;
	out->len = (size_t)got;
	return 0;
}

int cleanup_rules_load(const struct config *c, struct cleanup_rules *out, struct err *err)
{
	struct buf path = BUF_INIT(8192), text = BUF_INIT(CLEANUP_FILE_MAX + 2);
	int rc = -1;

	*out = CLEANUP_RULES_INIT;
	if (c->cleanup_file[0] != '\0')
		buf_add_str(&path, c->cleanup_file);
	else
		buf_addf(&path, "%s/" FILE_NAME, c->root);
	if (buf_failed(&path))
		err_set(err, ERR_FAULT, "the name of the cleanup file is too long");
	else
		rc = read_file(buf_str(&path), &text, err);
	if (rc < 0 && c->cleanup_file[0] == '\0' && err->errnum == ENOENT) {
		err_release(err);
		rc = 0;
	}
	if (rc == 0)
		rc = cleanup_rules_parse(buf_view(&text), buf_str(&path), out, err);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

/* ---- the run ---- */

void cleanup_problem(struct cleanup *c, const struct repo_name *repo, const char *path,
	struct err *why)
{
	c->result->problems++;
	job_item(c->job, "problem",
		(struct job_field[]){JOB_TEXT("repository", repo ? repo->text : NULL),
			JOB_TEXT("path", path), JOB_TEXT("problem", why->text),
			JOB_END});
	err_release(why);
}

static int check_rules(const struct cleanup_options *options, struct err *err)
{
	const struct cleanup_rules *rules = options->rules;

	for (size_t i = 0; !options->all && i < rules->n; i++)
		if (cleanup_rule_keeps_nothing(&rules->rules[i]))
			return err_set(err, ERR_BAD_REQUEST,
				"%s:%u: the rule would remove every tag; it needs "
				"keep-newest=, keep=, remove= or older-than=",
				rules->name, rules->rules[i].line);
	return 0;
}

/* A run over everything. */
struct run {
	struct cleanup *c;
	struct cursor cursor;
	char at[CURSOR_MAX + 1]; /* the repository done last */
};

static void save_cursor(struct run *run, bool must)
{
	if (!run->c->options->dry_run && run->at[0] != '\0')
		cursor_save(&run->cursor, run->at, must);
}

static int visit(void *arg, const struct repo_name *r, unsigned has, struct err *err)
{
	struct run *run = arg;

	(void)err;
	if (job_cancelled(run->c->job))
		return 1;
	if (has & REPO_HAS_TAGS)
		cleanup_repo(run->c, r);
	snprintf(run->at, sizeof(run->at), "%s", r->text);
	save_cursor(run, false);
	job_progress(run->c->job, "repositories", run->c->result->repositories, 0);
	return 0;
}

static void unreadable(void *arg, const char *path, const struct err *why)
{
	struct run *run = arg;
	struct err copy = ERR_INIT;

	err_set(&copy, why->code, "%s", why->text);
	cleanup_problem(run->c, NULL, path, &copy);
}

static int run_all(struct cleanup *c, struct err *err)
{
	struct run run = {c, CURSOR_INIT(c->store, "cleanup"), ""};
	struct repo_name after = {{0}};
	struct repo_walk walk = {after.text, visit, NULL, unreadable, &run};
	int rc;

	if (!c->options->dry_run && cursor_load(&run.cursor, run.at))
		c->result->resumed = repo_name_parse(view_of(run.at), &after) == 0;
	rc = repo_walk(c->store, &walk, err);
	c->result->cancelled = rc > 0;
	if (rc != 0)
		save_cursor(&run, true);
	else if (!c->options->dry_run)
		cursor_clear(&run.cursor);
	return rc < 0 ? -1 : 0;
}

static int run_one(struct cleanup *c, struct err *err)
{
	const struct repo_name *r = c->options->repo;
	unsigned has;

	if (repo_look(c->store, r, &has, err) < 0)
		return -1;
	if (OWN(has) == 0)
		return err_set(err, ERR_NAME_UNKNOWN, "there is no repository %s",
			r->text);
	cleanup_repo(c, r);
	return 0;
}

int cleanup_run(struct store *s, const struct cleanup_options *options,
	const struct job *job, struct cleanup_result *result, struct err *err)
{
	struct cleanup c = {.store = s,
		.options = options,
		.job = job,
		.result = result,
		.now = options->now != 0 ? options->now : (int64_t)time(NULL)};
	int rc;

	*result = (struct cleanup_result){0};
	if (check_rules(options, err) < 0)
		return -1;
	rc = reach_open(&c.graph, err);
	if (rc == 0)
		rc = options->repo ? run_one(&c, err) : run_all(&c, err);
	reach_release(&c.graph);
	return rc;
}
