/* The cleanup file: what is read, what is refused, and what a rule says about a tag. */
#include "format/cleanup_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAY 86400

static void parse(const char *text, struct cleanup_rules *r)
{
	struct err err = ERR_INIT;

	if (cleanup_rules_parse(view_of(text), "file", r, &err) != 0)
		fail_msg("%s", err.text);
}

static void expect_refusal(struct view text, const char *message)
{
	struct cleanup_rules r;
	struct err err = ERR_INIT;

	if (cleanup_rules_parse(text, "file", &r, &err) == 0)
		fail_msg("accepted, not refused with %s", message);
	assert_int_equal(err.code, ERR_BAD_REQUEST);
	if (!strstr(err.text, message))
		fail_msg("\"%s\", not \"%s\"", err.text, message);
	assert_null(r.rules);
	assert_int_equal(r.n, 0);
	err_release(&err);
}

static void what_is_read(void **state)
{
	struct cleanup_rules r;

	(void)state;
	parse("", &r);
	assert_int_equal(r.n, 0);
	assert_null(cleanup_rules_find(&r, VIEW_LIT("a")));
	cleanup_rules_release(&r);
	parse("# \xc3\xbc\n\n \t\r\n  team/*\tkeep=v.*  older-than=2h\r\n"
	      "** remove=x keep-newest=0",
		&r);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.rules[0].line, 4);
	assert_true(view_is(r.rules[0].glob, "team/*"));
	assert_int_equal(r.rules[0].older_than, 7200);
	assert_int_equal(r.rules[1].line, 5);
	/* What is left out, and what is the same written out. */
	assert_int_equal(r.rules[0].keep_newest, 0);
	assert_int_equal(r.rules[1].keep_newest, 0);
	cleanup_rules_release(&r);
}

static void the_first_rule_counts(void **state)
{
	static const struct {
		const char *repo;
		unsigned line; /* 0: none */
	} rows[] = {
		{"team/app", 1},
		{"team/web", 2},
		{"team/web/x", 3},
		{"team", 0},
		{"teams/app", 0},
		{"other", 4},
		{"other/a/b", 5},
	};
	struct cleanup_rules r;

	(void)state;
	parse("team/app keep=a\nteam/* keep=b\nteam/** keep=c\nother keep=d\nother/** keep=e\n",
		&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct cleanup_rule *rule =
			cleanup_rules_find(&r, view_of(rows[i].repo));

		if ((rule ? rule->line : 0) != rows[i].line)
			fail_msg("%s has line %u", rows[i].repo, rule ? rule->line : 0);
	}
	cleanup_rules_release(&r);
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"\n\nA keep=x", "file:3: no glob of repositories: \"A\""},
		{"keep=x", "file:1: no glob"},
		{"/a keep=x", "file:1: no glob"},
		{"a keep", "file:1: not keep-newest="},
		{"a keep-last=3", "file:1: not keep-newest="},
		{"a keep=x # why", "file:1: not keep-newest="},
		{"a Keep=x", "file:1: not keep-newest="},
		{"a keep=x keep=y", "file:1: given twice: \"keep\""},
		{"a older-than=1d older-than=1d", "file:1: given twice"},
		{"a keep-newest=-1", "file:1: keep-newest is a number"},
		{"a keep-newest=", "file:1: keep-newest is a number"},
		{"a keep-newest=1.5", "file:1: keep-newest is a number"},
		{"a keep-newest=0x10", "file:1: keep-newest is a number"},
		{"a keep-newest=1000001", "file:1: keep-newest is a number"},
		{"a keep-newest=18446744073709551617", "file:1: keep-newest is a number"},
		{"a older-than=30", "file:1: older-than needs a unit"},
		{"a older-than=-1d", "file:1: older-than is a duration"},
		{"a older-than=1w", "file:1: older-than is a duration"},
		{"a older-than=", "file:1: older-than is a duration"},
		{"a older-than=36501d", "file:1: older-than is a duration"},
		{"a older-than=9223372036854775807d", "file:1: older-than is a duration"},
		{"a keep=", "file:1: the pattern of keep: it is empty"},
		{"a remove=(x", "file:1: the pattern of remove: a ( has no )"},
		{"a keep=((x{99}){99}){99}", "file:1: the pattern of keep: it is too large"},
		{"a keep=(x)\\1", "file:1: the pattern of keep: of the letters"},
		{"a keep=x\nb keep=y\na keep=z", "file:3: the rule of line 1 is for \"a\" too"},
		{"a keep=\xc3\xbc", "file:1: byte 8 is no printable ASCII"},
		{"a keep=\x01", "file:1: byte 8 is no printable ASCII"},
	};
	char long_line[CLEANUP_LINE_MAX + 32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_refusal(view_of(rows[i].text), rows[i].message);
	expect_refusal((struct view){"a keep=x\0y", 10}, "file:1: byte 9");
	snprintf(long_line, sizeof(long_line), "a %*s", CLEANUP_LINE_MAX, "keep=x");
	expect_refusal(view_of(long_line), "file:1: the line is longer than 2048 bytes");
}

