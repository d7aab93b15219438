/* Repositories: their lock, and the catalog of those that hold a manifest. */
#ifndef STORE_REPOS_H
#define STORE_REPOS_H

#include "format/name.h"
#include "store/store.h"

/*
 * The repository lock: shared by a manifest push while it checks references and
 * publishes, exclusive for deletions and sweeps. Waits at most config->lock_wait seconds,
 * then ERR_BUSY. With create the repository's directory and lock file are made; without,
 * ERR_NAME_UNKNOWN when the directory is not there. The caller closes *fd with io_close,
 * which releases the lock.
 */
int repos_lock(struct store *s, const struct repo_name *r, bool exclusive, bool create,
	int *fd, struct err *err);
/* Whether the repository holds at least one manifest. */
int repos_has_manifest(struct store *s, const struct repo_name *r, bool *has,
	struct err *err);

/*
 * One page of the catalog in byte order of the whole name: at most n names strictly after
 * last ("" from the start) that visible() allows (NULL: all), each passed to emit().
 * *more tells whether any follow. When emit() returns non-zero the listing ends and
 * fails.
 */
struct repos_page {
	const char *last; /* need not exist */
	uint64_t n;
	bool all; /* also names that hold no manifest, or are only the beginning of others */
	bool (*visible)(void *arg, const struct repo_name *r);
	int (*emit)(void *arg, const struct repo_name *r, struct err *err);
	void *arg;
};
int repos_list(struct store *s, const struct repos_page *page, bool *more,
	struct err *err);

#endif
