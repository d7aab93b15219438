/* Tokens that must not be accepted, and the challenges that follow. */
#include "support/guarded.h"

#include "format/jwt.h"
#include "service/secrets.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MINE "/v2/alice/app/manifests/1"
#define INVALID ",error=\"invalid_token\""

static int64_t now(void)
{
	return (int64_t)time(NULL);
}

/* A 401 that says what is wrong with the token, for any route that looks at it. */
static void expect_invalid(struct guarded *g, const char *authorization, const char *why)
{
	static const char *const uris[] = {
	        MINE, "/v2/", "/v2/_catalog", "/v2/open/app/manifests/1"};

	for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
		guarded_send(g, "GET", uris[i], authorization);
		if (g->cgi->status != 401 || !challenge_of(g, 0) ||
		        !strstr(challenge_of(g, 0), INVALID))
			fail_msg("%s at %s: %d %s", why, uris[i], g->cgi->status,
			        challenge_of(g, 0) ? challenge_of(g, 0) : "");
		assert_string_equal(g->cgi->code, "UNAUTHORIZED");
	}
}

static void expect_valid(struct guarded *g, const char *authorization)
{
	guarded_send(g, "GET", MINE, authorization);
	expect_status(g->cgi, 200);
}

static void damaged_tokens(void **state)
{
	struct guarded *g = *state;
	struct field good = token_for(g, "alice", "repository:alice/app:pull");
	size_t len = strlen(good.s);
	struct field bad;

	expect_valid(g, good.s);
	for (size_t cut = 1; cut < len - strlen("Bearer "); cut += 37) {
		bad = good;
		bad.s[len - cut] = '\0';
		expect_invalid(g, bad.s, "truncated");
	}
	for (size_t at = strlen("Bearer "); at < len; at += 41) {
		bad = good;
		bad.s[at] = bad.s[at] == 'A' ? 'B' : 'A';
		expect_invalid(g, bad.s, "changed");
	}
	expect_invalid(g, "Bearer x", "no token");
	expect_invalid(g, "Bearer ..", "three empty parts");
	expect_invalid(g, "bearer a.b.c", "no base64 of JSON");
	expect_valid(g, good.s);
}

static void oversized_tokens(void **state)
{
	struct guarded *g = *state;
	char *big = repeated("Bearer ", "abcdefgh", 8000);

	expect_invalid(g, big, "64 KB");
	free(big);
	big = repeated("Bearer eyJhbGciOiJIUzI1NiJ9.", "YWJj", 5000);
	expect_invalid(g, big, "a payload of 20 KB");
	free(big);
}

static void expired_and_early_tokens(void **state)
{
	static const struct {
		int ago;
		bool valid;
	} rows[] = {{0, true}, {290, true}, {400, false}, {86400, false}, {-30, true},
	        {-120, false}};
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct field t =
		        token_issued_at(g, "alice", "alice/app", now() - rows[i].ago);

		if (rows[i].valid)
			expect_valid(g, t.s);
		else
			expect_invalid(g, t.s, "out of its time");
	}
}

/* A payload that would do, were it rightly signed. */
static struct text payload(const char *issuer, const char *audience, int64_t expires)
{
	return text_of("{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"alice\",\"exp\":%lld,"
	               "\"access\":[{\"type\":\"repository\",\"name\":\"alice/app\","
	               "\"actions\":[\"pull\"]}]}",
	        issuer, audience, (long long)expires);
}

static struct field signed_with(const char *id, const void *secret, size_t len,
        const struct text *payload)
{
	struct buf out = BUF_INIT(8000);
	struct field f;

	buf_add_str(&out, "Bearer ");
	assert_int_equal(jwt_sign(id, secret, len, view_of(payload->s), &out), 0);
	assert_int_equal(view_copy(buf_view(&out), f.s, sizeof(f.s)), 0);
	buf_release(&out);
	return f;
}

