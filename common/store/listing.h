/*
 * Sorted listings of directories. A worker keeps a few of them for as long as the directory's
 * modification time proves them unchanged: the time must be the same as when it was read, and
 * must have been old enough then (100 ms where the file system shows fractions of a second,
 * else 2 s) that a later change could not carry the same stamp.
 */
#ifndef STORE_LISTING_H
#define STORE_LISTING_H

#include "store/path.h"
#include "store/store.h"

struct listing {
	char **names;  /* in byte order, without "." and ".." */
	size_t count;
	unsigned users; /* 1 while cached, +1 while borrowed */
	/* what follows belongs to listing.c */
	char *bytes;
	size_t nbytes;
};

/*
 * The listing of a directory; an absent one is empty. The caller gives it back with
 * listing_release. ERR_FAULT on anything else.
 */
int listing_get(struct store *s, const struct path *dir, struct listing **out, struct err *err);
void listing_release(struct listing *l);
/* Index of the first name greater than after ("" gives 0). */
size_t listing_after(const struct listing *l, const char *after);
void listing_cache_free(struct listing_cache *c);

#endif
