/* The answers of jobs: lines of JSON. */
#ifndef SUPPORT_JOBS_H
#define SUPPORT_JOBS_H

#include "support/cgi.h"

/*
 * The lines of the last reply but those of progress, in their order. Asserts that it is a
 * stream, that every line is one object with one member, and that the last one, and only
 * that, is the result or an error. Lives until the next call.
 */
const char *job_lines(const struct cgi *c);
/* How many of the lines are items of this kind. */
unsigned job_items(const struct cgi *c, const char *kind);
/* The number that a member of the result is; fails when there is none. */
long long job_result(const struct cgi *c, const char *member);

#endif
