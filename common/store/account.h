/*
 * Every gain and loss of a blob or a manifest by a repository goes through
 * account_gain and account_lose: they make or remove the name in the repository, sync its
 * directory, and are the place where the account of the namespace is kept.
 */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "store/path.h"
#include "store/store.h"

enum account_kind { ACCOUNT_BLOB, ACCOUNT_MANIFEST };

struct account_change {
	const struct repo_name *repo;
	enum account_kind kind;
	const struct digest *digest;
	uint64_t size; /* bytes of the blob or manifest */
};

/*
 * Gives the repository the blob or manifest by linking the file from; directories are
 * made as needed. An entry that is there already is success: nothing changes. The gain
 * is durable on return. Fails with ERR_BLOB_UNKNOWN when from does not exist.
 */
int account_gain(struct store *s, const struct account_change *c, const struct path *from,
	struct err *err);
/*
 * Takes it away; *lost is false when the repository did not have it. Durable on return.
 * Failing to sync is a failure, but the entry has gone then (*lost is true).
 */
int account_lose(
	struct store *s, const struct account_change *c, bool *lost, struct err *err);

#endif
