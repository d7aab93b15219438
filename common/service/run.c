#include "service/run.h"

#include "base/io.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 200
#define LINE_MAX_BYTES 512

extern char **environ;

struct running {
	const struct run *run;
	pid_t pid;
	int out; /* what it writes */
	char line[LINE_MAX_BYTES];
	size_t len;
	char last[LINE_MAX_BYTES];
	bool cancelled;
};

/* Descriptor 0 of this process may be a listening socket: the program must not have it.
 */
static int set_files(posix_spawn_file_actions_t *files, int out)
{
	int rc = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(files, out, 1);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(files, out, 2);
	return rc;
}

/*
 * Signals as a program of a shell has them, whatever this process has done to them; and a
 * group of its own, so that it is ended together with what it has started.
 */
static int set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, usual;
	int rc;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGTERM);
	sigaddset(&usual, SIGINT);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGUSR1);
	rc = posix_spawnattr_setsigmask(attributes, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attributes, &usual);
	if (rc == 0)
		rc = posix_spawnattr_setpgroup(attributes, 0);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
		                                                  POSIX_SPAWN_SETSIGDEF |
		                                                  POSIX_SPAWN_SETPGROUP);
	return rc;
}

static int spawn(struct running *p, int out)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attributes);
	if (rc == 0) {
		rc = set_files(&files, out);
		if (rc == 0)
			rc = set_signals(&attributes);
		if (rc == 0)
			rc = posix_spawn(&p->pid, p->run->argv[0], &files, &attributes,
			        (char *const *)p->run->argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

static int start(struct running *p, struct err *err)
{
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_io(err, "cannot make a pipe");
	p->out = ends[0];
	rc = spawn(p, ends[1]);
	io_close(&ends[1]);
	if (rc == 0)
		return 0;
	errno = rc;
	return err_io(err, "cannot run %s", p->run->argv[0]);
}

static void end_line(struct running *p)
{
	if (p->len == 0)
		return;
	memcpy(p->last, p->line, p->len);
	p->last[p->len] = '\0';
	if (p->run->line)
		p->run->line(p->run->arg, (struct view){p->line, p->len});
	p->len = 0;
}

/* A line that is too long is cut. */
static void take_bytes(struct running *p, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r')
			end_line(p);
		else if (p->len < sizeof(p->line) - 1)
			p->line[p->len++] = bytes[i];
	}
}

static void look_for_end(struct running *p)
{
	if (!p->cancelled && p->run->cancelled && p->run->cancelled(p->run->arg)) {
		p->cancelled = true;
		kill(-p->pid, SIGKILL);
	}
}

/* Until it has closed its outputs. */
static void read_output(struct running *p)
{
	struct pollfd wait = {.fd = p->out, .events = POLLIN};
	char bytes[4096];
	ssize_t n = 1;

	while (n > 0 && !p->cancelled) {
		look_for_end(p);
		if (poll(&wait, 1, TICK_MS) <= 0)
			continue;
		n = io_read(p->out, bytes, sizeof(bytes));
		if (n > 0)
			take_bytes(p, bytes, (size_t)n);
	}
	end_line(p);
}

static int wait_for_end(struct running *p)
{
	const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
	int status;

	while (waitpid(p->pid, &status, WNOHANG) == 0) {
		look_for_end(p);
		nanosleep(&tick, NULL);
	}
	return status;
}

int run_program(const struct run *r, struct err *err)
{
	struct running p = {.run = r, .out = -1};
	int status;

	if (start(&p, err) != 0) {
		io_close(&p.out);
		return -1;
	}
	read_output(&p);
	status = wait_for_end(&p);
	io_close(&p.out);
	if (p.cancelled)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 1;
	log_event(LOG_LEVEL_ERROR, "program-failed", "program=%s status=%d last=\"%s\"",
	        r->argv[0], status, p.last);
	return err_set(err, ERR_FAULT, "%s has failed", r->argv[0]);
}
