/* A process that pushes images into a repository while a test does something to it. */
#ifndef SUPPORT_PUSHER_H
#define SUPPORT_PUSHER_H

#include "support/fixture.h"

#include <sys/types.h>

/*
 * Pushes the images number from, from + 1, … count of them, each with its blob, as the tag
 * t0 to t9 of its last digit. A push may be refused because what it needs was taken away, or
 * the repository is busy; nothing else may happen to it.
 */
pid_t pusher_start(struct fixture *f, const char *repo, unsigned from, unsigned count);
/* False when it is through; the test fails when it met a fault. To be asked until then. */
bool pusher_runs(pid_t pusher);

#endif
