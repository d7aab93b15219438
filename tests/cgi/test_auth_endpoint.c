/* /v2/token: who gets a token, and what it says. */
#include "support/guarded.h"

#include "format/jwt_claims.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What Ollama clients sign in place of a digest of the body, which is empty. */
#define EMPTY_BODY                                                                       \
	"ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3"   \
	"ODUyYjg1NQ=="

static int64_t now(void)
{
	return (int64_t)time(NULL);
}

/* What the token of the last reply says. */
static struct jwt_claims claims_of(struct guarded *g)
{
	static struct jwt_claims claims;
	static struct jwt token;
	static struct field text;

	text = member(g, "token");
	assert_int_equal(jwt_parse(view_of(text.s), &token), JWT_OK);
	assert_int_equal(jwt_claims_parse(&token, &claims), JWT_OK);
	return claims;
}

static struct text granted(const struct scope_list *list)
{
	struct buf out = BUF_INIT(1000);
	struct text t;

	for (size_t i = 0; i < list->n; i++) {
		buf_add_str(&out, i ? " " : "");
		scope_text(&list->items[i], &out);
	}
	t = text_of("%s", buf_str(&out));
	buf_release(&out);
	return t;
}

static void the_answer(void **state)
{
	struct guarded *g = *state;
	struct field basic = basic_of("alice", GUARDED_PASSWORD);
	struct jwt_claims c;

	guarded_send(g, "GET", "/v2/token?service=lighter&scope=repository:alice/app:pull",
	        basic.s);
	expect_status(g->cgi, 200);
	expect_header(g->cgi, "Content-Type", "application/json");
	expect_header(g->cgi, "Cache-Control", "no-store");
	assert_string_equal(member(g, "token").s, member(g, "access_token").s);
	assert_string_equal(member(g, "expires_in").s, "300");
	/* RFC 3339, in UTC. */
	assert_int_equal(strlen(member(g, "issued_at").s), 20);
	assert_string_equal(member(g, "refresh_token").s, "");
	c = claims_of(g);
	assert_string_equal(c.issuer, "lighter");
	assert_string_equal(c.audiences[0], "lighter");
	assert_string_equal(c.subject, "alice");
	assert_true(c.issued <= now() && c.issued > now() - 100);
	assert_int_equal(c.expires - c.issued, 300);
	assert_int_equal(c.not_before, c.issued);
	assert_int_equal(strlen(c.id), 32);
	assert_string_equal(granted(&c.access).s, "repository:alice/app:pull");
}

static void what_is_granted(void **state)
{
	static const struct {
		const char *user, *scopes, *granted;
	} rows[] = {
	        {"alice", "scope=", ""},
	        {"alice", "", ""},
	        {"alice", "scope=repository:alice/app:pull,push,delete",
	                "repository:alice/app:pull,push,delete"},
	        {"alice", "scope=repository:alice/app:*",
	                "repository:alice/app:pull,push,delete"},
	        {"alice", "scope=repository:team/x:pull,push,delete",
	                "repository:team/x:pull,push"},
	        {"alice", "scope=repository:open/app:pull,push",
	                "repository:open/app:pull"},
	        {"alice", "scope=repository:bob/app:pull", ""},
	        {"alice", "scope=repository:bob/none:pull", ""},
	        /* Several parameters, several in one, the same twice. */
	        {"alice",
	                "scope=repository:alice/a:pull&scope=repository:bob/b:pull"
	                "&scope=repository:team/c:push",
	                "repository:alice/a:pull repository:team/c:push"},
	        {"alice", "scope=repository:alice/a:pull+repository:alice/b:pull,push",
	                "repository:alice/a:pull repository:alice/b:pull,push"},
	        {"alice", "scope=repository%3Aalice%2Fa%3Apull%20repository:alice/a:push",
	                "repository:alice/a:pull,push"},
	        {"alice", "scope=repository:alice/a:fly", ""},
	        {"alice", "scope=planet:alice/a:pull", ""},
	        {"alice", "scope=nonsense", ""},
	        {"alice", "scope=registry:catalog:*", "registry:catalog:*"},
	        {"alice", "scope=registry:admin:*", ""},
	        {"root", "scope=registry:admin:*", "registry:admin:*"},
	        {"root", "scope=repository:alice/app:pull", ""},
	        {"dave", "scope=repository:any/thing:pull,push,delete",
	                "repository:any/thing:pull,push"},
	        {NULL, "scope=repository:open/app:pull,push", "repository:open/app:pull"},
	        {NULL, "scope=repository:alice/app:pull", ""},
	};
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct field basic =
		        basic_of(rows[i].user ? rows[i].user : "", GUARDED_PASSWORD);
		struct jwt_claims c;

		guarded_send(g, "GET", text_of("/v2/token?service=&%s", rows[i].scopes).s,
		        rows[i].user ? basic.s : NULL);
		expect_status(g->cgi, 200);
		c = claims_of(g);
		if (strcmp(granted(&c.access).s, rows[i].granted) != 0)
			fail_msg("row %zu: %s", i, granted(&c.access).s);
		assert_string_equal(
		        c.subject, rows[i].user ? rows[i].user : "anonymous");
	}
}

