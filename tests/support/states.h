/*
 * States of a repository, written down in words and put straight onto the disk:
 *
 *     blob a; image I a b; index X I; referrer S I a; tag v1 X; fresh b
 *
 * blob NAME             a blob of the store and of the repository
 * image NAME CONFIG L…  an image manifest
 * index NAME CHILD…     an index
 * referrer NAME SUBJECT CONFIG   an image with a subject, listed under it
 * other NAME REF…       a document of an unknown media type with these digests in it
 * listed NAME SUBJECT   an entry under the subject, whether NAME is there or not
 * corrupt NAME          changes the bytes of a manifest or a blob of that name
 * damaged NAME          a manifest that hashes to its name, but is no image
 * tag NAME MANIFEST     a tag
 * fresh NAME            a modification time of STATES_LATER
 *
 * A name that was not made yet stands for a digest that nothing has.
 */
#ifndef SUPPORT_STATES_H
#define SUPPORT_STATES_H

#include "format/digest.h"
#include "support/fixture.h"

#include <stdint.h>

/* Seconds from now until jobs are run: what is not fresh is that old by then. */
#define STATES_LATER (10 * 86400)

struct states_name {
	char text[32];
	enum { STATES_BLOB, STATES_MANIFEST, STATES_TAG, STATES_ENTRY } kind;
	struct digest digest, subject;
	uint64_t size;
};

struct states {
	struct fixture *f;
	char repo[64];
	struct states_name names[64];
	unsigned count;
	char left[512]; /* of states_left */
};

/* Adds to what the repository holds; *s is all zero but for f and repo at first. */
void states_make(struct states *s, const char *words);
/* The names, in the order they were made, of what the repository still holds. */
const char *states_left(struct states *s);
/* One of them; the test fails when there is none. */
const struct states_name *states_find(const struct states *s, const char *name);
/* Whether blobs/ has the blob of that name. */
int states_in_store(const struct states *s, const char *name);
/* Seconds of the clock when jobs are run. */
int64_t states_now(void);
/* Sets both times of a path below the store's root. */
void states_touch(const struct fixture *f, const char *path, int64_t when);

#endif