static void files_over_a_limit(void **state)
{
	char *text = malloc(CLEANUP_FILE_MAX + 1);
	struct cleanup_rules r;
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', CLEANUP_FILE_MAX + 1);
	expect_refusal((struct view){text, CLEANUP_FILE_MAX + 1}, "file: over 1048576 bytes");
	for (int i = 0; i < CLEANUP_RULES_MAX; i++)
		n += (size_t)sprintf(text + n, "a%d keep-newest=1\n", i);
	parse(text, &r);
	assert_int_equal(r.n, CLEANUP_RULES_MAX);
	cleanup_rules_release(&r);
	strcpy(text + n, "b keep-newest=1\n");
	expect_refusal(view_of(text), "file:1001: over 1000 rules");
	free(text);
}

static const struct {
	const char *rule; /* without its glob */
	const char *tag;
	int days; /* its age */
	uint64_t rank;
	bool goes;
} rows[] = {
	/* nothing said: everything but latest */
	{"", "a", 0, 0, true},
	{"", "latest", 1000, 1000, false},
	{"", "Latest", 0, 0, true},
	{"", "latest2", 0, 0, true},
	/* keep-newest */
	{"keep-newest=2", "a", 9, 0, false},
	{"keep-newest=2", "a", 9, 1, false},
	{"keep-newest=2", "a", 9, 2, true},
	{"keep-newest=0", "a", 9, 0, true},
	/* older-than; what was pushed in the future is young */
	{"older-than=30d", "a", 29, 0, false},
	{"older-than=30d", "a", 30, 0, true},
	{"older-than=30d", "a", 31, 0, true},
	{"older-than=30d", "a", -40, 0, false},
	{"older-than=24h", "a", 1, 0, true},
	{"older-than=0d", "a", -1, 0, true},
	/* keep, of the whole tag */
	{"keep=v.+|release", "v1", 9, 9, false},
	{"keep=v.+|release", "release", 9, 9, false},
	{"keep=v.+|release", "prerelease", 9, 9, true},
	{"keep=V1", "v1", 9, 9, true},
	/* remove */
	{"remove=pr-\\d+", "pr-17", 0, 0, true},
	{"remove=pr-\\d+", "pr-x", 0, 0, false},
	{"remove=pr-\\d+", "xpr-17", 0, 0, false},
	{"remove=.*", "latest", 9, 9, false},
	{"remove=latest", "latest", 9, 9, false},
	/* all of them have to agree */
	{"remove=v.* keep=v1 older-than=2d keep-newest=3", "v2", 3, 3, true},
	{"remove=v.* keep=v1 older-than=2d keep-newest=3", "v1", 3, 3, false},
	{"remove=v.* keep=v1 older-than=2d keep-newest=3", "v2", 1, 3, false},
	{"remove=v.* keep=v1 older-than=2d keep-newest=3", "v2", 3, 2, false},
	{"remove=v.* keep=v1 older-than=2d keep-newest=3", "w2", 3, 3, false},
	{"remove=v.* keep=v.*", "v2", 3, 3, false},
};

static void what_a_rule_removes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cleanup_tag t = {view_of(rows[i].tag), rows[i].days * (int64_t)DAY,
			rows[i].rank};
		struct cleanup_rules r;
		char text[256];

		snprintf(text, sizeof(text), "a %s", rows[i].rule);
		parse(text, &r);
		if (cleanup_rule_removes(&r.rules[0], &t) != rows[i].goes)
			fail_msg("\"%s\" and %s", rows[i].rule, rows[i].tag);
		assert_int_equal(cleanup_rule_keeps_nothing(&r.rules[0]),
			rows[i].rule[0] == '\0' || strcmp(rows[i].rule, "keep-newest=0") == 0 ||
				strcmp(rows[i].rule, "older-than=0d") == 0);
		cleanup_rules_release(&r);
	}
}

static void the_reason_names_the_line(void **state)
{
	static const struct {
		const char *text, *tag, *why;
		int64_t age;
	} reasons[] = {
		{"a", "x", "the rule of line 1 for a: any tag", 5},
		{"\n** remove=x.* older-than=1h", "xy",
			"the rule of line 2 for **: it fits remove=x.*, was pushed 26d ago "
			"(older-than=1h)",
			26 * DAY},
		{"a keep-newest=3 keep=v.* older-than=0d", "x",
			"the rule of line 1 for a: any tag, is not one of the newest 3, does "
			"not fit keep=v.*",
			5},
		{"a older-than=1m", "x",
			"the rule of line 1 for a: any tag, was pushed 2h ago "
			"(older-than=1m)",
			7300},
		{"a older-than=1m", "x",
			"the rule of line 1 for a: any tag, was pushed 5m ago "
			"(older-than=1m)",
			300},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct cleanup_tag t = {view_of(reasons[i].tag), reasons[i].age, 3};
		struct buf why = BUF_INIT(1024);
		struct cleanup_rules r;

		parse(reasons[i].text, &r);
		assert_true(cleanup_rule_removes(&r.rules[0], &t));
		cleanup_rule_why(&r.rules[0], &t, &why);
		assert_string_equal(buf_str(&why), reasons[i].why);
		buf_release(&why);
		cleanup_rules_release(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read),
		cmocka_unit_test(the_first_rule_counts),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(files_over_a_limit),
		cmocka_unit_test(what_a_rule_removes),
		cmocka_unit_test(the_reason_names_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
