/*
 * The other registries that this one may ask (format/remotes.h), as the file says at this
 * moment, and the key that signs for us.
 */
#ifndef SERVICE_REMOTE_LIST_H
#define SERVICE_REMOTE_LIST_H

#include "base/err.h"
#include "format/remotes.h"
#include "format/sshprivate.h"

#define REMOTE_LIST_DEFAULT "auth/remotes" /* below the root of the store */

struct remote_list {
	struct remotes rules;
	struct ssh_private key;
	int root;
	bool has_key;
};

#define REMOTE_LIST_INIT ((struct remote_list){.root = -1})

/*
 * Reads the file at path, or with "" that of the store, which need not exist: then nothing
 * may be asked. root is the store's directory. ERR_FAULT, "file:line: …", when it cannot be
 * read or is wrong. To be closed in any case.
 */
int remote_list_open(struct remote_list *l, int root, const char *path, struct err *err);
void remote_list_close(struct remote_list *l);
/*
 * Our key, which is made and read when it is first wanted. NULL and ERR_FAULT when that
 * fails.
 */
const struct ssh_private *remote_list_key(struct remote_list *l, struct err *err);

#endif
