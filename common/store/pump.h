/*
 * Moves a body into a file: reads from a source, writes and hashes every byte once, in
 * blocks of 256 KiB. From the second block on a helper thread hashes beside the writer
 * (the one thread of the program); small bodies never start it.
 */
#ifndef STORE_PUMP_H
#define STORE_PUMP_H

#include "base/err.h"
#include "format/hash.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct body_source {
	/* Up to len bytes; 0 at the end of the body; -1 with *err set, ERR_GONE when the
	 * peer left. */
	ssize_t (*pull)(void *arg, void *bytes, size_t len, struct err *err);
	void *arg;
};

/*
 * Appends the body to fd at offset. *moved is the count written and hashed, on failure
 * too: hash and file agree on offset + *moved bytes (the file may be longer). limit is
 * the most bytes to take (UINT64_MAX: any), one more is ERR_TOO_LARGE.
 */
int pump(struct body_source *from, int fd, uint64_t offset, uint64_t limit,
	struct hash *hash, uint64_t *moved, struct err *err);

#endif
