#include "support/peer.h"

#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEADER_SIZE 8
#define BEGIN_REQUEST 1
#define END_REQUEST 3
#define STDOUT 6
#define RESPONDER 1
#define KEEP_CONN 1
#define REQUEST_ID 1
/* Longer than anything here takes: only a test that would hang for ever gets there. */
#define PATIENCE_S 60

static void check(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	abort();
}

static void name_socket(struct peer *p, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "%s", p->socket);
}

static void listen_at(struct peer *p)
{
	const char *tmp = getenv("TMPDIR");
	struct sockaddr_un address;

	/* A socket's name is short: a long TMPDIR will not do. */
	snprintf(p->dir, sizeof(p->dir), "%s/peer.XXXXXX",
	        tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	check(mkdtemp(p->dir) != NULL, "mkdtemp");
	snprintf(p->socket, sizeof(p->socket), "%s/socket", p->dir);
	name_socket(p, &address);
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(p->listener >= 0, "socket");
	check(bind(p->listener, (struct sockaddr *)&address, sizeof(address)) == 0,
	        "bind");
	check(listen(p->listener, 64) == 0, "listen");
}

void peer_start(struct peer *p, unsigned timeout_s, gateway_serve serve, void *arg)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	p->fd = -1;
	listen_at(p);
	sigaction(SIGPIPE, &ignore, NULL);
	fflush(NULL);
	p->child = fork();
	check(p->child >= 0, "fork");
	if (p->child > 0)
		return;
	/* An ordinary exit, so that a leak is found. */
	exit(gateway_fcgi_run(p->listener, timeout_s, serve, arg) == 0 ? 0 : 1);
}

void peer_signal(const struct peer *p, int sig)
{
	check(kill(p->child, sig) == 0, "kill");
}

int peer_wait(struct peer *p)
{
	int status;

	/* libfcgi waits for the other side when it closes. */
	peer_disconnect(p);
	check(waitpid(p->child, &status, 0) == p->child, "waitpid");
	close(p->listener);
	unlink(p->socket);
	rmdir(p->dir);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int peer_stop(struct peer *p)
{
	peer_signal(p, SIGTERM);
	return peer_wait(p);
}

void peer_connect(struct peer *p)
{
	struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_un address;

	peer_disconnect(p);
	name_socket(p, &address);
	p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(p->fd >= 0, "socket");
	check(setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ==
	                0,
	        "setsockopt");
	check(connect(p->fd, (struct sockaddr *)&address, sizeof(address)) == 0,
	        "connect");
}

void peer_disconnect(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void peer_send(struct peer *p, struct view bytes)
{
	while (bytes.len > 0) {
		ssize_t n = send(p->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (n < 0)
			return;
		bytes.ptr += n;
		bytes.len -= (size_t)n;
	}
}

void peer_settle(struct peer *p)
{
	int unread = 1;

	for (int ms = 0; unread > 0; ms++) {
		check(ms < PATIENCE_S * 1000, "the program does not read");
		check(ioctl(p->fd, SIOCOUTQ, &unread) == 0, "SIOCOUTQ");
		if (unread > 0)
			poll(NULL, 0, 1);
	}
}

/* Exactly len bytes: false at the end of the connection. */
static bool read_full(struct peer *p, void *bytes, size_t len)
{
	char *to = bytes;

	while (len > 0) {
		ssize_t n = recv(p->fd, to, len, 0);

		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

void peer_read(struct peer *p, struct peer_reply *reply)
{
	reply->complete = false;
	buf_clear(&reply->content);
	peer_read_on(p, reply, SIZE_MAX);
}

void peer_read_on(struct peer *p, struct peer_reply *reply, size_t upto)
{
	unsigned char header[HEADER_SIZE];
	char content[65536 + 256];

	while (!reply->complete && reply->content.len < upto &&
	        read_full(p, header, sizeof(header))) {
		size_t len = (size_t)header[4] << 8 | header[5];

		if (!read_full(p, content, len + header[6]))
			return;
		if (header[1] == STDOUT)
			buf_add(&reply->content, content, len);
		reply->complete = header[1] == END_REQUEST;
	}
}

bool peer_is_closed(struct peer *p)
{
	char byte;

	return recv(p->fd, &byte, 1, 0) <= 0;
}

void peer_add_record(struct buf *out, int type, struct view content, unsigned padding)
{
	static const char zeros[256];
	const unsigned char header[HEADER_SIZE] = {1, (unsigned char)type, 0, REQUEST_ID,
	        (unsigned char)(content.len >> 8), (unsigned char)(content.len & 0xff),
	        (unsigned char)padding, 0};

	buf_add(out, header, sizeof(header));
	buf_add_view(out, content);
	buf_add(out, zeros, padding);
}

void peer_add_begin(struct buf *out, bool keep)
{
	const char body[] = {0, RESPONDER, (char)(keep ? KEEP_CONN : 0), 0, 0, 0, 0, 0};

	peer_add_record(out, BEGIN_REQUEST, (struct view){body, sizeof(body)}, 0);
}

void peer_add_stream(struct buf *out, int type, struct view content, size_t piece)
{
	while (content.len > 0) {
		size_t n = content.len < piece ? content.len : piece;

		peer_add_record(
		        out, type, (struct view){content.ptr, n}, (unsigned)(n % 8));
		content.ptr += n;
		content.len -= n;
	}
	peer_add_record(out, type, VIEW_LIT(""), 0);
}

static void add_length(struct buf *out, size_t n)
{
	if (n < 128) {
		buf_add_char(out, (char)n);
		return;
	}
	buf_add_char(out, (char)(n >> 24 | 0x80));
	buf_add_char(out, (char)(n >> 16));
	buf_add_char(out, (char)(n >> 8));
	buf_add_char(out, (char)n);
}

void peer_add_pair(struct buf *out, const char *name, const char *value)
{
	add_length(out, strlen(name));
	add_length(out, strlen(value));
	buf_add_str(out, name);
	buf_add_str(out, value);
}
