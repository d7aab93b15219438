/*
 * The record of an account: a symbolic link that leads nowhere, with a text of words that
 * ends in a part of the SHA-256 of what stands before it:
 *
 *     lighter-account 1 epoch 42 blobs 3 manifests 1 bytes 12345
 *         except blob team/app sha256:9f… check 4a31…
 *
 * The sums are those of everything the namespace holds except the one entry that the last
 * change was about. Whether that entry is there, and with how many bytes, only the
 * repository's directory tells, so that to change an entry is: write the sums without it,
 * then make, replace or remove it. A process that is killed before, between or after leaves
 * an account that is exact; nothing has to be undone or completed, also when the change
 * fails.
 *
 * A link, because the file system makes and renames it whole, in one piece with its text,
 * and because it costs a fraction of a new file; as a file it would also have to be opened
 * to be read.
 *
 * Locks are no fences: on a shared file system a host that was cut off may wake up when
 * another has taken its lock over. So the record carries an epoch, which every change
 * counts up, and is compared with what was read right before it is replaced.
 */
#ifndef STORE_ACCOUNT_RECORD_H
#define STORE_ACCOUNT_RECORD_H

#include "store/account_count.h"

/* XFS has the shortest links: 1023 bytes. The longest text has some 600. */
#define ACCOUNT_TEXT_MAX 1000

struct account_record {
	uint64_t epoch;
	struct account sums;
	bool has_except;
	struct account_entry except;
	char text[ACCOUNT_TEXT_MAX + 1]; /* as it was read; "" when there is none */
};

/* Takes the lock of the namespace; the caller closes *fd, which releases it. ERR_BUSY. */
int account_lock(
	struct store *s, const struct repo_name *ns, int *fd, struct err *err);
/*
 * Reads the record: 1, 0 when there is none or it is damaged (logged; text is not empty
 * then), or -1. Good without the lock too.
 */
int account_record_read(struct store *s, const struct repo_name *ns,
	struct account_record *r, struct err *err);
/*
 * The sums with the entry that is excepted: 1, 0 when they exceed every bound, so that the
 * record cannot be right, or -1.
 */
int account_record_total(struct store *s, const struct account_record *r,
	struct account *out, struct err *err);
/*
 * Puts r, whose text says what was read, in the place of that, under the lock. ERR_BUSY when
 * something else is there by now; ERR_FULL. On failure the old record stands.
 */
int account_record_save(struct store *s, const struct repo_name *ns,
	const struct account_record *r, struct err *err);
/* Removes the record, so that the next to ask for the account counts. */
int account_record_drop(struct store *s, const struct repo_name *ns, struct err *err);
/* For a record that follows on none: never that of an earlier record. */
uint64_t account_record_first_epoch(void);

#endif
