/*
 * Ollama clients at a registry with logins: the address that they are sent to for a token
 * is that which they used, and what they repeat tells nobody what is not theirs.
 */
#include "support/guarded.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define AGENT "ollama/0.14.3 (amd64 linux) Go/go1.24.1"
/* What they sign in place of a digest of the body, which is empty. */
#define EMPTY_BODY \
	"ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ=="

static void ask(struct guarded *g, const char *method, const char *host, const char *uri,
        const char *authorization, const char *body)
{
	struct cgi_request q = {
	        .method = method,
	        .uri = uri,
	        .body = view_of(body),
	        .fields = {"HTTP_HOST", host, "HTTP_USER_AGENT", AGENT},
	};

	if (authorization) {
		q.fields[4] = "HTTP_AUTHORIZATION";
		q.fields[5] = authorization;
	}
	cgi_send(g->cgi, &q);
}

static void send(struct guarded *g, const char *method, const char *uri,
        const char *authorization, const char *body)
{
	ask(g, method, GUARDED_HOST, uri, authorization, body);
}

/* A value of the challenge, found as the client does: up to '",' or the end. */
static struct text challenge_value(struct guarded *g, const char *name)
{
	struct text key = text_of("%s=\"", name);
	const char *field = challenge_of(g, 0), *from, *end;

	assert_non_null(field);
	from = strstr(field, key.s);
	assert_non_null(from);
	from += strlen(key.s);
	end = strstr(from, "\",");
	if (!end)
		end = field + strlen(field) - 1;
	return text_of("%.*s", (int)(end - from), from);
}

/* Carol's token for what the last answer wants; "Bearer …". */
static struct field follow_challenge(struct guarded *g, const char *nonce)
{
	struct text realm = challenge_value(g, "realm");
	struct text query = text_of(
	        "nonce=%s&scope=repository%%3Acarol%%2Fsmol%%3Apull%%2Cpush&service=%s"
	        "&ts=%lld",
	        nonce, challenge_value(g, "service").s, (long long)time(NULL));
	struct field signature = signature_of(g->key,
	        text_of("GET,%s?%s,%s", realm.s, query.s, EMPTY_BODY).s);
	const char *host = strstr(realm.s, "://") + 3, *path = strchr(host, '/');
	struct field token, out;

	ask(g, "GET", text_of("%.*s", (int)(path - host), host).s,
	        text_of("%s?%s", path, query.s).s, signature.s, "");
	expect_status(g->cgi, 200);
	token = member(g, "token");
	snprintf(out.s, sizeof(out.s), "Bearer %.8000s", token.s);
	return out;
}

static void the_realm_is_the_host_that_was_used(void **state)
{
	static const struct {
		const char *url, *host, *realm;
	} rows[] = {
	        {"", "reg.example:5000", "http://reg.example:5000/v2/token"},
	        {"", "reg.example", "http://reg.example/v2/token"},
	        {"", "127.0.0.1:11500", "http://127.0.0.1:11500/v2/token"},
	        {"", "[::1]:5000", "http://[::1]:5000/v2/token"},
	        {"https://reg.example", "reg.example", "https://reg.example/v2/token"},
	        {"https://reg.example", "reg.example:443",
	                "https://reg.example:443/v2/token"},
	        {"https://reg.example:5000", "REG.example:5000",
	                "https://REG.example:5000/v2/token"},
	};
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct field token;

		guarded_set(g, "public-url", rows[i].url);
		ask(g, "POST", rows[i].host, "/v2/carol/smol/blobs/uploads/", NULL, "");
		expect_error(g->cgi, 401, "UNAUTHORIZED");
		assert_string_equal(challenge_value(g, "realm").s, rows[i].realm);
		assert_string_equal(challenge_value(g, "scope").s,
		        "repository:carol/smol:pull,push");
		token = follow_challenge(g, text_of("realm%zu", i).s);
		ask(g, "POST", rows[i].host, "/v2/carol/smol/blobs/uploads/", token.s,
		        "");
		expect_status(g->cgi, 202);
	}
}

static struct text commit_of(const char *session, const char *bytes)
{
	return text_of("%s?digest=sha256%%3A%s&etag=x-1", session,
	        sha256_of(bytes).s + 7);
}

static struct text open_session(struct guarded *g, const char *repo, const char *token)
{
	const char *location;

	send(g, "POST", text_of("/v2/%s/blobs/uploads/", repo).s, token, "");
	expect_status(g->cgi, 202);
	location = cgi_header(g->cgi, "Location");
	return text_of("%s", strstr(location, "/v2/"));
}

