#include "service/scrub.h"

#include "service/cursor.h"
#include "service/repo_walk.h"
#include "service/scrub_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CURSOR_BLOBS "blobs "
#define CURSOR_REPOS "repos "
#define CURSOR_REST "rest"
/* Longer than others wait between two tries for a lock. */
#define PAUSE_MS 30
/* A wait is cut into pieces, so that the job can be cancelled. */
#define NAP_MS 100
/* What may be caught up of time in which nothing was read. */
#define BURST_MS 200

/* ---- for all parts ---- */

void scrub_problem(struct scrub *c, const struct problem *p, const char *fmt, ...)
{
	char digest[DIGEST_TEXT_MAX + 1], manifest[DIGEST_TEXT_MAX + 1];
	char subject[DIGEST_TEXT_MAX + 1];
	char sentence[512];
	va_list ap;

	c->result->problems++;
	c->result->repaired += p->repaired;
	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	job_item(c->job, "problem",
		(struct job_field[]){JOB_TEXT("kind", p->kind),
			JOB_TEXT("repository", p->repo ? p->repo->text : NULL),
			JOB_TEXT("tag", p->tag),
			JOB_TEXT("digest",
				p->digest ? digest_text(p->digest, digest) : NULL),
			JOB_TEXT("manifest",
				p->manifest ? digest_text(p->manifest, manifest) : NULL),
			JOB_TEXT("subject",
				p->subject ? digest_text(p->subject, subject) : NULL),
			JOB_TEXT("path", p->path), JOB_TEXT("problem", sentence),
			JOB_FLAG("repaired", p->repaired), JOB_END});
}

void scrub_fault(struct scrub *c, const struct repo_name *repo, const char *path,
	struct err *why)
{
	scrub_problem(c, &(struct problem){.kind = "fault", .repo = repo, .path = path},
		"%s", why->text);
	err_release(why);
}

int64_t scrub_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void scrub_pause(void)
{
	const struct timespec t = {0, PAUSE_MS * 1000000L};

	nanosleep(&t, NULL);
}

void scrub_pace(struct scrub *c, uint64_t bytes)
{
	uint64_t rate = c->options->bytes_per_second;
	int64_t now;

	c->result->bytes += bytes;
	if (rate == 0)
		return;
	now = scrub_now_ms();
	if (c->due < now - BURST_MS)
		c->due = now - BURST_MS;
	/* Split, because the product of a large number could be too large. */
	c->due += (int64_t)(bytes / rate * 1000 + bytes % rate * 1000 / rate);
	while (c->due > now && !job_cancelled(c->job)) {
		int64_t nap = c->due - now < NAP_MS ? c->due - now : NAP_MS;
		const struct timespec t = {0, nap * 1000000};

		nanosleep(&t, NULL);
		now = scrub_now_ms();
	}
}

void *scrub_append(void **array, size_t *count, size_t *size, size_t each)
{
	void *element;

	if (*count == *size) {
		size_t want = *size > 0 ? *size * 2 : 16;
		void *grown = realloc(*array, want * each);

		if (!grown)
			return NULL;
		*array = grown;
		*size = want;
	}
	element = (char *)*array + (*count)++ * each;
	memset(element, 0, each);
	return element;
}

/* ---- a run over everything ---- */

enum phase { PHASE_BLOBS, PHASE_REPOS, PHASE_REST };

struct run {
	struct scrub *c;
	struct cursor cursor;
	char at[CURSOR_MAX + 1]; /* what a cursor saved now would say */
	uint64_t visited;
};

static void blobs_done(void *arg, const struct digest *d)
{
	struct run *run = arg;
	char text[DIGEST_TEXT_MAX + 1];

	snprintf(run->at, sizeof(run->at), CURSOR_BLOBS "%s", digest_text(d, text));
	cursor_save(&run->cursor, run->at, false);
}

static int visit(void *arg, const struct repo_name *r, unsigned has, struct err *err)
{
	struct run *run = arg;
	int rc;

	if (job_cancelled(run->c->job))
		return 1;
	rc = scrub_repo(run->c, r, has, err);
	if (rc != 0)
		return rc;
	snprintf(run->at, sizeof(run->at), CURSOR_REPOS "%s", r->text);
	cursor_save(&run->cursor, run->at, false);
	job_progress(run->c->job, "repositories", ++run->visited, 0);
	return 0;
}

