#include "service/cleanup_plan.h"

#include "base/io.h"
#include "service/cleanup_left.h"
#include "store/path.h"
#include "store/tags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUBJECT_PREFIX "sha256-"
/* Signatures of signatures are followed so far; what is beyond stays. */
#define ROUNDS 16

void cleanup_plan_release(struct cleanup_plan *plan)
{
	listing_release(plan->names);
	free(plan->tags);
	plan->names = NULL;
	plan->tags = NULL;
	plan->n = plan->going = plan->doomed = 0;
}

/*
 * The manifest that a tag belongs to by its name: "sha256-<hex>", alone or with a suffix, is
 * how cosign stores signatures, and how clients list referrers with registries that cannot.
 */
static uint32_t subject_of(const struct reach *g, const char *name)
{
	const size_t prefix = strlen(SUBJECT_PREFIX);
	const size_t digits = digest_hex_length(DIGEST_SHA256);
	struct digest d;

	if (strncmp(name, SUBJECT_PREFIX, prefix) != 0 || strlen(name) < prefix + digits ||
		(name[prefix + digits] != '\0' && name[prefix + digits] != '.') ||
		digest_from_hex(DIGEST_SHA256, (struct view){name + prefix, digits}, &d) < 0)
		return REACH_NONE;
	return reach_find(g, &d);
}

/* 1, 0 when there is no such tag or it is damaged, or -1. */
static int read_tag(struct store *s, const struct repo_name *r, const struct reach *g,
	const char *name, struct planned_tag *out, struct err *err)
{
	struct path path;
	struct stat st;
	struct tag t;

	if (tag_parse(view_of(name), &t) < 0)
		return 0;
	path = path_tag(r, &t);
	if (io_stat(s->root, path.text, &st) < 0)
		return errno == ENOENT || errno == ESTALE
			       ? 0
			       : err_io(err, "cannot look at %s", path.text);
	*out = (struct planned_tag){.name = name, .pushed = st.st_mtim};
	if (tags_resolve(s, r, &t, &out->digest, err) < 0) {
		if (err->code != ERR_MANIFEST_UNKNOWN)
			return -1;
		err_release(err);
		return 0;
	}
	out->manifest = reach_find(g, &out->digest);
	out->subject = subject_of(g, name);
	return 1;
}

static int read_tags(struct store *s, const struct repo_name *r, const struct reach *g,
	struct cleanup_plan *plan, struct err *err)
{
	struct path dir = path_tags(r);

	if (listing_get(s, &dir, &plan->names, err) < 0)
		return -1;
	plan->tags = calloc(plan->names->count + 1, sizeof(*plan->tags));
	if (!plan->tags)
		return err_set(err, ERR_FAULT, "no memory for the tags of %s", r->text);
	for (size_t i = 0; i < plan->names->count; i++) {
		int found = read_tag(
			s, r, g, plan->names->names[i], &plan->tags[plan->n], err);

		if (found < 0)
			return -1;
		plan->n += (size_t)found;
	}
	return 0;
}

/* The one pushed last first; of the same moment that which is last in byte order. */
static int compare(const void *left, const void *right)
{
	const struct planned_tag *a = *(struct planned_tag *const *)left;
	const struct planned_tag *b = *(struct planned_tag *const *)right;

	if (a->pushed.tv_sec != b->pushed.tv_sec)
		return a->pushed.tv_sec < b->pushed.tv_sec ? 1 : -1;
	if (a->pushed.tv_nsec != b->pushed.tv_nsec)
		return a->pushed.tv_nsec < b->pushed.tv_nsec ? 1 : -1;
	return strcmp(b->name, a->name);
}

/* Tags that belong to a manifest by name take no place among the newest. */
static int rank(struct cleanup_plan *plan, struct err *err)
{
	struct planned_tag **order = calloc(plan->n + 1, sizeof(*order));
	size_t n = 0;

	if (!order)
		return err_set(err, ERR_FAULT, "no memory for the tags");
	for (size_t i = 0; i < plan->n; i++)
		if (plan->tags[i].subject == REACH_NONE)
			order[n++] = &plan->tags[i];
	qsort(order, n, sizeof(*order), compare);
	for (size_t i = 0; i < n; i++)
		order[i]->rank = i;
	free(order);
	return 0;
}

