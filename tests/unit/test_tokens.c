#include "service/tokens.h"

#include "format/jwt_claims.h"
#include "service/secrets.h"
#include "support/scratch.h"
#include "support/signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>
#include <openssl/evp.h>
#include <time.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct scratch scratch;
static struct token_settings settings;
static struct tokens *tokens;
static struct err err;
static struct identity who;
static struct scope_list granted;
static struct buf text;
static int64_t now;

static void reopen(void)
{
	tokens_close(&tokens);
	if (tokens_open(&tokens, scratch.fd, &settings, now, &err) != 0)
		fail_msg("%s", err.text);
}

static int setup(void **state)
{
	(void)state;
	scratch_open(&scratch);
	now = (int64_t)time(NULL) + 1000000;
	text = BUF_INIT(65536);
	granted.n = 0;
	settings = (struct token_settings){
	        "https://reg.example", "reg.example", 300, 86400, "", "", "", 0};
	reopen();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tokens_close(&tokens);
	buf_release(&text);
	err_release(&err);
	scratch_close(&scratch);
	return 0;
}

static void issue_for(const char *name, const char *scopes)
{
	struct user_name user;

	identity_anonymous(&who);
	if (*name) {
		assert_int_equal(user_name_parse(view_of(name), &user), 0);
		identity_user(&who, &user);
	}
	granted.n = 0;
	assert_int_equal(scope_list_parse(&granted, view_of(scopes)), 0);
	buf_clear(&text);
	assert_int_equal(tokens_issue(tokens, &who, &granted, now, &text, &err), 0);
}

static enum jwt_reason verify_at(int64_t at)
{
	return tokens_verify(tokens, buf_view(&text), at, &who);
}

static void what_is_issued_is_verified(void **state)
{
	(void)state;
	issue_for("alice", "repository:alice/a:pull,push registry:catalog:*");
	assert_int_equal(verify_at(now), JWT_OK);
	assert_int_equal(who.kind, IDENTITY_TOKEN);
	assert_false(who.outside);
	assert_string_equal(who.user.text, "alice");
	assert_int_equal(who.grants.n, 2);
	assert_int_equal(scope_list_actions(&who.grants, SCOPE_REPOSITORY, "alice/a"),
	        ACTION_PULL | ACTION_PUSH);
}

static void anonymous_is_nobody(void **state)
{
	struct jwt t;
	static struct jwt_claims claims;

	(void)state;
	issue_for("", "repository:open:pull");
	assert_int_equal(jwt_parse(buf_view(&text), &t), JWT_OK);
	assert_int_equal(jwt_claims_parse(&t, &claims), JWT_OK);
	assert_string_equal(claims.subject, "anonymous");
	assert_int_equal(verify_at(now), JWT_OK);
	assert_int_equal(who.kind, IDENTITY_TOKEN);
	assert_string_equal(who.user.text, "");
}

static void claims_are_those_of_the_specification(void **state)
{
	static struct jwt_claims a, b;
	struct jwt t;

	(void)state;
	issue_for("alice", "repository:alice/a:pull");
	assert_int_equal(jwt_parse(buf_view(&text), &t), JWT_OK);
	assert_int_equal(jwt_claims_parse(&t, &a), JWT_OK);
	assert_string_equal(a.issuer, "https://reg.example");
	assert_string_equal(a.audiences[0], "reg.example");
	assert_string_equal(a.subject, "alice");
	assert_int_equal(a.issued, now);
	assert_int_equal(a.not_before, now);
	assert_int_equal(a.expires, now + 300);
	assert_int_equal(strlen(a.id), 32);
	issue_for("alice", "repository:alice/a:pull");
	assert_int_equal(jwt_parse(buf_view(&text), &t), JWT_OK);
	assert_int_equal(jwt_claims_parse(&t, &b), JWT_OK);
	assert_string_not_equal(a.id, b.id);
}

static void it_ends(void **state)
{
	(void)state;
	issue_for("alice", "");
	assert_int_equal(verify_at(now + 359), JWT_OK);
	assert_int_equal(verify_at(now + 360), JWT_EXPIRED);
	issue_for("alice", "");
	assert_int_equal(verify_at(now - 61), JWT_NOT_YET);
	assert_int_equal(who.kind, IDENTITY_ANONYMOUS);
	assert_string_equal(who.user.text, "");
	assert_int_equal(verify_at(now - 60), JWT_OK);
}

