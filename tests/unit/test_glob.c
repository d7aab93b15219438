#include "format/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void fits_the_whole_name(void **state)
{
	static const struct {
		const char *glob, *name;
		bool fits;
	} rows[] = {
	        {"a", "a", true},
	        {"a", "ab", false},
	        {"a", "a/b", false},
	        {"b", "a/b", false},
	        {"*", "a", true},
	        {"*", "a/b", false},
	        {"a/*", "a/b", true},
	        {"a/*", "a", false},
	        {"a/*", "a/b/c", false},
	        {"*/b", "a/b", true},
	        {"*/b", "x/a/b", false},
	        {"a*", "a", true},
	        {"a*", "abc", true},
	        {"a*", "a/b", false},
	        {"a*c", "abc", true},
	        {"a*c", "abcc", true},
	        {"a*c", "abcd", false},
	        {"a*c*e", "abcde", true},
	        {"**", "a", true},
	        {"**", "a/b/c", true},
	        {"a/**", "a/b/c", true},
	        {"a/**", "a", false},
	        {"a/**", "ab/c", false},
	        {"a**", "ab/c", true},
	        {"**/c", "a/b/c", true},
	        {"**/c", "c", false},
	        {"a/**/c", "a/x/y/c", true},
	        {"a/**/c", "a/c", false},
	        {"a/**/*-ci", "a/b/c/x-ci", true},
	        {"a/**/*-ci", "a/b/c/x-ci/y", false},
	        {"*/**/b*", "a/c/d/bx", true},
	        {"**a*/b", "x/ya/b", true},
	        {"*a/**b", "xa/c/b", true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		if (glob_fits(view_of(rows[i].glob), view_of(rows[i].name)) !=
		        rows[i].fits)
			fail_msg("%s and %s", rows[i].glob, rows[i].name);
}

/* The definition, tried in every way there is. */
static bool plain_fits(const char *g, const char *n)
{
	if (g[0] == '*' && g[1] == '*')
		return plain_fits(g + 2, n) || (*n && plain_fits(g, n + 1));
	if (g[0] == '*')
		return plain_fits(g + 1, n) || (*n && *n != '/' && plain_fits(g, n + 1));
	if (!*g || !*n)
		return *g == *n;
	return *g == *n && plain_fits(g + 1, n + 1);
}

/* All words of a length over an alphabet, one per number. */
static void word(unsigned number, unsigned len, const char *alphabet, char *out)
{
	size_t base = strlen(alphabet);

	while (len-- > 0) {
		*out++ = alphabet[number % base];
		number /= (unsigned)base;
	}
	*out = '\0';
}

static void agrees_with_the_definition(void **state)
{
	char glob[8], name[8];
	unsigned g, n;

	(void)state;
	for (g = 0; g < 4 * 4 * 4 * 4 * 4; g++) {
		word(g, 5, "ab/*", glob);
		if (!glob_valid(view_of(glob)))
			continue;
		for (n = 0; n < 3 * 3 * 3 * 3 * 3; n++) {
			word(n, 5, "ab/", name);
			if (glob_fits(view_of(glob), view_of(name)) !=
			        plain_fits(glob, name))
				fail_msg("%s and %s", glob, name);
		}
	}
}

static void does_not_take_for_ever(void **state)
{
	char glob[GLOB_MAX], name[255];
	size_t i;

	(void)state;
	for (i = 0; i + 1 < sizeof(glob); i += 2)
		memcpy(glob + i, i % 4 ? "*a" : "**", 2);
	glob[sizeof(glob) - 1] = 'b';
	memset(name, 'a', sizeof(name));
	assert_false(
	        glob_fits((struct view){glob, sizeof(glob)}, (struct view){name, 255}));
}

static void knows_what_a_glob_is(void **state)
{
	static const char *const good[] = {"a", "*", "**", "a/**", "a.b_c-d/*x*", "*/*"};
	static const char *const bad[] = {"", "/", "/a", "a/", "a//b", "***", "a/***",
	        "A", "a?", "[ab]", "a b", "a\\*", "a:b", "!a"};
	char text[GLOB_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		assert_true(glob_valid(view_of(good[i])));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(glob_valid(view_of(bad[i])));
	memset(text, 'a', sizeof(text));
	assert_true(glob_valid((struct view){text, GLOB_MAX}));
	assert_false(glob_valid((struct view){text, GLOB_MAX + 1}));
	assert_false(glob_valid((struct view){"a\0", 2}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(fits_the_whole_name),
	        cmocka_unit_test(agrees_with_the_definition),
	        cmocka_unit_test(does_not_take_for_ever),
	        cmocka_unit_test(knows_what_a_glob_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
