/*
 * Who may do what: the rules of the access and group files (format/access_rules.h), what
 * is public, and the one right that needs no rule: a user may pull, push and delete in
 * <user>/, the repositories below the own name. Everything else is private.
 *
 * Nothing here looks at the disk of the store: the answer for a repository one may not
 * see is that for one that does not exist.
 *
 * A token of ours gives what it grants as far as its user may still do it, so that an
 * edit counts at once; a token of an outside issuer gives what it grants. What is open to
 * everybody is open to every token.
 */
#ifndef SERVICE_ACCESS_H
#define SERVICE_ACCESS_H

#include "base/err.h"
#include "format/name.h"
#include "format/scope.h"
#include "service/identity.h"

#include <stdbool.h>
#include <stdint.h>

/* The scope names of the registry type. */
#define SCOPE_CATALOG "catalog"
#define SCOPE_ADMIN "admin"
#define SCOPE_USAGE "usage"

struct access_settings {
	const char *rules;  /* path of the access file, "" for none */
	const char *groups; /* path of the group file, "" for none */
	const char *open;   /* globs that everybody may pull: the setting "public" */
};

struct access;

enum access_answer {
	ACCESS_ALLOWED,
	ACCESS_CHALLENGE, /* other credentials, or another token, could help: 401 */
	ACCESS_FORBIDDEN, /* they could not: 403 */
};

/* Reads the files. ERR_FAULT, "file:line: …", when one cannot be read or is wrong. */
int access_open(struct access **out, const struct access_settings *settings, int64_t now,
        struct err *err);
void access_close(struct access **a);
/*
 * Reads again what has changed, at most once a second. A file that cannot be read or is
 * wrong is logged, and what was good before stays in force.
 */
void access_refresh(struct access *a, int64_t now);

/* The ACTION_ bits that who may do on a repository. */
unsigned access_actions(
        const struct access *a, const struct identity *who, const struct repo_name *repo);
bool access_allows(const struct access *a, const struct identity *who,
        const struct repo_name *repo, unsigned action);
/*
 * Whether the catalog shows a repository to who; a token needs registry:catalog or
 * pull.
 */
bool access_lists(
        const struct access *a, const struct identity *who, const struct repo_name *repo);
/*
 * Whether anything at all needs credentials: nobody in particular may not do
 * everything.
 */
bool access_any(const struct access *a);
/* Whether anything at all is open to nobody in particular. */
bool access_anonymous(const struct access *a);

/*
 * The answer to a request that needs one action on a repository. Unless it is allowed,
 * err is ERR_UNAUTHORIZED or ERR_DENIED with a sentence for the client.
 */
enum access_answer access_decide(const struct access *a, const struct identity *who,
        const struct repo_name *repo, unsigned action, struct err *err);
/* The same for the use of the registry as such (GET /v2/): anybody who is known. */
enum access_answer access_decide_login(
        const struct access *a, const struct identity *who, struct err *err);
/* The same for the catalog; a token needs the scope registry:catalog:*. */
enum access_answer access_decide_list(
        const struct access *a, const struct identity *who, struct err *err);
/*
 * The same for the administration of the registry: a rule with "admin" on the glob "**";
 * a token needs the scope registry:admin:* too.
 */
enum access_answer access_decide_admin(
        const struct access *a, const struct identity *who, struct err *err);
/*
 * The same for the account of the namespace ns, which has one component: its owner, that is
 * the user of this name, and who administers the registry. With an empty ns for the list of
 * accounts: any user, and access_sees_usage tells what it shows. A token needs the scope
 * registry:usage:* or registry:admin:* too.
 */
enum access_answer access_decide_usage(const struct access *a, const struct identity *who,
        const struct repo_name *ns, struct err *err);
bool access_sees_usage(
        const struct access *a, const struct identity *who, const struct repo_name *ns);

/*
 * What of the scopes asked for a token for who may carry. Those of which nothing is
 * granted are left out.
 */
void access_grant(const struct access *a, const struct identity *who,
        const struct scope_list *asked, struct scope_list *granted);

#endif
