/* Counting what repositories hold. */
#ifndef STORE_ACCOUNT_COUNT_H
#define STORE_ACCOUNT_COUNT_H

#include "format/digest.h"
#include "format/name.h"
#include "store/store.h"

enum account_kind { ACCOUNT_BLOB, ACCOUNT_MANIFEST };

struct account {
	uint64_t blobs;
	uint64_t manifests;
	uint64_t bytes; /* of both */
};

/* A blob or manifest of a repository. */
struct account_entry {
	enum account_kind kind;
	struct repo_name repo;
	struct digest digest;
};

/* One more entry of that kind and size: 0, or -1 when a sum would exceed INT64_MAX. */
MUST_USE int account_add(struct account *a, enum account_kind kind, uint64_t size);
/* One less: 0, or -1 when there is not that much. */
MUST_USE int account_subtract(struct account *a, enum account_kind kind, uint64_t size);
bool account_equal(const struct account *a, const struct account *b);

/*
 * Whether the repository has the entry: 1 with *size, the bytes it counts, 0, or -1. The
 * first line of a manifest's file does not count.
 */
int account_held(struct store *s, enum account_kind kind, const struct repo_name *repo,
	const struct digest *d, uint64_t *size, struct err *err);
/* What the one repository holds, those below it left aside. */
int account_count_repo(struct store *s, const struct repo_name *repo, struct account *out,
	struct err *err);
/*
 * What the repositories of the namespace of ns hold, apart from one entry (NULL: none).
 * Exact only while nothing changes.
 */
int account_count_all(struct store *s, const struct repo_name *ns,
	const struct account_entry *except, struct account *out, struct err *err);

#endif
