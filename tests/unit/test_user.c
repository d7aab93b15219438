#include "format/user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void takes_names(void **state)
{
	static const char *const names[] = {"a", "alice", "Alice", "0", "a.b-c_d",
	        "bob@example.org", "svc+ci", "anonymous2"};
	struct user_name user;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		assert_int_equal(user_name_parse(view_of(names[i]), &user), 0);
		assert_string_equal(user.text, names[i]);
		assert_true(user_name_is(&user, view_of(names[i])));
		assert_false(user_name_is(&user, VIEW_LIT("somebody else")));
	}
}

static void refuses_what_would_not_fit_a_path_or_a_log(void **state)
{
	static const char *const names[] = {"", ".", "..", "-a", "_a", "@a", "a/b",
	        "../a", "a b", "a\tb", "a\nb", "a:b", "a\"b", "a=b", "j\xc3\xb6rg",
	        "anonymous", "authenticated", "*", "a\x7f"};
	struct user_name user;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		strcpy(user.text, "before");
		assert_int_equal(user_name_parse(view_of(names[i]), &user), -1);
		assert_string_equal(user.text, "");
	}
	assert_int_equal(user_name_parse((struct view){"a\0b", 3}, &user), -1);
}

static void ends_at_its_limit(void **state)
{
	char text[USER_NAME_MAX + 1];
	struct user_name user;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(user_name_parse((struct view){text, USER_NAME_MAX}, &user), 0);
	assert_int_equal(
	        user_name_parse((struct view){text, USER_NAME_MAX + 1}, &user), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(takes_names),
	        cmocka_unit_test(refuses_what_would_not_fit_a_path_or_a_log),
	        cmocka_unit_test(ends_at_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
