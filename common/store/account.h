/*
 * The account of a namespace, which is the first component of a repository's name: the sum,
 * over the repositories of the namespace, of the sizes of the blobs and manifests that each
 * holds. A blob held by two repositories counts twice; a manifest counts the bytes that were
 * pushed.
 *
 *     quota/<namespace>/lock      taken for every change; never renamed or removed
 *     quota/<namespace>/account   the record, see account_record.h
 *     quota/<namespace>/limits    see account_limits.h
 *
 * Every gain and loss of a blob or a manifest by a repository goes through the functions
 * below: they make or remove the name in the repository, keep the account, and sync the
 * repository's directory. The account is exact whatever happens to the processes that change
 * it. It is not synced: after a power cut it may be that of a moment before, unless the file
 * system keeps the order of its changes; account_recount.h mends that.
 *
 * A namespace without a record, such as one of a store that was made before there were
 * accounts, is counted when its account is first asked for.
 *
 * The lock is waited for at most config->lock_wait seconds: ERR_BUSY. It is the innermost:
 * whoever holds it takes no other.
 */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "store/account_count.h"
#include "store/path.h"
#include "store/store.h"

struct account_change {
	const struct repo_name *repo;
	enum account_kind kind;
	const struct digest *digest;
	uint64_t size; /* bytes of the blob or manifest; not looked at by a loss */
};

/*
 * Gives the repository the blob or manifest by linking the file from; directories are made
 * as needed. An entry that is there already is success: nothing changes and no limit
 * counts. The gain is durable on return. Fails with ERR_DENIED (or ERR_TOO_LARGE) as
 * account_limits.h says, and with ERR_BLOB_UNKNOWN when from does not exist; nothing has
 * changed then.
 *
 * Failing to sync is a failure, but the entry is there and counted: it is not taken back,
 * because another request may have been answered on the strength of it.
 */
int account_gain(struct store *s, const struct account_change *c, const struct path *from,
	struct err *err);
/*
 * Takes it away; *lost is false when the repository did not have it. Never refused by a
 * limit, and works on a full disk. Durable on return. Failing to sync is a failure, but the
 * entry has gone then (*lost is true).
 */
int account_lose(
	struct store *s, const struct account_change *c, bool *lost, struct err *err);
/*
 * The same, if still(arg) is true when it is asked under the lock of the account, where
 * nobody gains or replaces the entry; it takes no lock and calls none of these functions.
 */
int account_lose_if(struct store *s, const struct account_change *c,
	bool (*still)(void *arg), void *arg, bool *lost, struct err *err);
/*
 * Takes many of one kind away, with one hold of the lock and one sync for all. Those that
 * are not there are passed over. *lost is what went, on failure too.
 */
int account_lose_all(struct store *s, const struct repo_name *repo,
	enum account_kind kind, const struct digest *digests, size_t n,
	struct account *lost, struct err *err);
/*
 * Renames the finished file from over the entry, which is there already, and counts what is
 * there then: for what was damaged, or has got another media type. No limit counts. Durable
 * on return; fails as account_gain does when it cannot be synced.
 */
int account_replace(struct store *s, const struct account_change *c,
	const struct path *from, struct err *err);
/*
 * The account of the namespace of ns (whose other components do not count), as it was at one
 * moment during the call. All zero when there is no such namespace.
 */
int account_read(struct store *s, const struct repo_name *ns, struct account *out,
	struct err *err);

#endif
