/*
 * Where a scrub puts files that are no longer what their name says, for a person to look at
 * and to delete: quarantine/<algorithm>-<hex>-<inode number>. Nothing reads them.
 */
#ifndef STORE_QUARANTINE_H
#define STORE_QUARANTINE_H

#include "store/path.h"
#include "store/store.h"

#include <sys/stat.h>

/*
 * Gives the file at path, whose name is that of d and which st tells, a second name in
 * quarantine, durably. One that it has there already is success, and so is a file that
 * can have no more names: it loses one next. ERR_BLOB_UNKNOWN when the file has gone.
 */
int quarantine_keep(struct store *s, const struct path *path, const struct digest *d,
	const struct stat *st, struct err *err);

#endif