static void who_gets_none(void **state)
{
	struct guarded *g = *state;
	struct field wrong = basic_of("alice", "wrong");
	struct field unknown = basic_of("nobody", GUARDED_PASSWORD);
	struct field token = token_for(g, "alice", "repository:alice/app:pull");
	const char *const fields[] = {
	        wrong.s, unknown.s, "Basic %%%", "Bearer x.y.z", "Digest x", token.s};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		guarded_send(g, "GET", "/v2/token", fields[i]);
		expect_error(g->cgi, 401, "UNAUTHORIZED");
		assert_string_equal(challenge_of(g, 0), "Basic realm=\"lighter\"");
		assert_null(challenge_of(g, 1));
	}
	/* Nobody needs one where nobody may do anything. */
	guarded_set(g, "public", "");
	guarded_send(g, "GET", "/v2/token?scope=repository:open/app:pull", NULL);
	expect_error(g->cgi, 401, "UNAUTHORIZED");
}

static void a_wrong_user_is_told_as_a_wrong_password(void **state)
{
	struct guarded *g = *state;
	struct text first;

	guarded_send(g, "GET", "/v2/token", basic_of("alice", "wrong").s);
	first = text_of("%s", cgi_body(g->cgi));
	guarded_send(g, "GET", "/v2/token", basic_of("nosuch", "wrong").s);
	expect_body(g->cgi, first.s);
}

static void too_much(void **state)
{
	struct guarded *g = *state;
	struct buf uri = BUF_INIT(60000);

	buf_add_str(&uri, "/v2/token?scope=");
	for (int i = 0; i < 65; i++)
		buf_addf(&uri, "repository:alice/r%d:pull+", i);
	guarded_send(
	        g, "GET", buf_str(&uri), basic_of("alice", GUARDED_PASSWORD).s);
	expect_status(g->cgi, 400);
	/* As many as there may be, with names so long that no header field holds them. */
	buf_clear(&uri);
	buf_add_str(&uri, "/v2/token?scope=");
	for (int i = 0; i < 64; i++)
		buf_addf(&uri, "repository:alice/%0150d:pull+", i);
	guarded_send(
	        g, "GET", buf_str(&uri), basic_of("alice", GUARDED_PASSWORD).s);
	expect_status(g->cgi, 413);
	guarded_send(g, "GET", "/v2/token?scope=%zz", NULL);
	expect_status(g->cgi, 400);
	buf_release(&uri);
}

static void post(struct guarded *g, const char *form)
{
	CGI_SEND(g->cgi, .method = "POST", .uri = "/v2/token",
	        .fields = {"HTTP_HOST", GUARDED_HOST, "CONTENT_TYPE",
	                "application/x-www-form-urlencoded"},
	        .body = view_of(form));
}

static void the_password_grant(void **state)
{
	struct guarded *g = *state;
	struct jwt_claims c;

	post(g, "grant_type=password&service=lighter&client_id=docker&username=alice"
	        "&password=secret&scope=repository:alice/a:pull+repository:bob/b:pull");
	expect_status(g->cgi, 200);
	expect_header(g->cgi, "Cache-Control", "no-store");
	assert_string_equal(member(g, "scope").s, "repository:alice/a:pull");
	assert_string_equal(member(g, "refresh_token").s, "");
	c = claims_of(g);
	assert_string_equal(c.subject, "alice");
}

