/* A blob of ours to another registry. */
#ifndef SERVICE_REMOTE_UPLOAD_H
#define SERVICE_REMOTE_UPLOAD_H

#include "format/manifest.h"
#include "service/remote_push.h"

/*
 * Makes the other repository hold the blob: it has it already (HEAD), it is mounted
 * there, or it is sent: in one PUT, or with the option chunk of the rule in PATCHes of
 * that many bytes, where a failure of the network costs one of them. Other failures of
 * the network are tried again from the start some times. A blob that may be absent
 * (ref->optional) and is not here is no failure. Fails as remote_push does.
 */
int remote_blob_push(struct remote *r, const struct remote_push *p,
        const struct manifest_ref *ref, struct err *err);

#endif
