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
 * ordinary error. While there is nothing to tell, the progress is told again every two
 * seconds, so that nobody on the way takes the reply for dead, and a web server notices that
 * its client has gone. When the peer leaves or the process is told to stop, the job is
 * cancelled.
 */
#ifndef GATEWAY_NDJSON_H
#define GATEWAY_NDJSON_H

#include "gateway/exchange.h"
#include "service/job.h"

#include <stdbool.h>
#include <stdint.h>

#define NDJSON_STEP_MAX 191

struct ndjson {
	struct job job; /* to be handed to what does the work */
	struct err err; /* and this, for its failure */
	struct exchange *x;
	char step[NDJSON_STEP_MAX + 1]; /* the progress as it was told last */
	uint64_t done, total;
	bool progressed;
	bool ollama;    /* lines are as Ollama has them */
	bool silent;    /* one answer at the end, no lines */
	int64_t told;   /* when a line of progress went out, in ms, or the reply began */
	int64_t looked; /* when the peer was looked for */
	bool broken;    /* nothing can be sent any more; x->err says why */
	bool over;      /* the job is to end */
};

/* n must stay where it is until ndjson_end. */
void ndjson_begin(struct ndjson *n, struct exchange *x);
/*
 * The same in the form of Ollama: progress is {"status":step,"total":…,"completed":…},
 * with "digest" when the step ends with one, an item is a line by itself whatever its
 * kind, so is the result, and an error is {"error":"…"}. Without stream there is one
 * answer at the end, with a status of its own when it is an error.
 */
void ndjson_begin_ollama(struct ndjson *n, struct exchange *x, bool stream);
/*
 * Sends the last line: the result, an object, or the error when n->err has one. Returns
 * what the handler is to return.
 */
int ndjson_end(struct ndjson *n, const struct buf *result);

#endif
