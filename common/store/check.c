#include "store/check.h"

#include "base/io.h"
#include "store/path.h"

int store_check(struct store *s, struct err *err)
{
	struct stat st;

	if (io_stat(s->root, PATH_BLOBS, &st) != 0)
		return err_io(err, "cannot look at %s of the store", PATH_BLOBS);
	return 0;
}
