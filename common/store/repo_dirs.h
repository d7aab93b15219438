/*
 * The directories of a repository that hold nothing any more. Only rmdir(2), which takes
 * nothing with it: whoever was about to put something there makes them again.
 */
#ifndef STORE_REPO_DIRS_H
#define STORE_REPO_DIRS_H

#include "store/path.h"
#include "store/store.h"

/*
 * Whether the directory of the repository holds anything of its own, be it the lock only;
 * repositories below it do not count: 1, 0, or -1.
 */
int repo_dirs_in_use(struct store *s, const struct repo_name *r, struct err *err);
/*
 * Removes those that are empty. When none is left the lock goes as well, then the directory
 * of the repository and, as long as they are empty, those above it. The caller holds the
 * exclusive lock, which counts no more after this. What others have put there meanwhile, or
 * what does not belong there, stays with its directories: no failure.
 */
int repo_dirs_remove(struct store *s, const struct repo_name *r, struct err *err);
/*
 * Removes the directory, if it is empty, and those above it likewise: what is left of one
 * that is not in use. Needs no lock.
 */
int repo_dirs_remove_bare(struct store *s, const struct repo_name *r, struct err *err);
/* The directory above those of all subjects of one algorithm. */
struct path repo_dirs_subjects(const struct repo_name *r, enum digest_algorithm a);

#endif
