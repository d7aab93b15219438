#include "gateway/gateway.h"

#include "base/io.h"
#include "base/num.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

struct cgi {
	struct gateway
	        gateway; /* the first member: its functions are handed its address */
	int timeout_ms;  /* -1: none */
	uint64_t left;   /* bytes of the body to come, UINT64_MAX: up to the end */
};

static const char *cgi_variable(struct gateway *g, const char *name)
{
	(void)g;
	return getenv(name);
}

static bool input_ready(int timeout_ms)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

static ssize_t cgi_body(struct gateway *g, void *bytes, size_t len)
{
	struct cgi *c = (struct cgi *)g;
	ssize_t got;

	/*
	 * Beyond CONTENT_LENGTH there need not be an end of file (RFC 3875 section
	 * 4.2).
	 */
	if (len > c->left)
		len = (size_t)c->left;
	if (len == 0)
		return 0;
	if (!input_ready(c->timeout_ms))
		return -1;
	got = io_read(STDIN_FILENO, bytes, len);
	if (got > 0 && c->left != UINT64_MAX)
		c->left -= (uint64_t)got;
	return got;
}

static int cgi_reply(struct gateway *g, const void *bytes, size_t len)
{
	(void)g;
	return io_write_all(STDOUT_FILENO, bytes, len);
}

static int cgi_flush(struct gateway *g)
{
	(void)g;
	return 0;
}

/* A pipe or socket without a reader says so; the signals that stop us do it themselves. */
static bool cgi_abandoned(struct gateway *g)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = 0};

	(void)g;
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP));
}

/*
 * Reads what is left of the body, behind the end of the reply: a web server whose write of
 * the body fails may take the reply for lost (Apache does now and then).
 */
static void drain(struct cgi *c)
{
	char bytes[65536];
	int out = STDOUT_FILENO;

	io_close(&out);
	while (cgi_body(&c->gateway, bytes, sizeof(bytes)) > 0)
		;
}

void gateway_cgi_run(unsigned timeout_s, gateway_serve serve, void *arg)
{
	struct cgi c = {
	        .gateway = {cgi_variable, cgi_body, cgi_reply, cgi_flush,
	                cgi_abandoned},
	        .timeout_ms = -1,
	        .left = UINT64_MAX,
	};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	const char *length = getenv("CONTENT_LENGTH");

	if (timeout_s > 0)
		c.timeout_ms =
		        timeout_s > INT_MAX / 1000 ? INT_MAX : (int)timeout_s * 1000;
	/* A length that is no number is refused before the body is asked for. */
	if (length && *length && num_parse(view_of(length), &c.left) != 0)
		c.left = 0;
	sigaction(SIGPIPE, &ignore, NULL);
	/*
	 * A web server sends it when the client has gone. The end of the body says so as
	 * well, and leaves us the time to keep what has arrived.
	 */
	sigaction(SIGTERM, &ignore, NULL);
	serve(&c.gateway, arg);
	drain(&c);
}
