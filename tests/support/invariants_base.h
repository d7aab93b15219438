/* What the checks of a store directory share: plain POSIX, nothing of the store's own. */
#ifndef SUPPORT_INVARIANTS_BASE_H
#define SUPPORT_INVARIANTS_BASE_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_SIZE 4096

struct check {
	unsigned allow; /* a sum of invariants_allow */
	unsigned violations;
};

/* Counts a violation and prints it. */
void check_violation(struct check *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "dir/name"; ends the program when that is too long. */
void check_join(char out[PATH_SIZE], const char *dir, const char *name);
/* Whether there is anything of that name; a symbolic link is not followed. */
bool check_exists(const char *dir, const char *name);
/*
 * Calls each() with the path and name of every entry of a directory; an absent one is
 * empty.
 */
void check_each(struct check *c, const char *dir, void *arg,
	void (*each)(struct check *c, const char *path, const char *name, void *arg));
/* Whether name is len lower-case hexadecimal digits. */
bool check_is_hex(const char *name, size_t len);
/* Hexadecimal digits of "sha256" or "sha512". */
size_t check_hex_length(const char *algorithm);
/* The whole file with a NUL after it, freed by the caller; NULL when it cannot be read. */
char *check_slurp(const char *path, size_t *len);
/* A violation unless name, the last part of path, is the digest of the bytes. */
void check_hash(struct check *c, const char *path, const char *algorithm,
	const char *name, const char *bytes, size_t len);

#endif
