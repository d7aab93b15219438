/*
 * Bringing an image, a model or anything else that has a manifest from another registry
 * into a repository of ours: the blobs first, then the manifest; of an index its
 * manifests before it.
 */
#ifndef SERVICE_REMOTE_PULL_H
#define SERVICE_REMOTE_PULL_H

#include "format/sshprivate.h"
#include "service/job.h"
#include "service/remote.h"
#include "store/store.h"

/* An index of indexes is followed this deep, and to this many manifests in all. */
#define REMOTE_DEPTH_MAX 4
#define REMOTE_MANIFESTS_MAX 1000

struct remote_pull {
	struct store *store;
	const struct repo_name *repo; /* where it goes */
	const struct tag *tag;        /* NULL: none */
	const char *user; /* whom the sessions belong to; "" for nobody */
	bool any_mount;   /* what any repository holds need not be fetched */
	const struct ssh_private *key; /* makes the ids of sessions that nobody can guess */
	const struct job *job;
};

/*
 * Fetches what r->name says. Tells of the steps "pulling manifest", each blob
 * (remote_meter.h), "verifying sha256
 * digest" and "writing manifest"; on success the repository holds all of it under the tag.
 * ERR_MANIFEST_UNKNOWN when there is no such thing, ERR_DIGEST_INVALID when content is not
 * what its name says, ERR_TOO_LARGE for a manifest or a blob over our limits, ERR_GONE when
 * cancelled; else as remote_send, manifests_put and the functions of uploads.h. What has
 * arrived before a failure is kept.
 */
int remote_pull(struct remote *r, const struct remote_pull *p, struct err *err);

#endif