static void forged_tokens_of_ours(void **state)
{
	struct guarded *g = *state;
	struct secrets s;
	struct secret right, wrong;
	struct err err = ERR_INIT;
	struct text good = payload("lighter", "lighter", now() + 100);
	struct text other = payload("lighter", "else.example", now() + 100);
	struct text issuer = payload("somebody", "lighter", now() + 100);
	struct text refresh = payload("lighter", "lighter/refresh", now() + 100);

	assert_int_equal(secrets_open(&s, g->cgi->fixture.store.root, now(), &err), 0);
	right = wrong = *secrets_newest(&s);
	secrets_close(&s);
	wrong.bytes[0] ^= 1;
	expect_valid(g, signed_with(right.id, right.bytes, SECRET_BYTES, &good).s);
	expect_invalid(g, signed_with(wrong.id, wrong.bytes, SECRET_BYTES, &good).s,
	        "another secret");
	expect_invalid(g, signed_with("0000000000000000", right.bytes, SECRET_BYTES,
	                          &good)
	                          .s,
	        "an unknown key id");
	expect_invalid(g, signed_with(right.id, right.bytes, SECRET_BYTES, &other).s,
	        "another audience");
	expect_invalid(g, signed_with(right.id, right.bytes, SECRET_BYTES, &issuer).s,
	        "another issuer");
	expect_invalid(g, signed_with(right.id, right.bytes, SECRET_BYTES, &refresh).s,
	        "a refresh token");
}

static struct field unsigned_token(const char *header, const struct text *payload)
{
	struct buf out = BUF_INIT(8000);
	struct field f;

	buf_add_str(&out, "Bearer ");
	signer_token(NULL, KEY_ES256, header, payload->s, &out);
	assert_int_equal(view_copy(buf_view(&out), f.s, sizeof(f.s)), 0);
	buf_release(&out);
	return f;
}

static void tokens_without_a_signature(void **state)
{
	static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"None\"}",
	        "{\"alg\":\"\"}", "{}", "{\"alg\":\"HS256\"}", "{\"alg\":\"ES256\"}",
	        "{\"alg\":\"none\",\"typ\":\"JWT\"}"};
	struct guarded *g = *state;
	struct text ours = payload("lighter", "lighter", now() + 100);
	struct text theirs = payload(GUARDED_ISSUER, GUARDED_AUDIENCE, now() + 100);

	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		expect_invalid(g, unsigned_token(headers[i], &ours).s, headers[i]);
		expect_invalid(g, unsigned_token(headers[i], &theirs).s, headers[i]);
	}
}

static void hmac_with_a_public_key(void **state)
{
	struct guarded *g = *state;
	struct text theirs = payload(GUARDED_ISSUER, GUARDED_AUDIENCE, now() + 100);
	struct buf pem = BUF_INIT(4096);

	signer_pem(g->issuer, &pem);
	expect_invalid(g, signed_with("", pem.ptr, pem.len, &theirs).s, "the public key");
	buf_release(&pem);
}

static void tokens_of_the_outside_issuer(void **state)
{
	static const struct {
		const char *issuer, *audience;
		int expires;
		bool valid;
	} rows[] = {
	        {GUARDED_ISSUER, GUARDED_AUDIENCE, 100, true},
	        {GUARDED_ISSUER, GUARDED_AUDIENCE, -30, true}, /* within the skew */
	        {GUARDED_ISSUER, GUARDED_AUDIENCE, -90, false},
	        {GUARDED_ISSUER, "lighter", 100, false},
	        {"lighter", GUARDED_AUDIENCE, 100, false},
	};
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct text claims =
		        text_of("\"iss\":\"%s\",\"aud\":\"%s\",\"exp\":%lld",
		                rows[i].issuer, rows[i].audience,
		                (long long)(now() + rows[i].expires));
		struct field t = outside_token(g, claims.s, "alice/app", "\"pull\"");

		if (rows[i].valid)
			expect_valid(g, t.s);
		else
			expect_invalid(g, t.s, "an outside token");
	}
}

