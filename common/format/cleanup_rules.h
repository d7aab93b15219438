/*
 * The cleanup file: which tags of which repositories may go.
 *
 *     # repositories  what goes, and what of it stays
 *     team/app        remove=pr-\d+ older-than=14d
 *     team-*          keep-newest=10 keep=v\d+(\.\d+)* older-than=30d
 *
 * A rule is a line: a glob of repositories (glob.h), then words in any order, each at most
 * once. A tag goes if and only if
 *
 *     remove=PATTERN         it fits the pattern (pattern.h); without the word: any tag
 *     older-than=DURATION    it was pushed at least that long ago; without: at any time
 *     keep-newest=N          it is not one of the N tags of the repository that were pushed
 *                            last; without: N is 0
 *     keep=PATTERN           it does not fit the pattern; without: no tag does
 *
 * all hold, and it is not called "latest". For a repository the first rule counts whose glob
 * fits it, and no other. '#' at the start of a line begins a comment.
 */
#ifndef FORMAT_CLEANUP_RULES_H
#define FORMAT_CLEANUP_RULES_H

#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"
#include "format/pattern.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEANUP_FILE_MAX (1u << 20) /* bytes */
#define CLEANUP_LINE_MAX 2048
#define CLEANUP_RULES_MAX 1000
#define CLEANUP_NEWEST_MAX 1000000
#define CLEANUP_AGE_MAX (UINT64_C(100) * 365 * 86400)

struct cleanup_rule {
	unsigned line;
	struct view glob;
	uint64_t keep_newest;
	uint64_t older_than;    /* seconds */
	struct view older_text; /* as it was written; empty without the word */
	struct view keep_text, remove_text;
	struct pattern keep, remove;
};

struct cleanup_rules {
	char *name; /* of the file, for messages */
	char *text; /* what the views look at */
	struct cleanup_rule *rules;
	size_t n;
};

#define CLEANUP_RULES_INIT ((struct cleanup_rules){0, 0, 0, 0})

/* A tag as rules see it. */
struct cleanup_tag {
	struct view name;
	int64_t age;   /* seconds since it was pushed; negative when that is to come */
	uint64_t rank; /* how many tags of the repository were pushed after it */
};

/*
 * Reads rules. ERR_BAD_REQUEST with "name:line: …", and out empty, for a file, a line or a
 * number of rules over its limit, a character that is not printable ASCII (in a comment any
 * is good), a bad glob, an unknown or repeated word, a number that is none, a duration
 * without unit, a bad pattern, and a glob that an earlier rule has. ERR_FAULT without
 * memory. Release with cleanup_rules_release.
 */
int cleanup_rules_parse(
	struct view text, const char *name, struct cleanup_rules *out, struct err *err);
void cleanup_rules_release(struct cleanup_rules *r);
/* The rule that counts for a repository, or NULL. */
const struct cleanup_rule *cleanup_rules_find(
	const struct cleanup_rules *r, struct view repo);
/* Whether it has none of the words above, so that only "latest" would stay. */
bool cleanup_rule_keeps_nothing(const struct cleanup_rule *rule);
/* Whether its keep pattern fits. */
bool cleanup_rule_keeps(const struct cleanup_rule *rule, struct view tag);
bool cleanup_rule_removes(const struct cleanup_rule *rule, const struct cleanup_tag *t);
/* Adds the sentence that says why it removes the tag. */
void cleanup_rule_why(
	const struct cleanup_rule *rule, const struct cleanup_tag *t, struct buf *out);

#endif
