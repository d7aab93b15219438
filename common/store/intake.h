/* Taking the bytes of a blob, within the room that its namespace has. */
#ifndef STORE_INTAKE_H
#define STORE_INTAKE_H

#include "format/digest.h"
#include "format/name.h"
#include "store/pump.h"
#include "store/store.h"

struct intake {
	const struct repo_name *repo;
	const struct digest *digest; /* NULL: not known yet */
	int fd;
	uint64_t offset; /* where fd ends */
	struct hash *hash;
};

/*
 * Moves a body to the end of fd, as pump() does; expected is the length that the client
 * declared, or UINT64_MAX. ERR_DENIED or ERR_TOO_LARGE (account_limits.h) when the blob
 * would have more bytes than there is room for, before anything is read if it declares
 * them; ERR_SIZE_INVALID for a body that is complete but of another length.
 */
int intake_take(struct store *s, const struct intake *in, struct body_source *body,
	uint64_t expected, uint64_t *moved, struct err *err);

#endif