static void stray(void *arg, const char *path)
{
	struct run *run = arg;

	scrub_problem(run->c, &(struct problem){.kind = "stray", .path = path},
		"the name does not belong there");
}

static void unreadable(void *arg, const char *path, const struct err *why)
{
	struct run *run = arg;

	scrub_problem(run->c, &(struct problem){.kind = "fault", .path = path}, "%s",
		why->text);
}

static bool after_word(const char *text, const char *word, const char **rest)
{
	*rest = text + strlen(word);
	return strncmp(text, word, strlen(word)) == 0;
}

/* Where an earlier run stopped, in blob or repo. */
static enum phase resume(struct run *run, struct digest *blob, struct repo_name *repo)
{
	const char *rest;

	blob->hex[0] = repo->text[0] = '\0';
	if (!cursor_load(&run->cursor, run->at))
		return PHASE_BLOBS;
	run->c->result->resumed = true;
	if (strcmp(run->at, CURSOR_REST) == 0)
		return PHASE_REST;
	if (after_word(run->at, CURSOR_REPOS, &rest) &&
		(*rest == '\0' || repo_name_parse(view_of(rest), repo) == 0))
		return PHASE_REPOS;
	if (after_word(run->at, CURSOR_BLOBS, &rest) &&
		digest_parse(view_of(rest), blob) == DIGEST_OK)
		return PHASE_BLOBS;
	run->c->result->resumed = false;
	run->at[0] = '\0';
	return PHASE_BLOBS;
}

static void begin(struct run *run, const char *cursor)
{
	strcpy(run->at, cursor);
	cursor_save(&run->cursor, run->at, true);
}

static int run_phases(struct run *run, struct err *err)
{
	struct digest blob;
	struct repo_name repo;
	struct repo_walk walk = {repo.text, visit, stray, unreadable, run};
	enum phase phase = resume(run, &blob, &repo);
	int rc = 0;

	if (phase == PHASE_BLOBS) {
		rc = scrub_blobs(run->c, blob.hex[0] != '\0' ? &blob : NULL, blobs_done,
			run, err);
		if (rc == 0)
			begin(run, CURSOR_REPOS);
	}
	if (rc == 0 && phase != PHASE_REST) {
		rc = repo_walk(run->c->store, &walk, err);
		if (rc == 0)
			begin(run, CURSOR_REST);
	}
	if (rc == 0)
		rc = scrub_accounts(run->c);
	if (rc == 0)
		rc = scrub_sessions(run->c);
	return rc;
}

/*
 * A run that mends does not go on where one ended that only looked: what that passed over
 * was told and nothing else.
 */
static int run_all(struct scrub *c, struct err *err)
{
	const char *name = c->options->repair ? "scrub-repair" : "scrub";
	struct run run = {c, CURSOR_INIT(c->store, name), "", 0};
	int rc = run_phases(&run, err);

	if (rc == 0)
		cursor_clear(&run.cursor);
	else if (run.at[0] != '\0')
		cursor_save(&run.cursor, run.at, true);
	return rc;
}

static int run_one(struct scrub *c, struct err *err)
{
	const struct repo_name *r = c->options->repo;
	unsigned has;
	int rc;

	if (repo_look(c->store, r, &has, err) < 0)
		return -1;
	if ((has & ~(unsigned)REPO_HAS_CHILDREN) == 0)
		return err_set(err, ERR_NAME_UNKNOWN, "there is no repository %s",
			r->text);
	rc = scrub_repo(c, r, has, err);
	return rc != 0 ? rc : scrub_account(c, r);
}

int scrub_run(struct store *s, const struct scrub_options *options, const struct job *job,
	struct scrub_result *result, struct err *err)
{
	struct scrub c = {.store = s,
		.options = options,
		.job = job,
		.result = result,
		.now = options->now != 0 ? options->now : (int64_t)time(NULL)};
	int rc = reach_open(&c.graph, err);

	*result = (struct scrub_result){0};
	c.block = malloc(SCRUB_BLOCK);
	c.verdicts = calloc(SCRUB_VERDICTS, sizeof(*c.verdicts));
	if (rc == 0 && (!c.block || !c.verdicts))
		rc = err_set(err, ERR_FAULT, "no memory for a scrub");
	if (rc == 0)
		rc = options->repo ? run_one(&c, err) : run_all(&c, err);
	result->cancelled = rc > 0;
	reach_release(&c.graph);
	free(c.corrupt);
	free(c.verdicts);
	free(c.block);
	return rc < 0 ? -1 : 0;
}
