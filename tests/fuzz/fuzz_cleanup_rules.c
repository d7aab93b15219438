/* A cleanup file: rules that are taken keep their word about every tag. */
#include "format/cleanup_rules.h"

#include "format/glob.h"
#include "fuzz/fuzz.h"

#include <stdint.h>
#include <stdlib.h>

static const char *const names[] = {"latest", "v1.2.3", "pr-17", "a", "_", "2024-01-31.x_y"};

static void check_tag(const struct cleanup_rule *rule, const char *name, int64_t age)
{
	struct cleanup_tag t = {view_of(name), age, 3};
	struct buf why = BUF_INIT(8192);

	if (cleanup_rule_removes(rule, &t)) {
		if (view_is(t.name, "latest") || rule->keep_newest > t.rank ||
			cleanup_rule_keeps(rule, t.name) ||
			(rule->older_than > 0 && age < (int64_t)rule->older_than))
			abort();
		cleanup_rule_why(rule, &t, &why);
		if (buf_failed(&why) || why.len == 0)
			abort();
	} else if (cleanup_rule_keeps_nothing(rule) && !view_is(t.name, "latest")) {
		abort();
	}
	buf_release(&why);
}

static void check_rule(const struct cleanup_rule *rule)
{
	static const int64_t ages[] = {-5, 0, 86400, INT64_MAX};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t k = 0; k < sizeof(ages) / sizeof(ages[0]); k++)
			check_tag(rule, names[i], ages[k]);
}

/* The first that fits, and no other. */
static void check_find(const struct cleanup_rules *rules, struct view repo)
{
	const struct cleanup_rule *found = cleanup_rules_find(rules, repo);

	for (size_t i = 0; i < rules->n; i++)
		if (glob_fits(rules->rules[i].glob, repo)) {
			if (found != &rules->rules[i])
				abort();
			return;
		}
	if (found)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cleanup_rules rules;
	struct err err = ERR_INIT;

	if (cleanup_rules_parse(
		    (struct view){(const char *)data, size}, "file", &rules, &err) == 0) {
		for (size_t i = 0; i < rules.n; i++)
			check_rule(&rules.rules[i]);
		check_find(&rules, VIEW_LIT("team/app"));
		check_find(&rules, VIEW_LIT("a"));
	} else if (err.code != ERR_BAD_REQUEST || rules.rules) {
		abort();
	}
	cleanup_rules_release(&rules);
	err_release(&err);
	return 0;
}
