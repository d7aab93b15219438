/*
 * Scrub: whether the store is what it promises to be, while the registry serves.
 *
 * Every blob is hashed once and every manifest; every reference, tag, entry of referrers,
 * account and record of an upload is looked at. Without repair nothing of the store is
 * changed. With it what can be mended is mended:
 *
 *  - A corrupt blob is replaced by a good copy, where the store still has one. Else its
 *    entry in blobs/ and the links of all repositories to it are taken away, so that the
 *    next push brings it back; one name of the file stays in quarantine/ (store/quarantine.h).
 *  - A corrupt manifest is taken away likewise, and so are the tags that then point nowhere.
 *  - Tags without a manifest go; entries of referrers are added and removed.
 *  - The entry in blobs/ of a good blob is made again; a link that is a file of its own
 *    becomes one to the entry.
 *  - Accounts are set to what there is; sessions whose record is damaged are removed.
 *
 * What was found without a lock is looked at again under the exclusive lock of the
 * repository before it is reported, mended or both; it is held for SCRUB_HOLD_MS at a time.
 * A scrub may be killed at any moment and run beside pushes, collections and other scrubs.
 * Memory grows with the largest repository and the largest directory of blobs/.
 */
#ifndef SERVICE_SCRUB_H
#define SERVICE_SCRUB_H

#include "format/name.h"
#include "service/job.h"
#include "store/store.h"

#define SCRUB_HOLD_MS 100

struct scrub_options {
	const struct repo_name *repo; /* only this one and its account; NULL: the store */
	bool repair;
	uint64_t bytes_per_second; /* of reading blobs and manifests; 0: no limit */
	int64_t now;               /* seconds since 1970; 0: the clock */
};

/* What this run did; what an earlier one did that was not completed is not in it. */
struct scrub_result {
	uint64_t repositories, blobs, manifests, tags, bytes; /* checked */
	uint64_t problems;    /* found: as many as items "problem" */
	uint64_t repaired;    /* of those */
	uint64_t quarantined; /* names of files taken away: entries, links, manifests */
	bool cancelled; /* by the job; the next run goes on where this one ended */
	bool resumed;   /* a part was done by an earlier run */
};

/*
 * Runs to the end or until the job is cancelled. Progress is "blobs" in bytes of the total
 * and "repositories" in their number. An item "problem" is
 * {"kind", "repository", "tag", "digest", "manifest", "subject", "path", "problem",
 * "repaired"} with the members that fit. The digest is that of the blob or manifest that it
 * is about, "manifest" the one that needs it. The kind is
 *
 *     blob       the content is not that of the digest
 *     manifest   the same of a manifest, or it has no media type
 *     document   a manifest that cannot be understood
 *     reference  a blob that a manifest needs is absent, or of another size
 *     tag        points to no manifest
 *     referrer   a manifest is not listed under its subject, or is under another, or is
 *                absent, but listed, and no push or deletion can have left it so within
 *                the grace (with repair: at all)
 *     account    the account of a namespace is not the sum of what it holds
 *     entry      blobs/ lacks a blob that a repository has
 *     copy       a repository has a blob as a file of its own
 *     mode       a blob could be written to, or not be read
 *     session    an upload whose record is damaged, or missing for the grace
 *     stray      a name that does not belong where it is
 *     fault      something could not be looked at or mended
 *
 * Beside them an item "affected" {"repository", "tag", "digest"} tells each tag that cannot
 * be pulled whole because of a blob or manifest that is corrupt or absent; "tag" is left
 * out where no tag leads to it.
 *
 * How far a run over the store has come is kept in <root>/jobs (service/cursor.h), apart for
 * runs with repair and without.
 *
 * 0, whatever problems were met. ERR_NAME_UNKNOWN when there is no repository of the name
 * in the options; ERR_FAULT without memory or random bytes.
 */
int scrub_run(struct store *s, const struct scrub_options *options, const struct job *job,
	struct scrub_result *result, struct err *err);

#endif
