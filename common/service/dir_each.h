/* The entries of a directory of the store, in the order the file system gives them. */
#ifndef SERVICE_DIR_EACH_H
#define SERVICE_DIR_EACH_H

#include "base/err.h"
#include "store/store.h"

/*
 * Calls each() with a descriptor of the directory and the name of every entry, until it
 * returns non-zero, which is passed on. It may remove the entry. An absent directory is
 * empty. -1 when the directory cannot be listed.
 */
int dir_each(struct store *s, const char *path,
	int (*each)(void *arg, int dir, const char *name, struct err *err), void *arg,
	struct err *err);
/* Whether it has no entry or is absent: 1, 0, or -1. */
int dir_is_empty(struct store *s, const char *path, struct err *err);

#endif
