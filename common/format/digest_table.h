/*
 * A set of digests that gives each a number, 0 and up in the order they came. The seed
 * keeps whoever chooses the digests from choosing them so that the set becomes slow.
 */
#ifndef FORMAT_DIGEST_TABLE_H
#define FORMAT_DIGEST_TABLE_H

#include "base/attr.h"
#include "format/digest.h"

#include <stddef.h>
#include <stdint.h>

struct digest_table {
	struct digest *digests; /* by number */
	size_t count, size;
	uint32_t *slots; /* number + 1, or 0 */
	size_t nslots;
	uint64_t seed;
};

#define DIGEST_TABLE_INIT(seed) ((struct digest_table){0, 0, 0, 0, 0, (seed)})
#define DIGEST_TABLE_NONE UINT32_MAX

/* Leaves an empty table with the same seed. */
void digest_table_release(struct digest_table *t);
/* Empties it; memory that was enough for many times as much is given back. */
void digest_table_clear(struct digest_table *t);
/* Adds d unless it is there: *number is its number. -1 without memory. */
MUST_USE int digest_table_add(
	struct digest_table *t, const struct digest *d, uint32_t *number);
/* Its number, or DIGEST_TABLE_NONE. */
uint32_t digest_table_find(const struct digest_table *t, const struct digest *d);

#endif
