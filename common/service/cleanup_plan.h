/*
 * What a rule of the cleanup file does to one repository: which tags go, and why. For
 * cleanup*.c only.
 */
#ifndef SERVICE_CLEANUP_PLAN_H
#define SERVICE_CLEANUP_PLAN_H

#include "base/buf.h"
#include "format/cleanup_rules.h"
#include "service/reach.h"
#include "store/listing.h"

#include <time.h>

struct planned_tag {
	const char *name;
	struct digest digest;
	struct timespec pushed;
	uint64_t rank;     /* how many tags were pushed later */
	uint32_t manifest; /* where it points, in the graph, or REACH_NONE */
	uint32_t subject;  /* the manifest that its name tells, or REACH_NONE */
	bool open;         /* it goes or stays with its subject */
	bool goes;
	bool gone; /* the caller's own */
};

struct cleanup_plan {
	const struct cleanup_rule *rule;
	int64_t now;
	struct listing *names; /* of the tags */
	struct planned_tag *tags;
	size_t n, going;
	size_t doomed; /* manifests */
	bool left;     /* some may have been left by a run that was killed */
};

#define CLEANUP_PLAN_INIT ((struct cleanup_plan){0})

/*
 * Loads the manifests into the graph, again only what has changed, and decides on the tags;
 * rule and now are set. In the graph "seen" is left for the manifests that some tag reaches,
 * or did before a run that was killed (cleanup_left.h), and "kept" for those that stay: those
 * that a tag which stays reaches, those that none reached before, and all that they need. -1 when something cannot be read, or for want of
 * memory. A plan that was made is made anew. Release it in any case.
 */
int cleanup_plan_make(struct store *s, const struct repo_name *r, struct reach *g,
	struct cleanup_plan *plan, struct err *err);
void cleanup_plan_release(struct cleanup_plan *plan);
/* Adds the sentence that says why the tag goes. */
void cleanup_plan_why(const struct cleanup_plan *plan, const struct reach *g,
	const struct planned_tag *t, struct buf *out);

#endif
