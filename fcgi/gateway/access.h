/* Whether the caller may do what a route needs. */
#ifndef GATEWAY_ACCESS_H
#define GATEWAY_ACCESS_H

#include "gateway/exchange.h"

/*
 * Checks the access that x->route declares for the repository x->name and fills
 * x->user. 0, or -1 with ERR_UNAUTHORIZED or ERR_DENIED. Everybody may do everything,
 * as the empty user.
 */
int access_check(struct exchange *x, struct err *err);

#endif