static void the_same_token_again_says_the_same(void **state)
{
	static const char *const scopes[] = {"", "repository:a:pull",
	        ("repository:a:pull repository:b:* repository:c:* repository:d:* "
	         "repository:e:*")};
	struct identity first;
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(scopes); i++) {
		issue_for("alice", scopes[i]);
		assert_int_equal(verify_at(now), JWT_OK);
		first = who;
		assert_int_equal(verify_at(now), JWT_OK);
		assert_int_equal(who.kind, first.kind);
		assert_string_equal(who.user.text, first.user.text);
		assert_int_equal(who.outside, first.outside);
		assert_int_equal(who.grants.n, first.grants.n);
		for (k = 0; k < who.grants.n; k++) {
			assert_string_equal(who.grants.items[k].name.text,
			        first.grants.items[k].name.text);
			assert_int_equal(who.grants.items[k].actions,
			        first.grants.items[k].actions);
		}
	}
}

static void what_was_changed_or_cut_is_refused(void **state)
{
	size_t i, len;

	(void)state;
	issue_for("alice", "repository:alice/a:pull");
	len = text.len;
	for (i = 0; i < len; i += 7) {
		text.ptr[i] ^= 1;
		assert_int_not_equal(verify_at(now), JWT_OK);
		assert_int_equal(who.kind, IDENTITY_ANONYMOUS);
		text.ptr[i] ^= 1;
		text.len = i;
		assert_int_not_equal(verify_at(now), JWT_OK);
		text.len = len;
	}
	assert_int_equal(verify_at(now), JWT_OK);
}

static void of_another_registry_it_is_refused(void **state)
{
	(void)state;
	issue_for("alice", "");
	settings.service = "other.example";
	reopen();
	assert_int_equal(verify_at(now), JWT_AUDIENCE);
	settings.service = "reg.example";
	settings.issuer = "https://other.example";
	reopen();
	assert_int_equal(verify_at(now), JWT_ISSUER);
}

static void rotation_lets_it_live(void **state)
{
	(void)state;
	issue_for("alice", "");
	assert_int_equal(
	        secrets_rotate(scratch.fd, now, tokens_longest(&settings), 1000, &err),
	        0);
	tokens_refresh(tokens, now + 1);
	assert_int_equal(verify_at(now + 1), JWT_OK);
	issue_for("alice", "");
	assert_int_equal(verify_at(now + 1), JWT_OK);
	/* Unless all are to be void. */
	assert_int_equal(secrets_rotate(scratch.fd, now, 0, 1000, &err), 0);
	tokens_refresh(tokens, now + 2);
	assert_int_equal(verify_at(now + 2), JWT_KEY_UNKNOWN);
}

static void it_has_a_ceiling(void **state)
{
	char name[128];
	struct scope s = {SCOPE_REPOSITORY, {{0}}, ACTION_PULL};
	int i;

	(void)state;
	identity_anonymous(&who);
	for (i = 0; i < SCOPE_LIST_MAX; i++) {
		snprintf(name, sizeof(name), "%0100d", i);
		assert_int_equal(repo_name_parse(view_of(name), &s.name), 0);
		scope_list_add(&granted, &s);
	}
	assert_int_equal(tokens_issue(tokens, &who, &granted, now, &text, &err), -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
}

static void refresh_tokens_are_another_thing(void **state)
{
	char stamp[TOKENS_STAMP_MAX + 1];
	struct user_name user, back;

	(void)state;
	assert_int_equal(user_name_parse(VIEW_LIT("alice"), &user), 0);
	assert_int_equal(
	        tokens_issue_refresh(tokens, &user, "stamp", now, &text, &err), 0);
	assert_int_equal(
	        tokens_verify_refresh(tokens, buf_view(&text), now + 86000, &back, stamp),
	        JWT_OK);
	assert_string_equal(back.text, "alice");
	assert_string_equal(stamp, "stamp");
	assert_int_equal(
	        tokens_verify_refresh(tokens, buf_view(&text), now + 86460, &back, stamp),
	        JWT_EXPIRED);
	/* Neither passes for the other. */
	assert_int_equal(verify_at(now), JWT_AUDIENCE);
	issue_for("alice", "");
	assert_int_equal(
	        tokens_verify_refresh(tokens, buf_view(&text), now, &back, stamp),
	        JWT_AUDIENCE);
	assert_string_equal(back.text, "");
	settings.refresh_lifetime = 0;
	reopen();
	buf_clear(&text);
	assert_int_equal(
	        tokens_issue_refresh(tokens, &user, "stamp", now, &text, &err), 0);
	assert_int_equal(text.len, 0);
}

/* A token of the outside issuer, by default a good one. */
static void outside_token(EVP_PKEY *key, enum key_algorithm a, const char *format)
{
	char header[128], payload[1024];

	snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"k\"}",
	        key_algorithm_name(a));
	snprintf(payload, sizeof(payload), format, now + 300);
	buf_clear(&text);
	signer_token(key, a, header, payload, &text);
}

