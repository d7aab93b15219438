/*
 * Actions on a repository, and the scopes of a token request (Docker token authentication
 * specification, "Token scope"): "repository:<name>:pull,push", "registry:catalog:*".
 * One parameter may hold several scopes, separated by blanks.
 */
#ifndef FORMAT_SCOPE_H
#define FORMAT_SCOPE_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/view.h"
#include "format/name.h"

#include <stdbool.h>
#include <stddef.h>

#define ACTION_PULL 1u
#define ACTION_PUSH 2u
#define ACTION_DELETE 4u
#define ACTION_ADMIN 8u
#define ACTION_ALL 15u /* written "*" */

#define SCOPE_LIST_MAX 64
#define SCOPE_PARAMETER_MAX 32768 /* bytes looked at in one parameter */

enum scope_type { SCOPE_REPOSITORY, SCOPE_REGISTRY };

struct scope {
	enum scope_type type;
	struct repo_name name; /* of a registry scope: "catalog", "usage" or "admin" */
	unsigned actions; /* ACTION_ bits; 0: none of those asked for is known or granted
	                   */
};

/* Holds one entry per type and name; actions of the same name are merged. */
struct scope_list {
	size_t n;
	struct scope items[SCOPE_LIST_MAX];
};

/* The bit of one word, ACTION_ALL for "*", 0 for any other. */
unsigned action_parse(struct view word);
/*
 * "pull,push" and so on in that order; "*" for all. Appends to out; 0 or -1 when it is
 * full.
 */
int actions_text(unsigned actions, struct buf *out);
/* "repository", "registry": 0, or -1 for any other word. */
MUST_USE int scope_type_parse(struct view word, enum scope_type *out);
const char *scope_type_name(enum scope_type type);
/*
 * One scope. 0, or -1 when it is of no known type or shape. Unknown actions are passed
 * over.
 */
MUST_USE int scope_parse(struct view text, struct scope *out);
/* "type:name:actions", appended to out; 0 or -1 when it is full. */
int scope_text(const struct scope *s, struct buf *out);
/* Adds or merges one scope: 0, or -1 when the list is full. */
int scope_list_add(struct scope_list *list, const struct scope *s);
/*
 * Adds the scopes of one parameter. A scope that is not understood grants nothing and is
 * passed over, as the specification wants it. 0, or -1 when there are too many or the
 * parameter is too long.
 */
int scope_list_parse(struct scope_list *list, struct view parameter);
/* The actions listed for a name; 0 when it is not listed. */
unsigned scope_list_actions(
        const struct scope_list *list, enum scope_type type, const char *name);

#endif
