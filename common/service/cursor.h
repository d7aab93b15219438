/*
 * How far a job has come: one line of text in <root>/jobs/<name>, replaced by rename. A
 * job that was stopped or killed goes on from there. A cursor that cannot be read or
 * saved costs only that the next run begins earlier, so that is logged and no failure.
 */
#ifndef SERVICE_CURSOR_H
#define SERVICE_CURSOR_H

#include "store/store.h"

#include <stdbool.h>

#define CURSOR_MAX 319 /* a word and a repository name */

/* name is a word of the program, never from outside. */
struct cursor {
	struct store *store;
	const char *name;
	int64_t saved; /* when, in milliseconds of the monotonic clock; 0: never */
};

#define CURSOR_INIT(store, name) ((struct cursor){(store), (name), 0})

/* The text saved last in out; false, and "", when there is none. */
bool cursor_load(const struct cursor *c, char out[CURSOR_MAX + 1]);
/* Saves the text, unless that was done less than a second ago and must is false. */
void cursor_save(struct cursor *c, const char *text, bool must);
/* Forgets it: the job is complete. */
void cursor_clear(struct cursor *c);

#endif
