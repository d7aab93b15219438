#include "format/htpasswd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BCRYPT "$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe"

static struct htpasswd file;

/* The message of the error, or "" when the text was taken. */
static const char *parse(const char *text)
{
	static struct err err;

	err_release(&err);
	if (htpasswd_parse(view_of(text), "users", &file, &err) == 0)
		return "";
	assert_int_equal(err.code, ERR_FAULT);
	assert_int_equal(file.n, 0);
	assert_null(file.text);
	return err.text;
}

static const struct htpasswd_entry *find(const char *name)
{
	struct user_name user;

	assert_int_equal(user_name_parse(view_of(name), &user), 0);
	return htpasswd_find(&file, &user);
}

static void finds_users_by_name(void **state)
{
	(void)state;
	assert_string_equal(parse("# people\n\nzoe:" BCRYPT "\nalice:$6$salt$hash\r\n"
	                          "  # no comment starts late\n"),
	        "users:5: not \"user:hash\"");
	assert_string_equal(
	        parse("# people\n\nzoe:" BCRYPT "\nalice:$6$salt$hash\r\nbob:$1$a$b"),
	        "");
	assert_int_equal(file.n, 3);
	assert_true(view_is(find("zoe")->hash, BCRYPT));
	assert_int_equal(find("zoe")->line, 3);
	assert_true(view_is(find("alice")->hash, "$6$salt$hash"));
	assert_int_equal(find("bob")->scheme, PASSWORD_MD5);
	assert_null(find("Alice"));
	assert_null(find("alic"));
	htpasswd_release(&file);
	assert_null(find("zoe"));
}

static void an_empty_file_has_nobody(void **state)
{
	(void)state;
	assert_string_equal(parse(""), "");
	assert_null(find("alice"));
	htpasswd_release(&file);
}

static void knows_schemes_by_prefix(void **state)
{
	static const struct {
		const char *hash;
		enum password_scheme scheme;
	} rows[] = {
	        {BCRYPT, PASSWORD_BCRYPT},
	        {"$2a$10$", PASSWORD_BCRYPT},
	        {"$2b$10$", PASSWORD_BCRYPT},
	        {"$5$salt$hash", PASSWORD_SHA_CRYPT},
	        {"$6$rounds=5000$salt$hash", PASSWORD_SHA_CRYPT},
	        {"$y$j9T$salt$hash", PASSWORD_YESCRYPT},
	        {"$apr1$salt$hash", PASSWORD_MD5},
	        {"$1$salt$hash", PASSWORD_MD5},
	        {"{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", PASSWORD_SHA1},
	        {"rqXexS6ZhobKA", PASSWORD_PLAIN},
	        {"secret", PASSWORD_PLAIN},
	        {"$2x$10$", PASSWORD_PLAIN},
	        {"$7$", PASSWORD_PLAIN},
	        {"*", PASSWORD_PLAIN},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
		        password_scheme_of(view_of(rows[i].hash)), rows[i].scheme);
		assert_int_equal(password_scheme_accepted(rows[i].scheme),
		        rows[i].scheme <= PASSWORD_YESCRYPT);
	}
}

static void broken_lines_name_file_and_line(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	        {"alice", "users:1: not \"user:hash\""},
	        {"\nalice\n", "users:2: not \"user:hash\""},
	        {":" BCRYPT, "users:1: not a user name"},
	        {"a b:" BCRYPT, "users:1: not a user name"},
	        {"anonymous:" BCRYPT, "users:1: not a user name"},
	        {"a/../b:" BCRYPT, "users:1: not a user name"},
	        {"a:x\nb:x\na:x\n", "users: lines 1 and 3 name the same user"},
	        {"a:", "users:1: the DES or plain text hash of a is broken or too "
	               "costly"},
	        {"a:x y", "users:1: the DES or plain text hash of a is broken or too "
	                  "costly"},
	        {"a:$2y$05$short",
	                "users:1: the bcrypt hash of a is broken or too costly"},
	        {"a:$2y$17$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe",
	                "users:1: the bcrypt hash of a is broken or too costly"},
	        {"a:$6$salt", "users:1: the SHA-crypt hash of a is broken or too costly"},
	        {"a:$6$rounds=5000001$salt$hash",
	                "users:1: the SHA-crypt hash of a is broken or too costly"},
	        {"a:$5$rounds=x$salt$hash",
	                "users:1: the SHA-crypt hash of a is broken or too costly"},
	        {"a:$5$rounds=5000$salt",
	                "users:1: the SHA-crypt hash of a is broken or too costly"},
	        {"a:$y$", "users:1: the yescrypt hash of a is broken or too costly"},
	        {"a:$y$j9T$salt",
	                "users:1: the yescrypt hash of a is broken or too costly"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_string_equal(parse(rows[i].text), rows[i].message);
}

static void a_message_never_holds_a_password(void **state)
{
	(void)state;
	assert_null(strstr(parse("alice open-sesame\n"), "sesame"));
	assert_null(strstr(parse("alice bob:open-sesame\n"), "sesame"));
	assert_null(strstr(parse("alice:open sesame\n"), "sesame"));
}

static void has_a_ceiling(void **state)
{
	char *text = malloc(HTPASSWD_FILE_MAX + 1);
	struct err err = ERR_INIT;

	(void)state;
	memset(text, '\n', HTPASSWD_FILE_MAX + 1);
	assert_int_equal(htpasswd_parse((struct view){text, HTPASSWD_FILE_MAX + 1},
	                         "users", &file, &err),
	        -1);
	err_release(&err);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(finds_users_by_name),
	        cmocka_unit_test(an_empty_file_has_nobody),
	        cmocka_unit_test(knows_schemes_by_prefix),
	        cmocka_unit_test(broken_lines_name_file_and_line),
	        cmocka_unit_test(a_message_never_holds_a_password),
	        cmocka_unit_test(has_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