#define GOOD                                                                             \
	"{\"iss\":\"https://id.example\",\"aud\":[\"x\",\"lighter\"],\"sub\":\"alice\"," \
	"\"exp\":%" PRId64 ",\"access\":[{\"type\":\"repository\",\"name\":\"any/a\","   \
	"\"actions\":[\"pull\"]}]}"

static void trust(EVP_PKEY *key, enum key_algorithm a)
{
	struct buf keys = BUF_INIT(8192);

	buf_add_str(&keys, "{\"keys\":[");
	signer_jwk(key, a, "k", &keys);
	buf_add_str(&keys, "]}");
	scratch_write(&scratch, "jwks", buf_str(&keys));
	buf_release(&keys);
	settings.outside_keys = scratch_path(&scratch, "jwks");
	settings.outside_issuer = "https://id.example";
	settings.outside_audience = "lighter";
}

static void an_outside_issuer_is_believed(void **state)
{
	static const enum key_algorithm kinds[] = {KEY_RS256, KEY_ES256, KEY_EDDSA};
	EVP_PKEY *key;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(kinds); i++) {
		key = signer_key(kinds[i]);
		trust(key, kinds[i]);
		reopen();
		outside_token(key, kinds[i], GOOD);
		assert_int_equal(verify_at(now), JWT_OK);
		assert_true(who.outside);
		assert_int_equal(who.kind, IDENTITY_TOKEN);
		assert_string_equal(who.user.text, "alice");
		assert_int_equal(
		        scope_list_actions(&who.grants, SCOPE_REPOSITORY, "any/a"),
		        ACTION_PULL);
		EVP_PKEY_free(key);
	}
}

