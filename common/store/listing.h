/*
 * Sorted listings of directories. A worker keeps a few large ones for as long as the
 * directory's modification time proves them unchanged: the time must be the same as when
 * it was read, and must have been old enough then (100 ms where the file system shows
 * fractions of a second, else 2 s) that a later change could not carry the same stamp.
 */
#ifndef STORE_LISTING_H
#define STORE_LISTING_H

#include "store/path.h"
#include "store/store.h"

struct listing {
	char **names; /* in byte order, without those that begin with '.' */
	size_t count;
	unsigned users; /* 1 while cached, +1 while borrowed */
	/* what follows belongs to listing.c */
	char *bytes;
	size_t nbytes;
};

/*
 * The listing of a directory; an absent one is empty, and so is what is no directory. The
 * caller gives it back with listing_release and does not change it. ERR_FAULT on anything
 * else.
 */
int listing_get(struct store *s, const struct path *dir, struct listing **out,
	struct err *err);
/* NULL is allowed. */
void listing_release(struct listing *l);
/* Index of the first name greater than after ("" gives 0). */
size_t listing_after(const struct listing *l, const char *after);
/* Whether the name is there; *at is then its index. */
bool listing_find(const struct listing *l, const char *name, size_t *at);
/* Drops what is cached; what is borrowed lives until given back. NULL is allowed. */
void listing_cache_free(struct listing_cache *c);

#endif