static void bad_forms(void **state)
{
	static const struct {
		const char *form;
		int status;
	} rows[] = {
	        {"", 400},
	        {"grant_type=authorization_code&code=x", 400},
	        {"grant_type=password&username=alice&password=wrong", 401},
	        {"grant_type=password&username=alice&password=", 401},
	        {"grant_type=password&username=alice", 401},
	        {"grant_type=password", 401},
	        {"grant_type=password&username=al%00ice&password=secret", 400},
	        {"grant_type=password&username=alice&password=%zz", 400},
	        {"grant_type=refresh_token&refresh_token=x.y.z", 401},
	        {"grant_type=refresh_token", 401},
	        {"{\"grant_type\":\"password\"}", 400},
	};
	struct guarded *g = *state;
	char *big = repeated("grant_type=password&username=", "a", 70000);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		post(g, rows[i].form);
		if (g->cgi->status != rows[i].status)
			fail_msg("%s: %d", rows[i].form, g->cgi->status);
		assert_null(strstr(cgi_body(g->cgi), "secret"));
	}
	post(g, big);
	expect_status(g->cgi, 413);
	free(big);
}

static struct field refresh_token(struct guarded *g)
{
	post(g, "grant_type=password&client_id=docker&username=alice&password=secret"
	        "&access_type=offline");
	expect_status(g->cgi, 200);
	return member(g, "refresh_token");
}

static void resume(struct guarded *g, const char *token)
{
	static char form[9000];

	snprintf(form, sizeof(form),
	        "grant_type=refresh_token&client_id=docker&service=lighter"
	        "&scope=repository:alice/app:pull,push&refresh_token=%s",
	        token);
	post(g, form);
}

static void the_refresh_grant(void **state)
{
	struct guarded *g = *state;
	struct field refresh = refresh_token(g), token;

	assert_true(strlen(refresh.s) > 0);
	resume(g, refresh.s);
	expect_status(g->cgi, 200);
	token = member(g, "access_token");
	guarded_send(g, "POST", "/v2/alice/app/blobs/uploads/",
	        text_of("Bearer %s", token.s).s);
	expect_status(g->cgi, 202);
	/* It is good for nothing else. */
	guarded_send(g, "GET", "/v2/", text_of("Bearer %s", refresh.s).s);
	expect_status(g->cgi, 401);
	/* And neither is a token good for a refresh. */
	resume(g, token.s);
	expect_status(g->cgi, 401);
}

static void a_new_password_ends_refresh_tokens(void **state)
{
	struct guarded *g = *state;
	struct field refresh = refresh_token(g);

	guarded_write(g, "users",
	        "alice:$5$rounds=1000$abcdefgh$"
	        "0000000000000000000000000000000000000000000\n");
	resume(g, refresh.s);
	expect_error(g->cgi, 401, "UNAUTHORIZED");
}

static void refresh_tokens_can_be_switched_off(void **state)
{
	struct guarded *g = *state;

	guarded_set(g, "refresh-lifetime", "0");
	assert_string_equal(refresh_token(g).s, "");
}

static void offline_by_get(void **state)
{
	struct guarded *g = *state;

	guarded_send(g, "GET", "/v2/token?offline_token=true&account=alice",
	        basic_of("alice", GUARDED_PASSWORD).s);
	expect_status(g->cgi, 200);
	assert_true(strlen(member(g, "refresh_token").s) > 0);
	/* Nobody has no password that could end it. */
	guarded_send(g, "GET", "/v2/token?offline_token=true", NULL);
	expect_status(g->cgi, 200);
	assert_string_equal(member(g, "refresh_token").s, "");
}

/* A token request as Ollama signs it. */
static void send_signed(
        struct guarded *g, EVP_PKEY *key, const char *nonce, int64_t at, const char *sign)
{
	struct text query = text_of("nonce=%s&scope=repository%%3Acarol%%2Fm%%3Apull"
	                            "%%2Cpush&service=lighter&ts=%lld",
	        nonce, (long long)at);
	struct text message = text_of("GET,%s?%s,%s", sign, query.s, EMPTY_BODY);
	struct field signature = signature_of(key, message.s);

