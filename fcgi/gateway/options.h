/*
 * The parameters of a request that asks for work: each has a type, and none may be
 * unknown, for one that was mistyped ("dryrun") must not be taken for absent.
 */
#ifndef GATEWAY_OPTIONS_H
#define GATEWAY_OPTIONS_H

#include "gateway/exchange.h"

#include <stddef.h>

enum option_type {
	OPTION_FLAG,       /* bool: true or false, true without a value */
	OPTION_SIZE,       /* uint64_t: bytes, "50MiB" */
	OPTION_DURATION,   /* uint64_t: seconds, "30d" */
	OPTION_REPOSITORY, /* struct repo_name */
};

struct option {
	const char *name;
	enum option_type type;
	void *value; /* left as it is when the parameter is absent */
};

/*
 * Reads the query of the request: 0, or -1 with ERR_BAD_REQUEST for a parameter that is
 * not in the table, stands twice, or has a value that is none of its type.
 */
int options_read(struct exchange *x, const struct option *options, size_t n);

#endif