static void an_outside_token_of_another_key(void **state)
{
	struct guarded *g = *state;
	EVP_PKEY *right = g->issuer, *other = signer_key(KEY_ES256);
	struct text claims = text_of("\"iss\":\"%s\",\"aud\":\"%s\",\"exp\":%lld",
	        GUARDED_ISSUER, GUARDED_AUDIENCE, (long long)now() + 100);

	g->issuer = other;
	expect_invalid(g, outside_token(g, claims.s, "alice/app", "\"pull\"").s,
	        "another key");
	g->issuer = right;
	EVP_PKEY_free(other);
}

static void a_token_outlives_a_rotation_of_the_secret(void **state)
{
	struct guarded *g = *state;
	struct field before = token_for(g, "alice", "repository:alice/app:pull");
	struct field after;
	struct err err = ERR_INIT;
	int root = g->cgi->fixture.store.root;

	assert_int_equal(secrets_rotate(root, now(), 86400, 1000, &err), 0);
	guarded_set(g, "basic", "on");
	after = token_for(g, "alice", "repository:alice/app:pull");
	expect_valid(g, before.s);
	expect_valid(g, after.s);
	/* A rotation for an emergency ends them all. */
	assert_int_equal(secrets_rotate(root, now(), 0, 1000, &err), 0);
	guarded_set(g, "basic", "on");
	expect_invalid(g, before.s, "of a secret that is gone");
	expect_invalid(g, after.s, "of a secret that is gone");
}

static void challenges(void **state)
{
	static const struct {
		const char *method, *uri, *scope;
	} rows[] = {
	        {"GET", "/v2/", ""},
	        {"GET", "/v2/_oci/ext/discover", ""},
	        {"GET", "/v2/_catalog", ",scope=\"registry:catalog:*\""},
	        {"GET", "/v2/a/b/manifests/1", ",scope=\"repository:a/b:pull\""},
	        {"HEAD", "/v2/a/b/manifests/1", ",scope=\"repository:a/b:pull\""},
	        {"GET", "/v2/a/tags/list", ",scope=\"repository:a:pull\""},
	        {"PUT", "/v2/a/b/manifests/1", ",scope=\"repository:a/b:pull,push\""},
	        {"POST", "/v2/a/blobs/uploads/", ",scope=\"repository:a:pull,push\""},
	        {"DELETE", "/v2/a/manifests/1", ",scope=\"repository:a:delete\""},
	};
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		guarded_send(g, rows[i].method, rows[i].uri, NULL);
		expect_status(g->cgi, 401);
		assert_string_equal(challenge_of(g, 0),
		        text_of("Bearer realm=\"" GUARDED_REALM
		                "\",service=\"" GUARDED_SERVICE "\"%s",
		                rows[i].scope)
		                .s);
		assert_string_equal(
		        challenge_of(g, 1), "Basic realm=\"" GUARDED_SERVICE "\"");
		assert_null(challenge_of(g, 2));
	}
}

static void a_token_of_too_little_scope(void **state)
{
	struct guarded *g = *state;
	struct field t = token_for(g, "alice", "repository:alice/app:pull");

	guarded_send(g, "POST", "/v2/alice/app/blobs/uploads/", t.s);
	expect_error(g->cgi, 401, "UNAUTHORIZED");
	assert_string_equal(challenge_of(g, 0),
	        "Bearer realm=\"" GUARDED_REALM "\",service=\"" GUARDED_SERVICE
	        "\",scope=\"repository:alice/app:pull,push\""
	        ",error=\"insufficient_scope\"");
}

