/*
 * A walk over every directory below repos/, whether it holds manifests or not: those
 * below a directory before the directory itself, else in byte order of the components.
 * The order does not depend on the file system, so that a walk can go on after a name.
 * Memory does not grow with the number of repositories.
 */
#ifndef SERVICE_REPO_WALK_H
#define SERVICE_REPO_WALK_H

#include "format/name.h"
#include "store/store.h"

#include <stdbool.h>

/* What there was in the directory. */
enum repo_has {
	REPO_HAS_LOCK = 1,
	REPO_HAS_BLOBS = 2,
	REPO_HAS_MANIFESTS = 4,
	REPO_HAS_TAGS = 8,
	REPO_HAS_REFERRERS = 16,
	REPO_HAS_CHILDREN = 32, /* directories of other repositories */
};

struct repo_walk {
	const char *after; /* a name that need not exist, "" from the start */
	/*
	 * Called for every directory; has is a sum of enum repo_has. Non-zero ends the
	 * walk, which passes it on.
	 */
	int (*visit)(void *arg, const struct repo_name *r, unsigned has, struct err *err);
	/* A name that does not belong where it is; NULL to pass over it. */
	void (*stray)(void *arg, const char *path);
	/* A directory that cannot be listed; what is below it is passed over. */
	void (*unreadable)(void *arg, const char *path, const struct err *why);
	void *arg;
};

/* 0 at the end, what visit() returned, or -1 without memory. */
int repo_walk(struct store *s, const struct repo_walk *w, struct err *err);
/* What the directory of one repository holds: 0, or -1 when it cannot be listed. */
int repo_look(
	struct store *s, const struct repo_name *r, unsigned *has, struct err *err);

#endif
