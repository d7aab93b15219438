/*
 * The access file and the group file.
 *
 *     # who         repository  actions
 *     alice         team-a      pull,push
 *     @builders     **          pull,push,delete
 *     authenticated mirror**    pull
 *     *             base-*      pull
 *
 * who: a user, @group, "authenticated" (any user), "anonymous" (nobody in particular),
 * "*" (everybody). repository: a glob (glob.h). Actions: pull, push, delete, admin, "*"
 * for all four; none implies another. Rules only give; there are none that take away.
 *
 * Group file: lines "group: user user"; a group may be continued on another line.
 * In both files '#' at the start of a line begins a comment.
 */
#ifndef FORMAT_ACCESS_RULES_H
#define FORMAT_ACCESS_RULES_H

#include "base/attr.h"
#include "base/err.h"
#include "base/view.h"
#include "format/scope.h"
#include "format/user.h"

#include <stdbool.h>
#include <stddef.h>

#define ACCESS_FILE_MAX (1u << 20) /* bytes of either file */
#define ACCESS_RULES_MAX 10000

enum access_who { WHO_USER, WHO_GROUP, WHO_AUTHENTICATED, WHO_ANONYMOUS, WHO_EVERYBODY };

struct access_rule {
	enum access_who who;
	struct view name; /* of the user or the group */
	struct view glob;
	unsigned actions; /* ACTION_ bits */
	unsigned line;
};

struct access_group {
	struct view name;
	struct view members; /* separated by blanks */
};

struct access_rules {
	char *text, *groups_text, *public_text; /* what the views look at */
	struct access_rule *rules;
	size_t nrules;
	struct access_group *groups; /* one entry per line */
	size_t ngroups;
};

#define ACCESS_RULES_INIT ((struct access_rules){0, 0, 0, 0, 0, 0, 0})

/* A source of rules: its text and the name that messages give it. */
struct access_source {
	struct view text;
	const char *name;
};

/*
 * Reads rules, groups and the globs of public (separated by blanks or commas; each opens
 * pull to everybody) into out. ERR_FAULT, with out empty and "name:line: …", for a
 * malformed line, an unknown word, a group that no line defines, a source over its limit.
 * Release with access_rules_release.
 */
int access_rules_parse(const struct access_source *rules,
        const struct access_source *groups, const struct access_source *public,
        struct access_rules *out, struct err *err);
void access_rules_release(struct access_rules *r);
/*
 * The actions that rules give a user on a repository; nobody is the user with the empty
 * name. What is open to nobody in particular is open to every user as well. An empty repo
 * asks for the whole registry: only globs that are "**" count then.
 */
unsigned access_rules_actions(
        const struct access_rules *r, const struct user_name *user, struct view repo);
/* Whether any rule gives anything to somebody without a name. */
bool access_rules_open(const struct access_rules *r);

#endif
