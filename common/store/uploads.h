/*
 * Upload sessions (OCI end-4 to end-6, end-13, end-14).
 *
 *     uploads/<id>/data   the bytes so far; its flock is the session's lock: one writer
 *                         at a time
 *     uploads/<id>/state  a checksummed record: repository, user, algorithm, offset, hash
 *                         state; replaced by rename, never rewritten
 *
 * The record says how many bytes count; what stands in data beyond them is cut off by the
 * next writer. It is not synced, and neither are the data before the end: a session
 * survives a killed process. After a restart of the machine, or when the hash state is of
 * another build, it goes on with what can be proven: the data, as many as there are and
 * at most as many as counted, are hashed again by the next writer. A session whose record
 * is unreadable belongs to nobody and is unknown.
 *
 * Just before they are published the data are made read only. Should that be interrupted
 * the session takes no more bytes, as they may be a blob by then; it can be finished
 * again, with the last chunk or without it.
 */
#ifndef STORE_UPLOADS_H
#define STORE_UPLOADS_H

#include "format/hash.h"
#include "format/name.h"
#include "store/pump.h"
#include "store/store.h"

#include <stdbool.h>

#define UPLOAD_USER_MAX 255

/* A place in the data, with the state of the hash there. */
struct upload_mark {
	uint64_t offset;
	struct hash hash;
};

struct upload {
	struct session_id id;
	struct repo_name repo;
	char user[UPLOAD_USER_MAX + 1]; /* "" for anonymous */
	uint64_t offset;		/* bytes that count */
	struct hash hash;		/* state at offset */
	struct upload_mark part;	/* where the last chunk began; at most offset */
	int fd;				/* data, locked; -1 when closed */
	bool sealed;			/* being published: no more bytes */
};

#define UPLOAD_INIT ((struct upload){.fd = -1})

/*
 * Makes a new session and leaves it unlocked; only u->id is of use afterwards. Nothing is
 * left of it on failure. ERR_BAD_REQUEST when user is longer than UPLOAD_USER_MAX;
 * ERR_DENIED when the namespace has no room for a byte (account_limits.h).
 */
int upload_create(struct store *s, const struct repo_name *repo, const char *user,
	enum digest_algorithm a, struct upload *u, struct err *err);
/*
 * The same under an id of the caller's, which nobody else may be able to tell.
 * ERR_BLOB_UPLOAD_UNKNOWN when there is a session of this id already: open that.
 */
int upload_create_as(struct store *s, const struct session_id *id,
	const struct repo_name *repo, const char *user, enum digest_algorithm a,
	struct upload *u, struct err *err);
/*
 * Opens a session for writing and locks it; with user NULL, whoever's it is: the id alone
 * is the capability. ERR_BLOB_UPLOAD_UNKNOWN when there is none of this id for this
 * repository and user; ERR_RANGE when another request is writing to it
 * (u->offset is set).
 */
int upload_open(struct store *s, const struct session_id *id,
	const struct repo_name *repo, const char *user, struct upload *u,
	struct err *err);
/* Reads the state only, without the lock (OCI end-13); fails as upload_open does. */
int upload_stat(struct store *s, const struct session_id *id,
	const struct repo_name *repo, const char *user, struct upload *u,
	struct err *err);
/*
 * Goes back to the offset at, which is not beyond u->offset: for a chunk that is sent
 * again from its beginning. What stood behind it counts no more. To where the last chunk
 * began it costs nothing; to elsewhere, reading what stands before it.
 * ERR_BLOB_UPLOAD_INVALID when the session is sealed, and faults.
 */
int upload_rewind(struct store *s, struct upload *u, uint64_t at, struct err *err);
/*
 * Appends a body and saves the state. expected is the length the client declared, or
 * UINT64_MAX. When the peer goes away in the middle, what arrived is kept: ERR_GONE. Any
 * other failure leaves the session as it was: ERR_SIZE_INVALID for a body that is
 * complete but of another length, ERR_DENIED or ERR_TOO_LARGE as soon as the blob would
 * have, or has, more bytes than there is room for (account_limits.h),
 * ERR_BLOB_UPLOAD_INVALID when the session is sealed, and faults. On a full disk
 * (ERR_FULL) the session is removed, so that what it took is free again.
 */
int upload_append(struct store *s, struct upload *u, struct body_source *body,
	uint64_t expected, struct err *err);
/*
 * Finishes: the whole must hash to d (ERR_DIGEST_INVALID; the session is then removed),
 * is published into the repository, and the session goes away. When d is of another
 * algorithm than the session's hash, the data are read once more. ERR_BLOB_UPLOAD_INVALID
 * when the data are not what was counted (the session is removed). After a fault the
 * session is there still and can be finished again, unless the data could not be synced:
 * then nothing is known of them, and it is removed.
 */
int upload_commit(
	struct store *s, struct upload *u, const struct digest *d, struct err *err);
/*
 * Appends the last chunk and finishes. Fails as upload_append and upload_commit do; after
 * a fault, and after a kill, the session stands where it stood and takes the same request
 * again.
 */
int upload_finish(struct store *s, struct upload *u, struct body_source *body,
	uint64_t expected, const struct digest *d, struct err *err);
/* Removes the session (OCI end-14). After a fault it is there still. */
int upload_cancel(struct store *s, struct upload *u, struct err *err);
/* Closes the descriptor and so the lock. Safe on UPLOAD_INIT. */
void upload_close(struct upload *u);
/*
 * The whole body as a blob in one go (OCI end-4b): no session, three syncs. Fails as
 * upload_append and upload_commit do; nothing is left then.
 */
int upload_single(struct store *s, const struct repo_name *repo, const struct digest *d,
	struct body_source *body, uint64_t expected, struct err *err);

#endif
