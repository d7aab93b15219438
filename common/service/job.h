/*
 * How a job that may take hours reports, and how it is told to stop. Every member may be
 * NULL, and so may the job.
 */
#ifndef SERVICE_JOB_H
#define SERVICE_JOB_H

#include <stdbool.h>
#include <stdint.h>

struct job {
	/* Called often: done of total in units of the step; total is 0 when unknown. */
	void (*progress)(void *arg, const char *step, uint64_t done, uint64_t total);
	/* Something that was found or done, as one JSON object. */
	void (*item)(void *arg, const char *kind, const char *json_object);
	/* Asked often; true ends the job at the next point where it can go on later. */
	bool (*cancelled)(void *arg);
	void *arg;
};

/* A member of an item: a text, left out when NULL, or a boolean. */
struct job_field {
	const char *name; /* NULL ends the list */
	const char *text;
	bool is_flag, flag;
};

#define JOB_TEXT(name, text) {(name), (text), false, false}
#define JOB_FLAG(name, flag) {(name), 0, true, (flag)}
#define JOB_END {0, 0, false, false}

void job_progress(const struct job *j, const char *step, uint64_t done, uint64_t total);
/* Texts may hold any bytes. An item that finds no memory is logged and lost. */
void job_item(const struct job *j, const char *kind, const struct job_field *fields);
bool job_cancelled(const struct job *j);

#endif