static void an_outside_token_can_be_wrong_in_many_ways(void **state)
{
	static const struct {
		const char *payload;
		enum jwt_reason reason;
	} rows[] = {
	        {GOOD, JWT_OK},
	        {"{\"iss\":\"https://id.example\",\"aud\":\"lighter\",\"exp\":%" PRId64
	         "}",
	                JWT_OK},
	        {"{\"iss\":\"https://"
	         "reg.example\",\"aud\":\"reg.example\",\"sub\":\"root\","
	         "\"exp\":%" PRId64 "}",
	                JWT_ISSUER},
	        {"{\"iss\":\"https://"
	         "id.example\",\"aud\":\"reg.example\",\"sub\":\"root\","
	         "\"exp\":%" PRId64 "}",
	                JWT_AUDIENCE},
	        {"{\"iss\":\"https://id.example\",\"aud\":\"lighter\",\"sub\":\"a b\","
	         "\"exp\":%" PRId64 "}",
	                JWT_SUBJECT},
	        {"{\"iss\":\"https://id.example\",\"aud\":\"lighter\",\"sub\":\"../x\","
	         "\"exp\":%" PRId64 "}",
	                JWT_SUBJECT},
	        {"{\"iss\":\"https://id.example\",\"aud\":\"lighter\",\"nbf\":%" PRId64
	         "}",
	                JWT_CLAIMS},
	        {"{\"iss\":\"https://id.example\",\"aud\":\"lighter\",\"exp\":%" PRId64
	         ",\"nbf\":99999999999}",
	                JWT_NOT_YET},
	};
	EVP_PKEY *key = signer_key(KEY_ES256), *other = signer_key(KEY_ES256);
	size_t i;

	(void)state;
	outside_token(key, KEY_ES256, GOOD);
	assert_int_equal(verify_at(now), JWT_KEY_UNKNOWN);
	trust(key, KEY_ES256);
	reopen();
	for (i = 0; i < COUNT(rows); i++) {
		outside_token(key, KEY_ES256, rows[i].payload);
		if (verify_at(now) != rows[i].reason)
			fail_msg("%s", rows[i].payload);
	}
	outside_token(other, KEY_ES256, GOOD);
	assert_int_equal(verify_at(now), JWT_SIGNATURE);
	buf_clear(&text);
	signer_token(key, KEY_ES256, "{\"alg\":\"ES256\",\"kid\":\"z\"}", "{}", &text);
	assert_int_equal(verify_at(now), JWT_KEY_UNKNOWN);
	buf_clear(&text);
	signer_token(NULL, KEY_ES256, "{\"alg\":\"none\"}", "{}", &text);
	assert_int_equal(verify_at(now), JWT_ALGORITHM);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

static void a_public_key_signs_no_token_of_ours(void **state)
{
	EVP_PKEY *key = signer_key(KEY_RS256);
	struct buf pem = BUF_INIT(8192);

	(void)state;
	signer_pem(key, &pem);
	trust(key, KEY_RS256);
	reopen();
	buf_clear(&text);
	assert_int_equal(jwt_sign("k", pem.ptr, pem.len,
	                         VIEW_LIT("{\"iss\":\"https://id.example\","
	                                  "\"aud\":\"lighter\",\"sub\":\"root\",\"exp\":"
	                                  "99999999999}"),
	                         &text),
	        0);
	assert_int_equal(verify_at(now), JWT_KEY_UNKNOWN);
	buf_release(&pem);
	EVP_PKEY_free(key);
}

static void new_keys_of_the_issuer_take_effect(void **state)
{
	EVP_PKEY *one = signer_key(KEY_EDDSA), *two = signer_key(KEY_EDDSA);

	(void)state;
	trust(one, KEY_EDDSA);
	reopen();
	trust(two, KEY_EDDSA);
	tokens_refresh(tokens, now + 1);
	outside_token(two, KEY_EDDSA, GOOD);
	assert_int_equal(verify_at(now), JWT_OK);
	outside_token(one, KEY_EDDSA, GOOD);
	assert_int_equal(verify_at(now), JWT_SIGNATURE);
	scratch_write(&scratch, "jwks", "{");
	tokens_refresh(tokens, now + 2);
	outside_token(two, KEY_EDDSA, GOOD);
	assert_int_equal(verify_at(now), JWT_OK);
	EVP_PKEY_free(one);
	EVP_PKEY_free(two);
}

static void settings_that_cannot_work_are_refused(void **state)
{
	(void)state;
	tokens_close(&tokens);
	settings.service = "";
	assert_int_equal(tokens_open(&tokens, scratch.fd, &settings, now, &err), -1);
	err_release(&err);
	settings.service = "reg.example";
	settings.outside_keys = scratch_path(&scratch, "absent");
	assert_int_equal(tokens_open(&tokens, scratch.fd, &settings, now, &err), -1);
	assert_non_null(strstr(err.text, "an audience"));
	err_release(&err);
	settings.outside_issuer = "i";
	settings.outside_audience = "a";
	assert_int_equal(tokens_open(&tokens, scratch.fd, &settings, now, &err), -1);
	assert_non_null(strstr(err.text, "absent"));
	assert_null(tokens);
}

static void answers_as_clients_read_it(void **state)
{
	struct token_answer a = {VIEW_LIT("a.b.c"), VIEW_LIT(""), NULL, 300, 1717500000};

	(void)state;
	assert_int_equal(token_answer_write(&a, &text), 0);
	assert_string_equal(buf_str(&text),
	        "{\"token\":\"a.b.c\",\"access_token\":\"a.b.c\","
	        "\"expires_in\":300,\"issued_at\":\"2024-06-04T11:20:00Z\"}\n");
	buf_clear(&text);
	assert_int_equal(
	        scope_list_parse(&granted, VIEW_LIT("repository:a:pull repository:b:*")),
	        0);
	a.granted = &granted;
	a.refresh_token = VIEW_LIT("r.r.r");
	assert_int_equal(token_answer_write(&a, &text), 0);
	assert_string_equal(buf_str(&text),
	        "{\"token\":\"a.b.c\",\"access_token\":\"a.b.c\","
	        "\"expires_in\":300,\"issued_at\":\"2024-06-04T11:20:00Z\","
	        "\"refresh_token\":\"r.r.r\",\"scope\":\"repository:a:pull "
	        "repository:b:*\"}\n");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(what_is_issued_is_verified),
	        TEST(anonymous_is_nobody),
	        TEST(claims_are_those_of_the_specification),
	        TEST(it_ends),
	        TEST(the_same_token_again_says_the_same),
	        TEST(what_was_changed_or_cut_is_refused),
	        TEST(of_another_registry_it_is_refused),
	        TEST(rotation_lets_it_live),
	        TEST(it_has_a_ceiling),
	        TEST(refresh_tokens_are_another_thing),
	        TEST(an_outside_issuer_is_believed),
	        TEST(an_outside_token_can_be_wrong_in_many_ways),
	        TEST(a_public_key_signs_no_token_of_ours),
	        TEST(new_keys_of_the_issuer_take_effect),
	        TEST(settings_that_cannot_work_are_refused),
	        TEST(answers_as_clients_read_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
