#include "service/passwords.h"

#include "service/logins.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <time.h>
#include <unistd.h>

/* "secret" in every form that htpasswd, openssl and mkpasswd write. */
#define BCRYPT "$2y$04$x7aKfqvv228KWFusshSSdOvU2jWCL6eeiDilBir9CkSVvpMAl2fCK"
#define BCRYPT_B "$2b$04$EG3YdSqZW.8r0FJiCEeeIekdaFZxhmk99jhMJhY8OGHEudrpQS3Zy"
#define SHA256 "$5$rounds=1000$abcdefgh$XIppta5rT8zJUu4vAOKQXrwq9uY4Ijlz6VjyOmkx5i4"
#define SHA512                                                                           \
	"$6$abcdefgh$ltjgWl6579NluT/"                                                    \
	"Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip"                           \
	"/cZ/1GM/O6IND4WQhG."
#define YESCRYPT                                                                         \
	"$y$j75$Qf3mmFpmyCqT2TIg.ybvf.$ZM0NfCcQ.guLuYsil1yqlJNf0bo9z3vRktYRlqwynf4"
#define MD5 "$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/"

static struct scratch scratch;
static struct passwords *passwords;
static struct err err;
static int64_t now;
static unsigned delay;

static int setup(void **state)
{
	(void)state;
	scratch_open(&scratch);
	now = (int64_t)time(NULL) + 1000000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	passwords_close(&passwords);
	err_release(&err);
	scratch_close(&scratch);
	return 0;
}

static void use(const char *text)
{
	scratch_write(&scratch, "users", text);
	if (passwords_open(&passwords, scratch_path(&scratch, "users"), now, &err) != 0)
		fail_msg("%s", err.text);
}

static enum password_answer check(const char *name, const char *password)
{
	struct user_name user;

	assert_int_equal(user_name_parse(view_of(name), &user), 0);
	return passwords_check(passwords, &user, password, now, &delay);
}

static void takes_every_accepted_scheme(void **state)
{
	static const char *const users[] = {"a", "b", "c", "d", "e"};
	size_t i;

	(void)state;
	use("a:" BCRYPT "\nb:" BCRYPT_B "\nc:" SHA256 "\nd:" SHA512 "\ne:" YESCRYPT "\n");
	for (i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		assert_int_equal(check(users[i], "secret"), PASSWORD_RIGHT);
		assert_int_equal(delay, 0);
		assert_int_equal(check(users[i], "secre"), PASSWORD_WRONG);
		assert_int_equal(check(users[i], "secrets"), PASSWORD_WRONG);
		assert_int_equal(check(users[i], ""), PASSWORD_WRONG);
		/* From memory now. */
		assert_int_equal(check(users[i], "secret"), PASSWORD_RIGHT);
	}
}

static void refuses_the_others_with_a_reason_of_its_own(void **state)
{
	static const char *const users[] = {"a", "b", "c", "d"};
	size_t i;

	(void)state;
	use("a:" MD5 "\nb:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\nc:secret\nd:$1$abcdefgh$x\n"
	    "ok:" BCRYPT "\n");
	for (i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		assert_int_equal(check(users[i], "secret"), PASSWORD_REFUSED);
		assert_true(delay > 0);
	}
	assert_int_equal(check("ok", "secret"), PASSWORD_RIGHT);
}

static void unknown_users_are_wrong(void **state)
{
	(void)state;
	use("a:" BCRYPT "\n");
	assert_int_equal(check("b", "secret"), PASSWORD_WRONG);
	assert_int_equal(delay, LOGINS_DELAY_FIRST_MS);
	assert_int_equal(check("b", "secret"), PASSWORD_WRONG);
	assert_int_equal(delay, 2 * LOGINS_DELAY_FIRST_MS);
	passwords_close(&passwords);
	use("");
	assert_int_equal(check("b", "secret"), PASSWORD_WRONG);
	passwords_close(&passwords);
	use("a:plain\n");
	assert_int_equal(check("b", "secret"), PASSWORD_WRONG);
}

static void an_edit_takes_effect_at_once(void **state)
{
	(void)state;
	use("a:" BCRYPT "\nb:" BCRYPT "\n");
	assert_int_equal(check("a", "secret"), PASSWORD_RIGHT);
	/* The password of a, remembered as right, is another one now; b is gone. */
	scratch_write(&scratch, "users",
	        "a:$2y$04$x7aKfqvv228KWFusshSSdOvU2jWCL6eeiDilBir9CkSVvpMAl2fCL\n");
	passwords_refresh(passwords, ++now);
	assert_int_equal(check("a", "secret"), PASSWORD_WRONG);
	assert_int_equal(check("b", "secret"), PASSWORD_WRONG);
	scratch_write(&scratch, "users", "a:" YESCRYPT "\n");
	passwords_refresh(passwords, ++now);
	assert_int_equal(check("a", "secret"), PASSWORD_RIGHT);
}

static void a_broken_edit_changes_nothing(void **state)
{
	(void)state;
	use("a:" BCRYPT "\n");
	scratch_write(&scratch, "users", "nobody\n");
	passwords_refresh(passwords, ++now);
	assert_int_equal(check("a", "secret"), PASSWORD_RIGHT);
	unlink(scratch_path(&scratch, "users"));
	passwords_refresh(passwords, ++now);
	assert_int_equal(check("a", "secret"), PASSWORD_RIGHT);
}

static void a_broken_file_is_refused_at_the_start(void **state)
{
	(void)state;
	scratch_write(&scratch, "users", "a:" BCRYPT "\nnobody\n");
	assert_int_equal(
	        passwords_open(&passwords, scratch_path(&scratch, "users"), now, &err),
	        -1);
	assert_non_null(strstr(err.text, "users:2: "));
	assert_null(passwords);
	err_release(&err);
	assert_int_equal(
	        passwords_open(&passwords, scratch_path(&scratch, "absent"), now, &err),
	        -1);
	assert_int_equal(err.code, ERR_FAULT);
}

static void the_stamp_changes_with_the_password(void **state)
{
	char before[PASSWORDS_STAMP_LENGTH + 1], after[PASSWORDS_STAMP_LENGTH + 1];
	struct user_name a, b, c;

	(void)state;
	assert_int_equal(user_name_parse(VIEW_LIT("a"), &a), 0);
	assert_int_equal(user_name_parse(VIEW_LIT("b"), &b), 0);
	assert_int_equal(user_name_parse(VIEW_LIT("c"), &c), 0);
	use("a:" BCRYPT "\nb:" MD5 "\n");
	assert_true(passwords_stamp(passwords, &a, before));
	assert_int_equal(strlen(before), PASSWORDS_STAMP_LENGTH);
	assert_false(passwords_stamp(passwords, &b, after));
	assert_false(passwords_stamp(passwords, &c, after));
	scratch_write(&scratch, "users", "a:" YESCRYPT "\n");
	passwords_refresh(passwords, ++now);
	assert_true(passwords_stamp(passwords, &a, after));
	assert_string_not_equal(before, after);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(takes_every_accepted_scheme),
	        TEST(refuses_the_others_with_a_reason_of_its_own),
	        TEST(unknown_users_are_wrong),
	        TEST(an_edit_takes_effect_at_once),
	        TEST(a_broken_edit_changes_nothing),
	        TEST(a_broken_file_is_refused_at_the_start),
	        TEST(the_stamp_changes_with_the_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
