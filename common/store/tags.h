/* Tags: symbolic links to manifests, moved by rename. */
#ifndef STORE_TAGS_H
#define STORE_TAGS_H

#include "format/digest.h"
#include "format/name.h"
#include "store/listing.h"
#include "store/store.h"

/*
 * The digest that the tag stands for. ERR_MANIFEST_UNKNOWN when there is no such tag, or
 * when its link is damaged (logged). The manifest may be gone by the time it is opened.
 */
int tags_resolve(struct store *s, const struct repo_name *r, const struct tag *t,
	struct digest *out, struct err *err);
/*
 * Sets or moves a tag durably; the caller holds the repository lock and knows the
 * manifest is there. Readers see the old manifest or the new one. On failure the tag is
 * one of the two. The link's modification time is that of its last push, whether it moved
 * or not.
 */
int tags_set(struct store *s, const struct repo_name *r, const struct tag *t,
	const struct digest *d, struct err *err);
/* Deletes a tag durably (OCI end-9 by tag); the manifest stays. ERR_MANIFEST_UNKNOWN. */
int tags_delete(struct store *s, const struct repo_name *r, const struct tag *t,
	struct err *err);
/*
 * Removes every tag that points to d, durably; the caller holds the exclusive lock. On
 * failure some may be gone. Costs a look at every tag of the repository.
 */
int tags_delete_all(struct store *s, const struct repo_name *r, const struct digest *d,
	struct err *err);
/*
 * All tags in byte order; given back with listing_release. ERR_NAME_UNKNOWN when the
 * repository has no manifest and no tag.
 */
int tags_list(struct store *s, const struct repo_name *r, struct listing **out,
	struct err *err);

#endif
