/*
 * A file that people edit while the registry runs: read again when it was replaced or
 * changed, looked at no more than once a second.
 */
#ifndef SERVICE_WATCHED_H
#define SERVICE_WATCHED_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct watched {
	int dir;        /* borrowed; AT_FDCWD for a path of its own */
	char *path;     /* owned; NULL when there is no such file in the configuration */
	struct stat st; /* as it was read last */
	bool read;      /* st is valid */
	bool young;     /* so fresh that a change might not show in its time */
	bool failed;    /* the last look failed, which was reported */
	int64_t looked; /* when, in seconds */
};

#define WATCHED_INIT ((struct watched){.dir = -1})

/* Copies path; "" stands for no file. -1 only without memory. Reads nothing yet. */
int watched_open(struct watched *w, int dir, const char *path, struct err *err);
void watched_close(struct watched *w);
/*
 * 1 when the file is new or has changed: out holds all of it. 0 when it has not, when it
 * was looked at in this second already, or when there is no file. -1 when it cannot be
 * read, is no regular file or larger than the ceiling of out: ERR_FAULT, reported once
 * until it can be read again.
 */
int watched_read(struct watched *w, int64_t now, struct buf *out, struct err *err);
/* The next watched_read looks, whatever second it is. */
void watched_look_again(struct watched *w);

#endif
