#include "format/cleanup_rules.h"

#include "base/num.h"
#include "format/glob.h"

#include <stdlib.h>
#include <string.h>

#define LATEST "latest"
/* As much of a word as a message shows. */
#define SHOWN(v) ((v).len < 60 ? (int)(v).len : 60), (v).ptr

/* Where the parser is. */
struct place {
	struct cleanup_rules *rules;
	struct cleanup_rule *rule; /* the one of this line */
	struct err *err;
};

void cleanup_rules_release(struct cleanup_rules *r)
{
	for (size_t i = 0; i < r->n; i++) {
		pattern_release(&r->rules[i].keep);
		pattern_release(&r->rules[i].remove);
	}
	free(r->name);
	free(r->text);
	free(r->rules);
	*r = CLEANUP_RULES_INIT;
}

static int bad(const struct place *at, const char *what, struct view word)
{
	return err_set(at->err, ERR_BAD_REQUEST, "%s:%u: %s: \"%.*s\"", at->rules->name,
		at->rule->line, what, SHOWN(word));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct view next_word(struct view *rest)
{
	struct view word;

	while (rest->len > 0 && is_blank(rest->ptr[0]))
		*rest = (struct view){rest->ptr + 1, rest->len - 1};
	word = (struct view){rest->ptr, 0};
	while (word.len < rest->len && !is_blank(rest->ptr[word.len]))
		word.len++;
	*rest = (struct view){rest->ptr + word.len, rest->len - word.len};
	return word;
}

static int set_newest(const struct place *at, struct view value)
{
	if (num_parse(value, &at->rule->keep_newest) < 0 ||
		at->rule->keep_newest > CLEANUP_NEWEST_MAX)
		return bad(at, "keep-newest is a number from 0 to 1000000", value);
	return 0;
}

static int set_age(const struct place *at, struct view value)
{
	char last = value.len > 0 ? value.ptr[value.len - 1] : '\0';

	if (num_parse_duration(value, &at->rule->older_than) < 0 ||
		at->rule->older_than > CLEANUP_AGE_MAX)
		return bad(at, "older-than is a duration such as 30d, of at most 100 years",
			value);
	/* Somebody might take it for days. */
	if (last >= '0' && last <= '9')
		return bad(at, "older-than needs a unit (s, m, h or d)", value);
	at->rule->older_text = value;
	return 0;
}

static int set_pattern(const struct place *at, const char *word, struct view value,
	struct pattern *pattern, struct view *text)
{
	const char *why;

	if (pattern_parse(value, pattern, &why) == 0) {
		*text = value;
		return 0;
	}
	return err_set(at->err, ERR_BAD_REQUEST, "%s:%u: the pattern of %s: %s",
		at->rules->name, at->rule->line, word, why);
}

static int set_keep(const struct place *at, struct view value)
{
	return set_pattern(at, "keep", value, &at->rule->keep, &at->rule->keep_text);
}

static int set_remove(const struct place *at, struct view value)
{
	return set_pattern(at, "remove", value, &at->rule->remove, &at->rule->remove_text);
}

static const struct {
	const char *name;
	int (*set)(const struct place *at, struct view value);
} words[] = {
	{"keep-newest", set_newest},
	{"older-than", set_age},
	{"keep", set_keep},
	{"remove", set_remove},
};

#define NWORDS (sizeof(words) / sizeof(words[0]))

static int parse_word(const struct place *at, struct view word, unsigned *seen)
{
	struct view name, value;
	bool has_value = view_cut(word, '=', &name, &value);

	for (size_t i = 0; i < NWORDS; i++) {
		if (!has_value || !view_is(name, words[i].name))
			continue;
		if (*seen >> i & 1)
			return bad(at, "given twice", name);
		*seen |= 1u << i;
		return words[i].set(at, value);
	}
	return bad(at, "not keep-newest=, keep=, remove= or older-than=", word);
}

static int parse_glob(const struct place *at, struct view glob)
{
	if (!glob_valid(glob))
		return bad(at, "no glob of repositories", glob);
	for (size_t i = 0; i + 1 < at->rules->n; i++)
		if (view_equal(at->rules->rules[i].glob, glob))
			return err_set(at->err, ERR_BAD_REQUEST,
				"%s:%u: the rule of line %u is for \"%.*s\" too, and the "
				"first counts",
				at->rules->name, at->rule->line, at->rules->rules[i].line,
				SHOWN(glob));
	at->rule->glob = glob;
	return 0;
}

static int check_line(const struct place *at, struct view line)
{
	if (line.len > CLEANUP_LINE_MAX)
		return err_set(at->err, ERR_BAD_REQUEST,
			"%s:%u: the line is longer than %d bytes", at->rules->name,
			at->rule->line, CLEANUP_LINE_MAX);
	for (size_t i = 0; i < line.len; i++)
		if (!is_blank(line.ptr[i]) && (line.ptr[i] < ' ' || line.ptr[i] > '~'))
			return err_set(at->err, ERR_BAD_REQUEST,
				"%s:%u: byte %zu is no printable ASCII character",
				at->rules->name, at->rule->line, i + 1);
	return 0;
}

static int parse_rule(const struct place *at, struct view line)
{
	unsigned seen = 0;
	struct view word;

	if (check_line(at, line) < 0 || parse_glob(at, next_word(&line)) < 0)
		return -1;
	for (word = next_word(&line); word.len > 0; word = next_word(&line))
		if (parse_word(at, word, &seen) < 0)
			return -1;
	return 0;
}

static int parse_lines(struct cleanup_rules *r, struct view rest, struct err *err)
{
	struct view line, peek, first;

	for (unsigned number = 1; rest.len > 0; number++) {
		struct place at = {r, &r->rules[r->n], err};

		view_cut(rest, '\n', &line, &rest);
		peek = line;
		first = next_word(&peek);
		if (first.len == 0 || first.ptr[0] == '#')
			continue;
		if (r->n == CLEANUP_RULES_MAX)
			return err_set(err, ERR_BAD_REQUEST, "%s:%u: over %d rules", r->name,
				number, CLEANUP_RULES_MAX);
		*at.rule = (struct cleanup_rule){.line = number};
		/* Counted at once, for its patterns to be released. */
		r->n++;
		if (parse_rule(&at, line) < 0)
			return -1;
	}
	return 0;
}

/* Room for a rule more than there can be, so that none has to be looked for. */
static struct cleanup_rule *room_for(struct view text)
{
	size_t lines = 2;

	for (size_t i = 0; i < text.len && lines < CLEANUP_RULES_MAX + 1; i++)
		lines += text.ptr[i] == '\n';
	return calloc(lines, sizeof(struct cleanup_rule));
}

int cleanup_rules_parse(
	struct view text, const char *name, struct cleanup_rules *out, struct err *err)
{
	int rc = -1;

	*out = CLEANUP_RULES_INIT;
	if (text.len > CLEANUP_FILE_MAX)
		return err_set(err, ERR_BAD_REQUEST, "%s: over %u bytes", name,
			CLEANUP_FILE_MAX);
	out->name = strdup(name);
	out->text = malloc(text.len + 1);
	out->rules = room_for(text);
	if (out->name && out->text && out->rules) {
		if (text.len > 0)
			memcpy(out->text, text.ptr, text.len);
		rc = parse_lines(out, (struct view){out->text, text.len}, err);
	} else {
		err_set(err, ERR_FAULT, "%s: no memory", name);
	}
	if (rc < 0)
		cleanup_rules_release(out);
	return rc;
}

const struct cleanup_rule *cleanup_rules_find(
	const struct cleanup_rules *r, struct view repo)
{
	for (size_t i = 0; i < r->n; i++)
		if (glob_fits(r->rules[i].glob, repo))
			return &r->rules[i];
	return NULL;
}

bool cleanup_rule_keeps_nothing(const struct cleanup_rule *rule)
{
	return rule->keep_newest == 0 && rule->older_than == 0 && !rule->keep.steps &&
	       !rule->remove.steps;
}

bool cleanup_rule_keeps(const struct cleanup_rule *rule, struct view tag)
{
	return rule->keep.steps && pattern_fits(&rule->keep, tag);
}

static bool is_old(const struct cleanup_rule *rule, int64_t age)
{
	return rule->older_than == 0 || (age > 0 && (uint64_t)age >= rule->older_than);
}

bool cleanup_rule_removes(const struct cleanup_rule *rule, const struct cleanup_tag *t)
{
	return !view_is(t->name, LATEST) && t->rank >= rule->keep_newest &&
	       is_old(rule, t->age) && !cleanup_rule_keeps(rule, t->name) &&
	       (!rule->remove.steps || pattern_fits(&rule->remove, t->name));
}

static void add_age(struct buf *out, uint64_t seconds)
{
	if (seconds >= 86400)
		buf_addf(out, "%llud", (unsigned long long)(seconds / 86400));
	else if (seconds >= 3600)
		buf_addf(out, "%lluh", (unsigned long long)(seconds / 3600));
	else
		buf_addf(out, "%llum", (unsigned long long)(seconds / 60));
}

void cleanup_rule_why(
	const struct cleanup_rule *rule, const struct cleanup_tag *t, struct buf *out)
{
	buf_addf(out, "the rule of line %u for %.*s: ", rule->line, VIEW_ARG(rule->glob));
	if (rule->remove.steps)
		buf_addf(out, "it fits remove=%.*s", VIEW_ARG(rule->remove_text));
	else
		buf_add_str(out, "any tag");
	if (rule->older_than > 0) {
		buf_add_str(out, ", was pushed ");
		add_age(out, (uint64_t)t->age);
		buf_addf(out, " ago (older-than=%.*s)", VIEW_ARG(rule->older_text));
	}
	if (rule->keep_newest > 0)
		buf_addf(out, ", is not one of the newest %llu",
			(unsigned long long)rule->keep_newest);
	if (rule->keep.steps)
		buf_addf(out, ", does not fit keep=%.*s", VIEW_ARG(rule->keep_text));
}
