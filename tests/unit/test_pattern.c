/* Patterns: what fits, what is refused, and that they agree with regcomp(3). */
#include "format/pattern.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool fits(const char *pattern, const char *text)
{
	struct pattern p;
	const char *why;
	bool result;

	if (pattern_parse(view_of(pattern), &p, &why) != 0)
		fail_msg("%s: %s", pattern, why);
	result = pattern_fits(&p, view_of(text));
	pattern_release(&p);
	return result;
}

static void what_fits(void **state)
{
	static const struct {
		const char *pattern, *yes, *no; /* separated by blanks */
	} rows[] = {
		{"v1", "v1", "v V1 v12 xv1"},
		{".*", "v x1.2_3-y -", ""},
		{"v\\d+", "v1 v123", "v v1x xv1 vd"},
		{"v\\d+(\\.\\d+){0,2}", "v1 v1.2 v1.2.3", "v1. v1.2.3.4 v1x2"},
		{"v.+|release", "v1 vrelease release", "prerelease release2 v"},
		{"^v.+|release$", "v1 release", "prerelease"},
		{"(?:pr|mr)-\\d{2,3}", "pr-12 mr-123", "pr-1 pr-1234 xr-12"},
		{"a{3}", "aaa", "aa aaaa"},
		{"a{2,}b", "aab aaaaab", "ab b"},
		{"(ab){0}c", "c", "abc"},
		{"[a-c]+", "a cab", "d abd"},
		{"[^a-c.]+", "xyz d-", "a x.y xa"},
		{"[]x]+[.]", "]. x]x.", "x] x"},
		{"[a-]+", "a- -", "b"},
		{"[\\d.]+", "1.2", "1.x"},
		{"\\w+", "aZ_9", "a-b a.b"},
		{"\\W\\D", "-x", "x- -1"},
		{"\\.\\-\\$", ".-$", ".- x-$"},
		{"x\\$", "x$", "x"},
		{"(a*)*b", "b aab", "a"},
		{"(a|b|)*c?", "abab c abc", "d cc"},
		{"a||b", "a b", "ab"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char words[128], *at = NULL;

		snprintf(words, sizeof(words), "%s", rows[i].yes);
		for (char *w = strtok_r(words, " ", &at); w; w = strtok_r(NULL, " ", &at))
			if (!fits(rows[i].pattern, w))
				fail_msg("%s does not fit %s", rows[i].pattern, w);
		snprintf(words, sizeof(words), "%s", rows[i].no);
		for (char *w = strtok_r(words, " ", &at); w; w = strtok_r(NULL, " ", &at))
			if (fits(rows[i].pattern, w))
				fail_msg("%s fits %s", rows[i].pattern, w);
	}
	assert_false(fits(".", "\xc3"));
	assert_true(fits("a*", ""));
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *pattern, *why; /* a part of it */
	} rows[] = {
		{"", "empty"},
		{"(a", "( has no )"},
		{"a)", ") has no ("},
		{"a)(b", ") has no ("},
		{"[a", "[ has no ]"},
		{"[a-", "[ has no ]"},
		{"[]", "[ has no ]"},
		{"[z-a]", "range"},
		{"[\\d-z]", "range"},
		{"[a-\\d]", "range"},
		{"[[:digit:]]", "[:digit:]"},
		{"*a", "nothing before"},
		{"(+)", "nothing before"},
		{"a|{2}", "nothing before"},
		{"a+?", "follows a repetition"},
		{"a**", "follows a repetition"},
		{"a{2", "braces"},
		{"a{,2}", "braces"},
		{"a{x}", "braces"},
		{"a{2,1}", "greater"},
		{"a{1001}", "over 1000"},
		{"a{99999999999999999999}", "over 1000"},
		{"((a{100}){100}){100}", "too large"},
		{"(a|b{999}){999}", "too large"},
		{"a\\", "backslash"},
		{"(a)\\1", "backslash"},
		{"\\bx", "backslash"},
		{"(?i)v1", "(?"},
		{"(?=v1)", "(?"},
		{"(?", "(?"},
		{"a^b", "^ may stand"},
		{"^a|^b", "^ may stand"},
		{"a$|b", "^ may stand"},
		{"v 1", NULL}, /* a blank is a character as any */
		{"v\t1", "in no tag"},
		{"\xc3\xbc", "in no tag"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pattern p;
		const char *why = NULL;
		int rc = pattern_parse(view_of(rows[i].pattern), &p, &why);

		if ((rc == 0) != !rows[i].why || (rc < 0 && !strstr(why, rows[i].why)))
			fail_msg("%s: %s", rows[i].pattern, rc < 0 ? why : "accepted");
		if (rc < 0)
			assert_null(p.steps);
		pattern_release(&p);
	}
}

static void the_longest_patterns(void **state)
{
	struct pattern p;
	const char *why;
	char text[PATTERN_MAX + 2], tag[129];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(pattern_parse((struct view){text, PATTERN_MAX}, &p, &why), 0);
	pattern_release(&p);
	assert_int_equal(
		pattern_parse((struct view){text, PATTERN_MAX + 1}, &p, &why), -1);
	assert_non_null(strstr(why, "longer"));
	memset(text, '(', 33);
	strcpy(text + 33, "a");
	memset(text + 34, ')', 33);
	text[67] = '\0';
	assert_int_equal(pattern_parse(view_of(text), &p, &why), -1);
	assert_non_null(strstr(why, "nested"));
	/* What makes others that go back take for ever. */
	memset(tag, 'a', 128);
	tag[128] = '\0';
	assert_false(fits("(a|a|a*)*(a*)*((a+)+)+b", tag));
	assert_true(fits("(a?){128}a{128}", tag));
	assert_false(fits("(.*a){40}.{89}", tag));
	assert_true(fits("(.*a){40}.{0,88}", tag));
}

/* Small random patterns over a and b, as text. */
struct maker {
	uint64_t state;
	char text[256];
};

static unsigned choose(struct maker *m, unsigned n)
{
	m->state = m->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(m->state >> 33) % n;
}

static void make(struct maker *m, unsigned depth)
{
	static const char *const atoms[] = {"a", "b", ".", "[ab]", "[^a]", "[b-c]"};
	static const char *const repetitions[] = {
		"", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,2}", "{2,}"};
	unsigned pieces = 1 + choose(m, 3);

	if (strlen(m->text) > 120)
		depth = 0;
	for (unsigned i = 0; i < pieces; i++) {
		if (depth > 0 && choose(m, 2) == 0) {
			strcat(m->text, "(");
			make(m, depth - 1);
			if (choose(m, 2) == 0) {
				strcat(m->text, "|");
				make(m, depth - 1);
			}
			strcat(m->text, ")");
		} else {
			strcat(m->text, atoms[choose(m, 6)]);
		}
		strcat(m->text, repetitions[choose(m, 10)]);
		if (strlen(m->text) > 150)
			break;
	}
}

/* All texts of at most four of a, b, c. */
static void compare(const char *pattern)
{
	char whole[300], text[5];
	struct pattern p;
	const char *why;
	regex_t regex;

	snprintf(whole, sizeof(whole), "^(%s)$", pattern);
	if (pattern_parse(view_of(pattern), &p, &why) != 0)
		fail_msg("%s: %s", pattern, why);
	assert_int_equal(regcomp(&regex, whole, REG_EXTENDED | REG_NOSUB), 0);
	for (unsigned i = 0; i < 256; i++) {
		unsigned n = 0;

		for (unsigned rest = i; n < 4 && rest % 4 < 3; rest /= 4)
			text[n++] = (char)('a' + rest % 4);
		text[n] = '\0';
		if (pattern_fits(&p, view_of(text)) !=
			(regexec(&regex, text, 0, NULL, 0) == 0))
			fail_msg("%s and \"%s\"", pattern, text);
	}
	regfree(&regex);
	pattern_release(&p);
}

static void they_agree_with_regcomp(void **state)
{
	struct maker m = {1, ""};

	(void)state;
	for (int i = 0; i < 2000; i++) {
		m.text[0] = '\0';
		make(&m, 2);
		compare(m.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(the_longest_patterns),
		cmocka_unit_test(they_agree_with_regcomp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
