/*
 * The manifests that a cleanup is about to remove from a repository: once their tags are
 * gone, a process that was killed would leave nothing to tell them by from those that had
 * none. A file <root>/jobs/cleanup-<hex>, one digest a line; <hex> is made of the name of the
 * repository. For cleanup*.c only.
 */
#ifndef SERVICE_CLEANUP_LEFT_H
#define SERVICE_CLEANUP_LEFT_H

#include "format/name.h"
#include "service/reach.h"
#include "store/store.h"

/*
 * Saves the first n of g->order. Where that fails, on a full disk for one, it is logged: the
 * manifests stay then if this process is killed.
 */
void cleanup_left_save(
	struct store *s, const struct repo_name *r, const struct reach *g, size_t n);
/*
 * Makes those that were saved, and are there, roots of the graph: 1, 0 when nothing was
 * saved, or -1.
 */
int cleanup_left_load(
	struct store *s, const struct repo_name *r, struct reach *g, struct err *err);
/* They have gone. */
void cleanup_left_forget(struct store *s, const struct repo_name *r);

#endif
