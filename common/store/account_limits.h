/*
 * What a namespace may hold: quota/<namespace>/limits, lines "name = value" ('#' begins a
 * comment), and for what it does not set the default of the configuration.
 *
 *     bytes = 10GiB      of everything (quota-bytes)
 *     manifests = 1000   their number (quota-manifests)
 *     blob-size = 2GiB   of one blob (blob-limit)
 *
 * 0 is no limit. A file that cannot be understood is a fault that names the line: what it
 * would limit cannot grow until it is mended, and can be deleted.
 */
#ifndef STORE_ACCOUNT_LIMITS_H
#define STORE_ACCOUNT_LIMITS_H

#include "store/account_count.h"

#define ACCOUNT_LIMIT_DEFAULT UINT64_MAX

struct account_limits {
	uint64_t bytes;
	uint64_t manifests;
	uint64_t blob_size;
};

/* What the namespace sets itself, ACCOUNT_LIMIT_DEFAULT in the place of all else. */
int account_limits_get(struct store *s, const struct repo_name *ns,
	struct account_limits *own, struct err *err);
/* The same with the defaults filled in. */
struct account_limits account_limits_effective(
	const struct store *s, const struct account_limits *own);
/*
 * Replaces what the namespace sets, durably; limits below what it holds stop its growth.
 * ERR_BAD_REQUEST for a limit over INT64_MAX that is not ACCOUNT_LIMIT_DEFAULT.
 */
int account_limits_set(struct store *s, const struct repo_name *ns,
	const struct account_limits *own, struct err *err);

/* What bounds the size of one thing that a repository is to gain. */
struct account_room {
	uint64_t size; /* the most bytes it may have, UINT64_MAX: any */
	/* The limit behind that. */
	uint64_t used, limit;
	const char *unit;  /* "bytes", "manifests", "blob" */
	bool of_registry;  /* blob-limit of the configuration */
};

/* The room that is left beside what the namespace uses. */
int account_room_beside(struct store *s, const struct repo_name *repo,
	enum account_kind kind, const struct account *used, struct account_room *out,
	struct err *err);
/*
 * The room as of now, for a refusal before the bytes have come; what counts is the answer of
 * account_gain. d is NULL as long as nobody knows it; what the repository holds already may
 * have any size. Reads the account only where there is a limit.
 */
int account_room_now(struct store *s, const struct repo_name *repo,
	enum account_kind kind, const struct digest *d, struct account_room *out,
	struct err *err);
/*
 * The refusal of requested bytes that room does not have: ERR_DENIED with
 * {"used":…,"limit":…,"requested":…,"unit":…} (one manifest is requested where their number
 * is the limit), ERR_TOO_LARGE where it is the registry's blob-limit. Always -1.
 */
int account_room_refuse(
	const struct account_room *room, uint64_t requested, struct err *err);

#endif
