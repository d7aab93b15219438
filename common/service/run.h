/* Another program, run to its end beside this one. */
#ifndef SERVICE_RUN_H
#define SERVICE_RUN_H

#include "base/err.h"
#include "base/view.h"

#include <stdbool.h>

struct run {
	const char *const
	        *argv; /* the program's path first, NULL last; no shell is involved */
	/* Called for each line that it writes, on either output; may be NULL. */
	void (*line)(void *arg, struct view line);
	/* Asked four times a second at least; true ends the program. May be NULL. */
	bool (*cancelled)(void *arg);
	void *arg;
};

/*
 * Runs it without input, with the environment of this process. 1 when it has ended well,
 * 0 when it was cancelled; -1 with ERR_FAULT when it cannot be started, or has failed:
 * then the last line that it wrote is in the log. It has ended in any case.
 */
int run_program(const struct run *r, struct err *err);

#endif
