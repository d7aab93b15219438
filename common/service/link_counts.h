/* How many links of each file a dry run would have removed so far. */
#ifndef SERVICE_LINK_COUNTS_H
#define SERVICE_LINK_COUNTS_H

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

struct link_counts {
	struct link_count {
		uint64_t ino;   /* of the one file system of the store */
		uint64_t count; /* 0: the place is free */
	} *places;
	size_t used, size; /* size is 0 or a power of two */
};

#define LINK_COUNTS_INIT ((struct link_counts){0, 0, 0})

/* One more link of the file: their number. 0 without memory. */
MUST_USE uint64_t link_counts_add(struct link_counts *t, uint64_t ino);
void link_counts_release(struct link_counts *t);

#endif
