/* Runs of cleanup over states of repositories, and what they report. */
#ifndef SUPPORT_CLEANING_H
#define SUPPORT_CLEANING_H

#include "service/cleanup.h"
#include "support/states.h"

/* What a run reported: lines of kind and JSON, the member "removed" left out. */
struct report {
	char text[16384];
	unsigned removed, previewed; /* items that say true and false for it */
	unsigned cancel_after;       /* questions; 0: never */
	unsigned asked;
};

/*
 * A run with a file of rules called "file", at states_now(): why it failed, whose text is then
 * that of the report, or ERR_NONE.
 */
enum err_code cleaning_run(struct fixture *f, const char *rules, struct cleanup_options o,
	struct report *report, struct cleanup_result *result);
/* "v1 40 v2 3": how many days before the run tags were pushed. */
void cleaning_set_ages(struct states *s, const char *ages);

#endif
