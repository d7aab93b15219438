/*
 * Sending what a repository of ours holds to another registry: the blobs first, then the
 * manifest; of an index its manifests before it.
 */
#ifndef SERVICE_REMOTE_PUSH_H
#define SERVICE_REMOTE_PUSH_H

#include "service/job.h"
#include "service/remote.h"
#include "store/manifests.h"
#include "store/store.h"

struct remote_push {
	struct store *store;
	const struct repo_name *repo; /* where it is */
	const struct reference *reference;
	const char *mount_from; /* a repository there that may have the blobs; NULL */
	const struct job *job;
};

/*
 * Sends it under the name r->name; r was opened with push. Tells of the steps
 * "retrieving manifest", each blob (remote_meter.h), and "pushing manifest". A blob that is there already, or that can be mounted
 * there, is not sent. ERR_MANIFEST_UNKNOWN when we have no such thing, ERR_GONE when
 * cancelled; else as remote_send and remote_refused. What has arrived there before a
 * failure need not be sent again.
 */
int remote_push(struct remote *r, const struct remote_push *p, struct err *err);

#endif
