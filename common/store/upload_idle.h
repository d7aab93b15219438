/* Upload sessions that nobody goes on with. */
#ifndef STORE_UPLOAD_IDLE_H
#define STORE_UPLOAD_IDLE_H

#include "store/store.h"

#include <stdbool.h>

/*
 * Removes the session, whatever its record says, when it was written to last at the time
 * until (seconds since 1970) or before and nobody is writing to it now: 1 when it has gone,
 * with *freed, the bytes that the disk got back; 0 when it stays, or has gone already; or -1.
 * With dry_run nothing is removed and the answer is the same.
 */
int upload_remove_idle(struct store *s, const struct session_id *id, int64_t until,
	bool dry_run, uint64_t *freed, struct err *err);

#endif
