/*
 * A reply of lines, each a JSON object (application/x-ndjson), for a job that may take
 * hours (service/job.h): what it tells while it goes on, and how it ended.
 *
 *     {"progress":{"step":"blobs","done":10,"total":20}}   at most a few a second
 *     {"problem":{...}}                                    items, by their kind
 *     {"result":{...}}                                     the last line, or
 *     {"error":{"code":"...","message":"..."}}             this, or none: it broke off
 *
 * The head of the reply goes out with the first line; what fails before that is an
 * ordinary error. While there is nothing to tell, the progress is told again every ten
 * seconds, so that nobody on the way takes the reply for dead. When the peer leaves or
 * the process is told to stop, the job is cancelled.
 */
#ifndef GATEWAY_NDJSON_H
#define GATEWAY_NDJSON_H

#include "gateway/exchange.h"
#include "service/job.h"

#include <stdbool.h>
#include <stdint.h>

#define NDJSON_STEP_MAX 63

struct ndjson {
	struct job job; /* to be handed to what does the work */
	struct err err; /* and this, for its failure */
	struct exchange *x;
	char step[NDJSON_STEP_MAX + 1]; /* the progress as it was told last */
	uint64_t done, total;
	bool progressed;
	int64_t told;   /* when a line of progress went out, in ms, or the reply began */
	int64_t looked; /* when the peer was looked for */
	bool broken;    /* nothing can be sent any more; x->err says why */
	bool over;      /* the job is to end */
};

/* n must stay where it is until ndjson_end. */
void ndjson_begin(struct ndjson *n, struct exchange *x);
/*
 * Sends the last line: the result, an object, or the error when n->err has one. Returns
 * what the handler is to return.
 */
int ndjson_end(struct ndjson *n, const struct buf *result);

#endif
