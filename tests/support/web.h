/*
 * A web server for tests of what asks other servers: a thread that answers one request a
 * connection as a function of the test says. Anything that fails ends the test program
 * with a message.
 */
#ifndef SUPPORT_WEB_H
#define SUPPORT_WEB_H

#include "base/buf.h"

#include <pthread.h>
#include <stdint.h>

struct web_request {
	char method[16];
	char target[8192]; /* path and query */
	struct buf head;   /* the header section, one field a line */
	struct buf body;
};

struct web_reply {
	int status;
	struct buf fields; /* "Name: value\r\n" each; Content-Length is added */
	struct buf body;
	uint64_t cut; /* the connection is closed after that many bytes of the body */
	bool silent;  /* nothing is sent until the peer closes */
};

/* Runs in the thread of the server; *out is a reply of status 200 without a body. */
typedef void (*web_answer)(
        void *arg, const struct web_request *q, struct web_reply *out);

struct web {
	int listener;
	unsigned port;
	char host[32]; /* "127.0.0.1:port" */
	web_answer answer;
	void *arg;
	pthread_t thread;
	unsigned requests; /* to be read when nothing is under way */
};

/* Listens on a free port of 127.0.0.1. */
void web_start(struct web *w, web_answer answer, void *arg);
void web_stop(struct web *w);
/* The value of a field of a request, "" when there is none; good until the next call. */
const char *web_field(const struct web_request *q, const char *name);

#endif
