/* What every program of fault tests does: each kind of failure is a test. */
#ifndef SUPPORT_FAULT_RUNS_H
#define SUPPORT_FAULT_RUNS_H

/* In the place of an errno: the process is killed before the call. */
#define FAULT_KILL (-1)

/*
 * The main of such a program: calls run() with EIO, ENOSPC, EINTR and FAULT_KILL, each in a
 * test of its own, in memory where there is room. The exit status.
 */
int fault_runs(void (*run)(int errnum));

#endif
