/* Removing a repository with all it holds. */
#ifndef STORE_REPO_REMOVE_H
#define STORE_REPO_REMOVE_H

#include "format/name.h"
#include "store/store.h"

#include <stdint.h>

struct repo_removed {
	uint64_t tags, manifests, blobs;
	uint64_t bytes; /* of manifests and blobs: what the account is less by */
	/* Of those blobs that no repository holds any more: collection frees them. */
	uint64_t bytes_collectable;
};

/*
 * Removes the repository under its exclusive lock: tags, then manifests, none before those
 * that list it, then entries of referrers, blobs, and directories that are empty then. The
 * repositories below it ("a/b" is below "a") are others. Never refused by a limit; works on
 * a full disk. Durable on return.
 *
 * Killed or failing at any point it leaves a correct repository that holds less; done again
 * it completes the work. *out tells what went, on failure too.
 *
 * A manifest push waits for the lock, then finds its blobs gone and is refused, or makes a
 * new repository. What a blob push puts in meanwhile may stay: it is a new repository then.
 *
 * ERR_NAME_UNKNOWN when there is nothing of it. ERR_BUSY when the lock, or that of the
 * account, is not free in time.
 */
int repo_remove(struct store *s, const struct repo_name *r, struct repo_removed *out,
	struct err *err);

#endif
