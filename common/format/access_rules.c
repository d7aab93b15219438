#include "format/access_rules.h"

#include "format/glob.h"

#include <stdlib.h>
#include <string.h>

void access_rules_release(struct access_rules *r)
{
	free(r->text);
	free(r->groups_text);
	free(r->public_text);
	free(r->rules);
	free(r->groups);
	*r = ACCESS_RULES_INIT;
}

static struct view next_word(struct view *rest)
{
	size_t n = 0;
	struct view v = *rest, word;

	while (v.len > 0 && strchr(" \t\r", v.ptr[0]) && v.ptr[0]) {
		v.ptr++;
		v.len--;
	}
	while (n < v.len && (!strchr(" \t\r", v.ptr[n]) || !v.ptr[n]))
		n++;
	word = (struct view){v.ptr, n};
	*rest = (struct view){v.ptr + n, v.len - n};
	return word;
}

/* The next line that says something; false at the end. */
static bool next_line(struct view *rest, struct view *line, unsigned *number)
{
	struct view peek, word;

	while (rest->len > 0) {
		view_cut(*rest, '\n', line, rest);
		++*number;
		peek = *line;
		word = next_word(&peek);
		if (word.len > 0 && word.ptr[0] != '#')
			return true;
	}
	return false;
}

static const struct access_group *group_find(
        const struct access_rules *r, struct view name)
{
	size_t i;

	for (i = 0; i < r->ngroups; i++)
		if (view_equal(r->groups[i].name, name))
			return &r->groups[i];
	return NULL;
}

static int parse_who(
        struct view word, const struct access_rules *r, struct access_rule *rule)
{
	struct user_name name;

	rule->name = word;
	if (view_is(word, "*")) {
		rule->who = WHO_EVERYBODY;
	} else if (view_is(word, USER_ANONYMOUS)) {
		rule->who = WHO_ANONYMOUS;
	} else if (view_is(word, "authenticated")) {
		rule->who = WHO_AUTHENTICATED;
	} else if (view_starts(word, "@")) {
		rule->who = WHO_GROUP;
		rule->name = (struct view){word.ptr + 1, word.len - 1};
		return group_find(r, rule->name) ? 0 : -1;
	} else {
		rule->who = WHO_USER;
		return user_name_parse(word, &name);
	}
	return 0;
}

static int parse_actions(struct view list, unsigned *out)
{
	struct view word;
	unsigned bit;
	bool more;

	*out = 0;
	do {
		more = view_cut(list, ',', &word, &list);
		bit = action_parse(word);
		*out |= bit;
	} while (bit != 0 && more);
	return bit != 0 ? 0 : -1;
}

/* A printable excerpt of a word for a message: err_set does not escape. */
struct excerpt {
	char text[41];
};

static struct excerpt excerpt_of(struct view word)
{
	struct excerpt e = {{0}};
	size_t i;

	for (i = 0; i < word.len && i + 1 < sizeof(e.text); i++)
		e.text[i] = word.ptr[i] >= ' ' && word.ptr[i] <= '~' ? word.ptr[i] : '?';
	return e;
}

static int parse_rule(struct view line, const char *file, unsigned number,
        struct access_rules *r, struct err *err)
{
	struct access_rule *rule = &r->rules[r->nrules];
	struct view who = next_word(&line), actions;

	rule->glob = next_word(&line);
	actions = next_word(&line);
	rule->line = number;
	if (actions.len == 0 || next_word(&line).len > 0)
		return err_set(err, ERR_FAULT,
		        "%s:%u: not \"who repository-glob actions\"", file, number);
	if (parse_who(who, r, rule) != 0)
		return err_set(err, ERR_FAULT,
		        "%s:%u: \"%s\" is no user name, and no group of "
		        "the group file",
		        file, number, excerpt_of(who).text);
	if (!glob_valid(rule->glob))
		return err_set(err, ERR_FAULT, "%s:%u: \"%s\" is no repository glob",
		        file, number, excerpt_of(rule->glob).text);
	if (parse_actions(actions, &rule->actions) != 0)
		return err_set(err, ERR_FAULT,
		        "%s:%u: \"%s\" is no list of pull, push, delete, "
		        "admin or *",
		        file, number, excerpt_of(actions).text);
	r->nrules++;
	return 0;
}

static int parse_rules(
        const struct access_source *s, struct access_rules *r, struct err *err)
{
	struct view rest = {r->text, s->text.len}, line;
	unsigned number = 0;

	while (next_line(&rest, &line, &number)) {
		if (r->nrules == ACCESS_RULES_MAX)
			return err_set(err, ERR_FAULT, "%s:%u: over %d rules", s->name,
			        number, ACCESS_RULES_MAX);
		if (parse_rule(line, s->name, number, r, err) != 0)
			return -1;
	}
	return 0;
}

static int parse_group(struct view line, const char *file, unsigned number,
        struct access_rules *r, struct err *err)
{
	struct access_group *group = &r->groups[r->ngroups];
	struct user_name name;
	struct view rest, word;

