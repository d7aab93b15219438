#include "service/auth.h"

#include "format/base64.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <time.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BCRYPT "$2y$04$x7aKfqvv228KWFusshSSdOvU2jWCL6eeiDilBir9CkSVvpMAl2fCK" /* secret  \
	                                                                       */
#define YESCRYPT                                                                         \
	"$y$j75$Qf3mmFpmyCqT2TIg.ybvf.$ZM0NfCcQ.guLuYsil1yqlJNf0bo9z3vRktYRlqwynf4"
#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define REALM "https://registry.example:5443/v2/token"
#define TOKEN_PATH                                                                       \
	"/v2/"                                                                           \
	"token?nonce=AAECAwQFBgcICQoLDA0ODw&scope=repository%3Alibrary%2Fsmol%3Apull"    \
	"%2Cpush&service=registry.example&ts=1717500000"
#define SIGNED 1717500000
#define TOKEN_FIELD                                                                      \
	KEY ":Axa2S5jBHpOHd22XGS5VdGVPbNrQ+vwo8cZHGI0ueQ+n8gZfvwspfkOsoAG3Res6euRkkF"    \
	    "NQyMKCcdeBeJx4Ag=="
#define API_FIELD                                                                        \
	KEY ":DQejNDHvlyWun1X+WlTMUKMFCdiu/ozi3FVp9w268GdNNlnWmV4PDWvKRBsmwtSegDRuF50H"  \
	    "15wAKWsduqxhAw=="

static struct scratch scratch;
static struct auth_settings settings;
static struct auth auth;
static struct auth_request request;
static struct identity who;
static struct err err;
static unsigned delay;
static int64_t now;

static void reopen(void)
{
	auth_close(&auth);
	if (auth_open(&auth, scratch.fd, &settings, now, &err) != 0)
		fail_msg("%s", err.text);
}

static int setup(void **state)
{
	(void)state;
	scratch_open(&scratch);
	now = (int64_t)time(NULL) + 1000000;
	scratch_write(&scratch, "users", "alice:" BCRYPT "\nold:$1$abcdefgh$x\n");
	scratch_write(&scratch, "authorized", "ssh-ed25519 " KEY " carol\n");
	settings = (struct auth_settings){
	        .access = {"", "", ""},
	        .tokens = {"https://reg.example", "reg.example", 300, 86400, "", "", "", 0},
	        .passwords = scratch_path(&scratch, "users"),
	        .keys = scratch_path(&scratch, "authorized"),
	};
	auth = AUTH_INIT;
	reopen();
	request = (struct auth_request){.authorization = view_of(""),
	        .remote_user = view_of(""),
	        .method = view_of("GET"),
	        .path_and_query = view_of("/v2/"),
	        .now = now};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	auth_close(&auth);
	err_release(&err);
	scratch_close(&scratch);
	return 0;
}

static int identify(const char *authorization)
{
	err_release(&err);
	request.authorization = view_of(authorization);
	return auth_identify(&auth, &request, &who, &delay, &err);
}

static const char *basic(const char *pair)
{
	static char field[256];
	struct buf text = BUF_INIT(200);

	base64_encode(pair, strlen(pair), &text);
	snprintf(field, sizeof(field), "Basic %s", buf_str(&text));
	buf_release(&text);
	return field;
}

static void nobody_is_anonymous(void **state)
{
	(void)state;
	assert_int_equal(identify(""), 0);
	assert_int_equal(who.kind, IDENTITY_ANONYMOUS);
	assert_string_equal(who.user.text, "");
}

static void a_password_makes_a_user(void **state)
{
	(void)state;
	assert_int_equal(identify(basic("alice:secret")), 0);
	assert_int_equal(who.kind, IDENTITY_USER);
	assert_string_equal(who.user.text, "alice");
	assert_int_equal(delay, 0);
}

