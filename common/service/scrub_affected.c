#include "service/scrub_parts.h"

#include "store/listing.h"
#include "store/tags.h"

#include <stdlib.h>

/* Which tags lead to something broken. */
struct affected {
	struct scrub *c;
	const struct repo_name *repo;
	const struct reach *g;
	bool *broken;    /* by number in the graph's table */
	bool *told;      /* of those, what a tag leads to */
	bool *seen;      /* by number: been there on the way from this tag */
	uint32_t *reached; /* those that are seen, in the order they came */
	size_t nreached;
};

static void reach(struct affected *a, uint32_t number)
{
	if (a->seen[number])
		return;
	a->seen[number] = true;
	a->reached[a->nreached++] = number;
}

static void tell(const struct affected *a, const char *tag, uint32_t number)
{
	char text[DIGEST_TEXT_MAX + 1];

	job_item(a->c->job, "affected",
		(struct job_field[]){JOB_TEXT("repository", a->repo->text),
			JOB_TEXT("tag", tag),
			JOB_TEXT("digest",
				digest_text(&a->g->table.digests[number], text)),
			JOB_END});
	a->told[number] = true;
}

static void follow_tag(struct affected *a, const char *tag, const struct digest *d)
{
	const struct reach *g = a->g;
	uint32_t start = digest_table_find(&g->table, d);

	a->nreached = 0;
	if (start == DIGEST_TABLE_NONE || start >= g->nplaces)
		return;
	reach(a, start);
	for (size_t at = 0; at < a->nreached; at++) {
		uint32_t number = a->reached[at], m = g->places[number].manifest;

		if (a->broken[number])
			tell(a, tag, number);
		for (size_t i = 0; m != REACH_NONE && i < g->manifests[m].count; i++)
			reach(a, g->refs[g->manifests[m].first + i]);
	}
	for (size_t at = 0; at < a->nreached; at++)
		a->seen[a->reached[at]] = false;
}

static void follow_tags(struct affected *a)
{
	struct path dir = path_tags(a->repo);
	struct listing *l = NULL;
	struct err why = ERR_INIT;

	if (listing_get(a->c->store, &dir, &l, &why) < 0) {
		scrub_fault(a->c, a->repo, dir.text, &why);
		return;
	}
	for (size_t i = 0; i < l->count; i++) {
		struct digest d;
		struct tag t;

		if (tag_parse(view_of(l->names[i]), &t) == 0 &&
			tags_resolve(a->c->store, a->repo, &t, &d, &why) == 0)
			follow_tag(a, l->names[i], &d);
		err_release(&why);
	}
	listing_release(l);
}

static void follow_all(struct affected *a, const struct digest_table *broken)
{
	char text[DIGEST_TEXT_MAX + 1];

	for (size_t i = 0; i < broken->count; i++) {
		uint32_t number = digest_table_find(&a->g->table, &broken->digests[i]);

		if (number < a->g->nplaces)
			a->broken[number] = true;
	}
	follow_tags(a);
	for (size_t i = 0; i < broken->count; i++) {
		uint32_t number = digest_table_find(&a->g->table, &broken->digests[i]);

		if (number < a->g->nplaces && a->told[number])
			continue;
		job_item(a->c->job, "affected",
			(struct job_field[]){JOB_TEXT("repository", a->repo->text),
				JOB_TEXT("digest",
					digest_text(&broken->digests[i], text)),
				JOB_END});
	}
}

int scrub_affected(struct scrub *c, const struct repo_name *repo,
	const struct digest_table *broken, struct err *err)
{
	size_t n = c->graph.nplaces + 1;
	struct affected a = {.c = c, .repo = repo, .g = &c->graph};
	int rc = 0;

	if (!c->job || !c->job->item)
		return 0;
	a.broken = calloc(n, sizeof(*a.broken));
	a.told = calloc(n, sizeof(*a.told));
	a.seen = calloc(n, sizeof(*a.seen));
	a.reached = calloc(n, sizeof(*a.reached));
	if (a.broken && a.told && a.seen && a.reached)
		follow_all(&a, broken);
	else
		rc = err_set(err, ERR_FAULT, "no memory for the manifests");
	free(a.broken);
	free(a.told);
	free(a.seen);
	free(a.reached);
	return rc;
}
