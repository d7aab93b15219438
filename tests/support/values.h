/* Typed values from text, and files put into a store behind its back. */
#ifndef SUPPORT_VALUES_H
#define SUPPORT_VALUES_H

#include "format/digest.h"
#include "format/name.h"
#include "support/fixture.h"

/* Each ends the test program when the text is not of the grammar. */
struct repo_name as_repo(const char *text);
struct tag as_tag(const char *text);
/* The digest of the bytes of a string. */
struct digest as_digest(enum digest_algorithm a, const char *bytes);

/* Writes a file at path below the store's root, with its directories. */
void plant_file(const struct fixture *f, const char *path, const char *bytes);
/* Makes a symbolic link there. */
void plant_link(const struct fixture *f, const char *path, const char *target);
/* Makes bytes a blob of the store and of the repository. */
struct digest plant_blob(const struct fixture *f, const char *repo, const char *bytes);
/* Makes bytes a manifest of the repository. */
struct digest plant_manifest(const struct fixture *f, const char *repo, const char *type,
	const char *bytes);
/* Open descriptors of this process. */
unsigned open_descriptors(void);
/* Entries of a directory below the store's root, 0 when it is absent. */
unsigned names_in(const struct fixture *f, const char *path);

#endif
