#include "support/fault_runs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void (*run_all)(int errnum);

static void input_output_error(void **state)
{
	(void)state;
	run_all(EIO);
}

static void full_disk(void **state)
{
	(void)state;
	run_all(ENOSPC);
}

static void interrupted_calls(void **state)
{
	(void)state;
	run_all(EINTR);
}

static void killed_process(void **state)
{
	(void)state;
	run_all(FAULT_KILL);
}

int fault_runs(void (*run)(int errnum))
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_output_error),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(interrupted_calls),
		cmocka_unit_test(killed_process),
	};

	run_all = run;
	/* Nothing here is about the disk, and memory is faster. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