static void wrong_credentials_are_never_anonymous(void **state)
{
	static const char *const pairs[] = {
	        "alice:wrong", "nobody:secret", "old:secret", "alice:"};
	static const char *const fields[] = {
	        "Basic !", "Bearer a.b.c", "Bearer ", "Digest x", "Basic", KEY ":AAAA"};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(pairs); i++) {
		assert_int_equal(identify(basic(pairs[i])), -1);
		assert_int_equal(err.code, ERR_UNAUTHORIZED);
		/* All alike, so that nobody learns which users there are. */
		assert_string_equal(err.text, "wrong user name or password");
		assert_true(delay > 0);
		assert_int_equal(who.kind, IDENTITY_ANONYMOUS);
	}
	for (i = 0; i < COUNT(fields); i++) {
		assert_int_equal(identify(fields[i]), -1);
		assert_int_equal(err.code, ERR_UNAUTHORIZED);
	}
}

static void a_token_stands_for_its_user(void **state)
{
	struct buf token = BUF_INIT(16384);
	struct scope_list granted = {0};

	(void)state;
	assert_int_equal(identify(basic("alice:secret")), 0);
	assert_int_equal(
	        scope_list_parse(&granted, VIEW_LIT("repository:alice/a:pull")), 0);
	buf_add_str(&token, "Bearer ");
	assert_int_equal(tokens_issue(auth.tokens, &who, &granted, now, &token, &err), 0);
	/* Whatever else the request says about its user. */
	request.remote_user = view_of("root");
	settings.trust_remote_user = true;
	reopen();
	assert_int_equal(identify(buf_str(&token)), 0);
	assert_int_equal(who.kind, IDENTITY_TOKEN);
	assert_string_equal(who.user.text, "alice");
	request.now = now + 1000;
	assert_int_equal(identify(buf_str(&token)), -1);
	assert_string_equal(err.text, "the token is not accepted: expired");
	buf_release(&token);
}

static void the_web_server_counts_only_where_it_is_trusted(void **state)
{
	(void)state;
	request.remote_user = view_of("bob");
	assert_int_equal(identify(""), 0);
	assert_int_equal(who.kind, IDENTITY_ANONYMOUS);
	settings.trust_remote_user = true;
	reopen();
	assert_int_equal(identify(""), 0);
	assert_int_equal(who.kind, IDENTITY_USER);
	assert_string_equal(who.user.text, "bob");
	/* It has checked that password itself. */
	assert_int_equal(identify(basic("bob:from-ldap")), 0);
	assert_string_equal(who.user.text, "bob");
	request.remote_user = view_of("CN=Bob, O=x");
	assert_int_equal(identify(""), -1);
	assert_int_equal(err.code, ERR_UNAUTHORIZED);
	request.remote_user = view_of("");
	assert_int_equal(identify(""), 0);
	assert_int_equal(who.kind, IDENTITY_ANONYMOUS);
}

static void a_key_signs_the_token_request(void **state)
{
	(void)state;
	request.realm = REALM;
	request.path_and_query = view_of(TOKEN_PATH);
	request.now = SIGNED;
	assert_int_equal(identify(TOKEN_FIELD), 0);
	assert_int_equal(who.kind, IDENTITY_USER);
	assert_string_equal(who.user.text, "carol");
	assert_int_equal(identify(TOKEN_FIELD), -1);
	assert_string_equal(err.text,
	        "the signed request is not accepted: nonce missing or used before");
	/* A signed token request is good for nothing else. */
	request.realm = NULL;
	assert_int_equal(identify(TOKEN_FIELD), -1);
}

static void a_key_signs_an_api_request(void **state)
{
	(void)state;
	request.method = view_of("POST");
	request.path_and_query = view_of("/api/show?ts=1717500000");
	request.now = SIGNED;
	assert_int_equal(identify(API_FIELD), 0);
	assert_string_equal(who.user.text, "carol");
}

