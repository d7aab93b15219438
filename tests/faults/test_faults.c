/*
 * Every operation, with every call of common/base/io.c failing in turn: once with each errno, once
 * by killing the process before the call. After each case the answer must have been right, the
 * invariants of the store hold, nothing is left over, and the same request must succeed.
 */
#include "base/io.h"
#include "support/fault_runs.h"
#include "support/invariants.h"
#include "support/scene.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef IO_FAULTS
#error "this test needs a build with -DIO_FAULTS"
#endif

static unsigned cases;

static void scene_open(struct scene *s, const struct operation *op)
{
	void *state = NULL;

	memset(s, 0, sizeof(*s));
	assert_int_equal(cgi_setup(&state), 0);
	fixture_thin(&((struct cgi *)state)->fixture);
	s->cgi = state;
	if (op->prepare)
		op->prepare(s);
}

static void scene_close(struct scene *s)
{
	void *state = s->cgi;

	assert_int_equal(cgi_teardown(&state), 0);
}

static unsigned open_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += lseek(fd, 0, SEEK_CUR) != -1 || errno != EBADF;
	return n;
}

static void check_store(struct scene *s, const struct operation *op, unsigned k, int errnum,
	unsigned allow)
{
	unsigned broken = invariants_check_but(s->cgi->fixture.dir, allow);

	if (broken)
		fail_msg("%s: call %u failing with %d breaks the store", op->name, k, errnum);
}

/*
 * The request succeeds now, whether or not it happened the first time. A session whose data
 * may not have reached the disk, or that met a full one, is given up, and the client begins a
 * new one.
 */
static void check_again(struct scene *s, const struct operation *op, unsigned k, int errnum,
	bool happened)
{
	bool given_up;
	int status;

	op->act(s);
	status = s->cgi->status;
	given_up = errnum == ENOSPC && strcmp(s->cgi->code, "BLOB_UPLOAD_UNKNOWN") == 0;
	if (status != op->status && !(happened && status == op->again) && !given_up &&
		!(op->status == 201 && status == 404 && op->again == 404))
		fail_msg("%s: after call %u failing with %d the request is answered %d", op->name, k,
			errnum, status);
	check_store(s, op, k, errnum, INVARIANTS_TMP | INVARIANTS_LISTED);
}

static bool check_outcome(struct scene *s, const struct operation *op, unsigned k, int errnum,
	bool answered_2xx)
{
	enum outcome o;

	if (!op->look)
		return false;
	o = op->look(s);
	if (o == OUTCOME_BROKEN || (o == OUTCOME_UNTAGGED && answered_2xx))
		fail_msg("%s: call %u failing with %d leaves a part of it", op->name, k, errnum);
	if (answered_2xx && o != OUTCOME_WHOLE)
		fail_msg("%s: answered 2xx, but it has not happened (call %u, %d)", op->name, k,
			errnum);
	return o == OUTCOME_WHOLE;
}

/* One case of a failing call; false when the operation makes fewer than k calls. */
static bool run_failing(const struct operation *op, unsigned k, int errnum)
{
	struct scene s;
	unsigned before, calls;
	int status;
	bool happened;

	scene_open(&s, op);
	before = open_descriptors();
	io_fault_arm(k, errnum);
	op->act(&s);
	calls = io_fault_calls();
	io_fault_arm(0, 0);
	status = s.cgi->status;
	assert_int_equal(open_descriptors(), before);
	if (errnum == EINTR && status != op->status)
		fail_msg("%s: EINTR at call %u is answered %d", op->name, k, status);
	if (status / 100 == 2 && status != op->status && op->look)
		fail_msg("%s: call %u failing with %d is answered %d", op->name, k, errnum, status);
	if (errnum == ENOSPC && status / 100 == 5 && status != 507)
		fail_msg("%s: a full disk at call %u is answered %d", op->name, k, status);
	check_store(&s, op, k, errnum, 0);
	happened = check_outcome(&s, op, k, errnum, status == op->status);
	check_again(&s, op, k, errnum, happened);
	scene_close(&s);
	cases += k <= calls;
	return k <= calls;
}

/* The same, with the process killed before the k-th call. */
static bool run_killed(const struct operation *op, unsigned k)
{
	struct scene s;
	int status;
	pid_t child;
	bool happened, killed;

	scene_open(&s, op);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		io_fault_arm(k, FAULT_KILL);
		op->act(&s);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	check_store(&s, op, k, FAULT_KILL, INVARIANTS_TMP | INVARIANTS_LISTED);
	happened = check_outcome(&s, op, k, FAULT_KILL, !killed);
	check_again(&s, op, k, FAULT_KILL, happened);
	scene_close(&s);
	cases += killed;
	return killed;
}

static bool run_case(const struct operation *op, unsigned k, int errnum)
{
	return errnum == FAULT_KILL ? run_killed(op, k) : run_failing(op, k, errnum);
}

static void run_all(int errnum)
{
	for (size_t i = 0; i < noperations; i++)
		for (unsigned k = 1; run_case(&operations[i], k, errnum); k++)
			;
}

int main(void)
{
	int failed;

	failed = fault_runs(run_all);
	printf("faults: %u cases in %zu operations\n", cases, noperations);
	return failed;
}
