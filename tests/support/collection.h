/* A store to collect, by default when everything in it is STATES_LATER old. */
#ifndef SUPPORT_COLLECTION_H
#define SUPPORT_COLLECTION_H

#include "service/collect.h"
#include "support/states.h"

#define DAY 86400

struct collection {
	struct fixture f;
	struct collect_options options;
	struct collect_result result; /* of the last run */
	char items[4096];	      /* of the last run: "kind {…}" lines */
	unsigned asked;		      /* of the last run: times it asked whether to stop */
	unsigned stop_at;	      /* it is told so the n-th time; 0: never */
};

/* A grace and an idle time of a day, manifests stay. */
void collection_open(struct collection *c);
/* Checks the invariants of the store, accounts included, but what allow says. */
void collection_close(struct collection *c, unsigned allow);
/* A run, which must not fail, whatever problems it meets. */
void collection_run(struct collection *c);
/*
 * A dry run, which must change nothing, then one that counts the same, then one that finds
 * nothing more to do and says so.
 */
void collection_run_all(struct collection *c);
/* A repository to plant things in. */
struct states collection_repo(struct collection *c, const char *name);
/* Whether there is anything at a path below the store's root. */
bool collection_has(const struct collection *c, const char *fmt, ...) PRINTF(2, 3);

#endif
