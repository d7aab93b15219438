/*
 * A file on its way to its place: written under a temporary name, synced, then linked
 * or renamed, then the directory is synced. Readers see nothing or everything.
 */
#ifndef STORE_PUBLISH_H
#define STORE_PUBLISH_H

#include "store/path.h"
#include "store/store.h"

struct staged {
	int fd;           /* -1 when nothing is staged */
	struct path path; /* in tmp/; "" once published by rename */
};

#define STAGED_INIT ((struct staged){-1, {{0}}})

/* Creates a file in tmp/ with a random name. */
int staged_open(struct store *s, struct staged *f, struct err *err);
/* Makes what was written durable and read only (0444); skipped sync with durability = relaxed. */
int staged_finish(struct store *s, struct staged *f, struct err *err);
/* Renames it to path, replacing what is there, and syncs the directory. */
int staged_rename(struct store *s, struct staged *f, const struct path *to, struct err *err);
/* Closes it and removes the temporary name, if there still is one. Safe on STAGED_INIT. */
void staged_discard(struct store *s, struct staged *f);

#endif
