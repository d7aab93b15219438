/*
 * What a web server offers a program: variables, a body to read, a reply to write.
 * FastCGI and plain CGI each fill this struct; nothing else knows which of them it is.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct gateway {
	/*
	 * The value of a CGI variable (RFC 3875), or NULL; valid until the request
	 * ends.
	 */
	const char *(*variable)(struct gateway *g, const char *name);
	/* Up to len bytes of the body; 0 at its end; -1 when the peer left or stalled. */
	ssize_t (*body)(struct gateway *g, void *bytes, size_t len);
	/* All of it, or -1 when the peer left. */
	int (*reply)(struct gateway *g, const void *bytes, size_t len);
	/* Sends what reply() has kept so far, or -1 when the peer left. */
	int (*flush)(struct gateway *g);
	/*
	 * Whether a long reply should come to its end: the peer has left, as far as can be
	 * seen, or the process has been told to stop.
	 */
	bool (*abandoned)(struct gateway *g);
};

/*
 * A request handler: sees one request through; never fails (its failures become
 * replies).
 */
typedef void (*gateway_serve)(struct gateway *g, void *arg);

/* Whether descriptor fd is a listening socket, that is, we were started as FastCGI. */
bool gateway_is_listening(int fd);
/*
 * FastCGI (specification 1.0, role Responder): serves requests from the listening
 * socket fd until SIGTERM or SIGUSR1, which are let through between requests only; a
 * peer that stalls for timeout_s seconds (0: never) is given up. What serve() leaves
 * unread of a body is read and thrown away when it is little; otherwise the connection
 * is closed behind the reply, so that a refused upload is not carried to its end. fd
 * becomes non-blocking. 0, or -1 when the socket cannot be used.
 */
int gateway_fcgi_run(int fd, unsigned timeout_s, gateway_serve serve, void *arg);
/*
 * CGI: one request from the environment, standard input and standard output. A body is
 * read up to CONTENT_LENGTH, or to the end of standard input when there is none; input
 * that does not come for timeout_s seconds (0: never) is given up. SIGTERM is ignored from
 * here on: it must not end a request in the middle. Standard output is closed behind the
 * reply, and what serve() leaves unread of the body is read and thrown away.
 */
void gateway_cgi_run(unsigned timeout_s, gateway_serve serve, void *arg);

#endif
