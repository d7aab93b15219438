/* The life of a program and of a request. */
#ifndef GATEWAY_SERVE_H
#define GATEWAY_SERVE_H

#include "gateway/gateway.h"
#include "gateway/route.h"

struct server {
	const struct config *config;
	struct store *store;
	const struct route *routes;
	size_t nroutes;
};

/*
 * One request, from the first variable to the last byte of the reply: request, route, access, body policy,
 * handler, error reply, draining of what is left of the body, one log line. arg is a struct server.
 */
void serve_exchange(struct gateway *g, void *arg);
/*
 * main of every program: --help, --check, --dump, --conf FILE, --set NAME=VALUE; opens the store; then FastCGI when
 * descriptor 0 listens (or descriptor 3 by socket activation), else one CGI request. The exit status.
 */
int serve_main(int argc, char **argv, const struct route *routes, size_t nroutes);

#endif
