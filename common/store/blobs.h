/* Blobs: of the store (one file per digest) and of a repository (a hard link to it). */
#ifndef STORE_BLOBS_H
#define STORE_BLOBS_H

#include "store/account.h"
#include "store/publish.h"
#include "store/store.h"

/* The path is that of the repository's link: what a web server is told to send. */
struct blob {
	struct path path;
	uint64_t size;
};

/*
 * Looks up a blob of the repository and renews its lease (modification time) when that is
 * older than half the grace. ERR_BLOB_UNKNOWN when the repository does not hold it.
 */
int blobs_find(struct store *s, const struct repo_name *repo, const struct digest *d,
	struct blob *out, struct err *err);
/* Opens it for reading; the caller closes *fd with io_close. */
int blobs_open(struct store *s, const struct blob *blob, int *fd, struct err *err);
/*
 * Publishes the finished file at path staged (of size bytes, hashed to d by the caller)
 * as a blob of the store and of the repository. When the store has the digest already,
 * the staged file is not used and the existing blob is linked. The staged name stays; the
 * caller removes it. Two directory syncs.
 */
int blobs_publish(struct store *s, const struct repo_name *repo, const struct digest *d,
	uint64_t size, const struct path *staged, struct err *err);
/*
 * Mounts (OCI end-11) the blob of from into repo; with from NULL, a blob that any
 * repository holds. *mounted is false when there is none: no failure.
 */
int blobs_mount(struct store *s, const struct repo_name *repo, const struct digest *d,
	const struct repo_name *from, bool *mounted, struct err *err);
/*
 * Takes the blob from the repository (OCI end-10), under the exclusive repository lock.
 * ERR_BLOB_UNKNOWN; ERR_UNSUPPORTED, naming one, when a manifest of the repository needs
 * it.
 */
int blobs_delete(struct store *s, const struct repo_name *repo, const struct digest *d,
	struct err *err);
/*
 * For repairs: puts a name of the good file from, or a copy when that can have no more
 * names, in the place of the store's entry of d, whose directory is there. Durable on
 * return.
 */
int blobs_replace_entry(struct store *s, const struct digest *d, const struct path *from,
	struct err *err);
/*
 * The same in the place of what the repository has, of which c->size bytes count from then
 * on; fails as account_replace does.
 */
int blobs_replace_held(struct store *s, const struct account_change *c,
	const struct path *from, struct err *err);

#endif
