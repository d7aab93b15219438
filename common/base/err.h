/*
 * Errors are values. A function that can fail returns 0 or -1 (or a count or -1)
 * and takes a struct err last; on -1 the err says what happened. The first error
 * wins: a later err_set on the same value changes nothing.
 *
 * The codes fall into families by what the caller does next:
 *   refusals  the client asked for something it cannot have; it is told so
 *   faults    ours: logged with errno, the client sees a 5xx and a request id
 *   gone      the peer has left; clean up and send nothing
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/attr.h"

#include <stdbool.h>

enum err_code {
	ERR_NONE,
	/* refusals; those of the OCI specification carry its name */
	ERR_BLOB_UNKNOWN,
	ERR_BLOB_UPLOAD_INVALID,
	ERR_BLOB_UPLOAD_UNKNOWN,
	ERR_DIGEST_INVALID,
	ERR_MANIFEST_BLOB_UNKNOWN,
	ERR_MANIFEST_INVALID,
	ERR_MANIFEST_UNKNOWN,
	ERR_NAME_INVALID,
	ERR_NAME_UNKNOWN,
	ERR_SIZE_INVALID,
	ERR_UNAUTHORIZED,
	ERR_DENIED,
	ERR_UNSUPPORTED,
	ERR_TOO_MANY_REQUESTS,
	ERR_BAD_REQUEST,      /* malformed in a way no OCI code names */
	ERR_RANGE,            /* a chunk out of order or a range that cannot be met: 416 */
	ERR_TOO_LARGE,        /* over a limit: 413 */
	ERR_URI_TOO_LONG,     /* 414 */
	ERR_METHOD,           /* known path, other method: 405 with Allow */
	ERR_NOT_FOUND,        /* no such route or thing outside the OCI vocabulary */
	ERR_CONFLICT,         /* 409 */
	ERR_REMOTE,           /* another registry failed, or is not understood: 502 */
	/* faults */
	ERR_BUSY,             /* a lock was not free in time: 503 with Retry-After */
	ERR_FULL,             /* ENOSPC or EDQUOT: 507 */
	ERR_FAULT,            /* any other failure of ours: 500 */
	/* gone */
	ERR_GONE,
};

struct err {
	enum err_code code;
	int errnum;      /* the errno that caused it, or 0 */
	char text[256];  /* one sentence: what was wrong and what to do */
	char *detail;    /* JSON value for the "detail" member, owned, or NULL */
};

#define ERR_INIT ((struct err){ERR_NONE, 0, {0}, 0})

/* Sets *e unless it is set already; always returns -1, to be returned in one expression. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF(3, 4);
/*
 * A failed system call: ERR_FULL for ENOSPC and EDQUOT, ERR_BUSY for ETIMEDOUT,
 * ERR_FAULT for the rest. Reads errno first thing. what names the step and its
 * object. Always returns -1.
 */
int err_io(struct err *e, const char *fmt, ...) PRINTF(2, 3);
/* Gives e a detail (a JSON text that is copied); without memory there is none. */
void err_detail(struct err *e, const char *json);
/* Back to ERR_INIT, freeing the detail. */
void err_release(struct err *e);
bool err_is_refusal(const struct err *e);

#endif