static void a_push_with_a_key(void **state)
{
	struct guarded *g = *state;
	struct field token;
	struct text s, end;

	send(g, "HEAD", text_of("/v2/carol/smol/blobs/%s", sha256_of("x").s).s, NULL, "");
	expect_status(g->cgi, 401);
	token = follow_challenge(g, "n1");
	s = open_session(g, "carol/smol", token.s);
	end = commit_of(s.s, "x");
	/* The token may run out meanwhile: the session is enough. */
	send(g, "PATCH", s.s, NULL, "x");
	expect_status(g->cgi, 202);
	send(g, "PUT", end.s, token.s, "");
	expect_status(g->cgi, 201);
	send(g, "PUT", end.s, token.s, "");
	expect_status(g->cgi, 201);
	/* When the session is gone its id is worth nothing: a token would help. */
	send(g, "PUT", end.s, NULL, "");
	expect_error(g->cgi, 401, "UNAUTHORIZED");
	send(g, "PUT", end.s, follow_challenge(g, "n2").s, "");
	expect_status(g->cgi, 201);
}

/* Whether a blob is in a repository that is not theirs. */
static void a_commit_tells_strangers_nothing(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef";
	struct guarded *g = *state;
	struct field alice = token_for(g, "alice", "repository:bob/app:pull,push");
	const char *const blobs[] = {"a blob", "no blob"};

	for (size_t i = 0; i < sizeof(blobs) / sizeof(*blobs); i++) {
		struct text session = text_of("/v2/bob/app/blobs/uploads/%s", id);
		struct text end = commit_of(session.s, blobs[i]);

		send(g, "PUT", end.s, NULL, "");
		expect_error(g->cgi, 401, "UNAUTHORIZED");
		send(g, "PUT", end.s, alice.s, "");
		expect_error(g->cgi, 403, "DENIED");
	}
}

/* Who may only push learns it neither from an end nor from an announcement. */
static void who_may_not_pull_learns_nothing(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef";
	struct guarded *g = *state;
	struct text session = text_of("/v2/bob/app/blobs/uploads/%s", id);
	struct field basic = basic_of("alice", GUARDED_PASSWORD);

	guarded_write(g, "rules", "alice bob/** push\n");
	guarded_set(g, "auth", "on");
	send(g, "PUT", commit_of(session.s, "a blob").s, basic.s, "");
	expect_error(g->cgi, 404, "BLOB_UPLOAD_UNKNOWN");
	send(g, "POST", text_of("/v2/bob/app/blobs/uploads/?digest=%s", g->blob.s).s,
	        basic.s, "");
	expect_status(g->cgi, 202);
	guarded_write(g, "rules", "alice bob/** pull,push\n");
	guarded_set(g, "auth", "on");
	send(g, "PUT", commit_of(session.s, "a blob").s, basic.s, "");
	expect_status(g->cgi, 201);
	send(g, "POST", text_of("/v2/bob/app/blobs/uploads/?digest=%s", g->blob.s).s,
	        basic.s, "");
	expect_status(g->cgi, 201);
}

/* A from= that is not the caller's costs at most one more token. */
static void a_from_of_somebody_else(void **state)
{
	struct guarded *g = *state;
	struct field token = token_for(g, "alice", "repository:alice/new:pull,push");
	struct text query = text_of("mount=%s&from=", g->blob.s);
	const char *const from[] = {"bob%2Fapp", "library%2Fa+file.gguf", "open%2Fnone"};

	for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++) {
		send(g, "POST",
		        text_of("/v2/alice/new/blobs/uploads/?%s%s", query.s, from[i]).s,
		        token.s, "");
		expect_status(g->cgi, 202);
	}
	send(g, "POST", text_of("/v2/alice/new/blobs/uploads/?%steam%%2Fapp", query.s).s,
	        token.s, "");
	expect_error(g->cgi, 401, "UNAUTHORIZED");
	assert_string_equal(challenge_value(g, "scope").s,
	        "repository:alice/new:pull,push repository:team/app:pull");
	token = token_for(g, "alice",
	        "repository:alice/new:pull,push&scope=repository:team/app:pull");
	send(g, "POST", text_of("/v2/alice/new/blobs/uploads/?%steam%%2Fapp", query.s).s,
	        token.s, "");
	expect_status(g->cgi, 201);
}

/* What clients ask before a push to registry.ollama.ai. */
static void who_a_key_is(void **state)
{
	struct guarded *g = *state;
	struct text uri = text_of("/api/me?ts=%lld", (long long)time(NULL));
	struct field signature = signature_of(g->key, text_of("POST,%s", uri.s).s);

	CGI_SEND(g->cgi, .method = "POST", .uri = uri.s,
	        .fields = {"HTTP_HOST", GUARDED_HOST, "HTTP_AUTHORIZATION", signature.s});
	expect_status(g->cgi, 200);
	expect_body(g->cgi, "{\"name\":\"carol\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        GUARDED_TEST(the_realm_is_the_host_that_was_used),
	        GUARDED_TEST(a_push_with_a_key),
	        GUARDED_TEST(a_commit_tells_strangers_nothing),
	        GUARDED_TEST(who_may_not_pull_learns_nothing),
	        GUARDED_TEST(a_from_of_somebody_else),
	        GUARDED_TEST(who_a_key_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
