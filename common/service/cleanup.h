/*
 * Cleanup: removes the tags that the rules of the cleanup file (format/cleanup_rules.h) let
 * go, and the manifests that no tag reaches then but did before.
 *
 * A tag is as old as its last push, be it of the same manifest again. Of a repository stays,
 * whatever its rule says: the tag "latest"; every manifest that an index which stays lists;
 * every manifest whose subject stays (signatures, SBOMs); and a tag "sha256-<hex>", alone or
 * with a suffix, for as long as the manifest of that digest stays, with which it goes (it
 * takes no place among the newest). Manifests that no tag reached before, and blobs, are left
 * to collection.
 *
 * A repository is looked at without its lock; the exclusive lock is taken only when a tag is
 * to go, for another look and the removal, and is given up for a moment every
 * CLEANUP_HOLD_MS. A process that is killed, or fails, leaves a correct repository; tags go
 * first, and manifests that were to go with them go in the next run. That remembers them by a
 * file in <root>/jobs.
 *
 * Of a repository nothing is removed, and a "problem" reported, when a manifest in it is
 * damaged, since that might refer to anything, or when no tag would be left.
 */
#ifndef SERVICE_CLEANUP_H
#define SERVICE_CLEANUP_H

#include "base/config.h"
#include "format/cleanup_rules.h"
#include "format/name.h"
#include "service/job.h"
#include "store/store.h"

#define CLEANUP_HOLD_MS 100

struct cleanup_options {
	const struct repo_name *repo; /* only this one; NULL: all that rules match */
	const struct cleanup_rules *rules;
	bool dry_run; /* change nothing, report and count the same */
	bool all;     /* agree to rules that would remove every tag of a repository */
	int64_t now;  /* seconds since 1970; 0: the clock */
};

struct cleanup_result {
	uint64_t repositories; /* looked at: those with a rule */
	uint64_t tags;         /* removed, and so are the next two */
	uint64_t manifests;
	uint64_t bytes; /* of the manifests: what accounts are less by */
	uint64_t kept_tags;
	uint64_t problems;
	bool cancelled; /* by the job; the next run goes on where this one ended */
	bool resumed;   /* repositories up to some name were done by an earlier run */
};

/*
 * Reads the cleanup file: the setting cleanup-file, or "cleanup" below the root, which need
 * not be there: there are no rules then. ERR_BAD_REQUEST with file and line as
 * cleanup_rules_parse says; ERR_FAULT when it cannot be read or is no regular file. Release
 * *out with cleanup_rules_release.
 */
int cleanup_rules_load(
	const struct config *c, struct cleanup_rules *out, struct err *err);
/*
 * Runs to the end or until the job is cancelled. Items, the same in a dry run but for
 * "removed", which is false: "tag" {"repository", "tag", "digest", "removed", "why"},
 * "manifest" {"repository", "digest", "removed"}, "problem" {"repository" or "path",
 * "problem"}. How far a run over all repositories has come is kept in <root>/jobs/cleanup
 * (service/cursor.h).
 *
 * 0, whatever problems were met. Before anything is touched: ERR_BAD_REQUEST, unless all is
 * set, when a rule has no word that keeps a tag; ERR_NAME_UNKNOWN when there is no repository
 * of the name in the options. ERR_FAULT without memory.
 */
int cleanup_run(struct store *s, const struct cleanup_options *options,
	const struct job *job, struct cleanup_result *result, struct err *err);

#endif
