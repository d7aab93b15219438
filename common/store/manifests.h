/* Manifests of a repository, with what belongs to them: tags and referrers. */
#ifndef STORE_MANIFESTS_H
#define STORE_MANIFESTS_H

#include "base/buf.h"
#include "format/manifest.h"
#include "format/name.h"
#include "store/store.h"

/* A tag or a digest: the <tag-or-digest> of the specification. */
struct reference {
	bool is_digest;
	struct tag tag;       /* unless is_digest */
	struct digest digest; /* if is_digest */
};

struct stored_manifest {
	struct digest digest;
	char media_type[MEDIA_TYPE_MAX + 1];
	struct buf file;     /* the whole file; released by the caller */
	struct view content; /* the bytes as pushed, within file */
	int64_t mtime;       /* seconds: when it was pushed */
};

/* The largest that manifest-limit allows, with its media type. */
#define STORED_MANIFEST_MAX (((size_t)64 << 20) + MEDIA_TYPE_MAX + 1)
#define STORED_MANIFEST_INIT \
	((struct stored_manifest){.file = BUF_INIT(STORED_MANIFEST_MAX)})

/*
 * Reads a manifest by tag or digest (OCI end-3). ERR_MANIFEST_UNKNOWN when there is none,
 * or when its bytes no longer hash to its name (logged: never served). *out is to be
 * released in any case.
 */
int manifests_get(struct store *s, const struct repo_name *r, const struct reference *ref,
	struct stored_manifest *out, struct err *err);
void stored_manifest_release(struct stored_manifest *m);

struct manifest_push {
	const struct repo_name *repo;
	struct digest digest;       /* of bytes, checked by the caller */
	const struct manifest *doc; /* parsed from bytes */
	struct view bytes;
	const struct tag *tags; /* tags to set, ntags of them */
	size_t ntags;
	bool accept_sparse;
};

/*
 * Stores a manifest (OCI end-7) under the shared repository lock: checks that what it
 * refers to is there (ERR_MANIFEST_BLOB_UNKNOWN with {"digest":…} of each missing one in
 * the detail array; ERR_SIZE_INVALID when a descriptor's size is not that of the
 * content), lists it under its subject, publishes it and sets the tags. Pushed again it is
 * as new as at first, and another media type replaces the old. A refused push changes
 * nothing.
 *
 * After a fault the manifest may be there without some or all of the tags, never a tag
 * without the manifest: it is not taken back, because another push that found it may have
 * been answered already. The same push again completes it.
 */
int manifests_put(struct store *s, const struct manifest_push *push, struct err *err);
/*
 * Deletes a manifest with every tag that points to it and its referrers entry (OCI
 * end-9), under the exclusive lock. ERR_MANIFEST_UNKNOWN, ERR_NAME_UNKNOWN. The order,
 * tags, manifest, entry, is such that a process killed in between leaves no tag without
 * its manifest and no manifest that its subject does not list: at most a manifest that
 * lost some tags, or an entry whose manifest is absent, which readers skip and the next
 * push of that manifest makes true. The same deletion again completes the first case.
 */
int manifests_delete(struct store *s, const struct repo_name *r, const struct digest *d,
	struct err *err);
/*
 * Calls each() for every manifest of the repository, in no order, until it returns
 * non-zero, which is passed on. A repository that does not exist has none.
 */
int manifests_each(struct store *s, const struct repo_name *r,
	int (*each)(void *arg, const struct digest *d, struct err *err), void *arg,
	struct err *err);

#endif
