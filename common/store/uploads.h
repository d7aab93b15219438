/*
 * Upload sessions (OCI end-4 to end-6, end-13, end-14).
 *
 *     uploads/<id>/data   the bytes so far; its flock is the session's lock: one writer at a time
 *     uploads/<id>/state  a checksummed record: repository, user, algorithm, offset, hash state;
 *                         replaced by rename, never rewritten
 *
 * The record says how many bytes count; what stands in data beyond them is cut off by the next
 * writer. When the record is unreadable or its hash state unusable the data are hashed again.
 */
#ifndef STORE_UPLOADS_H
#define STORE_UPLOADS_H

#include "format/hash.h"
#include "format/name.h"
#include "store/pump.h"
#include "store/store.h"

#define UPLOAD_USER_MAX 255

struct upload {
	struct session_id id;
	struct repo_name repo;
	char user[UPLOAD_USER_MAX + 1]; /* "" for anonymous */
	uint64_t offset;                /* bytes that count */
	struct hash hash;               /* state at offset */
	int fd;                         /* data, locked; -1 when closed */
};

#define UPLOAD_INIT ((struct upload){{{0}}, {{0}}, {0}, 0, {0}, -1})

/* Opens a new session and leaves it unlocked; only u->id is of use afterwards. */
int upload_create(struct store *s, const struct repo_name *repo, const char *user,
	enum digest_algorithm a, struct upload *u, struct err *err);
/*
 * Opens a session for writing and locks it. ERR_BLOB_UPLOAD_UNKNOWN when there is none of this id
 * for this repository and user; ERR_RANGE when another request is writing to it (u->offset is set).
 */
int upload_open(struct store *s, const struct session_id *id, const struct repo_name *repo,
	const char *user, struct upload *u, struct err *err);
/* Reads the state only, without the lock (OCI end-13). */
int upload_stat(struct store *s, const struct session_id *id, const struct repo_name *repo,
	const char *user, struct upload *u, struct err *err);
/*
 * Appends a body and saves the state. expected is the length the client declared, or UINT64_MAX:
 * a body that is complete but of another length is refused with ERR_SIZE_INVALID and undone. When the
 * peer goes away in the middle, what arrived is kept: ERR_GONE. limit as in pump.h, on the whole blob.
 */
int upload_append(struct store *s, struct upload *u, struct body_source *body, uint64_t expected,
	struct err *err);
/*
 * Finishes: the whole must hash to d (ERR_DIGEST_INVALID; the session is then removed), is published
 * into the repository, and the session goes away. When d is of another algorithm than the session's
 * hash, the data are read once more.
 */
int upload_commit(struct store *s, struct upload *u, const struct digest *d, struct err *err);
/* Removes the session (OCI end-14). */
int upload_cancel(struct store *s, struct upload *u, struct err *err);
/* Closes the descriptor and so the lock. Safe on UPLOAD_INIT. */
void upload_close(struct upload *u);
/* The whole body as a blob in one go (OCI end-4b): no session, three syncs. */
int upload_single(struct store *s, const struct repo_name *repo, const struct digest *d,
	struct body_source *body, uint64_t expected, struct err *err);

#endif
