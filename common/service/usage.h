/*
 * What namespaces hold and may hold (store/account.h), and the limits that are set, as the
 * JSON that clients read and write. In that, limits are numbers, 0 being none.
 */
#ifndef SERVICE_USAGE_H
#define SERVICE_USAGE_H

#include "base/buf.h"
#include "store/account_limits.h"
#include "store/account_recount.h"

/* Of what usage_add and quota_add append for one namespace. */
#define USAGE_JSON_MAX 2048

/*
 * Whether there is such a namespace: something was pushed to it, or it has limits of its
 * own. 0, or -1 with ERR_NAME_UNKNOWN.
 */
int usage_find(struct store *s, const struct repo_name *ns, struct err *err);
/*
 * Appends {"namespace":…,"bytes":…,"blobs":…,"manifests":…,"limits":{…}}, the limits being
 * those in force. Where the file of limits cannot be understood they are null, and the
 * member "problem" says what is wrong. -1 when the account cannot be read.
 */
int usage_add(struct store *s, const struct repo_name *ns, struct buf *out,
	struct err *err);
/* The first members of that, without a brace at the end. */
void usage_add_account(
	const struct repo_name *ns, const struct account *a, struct buf *out);

/*
 * Appends {"namespace":…,"limits":{"bytes":…,"manifests":…,"blob-size":…},"in-force":{…}}:
 * what the namespace sets itself, null standing for the default, and what comes of it; both
 * are null, and there is a "problem", where that cannot be understood.
 */
int quota_add(struct store *s, const struct repo_name *ns, struct buf *out,
	struct err *err);
/*
 * Reads limits from an object with the members bytes, manifests and blob-size, of which
 * each is a number, a text such as "10GiB" (a size only), or null or absent for the default.
 * ERR_BAD_REQUEST for any other member or value.
 */
int quota_parse(struct view json, struct account_limits *own, struct err *err);

#endif
