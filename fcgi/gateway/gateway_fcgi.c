#include "gateway/gateway.h"

#include "base/log.h"
#include "base/num.h"

#include <errno.h>
#include <fastcgi.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* Most bytes of an unread body that are thrown away rather than the connection. */
#define DRAIN_MAX 65536

struct fcgi {
	struct gateway
	        gateway; /* the first member: its functions are handed its address */
	FCGX_Request request;
	int listener;
	unsigned timeout_s;
	sigset_t between; /* the signal mask between requests */
	uint64_t taken;   /* bytes of the body handed out */
};

static volatile sig_atomic_t stop_requested;

static void request_stop(int sig)
{
	(void)sig;
	stop_requested = 1;
}

static const char *fcgi_variable(struct gateway *g, const char *name)
{
	struct fcgi *f = (struct fcgi *)g;

	return FCGX_GetParam(name, f->request.envp);
}

static ssize_t fcgi_body(struct gateway *g, void *bytes, size_t len)
{
	struct fcgi *f = (struct fcgi *)g;
	int got = FCGX_GetStr(bytes, len > INT_MAX ? INT_MAX : (int)len, f->request.in);

	/*
	 * A count of 0 is an end only without an error: libfcgi ends a broken body like
	 * a whole one. What came before the error is handed out first; the error stays
	 * for the next call.
	 */
	if (got <= 0)
		return FCGX_GetError(f->request.in) != 0 ? -1 : 0;
	f->taken += (uint64_t)got;
	return got;
}

static int fcgi_reply(struct gateway *g, const void *bytes, size_t len)
{
	struct fcgi *f = (struct fcgi *)g;
	const char *p = bytes;

	while (len > 0) {
		int n = len > INT_MAX ? INT_MAX : (int)len;

		if (FCGX_PutStr(p, n, f->request.out) != n ||
		        FCGX_GetError(f->request.out) != 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int fcgi_flush(struct gateway *g)
{
	struct fcgi *f = (struct fcgi *)g;

	if (FCGX_FFlush(f->request.out) != 0 || FCGX_GetError(f->request.out) != 0)
		return -1;
	return 0;
}

/*
 * Whether the connection has ended or the next record says so; what is left of a body
 * hides the latter.
 */
static bool peer_has_left(int fd)
{
	unsigned char head[2] = {0, 0};
	ssize_t n = recv(fd, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);

	if (n < 0)
		return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
	return n == 0 || (n == 2 && head[1] == FCGI_ABORT_REQUEST);
}

static bool fcgi_abandoned(struct gateway *g)
{
	struct fcgi *f = (struct fcgi *)g;
	sigset_t pending;

	/* They are blocked while a request is under way. */
	if (sigpending(&pending) == 0 &&
	        (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGUSR1)))
		return true;
	return peer_has_left(f->request.ipcFd);
}

/* Bytes of the body that nobody has read; UINT64_MAX when its length is not known. */
static uint64_t unread(struct fcgi *f)
{
	const char *coding = fcgi_variable(&f->gateway, "HTTP_TRANSFER_ENCODING");
	const char *text = fcgi_variable(&f->gateway, "CONTENT_LENGTH");
	uint64_t length = 0;

	if (num_parse(view_of(text), &length) != 0 && coding)
		return UINT64_MAX;
	return length > f->taken ? length - f->taken : 0;
}

/*
 * Reads up to the end of the body, which must not be left in a connection that is kept:
 * libfcgi would take it for a malformed next request. False when it is too long or does
 * not come.
 */
static bool drain(struct fcgi *f)
{
	char bytes[4096];
	uint64_t left = unread(f);
	ssize_t got;

	if (FCGX_GetError(f->request.in) != 0)
		return false;
	if (left > 0) {
		if (left > DRAIN_MAX)
			return false;
		/* The reply must not wait for a client that still sends. */
		FCGX_FFlush(f->request.out);
	}
	for (uint64_t total = 0; total <= DRAIN_MAX; total += (uint64_t)got) {
		got = fcgi_body(&f->gateway, bytes, sizeof(bytes));
		if (got <= 0)
			return got == 0;
	}
	return false;
}

static void finish(struct fcgi *f)
{
	if (!drain(f))
		f->request.keepConnection = 0;
	FCGX_Finish_r(&f->request);
}

static void adopt(struct fcgi *f, int fd)
{
	struct timeval limit = {.tv_sec = f->timeout_s, .tv_usec = 0};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	/*
	 * This is how a connection that was kept looks to FCGX_Accept_r: it reads on
	 * from it.
	 */
	f->request.ipcFd = fd;
	f->request.keepConnection = 1;
}

/*
 * 1 when a connection was taken, 0 when there is none now, -1 when there will never be
 * one.
 */
static int take_connection(struct fcgi *f)
{
	int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0) {
		adopt(f, fd);
		return 1;
	}
	if (errno == EBADF || errno == ENOTSOCK || errno == EINVAL ||
	        errno == EOPNOTSUPP) {
		log_event(LOG_LEVEL_ERROR, "accept-failed", "error=%s", strerror(errno));
		return -1;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		log_event(
		        LOG_LEVEL_WARN, "accept-postponed", "error=%s", strerror(errno));
		/*
		 * The connection stays readable: without a pause this would be a busy
		 * loop.
		 */
		poll(NULL, 0, 100);
	}
	return 0;
}

/*
 * Waits until there is something to read on the kept connection or a new one. The
 * signals come through here and nowhere else, so that neither a request nor a signal
 * can be lost between a look at the flag and the wait. 1, 0 when told to stop, -1 when
 * the socket is of no use.
 */
static int wait_for_request(struct fcgi *f)
{
	for (;;) {
		bool kept = f->request.ipcFd >= 0;
		struct pollfd p = {
		        .fd = kept ? f->request.ipcFd : f->listener, .events = POLLIN};
		int n;

		if (stop_requested)
			return 0;
		n = ppoll(&p, 1, NULL, &f->between);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n <= 0)
			continue;
		n = kept ? 1 : take_connection(f);
		if (n != 0)
			return n;
	}
}

