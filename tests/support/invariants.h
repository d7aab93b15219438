/*
 * A check of a whole store directory that shares no code with the store: what the layout
 * promises must hold after every request, every failure and every kill.
 *
 *   blobs/            hashes to its name; so does every blob of a repository
 *   @manifests/       hashes to its name; is JSON of a known media type with every blob
 *                     it refers to in the same repository, of the size it says
 *   @tags/            a tag of the grammar that points to a manifest that is there
 *   @referrers/       every manifest with a subject is listed under it, and nothing else
 *   quota/            the account of a namespace is the sum of what its repositories hold
 *   tmp/              empty
 *   everything else   nothing that does not belong there
 */
#ifndef SUPPORT_INVARIANTS_H
#define SUPPORT_INVARIANTS_H

enum invariants_allow {
	INVARIANTS_TMP = 1,    /* files in tmp/: a killed process leaves them */
	INVARIANTS_LISTED = 2, /* a referrers entry whose manifest is absent: as above */
	INVARIANTS_SPARSE =
		4, /* manifests that were accepted without what they refer to */
};

/* Prints each violation on stderr; returns their number. */
unsigned invariants_check(const char *root);
/* The same with some things allowed: a sum of invariants_allow. */
unsigned invariants_check_but(const char *root, unsigned allow);

#endif