	if (!view_cut(line, ':', &group->name, &group->members))
		return err_set(
		        err, ERR_FAULT, "%s:%u: not \"group: user user\"", file, number);
	group->name = view_trim(group->name);
	if (user_name_parse(group->name, &name) != 0)
		return err_set(err, ERR_FAULT, "%s:%u: \"%s\" is no group name", file,
		        number, excerpt_of(group->name).text);
	rest = group->members;
	for (word = next_word(&rest); word.len > 0; word = next_word(&rest))
		if (user_name_parse(word, &name) != 0)
			return err_set(err, ERR_FAULT, "%s:%u: \"%s\" is no user name",
			        file, number, excerpt_of(word).text);
	r->ngroups++;
	return 0;
}

static int parse_groups(
        const struct access_source *s, struct access_rules *r, struct err *err)
{
	struct view rest = {r->groups_text, s->text.len}, line;
	unsigned number = 0;

	while (next_line(&rest, &line, &number))
		if (parse_group(line, s->name, number, r, err) != 0)
			return -1;
	return 0;
}

static int parse_public(
        const struct access_source *s, struct access_rules *r, struct err *err)
{
	struct view rest = {r->public_text, s->text.len}, glob;
	size_t i;

	for (i = 0; i < rest.len; i++)
		if (r->public_text[i] == ',')
			r->public_text[i] = ' ';
	for (glob = next_word(&rest); glob.len > 0; glob = next_word(&rest)) {
		if (!glob_valid(glob))
			return err_set(err, ERR_FAULT, "%s: \"%s\" is no repository glob",
			        s->name, excerpt_of(glob).text);
		r->rules[r->nrules++] =
		        (struct access_rule){WHO_EVERYBODY, {0}, glob, ACTION_PULL, 0};
	}
	return 0;
}

static size_t count(struct view text, char c)
{
	size_t n = 0, i;

	for (i = 0; i < text.len; i++)
		n += text.ptr[i] == c;
	return n;
}

static int copy(const struct access_source *s, char **out, struct err *err)
{
	if (s->text.len > ACCESS_FILE_MAX)
		return err_set(
		        err, ERR_FAULT, "%s: over %u bytes", s->name, ACCESS_FILE_MAX);
	*out = malloc(s->text.len + 1);
	if (!*out)
		return err_set(err, ERR_FAULT, "%s: no memory", s->name);
	if (s->text.len > 0)
		memcpy(*out, s->text.ptr, s->text.len);
	return 0;
}

int access_rules_parse(const struct access_source *rules,
        const struct access_source *groups, const struct access_source *public,
        struct access_rules *out, struct err *err)
{
	size_t globs = count(public->text, ' ') + count(public->text, ',') +
	               count(public->text, '\t') + 2;

	*out = ACCESS_RULES_INIT;
	if (copy(rules, &out->text, err) != 0 ||
	        copy(groups, &out->groups_text, err) != 0 ||
	        copy(public, &out->public_text, err) != 0)
		goto fail;
	/*
	 * An entry is filled in its place before it is known to be right: one is to
	 * spare.
	 */
	out->rules = calloc(count(rules->text, '\n') + globs + 2, sizeof(out->rules[0]));
	out->groups = calloc(count(groups->text, '\n') + 2, sizeof(out->groups[0]));
	if (!out->rules || !out->groups) {
		err_set(err, ERR_FAULT, "%s: no memory", rules->name);
		goto fail;
	}
	if (parse_groups(groups, out, err) == 0 && parse_rules(rules, out, err) == 0 &&
	        parse_public(public, out, err) == 0)
		return 0;
fail:
	access_rules_release(out);
	return -1;
}

static bool is_member(const struct access_rules *r, struct view group, struct view user)
{
	struct view rest, word;
	size_t i;

	for (i = 0; i < r->ngroups; i++) {
		if (!view_equal(r->groups[i].name, group))
			continue;
		rest = r->groups[i].members;
		for (word = next_word(&rest); word.len > 0; word = next_word(&rest))
			if (view_equal(word, user))
				return true;
	}
	return false;
}

static bool is_meant(
        const struct access_rules *r, const struct access_rule *rule, struct view user)
{
	switch (rule->who) {
	case WHO_EVERYBODY:
	case WHO_ANONYMOUS:
		return true;
	case WHO_AUTHENTICATED:
		return user.len > 0;
	case WHO_GROUP:
		return user.len > 0 && is_member(r, rule->name, user);
	default:
		return user.len > 0 && view_equal(rule->name, user);
	}
}

static bool fits(const struct access_rule *rule, struct view repo)
{
	return repo.len > 0 ? glob_fits(rule->glob, repo) : view_is(rule->glob, "**");
}

unsigned access_rules_actions(
        const struct access_rules *r, const struct user_name *user, struct view repo)
{
	struct view name = view_of(user->text);
	unsigned actions = 0;
	size_t i;

	for (i = 0; i < r->nrules; i++) {
		if ((r->rules[i].actions & ~actions) == 0)
			continue;
		/*
		 * The glob first: it turns most rules down before a group is looked
		 * into.
		 */
		if (fits(&r->rules[i], repo) && is_meant(r, &r->rules[i], name))
			actions |= r->rules[i].actions;
	}
	return actions;
}

bool access_rules_open(const struct access_rules *r)
{
	size_t i;

	for (i = 0; i < r->nrules; i++)
		if (r->rules[i].who == WHO_EVERYBODY || r->rules[i].who == WHO_ANONYMOUS)
			return true;
	return false;
}
