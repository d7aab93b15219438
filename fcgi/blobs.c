/* /v2/<name>/blobs/<digest>: blobs of a repository. */
#include "handlers.h"

#include "gateway/exchange.h"
#include "gateway/reply.h"
#include "store/blobs.h"

/* end-2. Pulling blobs and checking for them: also with Range and If-None-Match. */
int blob_get(struct exchange *x)
{
	struct blob blob;

	if (blobs_find(x->store, &x->name, &x->digest, &blob, &x->err) != 0)
		return -1;
	return reply_blob(x, &blob, &x->digest);
}

/* end-10. Deleting blobs: from this repository; others that hold the blob keep it. */
int blob_delete(struct exchange *x)
{
	if (blobs_delete(x->store, &x->name, &x->digest, &x->err) != 0)
		return -1;
	return reply_empty(x, 202);
}