static int serve_all(struct fcgi *f, gateway_serve serve, void *arg)
{
	int rc;

	while ((rc = wait_for_request(f)) > 0) {
		/*
		 * It has no listening socket to go back to: a peer that leaves or talks
		 * nonsense makes it fail, with the connection closed.
		 */
		if (FCGX_Accept_r(&f->request) != 0)
			continue;
		f->taken = 0;
		/* Parameters that break off between two of them pass for complete. */
		if (FCGX_GetError(f->request.in) == 0)
			serve(&f->gateway, arg);
		finish(f);
	}
	if (f->request.ipcFd >= 0) {
		f->request.keepConnection = 0;
		FCGX_Finish_r(&f->request);
	}
	return rc;
}

/* Blocks the signals that stop us and leaves in *before the mask as it was. */
static void take_signals(struct fcgi *f, sigset_t *before)
{
	struct sigaction stop = {.sa_handler = request_stop};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t stopping;

	stop_requested = 0;
	sigemptyset(&stopping);
	sigaddset(&stopping, SIGTERM);
	sigaddset(&stopping, SIGUSR1);
	sigprocmask(SIG_BLOCK, &stopping, before);
	f->between = *before;
	sigdelset(&f->between, SIGTERM);
	sigdelset(&f->between, SIGUSR1);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGUSR1, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

bool gateway_is_listening(int fd)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 &&
	       listening != 0;
}

int gateway_fcgi_run(int fd, unsigned timeout_s, gateway_serve serve, void *arg)
{
	struct fcgi f = {
	        .gateway = {fcgi_variable, fcgi_body, fcgi_reply, fcgi_flush,
	                fcgi_abandoned},
	        .listener = fd,
	        .timeout_s = timeout_s,
	};
	int flags = fcntl(fd, F_GETFL);
	sigset_t before;
	int rc;

	/* Another process of the pool may take the connection that woke us. */
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	        FCGX_Init() != 0 || FCGX_InitRequest(&f.request, -1, 0) != 0)
		return -1;
	take_signals(&f, &before);
	rc = serve_all(&f, serve, arg);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}