static void the_realm_is_where_clients_find_us(void **state)
{
	struct guarded *g = *state;

	CGI_SEND(g->cgi, .method = "GET", .uri = "/v2/",
	        .fields = {"HTTP_HOST", "[::1]:81", "HTTPS", "on"});
	assert_string_equal(challenge_of(g, 0),
	        "Bearer realm=\"https://[::1]:81/v2/token\",service=\"lighter\"");
	guarded_set(g, "public-url", "https://hub.example:8443");
	guarded_send(g, "GET", "/v2/", NULL);
	assert_string_equal(challenge_of(g, 0),
	        "Bearer realm=\"https://hub.example:8443/v2/token\","
	        "service=\"hub.example:8443\"");
	guarded_set(g, "token-service", "the-hub");
	guarded_send(g, "GET", "/v2/", NULL);
	assert_string_equal(challenge_of(g, 0),
	        "Bearer realm=\"https://hub.example:8443/v2/token\",service=\"the-hub\"");
	/* No quote from outside gets into the field. */
	guarded_set(g, "public-url", "");
	CGI_SEND(g->cgi, .method = "GET", .uri = "/v2/",
	        .fields = {"HTTP_HOST", "a\",scope=\"b"});
	assert_string_equal(
	        challenge_of(g, 0), "Bearer realm=\"/v2/token\",service=\"the-hub\"");
}

static void without_basic(void **state)
{
	struct guarded *g = *state;
	struct field basic = basic_of("alice", GUARDED_PASSWORD);

	guarded_set(g, "basic", "off");
	guarded_send(g, "GET", MINE, NULL);
	expect_status(g->cgi, 401);
	assert_null(challenge_of(g, 1));
	guarded_send(g, "GET", MINE, basic.s);
	expect_error(g->cgi, 401, "UNAUTHORIZED");
	expect_valid(g, token_for(g, "alice", "repository:alice/app:pull").s);
}

static void other_schemes_and_broken_credentials(void **state)
{
	static const char *const fields[] = {"Basic", "Basic ", "Basic %%%", "Basic YQ==",
	        "Digest username=\"alice\"", "Negotiate abc", "nonsense", "a:b",
	        "Basic YWxpY2U6c2VjcmV0 x"};
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		guarded_send(g, "GET", MINE, fields[i]);
		if (g->cgi->status != 401 || !challenge_of(g, 0))
			fail_msg("%s: %d", fields[i], g->cgi->status);
	}
}

/* Asks for ever when it is told 401; what it can be told must not be said with it. */
static void ollama_with_a_key_that_is_not_known(void **state)
{
	struct guarded *g = *state;
	struct field t = token_for(g, NULL, "repository:alice/app:pull,push");

	CGI_SEND(g->cgi, .method = "POST", .uri = "/v2/alice/app/blobs/uploads/",
	        .fields = {"HTTP_HOST", GUARDED_HOST, "HTTP_USER_AGENT", "ollama/0.12.0",
	                "HTTP_AUTHORIZATION", t.s});
	expect_error(g->cgi, 403, "DENIED");
	assert_non_null(strstr(cgi_body(g->cgi), "id_ed25519.pub"));
	assert_null(strstr(cgi_body(g->cgi), "unauthorized"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        GUARDED_TEST(damaged_tokens),
	        GUARDED_TEST(oversized_tokens),
	        GUARDED_TEST(expired_and_early_tokens),
	        GUARDED_TEST(forged_tokens_of_ours),
	        GUARDED_TEST(tokens_without_a_signature),
	        GUARDED_TEST(hmac_with_a_public_key),
	        GUARDED_TEST(tokens_of_the_outside_issuer),
	        GUARDED_TEST(an_outside_token_of_another_key),
	        GUARDED_TEST(a_token_outlives_a_rotation_of_the_secret),
	        GUARDED_TEST(challenges),
	        GUARDED_TEST(a_token_of_too_little_scope),
	        GUARDED_TEST(the_realm_is_where_clients_find_us),
	        GUARDED_TEST(without_basic),
	        GUARDED_TEST(other_schemes_and_broken_credentials),
	        GUARDED_TEST(ollama_with_a_key_that_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
