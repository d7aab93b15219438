/*
 * The web server's side of FastCGI (specification 1.0), for tests: a program in a child
 * process behind a Unix socket, requests as raw records that a test can cut, delay and
 * leave unfinished, and replies read back. Anything that fails ends the test program
 * with a message.
 */
#ifndef SUPPORT_PEER_H
#define SUPPORT_PEER_H

#include "base/buf.h"
#include "gateway/gateway.h"

#include <sys/types.h>

struct peer {
	char dir[64]; /* of the socket, removed by peer_stop */
	char socket[80];
	int listener;
	int fd; /* the connection, -1 without */
	pid_t child;
};

struct peer_reply {
	bool complete;      /* the request was ended */
	struct buf content; /* of standard output: header section and body */
};

#define PEER_REPLY_INIT ((struct peer_reply){false, BUF_INIT((size_t)64 << 20)})

/* Starts gateway_fcgi_run in a child; serve and arg are used there. */
void peer_start(struct peer *p, unsigned timeout_s, gateway_serve serve, void *arg);
/* Sends the child a signal. */
void peer_signal(const struct peer *p, int sig);
/*
 * Waits for the child to end and cleans up; its exit status, or -1 when a signal killed
 * it.
 */
int peer_wait(struct peer *p);
/* SIGTERM and peer_wait. */
int peer_stop(struct peer *p);

/* Connects anew. */
void peer_connect(struct peer *p);
void peer_disconnect(struct peer *p);
/* Sends bytes; an error is no failure, for the child may have closed. */
void peer_send(struct peer *p, struct view bytes);
/* Waits until the child has read all that was sent. */
void peer_settle(struct peer *p);
/*
 * Reads until the request is ended or the connection closed, into reply (emptied
 * before).
 */
void peer_read(struct peer *p, struct peer_reply *reply);
/* Reads on, until the reply has that many bytes at least, is ended or broken off. */
void peer_read_on(struct peer *p, struct peer_reply *reply, size_t upto);
/* Whether the child closes the connection, waiting for it. */
bool peer_is_closed(struct peer *p);

/* Records, appended to out. Request id 1. */
void peer_add_begin(struct buf *out, bool keep);
/* A record of any type with its content and padding. */
void peer_add_record(struct buf *out, int type, struct view content, unsigned padding);
/* A stream as records of at most piece bytes each, and the empty record that ends it. */
void peer_add_stream(struct buf *out, int type, struct view content, size_t piece);
/* A name-value pair of the parameters. */
void peer_add_pair(struct buf *out, const char *name, const char *value);

#define PEER_ABORT 2
#define PEER_PARAMS 4
#define PEER_STDIN 5

#endif
