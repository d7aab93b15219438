/*
 * What the manifests of one repository refer to, and what can be reached from some of
 * them: from an index its children, from a manifest its referrers (those whose subject it
 * is) and its blobs. Nothing leads from a referrer to its subject.
 *
 * Of a document whose media type is not understood every digest that stands in its text
 * counts as a reference. A manifest that is corrupt or cannot be parsed may refer to
 * anything: it is counted as damaged, and then nothing of the repository may go.
 */
#ifndef SERVICE_REACH_H
#define SERVICE_REACH_H

#include "format/digest_table.h"
#include "store/manifests.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define REACH_NONE UINT32_MAX
#define REACH_REMOVE_MAX 256

/* Tells a file from the one that took its name. */
struct reach_stamp {
	uint64_t ino, size;
	struct timespec mtime, ctime;
};

struct reach_manifest {
	uint32_t digest;  /* its number in the table; so are all that follow */
	uint32_t subject; /* or REACH_NONE */
	size_t first, count; /* its references in reach.refs */
	uint32_t next;       /* the next with the same subject */
	struct reach_stamp stamp;
	uint64_t bytes; /* of the content, without the line of the media type */
	bool present, damaged;
	bool corrupt; /* damaged, and its bytes are not those of its digest */
	bool tagged; /* by reach_tags */
	bool root;   /* set by the caller, who also clears it */
	bool kept;   /* by reach_mark: reached from a root */
	bool seen;   /* the caller's own */
};

/* What the table's digest of the same number is. */
struct reach_place {
	uint32_t manifest;  /* its index in reach.manifests, or REACH_NONE */
	uint32_t referrers; /* index of the first manifest with this subject */
	bool needed;        /* something that is kept refers to it */
};

struct reach {
	struct digest_table table;
	struct reach_place *places;
	size_t nplaces, places_size;
	struct reach_manifest *manifests;
	size_t nmanifests, manifests_size;
	uint32_t *refs;
	size_t nrefs, refs_size;
	uint32_t *order; /* of reach_doomed; room for all manifests */
	size_t order_size;
	size_t present, damaged; /* numbers of manifests */
	/* The caller's, set after reach_open: gets every document that is read. Or NULL. */
	int (*document)(void *arg, const struct digest *d, const struct manifest *doc,
		struct err *err);
	void *arg;
};

#define REACH_INIT ((struct reach){0})

/* Makes it ready; 0 or -1. Release in any case. */
int reach_open(struct reach *g, struct err *err);
void reach_release(struct reach *g);
/* Forgets the repository; to be done before the next. */
void reach_clear(struct reach *g);
/*
 * Reads the manifests of the repository. Done again it reads only those that are new or
 * have been replaced: what was read without the lock is made good under it at the price
 * of one look at each. -1 when one cannot be read for a reason that may pass.
 */
int reach_load(
	struct store *s, const struct repo_name *r, struct reach *g, struct err *err);
/* Sets "tagged" of every manifest; tags that point to nothing are passed over. */
int reach_tags(
	struct store *s, const struct repo_name *r, struct reach *g, struct err *err);
/* Sets "kept" and "needed" by what can be reached from the roots. */
int reach_mark(struct reach *g, struct err *err);
/* Index of a manifest that is there, or REACH_NONE. */
uint32_t reach_find(const struct reach *g, const struct digest *d);
/* Whether anything that is kept refers to d. */
bool reach_needs(const struct reach *g, const struct digest *d);
const struct digest *reach_digest(const struct reach *g, uint32_t manifest);
/*
 * The manifests that are there and not kept, in g->order, *n of them: each after all of
 * them that refer to it, so that none that stays for a while longer misses a child.
 */
int reach_doomed(struct reach *g, size_t *n, struct err *err);
/*
 * Removes a manifest without tags and then its entry under its subject; the caller holds
 * the exclusive lock. On failure "present" tells whether it has gone.
 */
int reach_remove(struct store *s, const struct repo_name *r, struct reach *g,
	uint32_t manifest, struct err *err);
/*
 * The same for n of them in their order, at most REACH_REMOVE_MAX, with one change of the
 * account. On failure it is the first ones that have gone.
 */
int reach_remove_all(struct store *s, const struct repo_name *r, struct reach *g,
	const uint32_t *manifests, size_t n, struct err *err);

#endif
