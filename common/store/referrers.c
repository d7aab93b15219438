#include "store/referrers.h"

#include "base/io.h"
#include "store/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int create_entry(struct store *s, const struct path *entry)
{
	int fd = io_open(s->root, entry->text, O_WRONLY | O_CREAT | O_EXCL, 0444);

	if (fd == -1)
		return errno == EEXIST ? 0 : -1;
	/* Nothing was written: a failing close loses nothing. */
	io_close(&fd);
	return 0;
}

int referrers_add(struct store *s, const struct repo_name *r,
	const struct digest *subject, const struct digest *manifest, struct err *err)
{
	struct path entry = path_referrer(r, subject, manifest);
	struct path dir = path_referrers(r, subject);

	if (create_entry(s, &entry) < 0) {
		if (errno != ENOENT)
			return err_io(err, "cannot create %s", entry.text);
		if (store_make_dirs(s, dir.text, err) < 0)
			return -1;
		if (create_entry(s, &entry) < 0)
			return err_io(err, "cannot create %s", entry.text);
	}
	/* Whoever made it may have been killed before the directory was synced. */
	return store_sync_dir(s, dir.text, err);
}

int referrers_remove(struct store *s, const struct repo_name *r,
	const struct digest *subject, const struct digest *manifest, struct err *err)
{
	struct path entry = path_referrer(r, subject, manifest);
	struct path dir = path_referrers(r, subject);

	if (io_unlink(s->root, entry.text) < 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ESTALE)
			return 0;
		return err_io(err, "cannot remove %s", entry.text);
	}
	/* A directory that stays is no harm: it is empty or in use. */
	if (io_rmdir(s->root, dir.text) == 0)
		dir = path_parent(&dir);
	return store_sync_dir(s, dir.text, err);
}

int referrers_list(struct store *s, const struct repo_name *r,
	const struct digest *subject, struct listing **out, struct err *err)
{
	struct path dir = path_referrers(r, subject);

	return listing_get(s, &dir, out, err);
}

int referrers_entry_parse(const char *entry, struct digest *out)
{
	struct view hex = view_of(entry);

	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		if (hex.len == digest_hex_length((enum digest_algorithm)a))
			return digest_from_hex((enum digest_algorithm)a, hex, out);
	}
	return -1;
}
