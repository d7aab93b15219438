/* A blob from another registry into a repository of ours. */
#ifndef SERVICE_REMOTE_BLOB_H
#define SERVICE_REMOTE_BLOB_H

#include "format/manifest.h"
#include "service/remote_pull.h"

/*
 * Makes the repository hold the blob: it has it already, the store has it and any_mount
 * allows that, or it is fetched. What arrives is kept in an upload session that is found
 * again by the next try for the same blob, repository and user; a failure of the network
 * is tried again from there some times. ERR_GONE when cancelled, ERR_DIGEST_INVALID when
 * the content is another (what came is thrown away); else as remote_send, upload_append
 * and upload_commit. A blob that may be absent (ref->optional) and is not there is no
 * failure.
 */
int remote_blob_pull(struct remote *r, const struct remote_pull *p,
        const struct manifest_ref *ref, struct err *err);

#endif
