/*
 * Who a request comes from, and whether that caller may do what a route needs. With
 * auth = off everybody may do everything, as the empty user, and Authorization is
 * ignored.
 */
#ifndef GATEWAY_ACCESS_H
#define GATEWAY_ACCESS_H

#include "gateway/exchange.h"
#include "gateway/route.h"

#include <stdbool.h>

/* The path of the token endpoint, to which challenges point. */
#define ACCESS_TOKEN_PATH "/v2/token"

/*
 * Identifies the caller and checks the access that x->route declares for the repository
 * x->name. Fills x->who, x->user and x->is_private. 0, or -1: ERR_UNAUTHORIZED, with
 * WWW-Authenticate fields added, when other credentials could help, ERR_DENIED when none
 * could, or a fault. Nothing of the store is looked at: the answer for a repository that
 * the caller may not see is that for one that does not exist.
 *
 * A route of ACCESS_SESSION is open to whoever knows the session's id. A bearer token
 * that has expired counts as none there, so that a push outlives its token; x->user is
 * then "", which stands for the user who opened the session.
 *
 * On a route of ACCESS_BLOB a signature in the query decides, whatever credentials there
 * are: ERR_DENIED when it is not good for x->digest in x->name, else x->by_url and x->url
 * are set.
 */
int access_check(struct exchange *x, struct err *err);
/*
 * For a route of ACCESS_BODY, whose caller is known by then, and for what a session's id
 * does not open: checks what is needed on a repository, which becomes x->name (and is not
 * the same object), or on the registry when it is NULL. As often as there are
 * repositories. Fails as access_check does, with *x->err.
 */
int access_for(struct exchange *x, const struct repo_name *repo, enum access_need need);
/*
 * Only identifies: for the token endpoint, whose advertised address is realm, which is
 * NULL everywhere else. Fills x->who and x->user. 0, or -1 with ERR_UNAUTHORIZED, after a
 * delay when a password was wrong, or a fault; no field is added.
 */
int access_identify(struct exchange *x, const char *realm, struct err *err);
/*
 * What follows a refused login: logs the client's address and waits for delay_ms, less
 * outside of the token endpoint, whose pool has nothing else to do.
 */
void access_refused(struct exchange *x, unsigned delay_ms);
/* The address of the token endpoint as the client sees it; else a path. */
void access_realm(const struct exchange *x, struct buf *out);

/* Whether the catalog shows the repository to the caller. */
bool access_lists_for(const struct exchange *x, const struct repo_name *repo);
/* Whether the list of accounts shows that of the namespace to the caller. */
bool access_sees_account(const struct exchange *x, const struct repo_name *ns);
/* Whether the caller may pull from a repository other than that of the request. */
bool access_pulls(const struct exchange *x, const struct repo_name *repo);
/*
 * Whether the caller may mount from a repository: 1; 0 when not, and the client is to
 * upload; -1 with ERR_UNAUTHORIZED and a challenge for both repositories when a token for
 * both would do.
 */
int access_mounts(struct exchange *x, const struct repo_name *from);

#endif