static struct cleanup_tag as_rules_see(
	const struct cleanup_plan *plan, const struct planned_tag *t)
{
	return (struct cleanup_tag){
		view_of(t->name), plan->now - (int64_t)t->pushed.tv_sec, t->rank};
}

static void apply_rule(struct cleanup_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct planned_tag *t = &plan->tags[i];
		struct cleanup_tag seen = as_rules_see(plan, t);

		if (t->subject == REACH_NONE)
			t->goes = cleanup_rule_removes(plan->rule, &seen);
		else
			t->open = !cleanup_rule_keeps(plan->rule, seen.name);
	}
}

static void make_root(struct reach *g, const struct planned_tag *t)
{
	if (t->manifest != REACH_NONE)
		g->manifests[t->manifest].root = true;
}

/* Notes which manifests some tag reaches: the others are not for cleanup to remove. */
static int mark_seen(struct store *s, const struct repo_name *r, struct cleanup_plan *plan,
	struct reach *g, struct err *err)
{
	int left;

	for (size_t i = 0; i < g->nmanifests; i++)
		g->manifests[i].root = false;
	for (size_t i = 0; i < plan->n; i++)
		make_root(g, &plan->tags[i]);
	left = cleanup_left_load(s, r, g, err);
	if (left < 0 || reach_mark(g, err) < 0)
		return -1;
	plan->left = left == 1;
	for (size_t i = 0; i < g->nmanifests; i++)
		g->manifests[i].seen = g->manifests[i].kept;
	return 0;
}

/* Lets the open tags stay whose subjects do; whether there were any. */
static bool keep_open(struct cleanup_plan *plan, struct reach *g, bool all)
{
	bool any = false;

	for (size_t i = 0; i < plan->n; i++) {
		struct planned_tag *t = &plan->tags[i];

		if (!t->open || !(all || g->manifests[t->subject].kept))
			continue;
		t->open = false;
		make_root(g, t);
		any = true;
	}
	return any;
}

static int mark_kept(struct cleanup_plan *plan, struct reach *g, struct err *err)
{
	bool more = true;

	for (size_t i = 0; i < g->nmanifests; i++)
		g->manifests[i].root = !g->manifests[i].seen;
	for (size_t i = 0; i < plan->n; i++)
		if (!plan->tags[i].goes && !plan->tags[i].open)
			make_root(g, &plan->tags[i]);
	for (int round = 0; more && round <= ROUNDS; round++) {
		if (reach_mark(g, err) < 0)
			return -1;
		more = keep_open(plan, g, round == ROUNDS - 1);
	}
	return 0;
}

int cleanup_plan_make(struct store *s, const struct repo_name *r, struct reach *g,
	struct cleanup_plan *plan, struct err *err)
{
	cleanup_plan_release(plan);
	if (reach_load(s, r, g, err) < 0 || read_tags(s, r, g, plan, err) < 0 ||
		rank(plan, err) < 0 || mark_seen(s, r, plan, g, err) < 0)
		return -1;
	apply_rule(plan);
	if (mark_kept(plan, g, err) < 0)
		return -1;
	for (size_t i = 0; i < plan->n; i++) {
		plan->tags[i].goes = plan->tags[i].goes || plan->tags[i].open;
		plan->going += plan->tags[i].goes;
	}
	for (size_t i = 0; i < g->nmanifests; i++)
		plan->doomed += g->manifests[i].present && !g->manifests[i].kept;
	return 0;
}

void cleanup_plan_why(const struct cleanup_plan *plan, const struct reach *g,
	const struct planned_tag *t, struct buf *out)
{
	struct cleanup_tag seen = as_rules_see(plan, t);
	char text[DIGEST_TEXT_MAX + 1];

	if (t->open)
		buf_addf(out, "the rule of line %u for %.*s: it belongs to %s, which goes",
			plan->rule->line, VIEW_ARG(plan->rule->glob),
			digest_text(reach_digest(g, t->subject), text));
	else
		cleanup_rule_why(plan->rule, &seen, out);
}
