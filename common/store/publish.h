/*
 * A file on its way to its place: written under a temporary name, synced, then linked
 * or renamed, then the directory is synced. Readers see nothing or everything.
 */
#ifndef STORE_PUBLISH_H
#define STORE_PUBLISH_H

#include "store/path.h"
#include "store/store.h"

struct staged {
	int fd;		  /* -1 when nothing is staged */
	struct path path; /* in tmp/; "" once published by rename */
};

#define STAGED_INIT ((struct staged){-1, {{0}}})

/* Creates a file in tmp/ with a random name. */
int staged_open(struct store *s, struct staged *f, struct err *err);
/*
 * Stages a second name of the file from, which is finished already. errnum of *err is
 * ENOENT when there is none, EMLINK when it has as many names as it can have.
 */
int staged_link(
	struct store *s, struct staged *f, const struct path *from, struct err *err);
/*
 * Makes what was written read only (0444) and durable, the latter not with durability =
 * relaxed.
 */
int staged_finish(struct store *s, struct staged *f, struct err *err);
/* Renames it to path, replacing what is there, and syncs the directory. */
int staged_rename(
	struct store *s, struct staged *f, const struct path *to, struct err *err);
/*
 * Closes it and removes the temporary name, if there still is one; a name that cannot be
 * removed is logged and left. Safe on STAGED_INIT.
 */
void staged_discard(struct store *s, struct staged *f);

/*
 * After a link failed with ENOENT: makes the directories of to, unless it is from that is
 * missing: ERR_BLOB_UNKNOWN.
 */
int publish_make_room(
	struct store *s, const struct path *from, const struct path *to, struct err *err);
/*
 * Links the file from to the name to, whose directories are made as needed: 1, 0 when the
 * name is there already, or -1. The directory of to is not synced. ERR_BLOB_UNKNOWN when
 * there is no from; errnum of *err is EMLINK when it has as many names as it can have.
 */
int publish_link(
	struct store *s, const struct path *from, const struct path *to, struct err *err);

#endif
