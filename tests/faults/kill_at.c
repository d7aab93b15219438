/*
 * usage: kill_at N ROOT PROGRAM [ARGUMENT]...
 *
 * Runs a program and kills it, with SIGKILL, as it is about to make its N-th system call
 * after it has opened the directory ROOT. Exit status: 0 when the program ended before
 * that, successfully; 1 when it failed; 9 when it was killed; 2 when it cannot be traced.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define KILLED 9
#define NO_TRACE 2

static void fail(const char *what)
{
	fprintf(stderr, "kill_at: %s: %s\n", what, strerror(errno));
	exit(NO_TRACE);
}

/* The process stops itself for the parent to begin; it never returns. */
static void run(char **argv)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(NO_TRACE);
	raise(SIGSTOP);
	execv(argv[0], argv);
	fail(argv[0]);
}

/* Whether the call opens the directory root. */
static bool opens(pid_t pid, const struct ptrace_syscall_info *call, const char *root)
{
	char path[PATH_MAX] = "";
	struct iovec to = {path, strlen(root) + 1};
	struct iovec from = {(void *)(uintptr_t)call->entry.args[1], strlen(root) + 1};

	if (call->entry.nr != SYS_openat || to.iov_len > sizeof(path))
		return false;
	return process_vm_readv(pid, &to, 1, &from, 1, 0) == (ssize_t)to.iov_len &&
	       strcmp(path, root) == 0;
}

/* Lets the process go on to the next stop: its status. */
static int next_stop(pid_t pid, int signal)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)signal) < 0)
		fail("cannot go on");
	if (waitpid(pid, &status, 0) != pid)
		fail("cannot wait");
	return status;
}

/* 1 when the stop is the entry of a call, which goes to *call. */
static bool is_entry(pid_t pid, int status, struct ptrace_syscall_info *call)
{
	if (WSTOPSIG(status) != (SIGTRAP | 0x80))
		return false;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(*call), call) < 0)
		fail("cannot look at a call");
	return call->op == PTRACE_SYSCALL_INFO_ENTRY;
}

/* Follows the process to its end or its N-th call; the exit status. */
static int follow(pid_t pid, unsigned long n, const char *root)
{
	unsigned long calls = 0;
	bool counting = false;
	int signal = 0;

	for (;;) {
		struct ptrace_syscall_info call;
		int status = next_stop(pid, signal);

		if (WIFEXITED(status))
			return WEXITSTATUS(status) == 0 ? 0 : 1;
		if (!WIFSTOPPED(status))
			return 1;
		signal = WSTOPSIG(status) & 0x7f;
		if (signal == SIGTRAP)
			signal = 0;
		if (!is_entry(pid, status, &call))
			continue;
		if (counting && ++calls == n) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return KILLED;
		}
		counting = counting || opens(pid, &call, root);
	}
}

int main(int argc, char **argv)
{
	unsigned long n;
	int status;
	pid_t pid;

	if (argc < 4 || (n = strtoul(argv[1], NULL, 10)) == 0) {
		fprintf(stderr, "usage: kill_at N ROOT PROGRAM [ARGUMENT]...\n");
		return NO_TRACE;
	}
	pid = fork();
	if (pid < 0)
		fail("cannot fork");
	if (pid == 0)
		run(argv + 3);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
		ptrace(PTRACE_SETOPTIONS, pid, NULL,
			(void *)(intptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) < 0)
		fail("cannot trace");
	return follow(pid, n, argv[2]);
}
