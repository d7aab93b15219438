/* Whether accounts agree with what is there, and which there are. */
#ifndef STORE_ACCOUNT_RECOUNT_H
#define STORE_ACCOUNT_RECOUNT_H

#include "store/account_count.h"

/*
 * Counts the namespace of ns and compares its account with that: *differs. Exact while
 * pushes go on: it is counted again when the account has changed meanwhile, and in the end
 * under the lock, which makes others wait (they get ERR_BUSY when it takes too long). With
 * repair an account that differs is replaced. A namespace without an account has none that
 * differs; one whose record is damaged has.
 */
int account_recount(struct store *s, const struct repo_name *ns, bool repair,
	struct account *found, bool *differs, struct err *err);
/*
 * Calls each() for every namespace after the name after ("" from the start), in byte order,
 * that has a directory of repositories or limits of its own, until it returns non-zero,
 * which is passed on. ns has the one component.
 */
int account_list(struct store *s, const char *after,
	int (*each)(void *arg, const struct repo_name *ns, struct err *err), void *arg,
	struct err *err);

#endif
