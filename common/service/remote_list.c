#include "service/remote_list.h"

#include "service/remote_key.h"
#include "service/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <time.h>

int remote_list_open(struct remote_list *l, int root, const char *path, struct err *err)
{
	const char *name = path[0] ? path : REMOTE_LIST_DEFAULT;
	struct buf text = BUF_INIT(REMOTES_FILE_MAX + 1);
	struct watched file;
	int rc;

	*l = REMOTE_LIST_INIT;
	l->root = root;
	if (watched_open(&file, path[0] ? AT_FDCWD : root, name, err) != 0)
		return -1;
	rc = watched_read(&file, (int64_t)time(NULL), &text, err);
	/* That of the store is there when somebody has made it. */
	if (rc < 0 && err->errnum == ENOENT && !path[0]) {
		err_release(err);
		rc = 0;
	}
	if (rc == 1)
		rc = remotes_parse(buf_view(&text), name, &l->rules, err);
	watched_close(&file);
	if (text.ptr)
		OPENSSL_cleanse(text.ptr, text.size);
	buf_release(&text);
	return rc;
}

void remote_list_close(struct remote_list *l)
{
	remotes_release(&l->rules);
	ssh_private_wipe(&l->key);
	l->has_key = false;
}

const struct ssh_private *remote_list_key(struct remote_list *l, struct err *err)
{
	if (!l->has_key && remote_key_load(l->root, &l->key, err) != 0)
		return NULL;
	l->has_key = true;
	return &l->key;
}
