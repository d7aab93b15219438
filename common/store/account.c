#include "store/account.h"

#include "base/io.h"
#include "base/log.h"
#include "store/publish.h"

#include <errno.h>

static struct path entry_path(const struct account_change *c)
{
	return c->kind == ACCOUNT_BLOB ? path_repo_blob(c->repo, c->digest)
				       : path_manifest(c->repo, c->digest);
}

int account_gain(struct store *s, const struct account_change *c, const struct path *from,
	struct err *err)
{
	struct path to = entry_path(c);
	int made = publish_link(s, from, &to, err);

	if (made < 0)
		return -1;
	/* An entry that was there is synced too: whoever made it may not have come so
	 * far. */
	if (store_sync_dir(s, path_parent(&to).text, err) == 0)
		return 0;
	if (made && io_unlink(s->root, to.text) < 0 && io_unlink(s->root, to.text) < 0)
		log_event(LOG_LEVEL_ERROR, "gain-not-undone", "path=%s errno=%d", to.text,
			errno);
	return -1;
}

int account_lose(
	struct store *s, const struct account_change *c, bool *lost, struct err *err)
{
	struct path entry = entry_path(c);

	*lost = false;
	if (io_unlink(s->root, entry.text) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return err_io(err, "cannot remove %s", entry.text);
	}
	*lost = true;
	return store_sync_dir(s, path_parent(&entry).text, err);
}