	guarded_send(g, "GET", text_of("/v2/token?%s", query.s).s, signature.s);
}

static void a_signed_request(void **state)
{
	struct guarded *g = *state;
	struct jwt_claims c;
	struct field token;

	send_signed(g, g->key, "AAECAwQFBgcICQoLDA0ODw", now(), GUARDED_REALM);
	expect_status(g->cgi, 200);
	c = claims_of(g);
	assert_string_equal(c.subject, "carol");
	assert_string_equal(granted(&c.access).s, "repository:carol/m:pull,push");
	token = member(g, "token");
	guarded_send(g, "POST", "/v2/carol/m/blobs/uploads/",
	        text_of("Bearer %s", token.s).s);
	expect_status(g->cgi, 202);
}

static void signed_requests_that_do_not_count(void **state)
{
	struct guarded *g = *state;

	send_signed(g, g->key, "n1", now(), GUARDED_REALM);
	expect_status(g->cgi, 200);
	send_signed(g, g->key, "n1", now(), GUARDED_REALM);
	expect_error(g->cgi, 401, "UNAUTHORIZED"); /* the nonce was used */
	send_signed(g, g->key, "n2", now() - 301, GUARDED_REALM);
	expect_status(g->cgi, 401);
	send_signed(g, g->key, "n3", now() + 320, GUARDED_REALM);
	expect_status(g->cgi, 401);
	send_signed(g, g->key, "n4", now(), "http://elsewhere.example/v2/token");
	expect_status(g->cgi, 401);
	send_signed(g, g->key, "", now(), GUARDED_REALM);
	expect_status(g->cgi, 401);
}

static void an_unknown_key_is_nobody(void **state)
{
	struct guarded *g = *state;
	EVP_PKEY *other = signer_key(KEY_EDDSA);
	struct jwt_claims c;

	send_signed(g, other, "n1", now(), GUARDED_REALM);
	expect_status(g->cgi, 200);
	c = claims_of(g);
	assert_string_equal(c.subject, "anonymous");
	assert_int_equal(c.access.n, 0);
	guarded_set(g, "public", "");
	send_signed(g, other, "n2", now(), GUARDED_REALM);
	expect_error(g->cgi, 401, "UNAUTHORIZED");
	EVP_PKEY_free(other);
}

static void the_user_of_the_web_server(void **state)
{
	struct guarded *g = *state;
	struct jwt_claims c;

	guarded_set(g, "trust-remote-user", "on");
	CGI_SEND(g->cgi, .method = "GET",
	        .uri = "/v2/token?scope=repository:zoe/app:pull,push",
	        .fields = {"REMOTE_USER", "zoe"});
	expect_status(g->cgi, 200);
	c = claims_of(g);
	assert_string_equal(c.subject, "zoe");
	assert_string_equal(granted(&c.access).s, "repository:zoe/app:pull,push");
	CGI_SEND(g->cgi, .method = "GET", .uri = "/v2/token",
	        .fields = {"REMOTE_USER", "no user name"});
	expect_status(g->cgi, 401);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        GUARDED_TEST(the_answer),
	        GUARDED_TEST(what_is_granted),
	        GUARDED_TEST(who_gets_none),
	        GUARDED_TEST(a_wrong_user_is_told_as_a_wrong_password),
	        GUARDED_TEST(too_much),
	        GUARDED_TEST(the_password_grant),
	        GUARDED_TEST(bad_forms),
	        GUARDED_TEST(the_refresh_grant),
	        GUARDED_TEST(a_new_password_ends_refresh_tokens),
	        GUARDED_TEST(refresh_tokens_can_be_switched_off),
	        GUARDED_TEST(offline_by_get),
	        GUARDED_TEST(a_signed_request),
	        GUARDED_TEST(signed_requests_that_do_not_count),
	        GUARDED_TEST(an_unknown_key_is_nobody),
	        GUARDED_TEST(the_user_of_the_web_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
