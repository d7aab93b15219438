/*
 * The record of an upload session: a text of "name value" lines, the last of which is the
 * SHA-256 of those before it.
 *
 *     lighter-upload 2
 *     repository library/debian
 *     user alice                   percent-encoded, empty for anonymous
 *     boot 3f0e…                   of the machine that saved it, see below
 *     algorithm sha256
 *     offset 1048576
 *     hash 0100…                   hexadecimal, see hash.h
 *     part 786432                  where the last chunk began
 *     part-hash 0100…              state of the hash there
 *     check 9c1b…
 *
 * Data and record are not synced. As long as the machine has not been restarted the
 * kernel keeps both, so the hash state is good; after a restart only the data themselves
 * can tell what they are.
 */
#ifndef STORE_UPLOAD_STATE_H
#define STORE_UPLOAD_STATE_H

#include "store/uploads.h"

/* Replaces the record of u->id with repo, user, offset, hash and part of u. */
int upload_state_save(struct store *s, const struct upload *u, struct err *err);
/*
 * Reads the record of u->id into repo, user, offset, hash and part of u: 1, 0 when there
 * is none that is readable, or -1. *proven is false when the hash states cannot be relied
 * on; hash is then at its beginning, of the right algorithm, and so is part.
 */
int upload_state_load(struct store *s, struct upload *u, bool *proven, struct err *err);

#endif
