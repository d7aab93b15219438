/* The life of a program and of a request. */
#ifndef GATEWAY_SERVE_H
#define GATEWAY_SERVE_H

#include "gateway/gateway.h"
#include "gateway/route.h"

struct server {
	const struct config *config;
	struct store *store;
	struct auth *auth; /* NULL with auth = off */
	const struct route *routes;
	size_t nroutes;
};

/*
 * One request, from the first variable to the last byte of the reply: request, route,
 * access, body policy, handler, error reply, one log line. What a handler leaves of the
 * body is the back end's to throw away. arg is a struct server.
 */
void serve_exchange(struct gateway *g, void *arg);
/*
 * Answers 500 to whatever is asked and logs why: arg is the struct err of a start that
 * failed.
 */
void serve_failure(struct gateway *g, void *arg);
/*
 * main of every program: --help, --check, --dump, --conf FILE (or the environment's
 * LIGHTER_CONF), --set NAME=VALUE; opens the store; then FastCGI when descriptor 0
 * listens (or descriptor 3 by socket activation), else one CGI request. The exit
 * status: 0, 1 when it cannot start, 2 for bad usage. Without a good configuration a
 * CGI request is answered 500.
 */
int serve_main(int argc, char **argv, const struct route *routes, size_t nroutes);

#endif
