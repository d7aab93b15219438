/*
 * A blob on its way from or to another registry, as a step of a job (service/job.h): the
 * step is the verb, the first digits of the digest, and the digest, and it counts bytes.
 */
#ifndef SERVICE_REMOTE_METER_H
#define SERVICE_REMOTE_METER_H

#include "base/err.h"
#include "format/digest.h"
#include "service/job.h"

#include <stdint.h>

struct remote_meter {
	const struct job *job;
	const char *verb; /* "pulling" or "pushing" */
	const struct digest *digest;
	uint64_t completed, total;
};

/* Reports where the blob stands. */
void remote_meter_tell(const struct remote_meter *m);
/*
 * Waits, in little steps that ask whether to stop. 0, or -1 with ERR_GONE when cancelled.
 */
int remote_meter_wait(const struct remote_meter *m, unsigned ms, struct err *err);

#endif
