/*
 * The secrets that sign our tokens, and addresses of blobs: keys/token in the store,
 * readable by its owner only, made by whoever needs it first, so that any number of hosts
 * on one store agree.
 *
 *     lighter token secrets 1
 *     <id> <when it was made, seconds> <32 bytes, base64url>     oldest first
 *
 * The newest signs; all of them verify. The file is replaced by rename, never rewritten.
 */
#ifndef SERVICE_SECRETS_H
#define SERVICE_SECRETS_H

#include "base/err.h"
#include "service/watched.h"

#include <stddef.h>
#include <stdint.h>

#define SECRETS_MAX 32
#define SECRET_BYTES 32
#define SECRET_ID_LENGTH 16

struct secret {
	char id[SECRET_ID_LENGTH + 1]; /* lower-case hexadecimal digits */
	int64_t made;
	unsigned char bytes[SECRET_BYTES];
};

struct secrets {
	struct watched file;
	unsigned generation; /* counts what was read anew */
	size_t n;
	struct secret items[SECRETS_MAX]; /* oldest first */
};

#define SECRETS_INIT ((struct secrets){.file = WATCHED_INIT})

/*
 * Reads the secrets below the root directory of a store, making them when there are none.
 * ERR_FAULT when that fails, or when the file is malformed or others may read it.
 */
int secrets_open(struct secrets *s, int root, int64_t now, struct err *err);
/* Forgets them, overwriting the memory. */
void secrets_close(struct secrets *s);
/*
 * Reads again what has changed, at most once a second; on failure, logged, keeps what
 * it has.
 */
void secrets_refresh(struct secrets *s, int64_t now);
const struct secret *secrets_newest(const struct secrets *s);
/*
 * By id. One that is not known may have been made a moment ago elsewhere: looks again
 * then.
 */
const struct secret *secrets_find(struct secrets *s, const char *id, int64_t now);
/*
 * Makes a new secret for a store and drops those that were superseded more than keep
 * seconds ago: with keep the longest life of a token, no token becomes void before its
 * time; with 0 all do at once. Waits at most wait_ms for another rotation. ERR_BUSY,
 * ERR_FAULT, ERR_FULL; ERR_CONFLICT when SECRETS_MAX are still needed.
 */
int secrets_rotate(
        int root, int64_t now, int64_t keep, unsigned wait_ms, struct err *err);

#endif
