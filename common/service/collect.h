/*
 * Collection: takes away what nothing refers to, while the registry serves.
 *
 * In a repository: blobs that no manifest of it refers to; if asked for, manifests that no
 * tag reaches (service/reach.h); entries of referrers whose manifest is absent; and, at any
 * age, empty directories. In the store: entries of blobs/ that no repository links to, upload
 * sessions that nobody has written to for long, files left in tmp/ (not before
 * COLLECT_TMP_AGE, because requests at work have theirs there). All but sessions and
 * untagged manifests, which have limits of their own, must be older than the grace, so that
 * nothing goes that a push in progress is about to need. A grace of less than gc-grace
 * (common/base/config.h) is for a registry that nobody pushes to: leases are renewed when
 * half of gc-grace is over.
 *
 * Pulls never wait. A repository is read without a lock; its exclusive lock is taken only
 * when there is something to remove, for a look at what has changed since and the removal
 * of at most COLLECT_BATCH things. The store's entries need no lock. Any number of
 * collections may run at once, and one may be killed at any moment.
 *
 * A manifest that is corrupt or cannot be parsed may need anything: nothing of its
 * repository is removed. Such a repository, and whatever else cannot be read or removed, is
 * reported as an item "problem" and passed over.
 *
 * Memory grows with the largest repository, not with the store. A dry run needs up to 96
 * bytes more for each file that would lose a link.
 */
#ifndef SERVICE_COLLECT_H
#define SERVICE_COLLECT_H

#include "format/name.h"
#include "service/job.h"
#include "store/store.h"

#define COLLECT_BATCH 256
#define COLLECT_TMP_AGE 600 /* seconds */

struct collect_options {
	const struct repo_name *repo; /* only this one and not the store; NULL: all */
	uint64_t grace;               /* seconds; 0: of any age */
	uint64_t session_idle;        /* seconds; compared with what was written last */
	uint64_t untagged_age;        /* seconds; 0: manifests are never removed */
	bool dry_run;                 /* change nothing, count the same */
	int64_t now;                  /* seconds since 1970; 0: the clock */
};

struct collect_result {
	uint64_t repositories;   /* looked at */
	uint64_t manifests;      /* removed, and so are all that follow */
	uint64_t blobs;          /* links of repositories */
	uint64_t referrers;      /* entries whose manifest was absent */
	uint64_t entries;        /* of blobs/ */
	uint64_t sessions;       /* of uploads/ */
	uint64_t files;          /* of tmp/ */
	uint64_t bytes_unlinked; /* of the blobs and manifests: what accounts are less by */
	uint64_t bytes_freed;    /* of files that lost their last name */
	uint64_t problems;
	bool cancelled; /* by the job; the next run goes on where this one ended */
	bool resumed;   /* repositories up to some name were done by an earlier run */
};

/*
 * Runs to the end or until the job is cancelled. Items are "blob" and "manifest"
 * {"repository", "digest", "removed"} (false in a dry run), "problem" {"repository",
 * "path", "digest", "problem"} with the members that fit. How far a run over all
 * repositories has come is kept in <root>/jobs/collect (service/cursor.h); a dry run and
 * that of one repository begin at the beginning.
 *
 * 0, whatever problems were met. ERR_NAME_UNKNOWN when there is no repository of the name
 * in the options; ERR_FAULT without memory.
 */
int collect_run(struct store *s, const struct collect_options *options,
	const struct job *job, struct collect_result *result, struct err *err);

#endif