static void an_unknown_key_is_nobody(void **state)
{
	(void)state;
	request.realm = REALM;
	request.path_and_query = view_of(TOKEN_PATH);
	request.now = SIGNED;
	scratch_write(&scratch, "authorized", "");
	auth_refresh(&auth, now + 1);
	assert_int_equal(identify(TOKEN_FIELD), 0);
	assert_int_equal(who.kind, IDENTITY_ANONYMOUS);
	settings.keys = "";
	reopen();
	assert_int_equal(identify(TOKEN_FIELD), 0);
	assert_int_equal(who.kind, IDENTITY_ANONYMOUS);
}

static void without_a_password_file_no_password_is_right(void **state)
{
	(void)state;
	settings.passwords = "";
	reopen();
	assert_int_equal(identify(basic("alice:secret")), -1);
	assert_int_equal(err.code, ERR_UNAUTHORIZED);
	assert_int_equal(
	        auth_login(&auth, VIEW_LIT("alice"), "secret", now, &who, &delay, &err),
	        -1);
}

static void logs_in_and_goes_on_with_a_refresh_token(void **state)
{
	struct buf token = BUF_INIT(16384);

	(void)state;
	assert_int_equal(
	        auth_login(&auth, VIEW_LIT("al ice"), "secret", now, &who, &delay, &err),
	        -1);
	err_release(&err);
	assert_int_equal(
	        auth_login(&auth, VIEW_LIT("alice"), "secret", now, &who, &delay, &err),
	        0);
	assert_string_equal(who.user.text, "alice");
	assert_int_equal(auth_issue_refresh(&auth, &who, now, &token, &err), 0);
	assert_true(token.len > 0);
	assert_int_equal(auth_resume(&auth, buf_view(&token), now + 3600, &who, &err), 0);
	assert_int_equal(who.kind, IDENTITY_USER);
	assert_string_equal(who.user.text, "alice");
	/* It ends with the password, and with the user. */
	scratch_write(&scratch, "users", "alice:" YESCRYPT "\n");
	auth_refresh(&auth, now + 3601);
	assert_int_equal(
	        auth_resume(&auth, buf_view(&token), now + 3601, &who, &err), -1);
	assert_int_equal(err.code, ERR_UNAUTHORIZED);
	assert_int_equal(who.kind, IDENTITY_ANONYMOUS);
	err_release(&err);
	assert_int_equal(auth_resume(&auth, VIEW_LIT("a.b.c"), now, &who, &err), -1);
	buf_release(&token);
}

static void who_has_no_password_gets_no_refresh_token(void **state)
{
	struct buf token = BUF_INIT(16384);
	struct user_name carol;

	(void)state;
	identity_anonymous(&who);
	assert_int_equal(auth_issue_refresh(&auth, &who, now, &token, &err), 0);
	assert_int_equal(token.len, 0);
	assert_int_equal(user_name_parse(VIEW_LIT("carol"), &carol), 0);
	identity_user(&who, &carol);
	assert_int_equal(auth_issue_refresh(&auth, &who, now, &token, &err), 0);
	assert_int_equal(token.len, 0);
	buf_release(&token);
}

static void a_broken_part_is_refused_at_the_start(void **state)
{
	(void)state;
	auth_close(&auth);
	scratch_write(&scratch, "users", "broken");
	assert_int_equal(auth_open(&auth, scratch.fd, &settings, now, &err), -1);
	assert_non_null(strstr(err.text, "users:1: "));
	auth_close(&auth);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(nobody_is_anonymous),
	        TEST(a_password_makes_a_user),
	        TEST(wrong_credentials_are_never_anonymous),
	        TEST(a_token_stands_for_its_user),
	        TEST(the_web_server_counts_only_where_it_is_trusted),
	        TEST(a_key_signs_the_token_request),
	        TEST(a_key_signs_an_api_request),
	        TEST(an_unknown_key_is_nobody),
	        TEST(without_a_password_file_no_password_is_right),
	        TEST(logs_in_and_goes_on_with_a_refresh_token),
	        TEST(who_has_no_password_gets_no_refresh_token),
	        TEST(a_broken_part_is_refused_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
