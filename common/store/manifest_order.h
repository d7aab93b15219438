/* The manifests of a repository that refer to other manifests, in the order to remove them. */
#ifndef STORE_MANIFEST_ORDER_H
#define STORE_MANIFEST_ORDER_H

#include "format/digest.h"
#include "format/name.h"
#include "store/store.h"

#include <stddef.h>

/*
 * Those that list manifests (indexes, that is), each after all that list it: whoever removes
 * them in this order, and then the rest, leaves none without its children in between. A
 * manifest that is corrupt or cannot be parsed lists nothing. *out, of *n, is freed by the
 * caller, and NULL on failure. Reads every manifest; the caller holds the repository's lock.
 */
int manifest_order_parents(struct store *s, const struct repo_name *r,
	struct digest **out, size_t *n, struct err *err);

#endif
