#include "store/quarantine.h"

#include "base/io.h"
#include "store/publish.h"

#include <errno.h>

int quarantine_keep(struct store *s, const struct path *path, const struct digest *d,
	const struct stat *st, struct err *err)
{
	struct path kept = path_quarantine(d, (uint64_t)st->st_ino);

	if (publish_link(s, path, &kept, err) < 0) {
		if (err->errnum != EMLINK)
			return -1;
		err_release(err);
		return 0;
	}
	return store_sync_dir(s, PATH_QUARANTINE, err);
}
