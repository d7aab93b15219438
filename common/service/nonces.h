/*
 * Things that may be used once, across all workers and hosts: an empty file for each
 * under keys/nonces of the store, made with O_EXCL.
 *
 *     keys/nonces/<time of the use by the user's clock, in units of
 * NONCE_WINDOW>/<sha256>
 *
 * A replay carries the same time, so it meets the same file. Whoever begins a new unit
 * removes those that no acceptable request can fall into any more.
 */
#ifndef SERVICE_NONCES_H
#define SERVICE_NONCES_H

#include "base/err.h"
#include "base/view.h"

#include <stdint.h>

#define NONCE_WINDOW 300 /* seconds that a request may be old or early */

/*
 * Uses what once: 1 when it had not been used, 0 when it had. at is the time in the
 * request, which must be signed with it and lie within NONCE_WINDOW of now. For the first
 * again seconds by the clock of the store another use is as good as the first. -1 with
 * ERR_FAULT or ERR_FULL: the request must be refused then.
 */
int nonces_use(int root, struct view what, int64_t at, int64_t now, unsigned again,
        struct err *err);

#endif
