/*
 * What of the content a caller gets at: upload sessions, mounts, the catalog; and for
 * whom a cache may keep it.
 */
#include "support/guarded.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SCOPE "repository:alice/app:pull,push"

static void send(struct guarded *g, const char *method, const char *uri,
        const char *authorization, const char *body)
{
	struct cgi_request q = {
	        .method = method,
	        .uri = uri,
	        .fields = {"HTTP_HOST", GUARDED_HOST},
	        .body = view_of(body),
	};

	if (authorization) {
		q.fields[2] = "HTTP_AUTHORIZATION";
		q.fields[3] = authorization;
	}
	cgi_send(g->cgi, &q);
}

/* Opens a session of alice's with a token; its URI. */
static struct text open_session(struct guarded *g)
{
	guarded_send(g, "POST", "/v2/alice/app/blobs/uploads/",
	        token_for(g, "alice", SCOPE).s);
	expect_status(g->cgi, 202);
	return text_of("%s", cgi_header(g->cgi, "Location"));
}

static void a_session_outlives_its_token(void **state)
{
	struct guarded *g = *state;
	struct text session = open_session(g);
	struct field expired = token_issued_at(
	        g, "alice", "alice/app", (int64_t)time(NULL) - 4000);

	send(g, "PATCH", session.s, expired.s, "one ");
	expect_status(g->cgi, 202);
	guarded_send(g, "GET", session.s, expired.s);
	expect_status(g->cgi, 204);
	expect_header(g->cgi, "Range", "0-3");
	send(g, "PATCH", session.s, NULL, "two ");
	expect_status(g->cgi, 202);
	send(g, "PUT", text_of("%s?digest=%s", session.s, sha256_of("one two three").s).s,
	        NULL, "three");
	expect_status(g->cgi, 201);
	/* A manifest is refused: only what was begun goes on. */
	send(g, "PUT", "/v2/alice/app/manifests/2", expired.s, image_json("new").s);
	expect_status(g->cgi, 401);
}

static void a_session_is_cancelled_by_its_id(void **state)
{
	struct guarded *g = *state;
	struct text session = open_session(g);

	guarded_send(g, "DELETE", session.s, NULL);
	expect_status(g->cgi, 204);
	guarded_send(g, "GET", session.s, NULL);
	expect_error(g->cgi, 404, "BLOB_UPLOAD_UNKNOWN");
}

static void a_session_is_bound_to_user_and_repository(void **state)
{
	struct guarded *g = *state;
	struct text session = open_session(g);
	struct field alice = basic_of("alice", GUARDED_PASSWORD);
	struct field dave = basic_of("dave", GUARDED_PASSWORD);
	struct field token = token_for(g, "dave", SCOPE);
	struct text elsewhere = text_of("/v2/alice/other%s", strstr(session.s, "/blobs/"));

	/* dave may push to any repository, but this session is not his. */
	send(g, "PATCH", session.s, dave.s, "x");
	expect_error(g->cgi, 404, "BLOB_UPLOAD_UNKNOWN");
	send(g, "PATCH", session.s, token.s, "x");
	expect_error(g->cgi, 404, "BLOB_UPLOAD_UNKNOWN");
	guarded_send(g, "DELETE", session.s, dave.s);
	expect_error(g->cgi, 404, "BLOB_UPLOAD_UNKNOWN");
	send(g, "PATCH", elsewhere.s, alice.s, "x");
	expect_error(g->cgi, 404, "BLOB_UPLOAD_UNKNOWN");
	send(g, "PATCH", elsewhere.s, NULL, "x");
	expect_error(g->cgi, 404, "BLOB_UPLOAD_UNKNOWN");
	/* A wrong password is wrong here as well. */
	send(g, "PATCH", session.s, basic_of("alice", "wrong").s, "x");
	expect_error(g->cgi, 401, "UNAUTHORIZED");
	send(g, "PATCH", session.s, alice.s, "x");
	expect_status(g->cgi, 202);
}

static void mount(struct guarded *g, const char *from, const char *authorization)
{
	struct text uri = text_of("/v2/alice/new/blobs/uploads/?mount=%s%s%s", g->blob.s,
	        from ? "&from=" : "", from ? from : "");

	guarded_send(g, "POST", uri.s, authorization);
}

static void mounts(void **state)
{
	static const struct {
		const char *from;
		int status; /* 201 mounted, 202 a session instead */
	} rows[] = {
	        {"team/app", 201},
	        {"open/app", 201},
	        {"bob/app", 202},
	        {"bob/none", 202},
	        {"Not%20a%20name", 202},
	};
	struct guarded *g = *state;
	struct field alice = basic_of("alice", GUARDED_PASSWORD);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		mount(g, rows[i].from, alice.s);
		if (g->cgi->status != rows[i].status)
			fail_msg("from %s: %d", rows[i].from, g->cgi->status);
		if (g->cgi->status != 201)
			continue;
		guarded_send(g, "DELETE",
		        text_of("/v2/alice/new/blobs/%s", g->blob.s).s, alice.s);
		expect_status(g->cgi, 202);
	}
}

static void a_mount_with_a_token_needs_both_scopes(void **state)
{
	struct guarded *g = *state;
	struct field one = token_for(g, "alice", "repository:alice/new:pull,push");
	struct field both = token_for(g, "alice",
	        "repository:alice/new:pull,push+repository:team/app:pull");

	mount(g, "team/app", one.s);
	expect_error(g->cgi, 401, "UNAUTHORIZED");
	assert_string_equal(challenge_of(g, 0),
	        "Bearer realm=\"" GUARDED_REALM "\",service=\"" GUARDED_SERVICE
	        "\",scope=\"repository:alice/new:pull,push repository:team/app:pull\""
	        ",error=\"insufficient_scope\"");
	/* Where no token would do, the client is to upload. */
	mount(g, "bob/app", one.s);
	expect_status(g->cgi, 202);
	/* What is public needs none. */
	mount(g, "open/app", one.s);
	expect_status(g->cgi, 201);
	guarded_send(g, "DELETE", text_of("/v2/alice/new/blobs/%s", g->blob.s).s,
	        basic_of("alice", GUARDED_PASSWORD).s);
	mount(g, "team/app", both.s);
	expect_status(g->cgi, 201);
}

static void a_mount_from_anywhere(void **state)
{
	struct guarded *g = *state;
	struct field alice = basic_of("alice", GUARDED_PASSWORD);
	struct text secret;

	mount(g, NULL, alice.s);
	expect_status(g->cgi, 201);
	/* What only bob has is not there for alice; he need not have a manifest of it. */
	g->cgi->auth = NULL;
	secret = cgi_push_blob(g->cgi, "bob/only/blobs", "a secret");
	g->cgi->auth = &g->auth;
	g->blob = secret;
	mount(g, NULL, alice.s);
	expect_status(g->cgi, 202);
	guarded_send(g, "POST",
	        text_of("/v2/bob/new/blobs/uploads/?mount=%s", secret.s).s,
	        basic_of("bob", GUARDED_PASSWORD).s);
	expect_status(g->cgi, 201);
}

static void the_catalog_of_each(void **state)
{
	static const struct {
		const char *user, *names;
	} rows[] = {
	        {"alice", "\"alice/app\",\"open/app\",\"team/app\""},
	        {"bob", "\"bob/app\",\"open/app\""},
	        {"dave", "\"alice/app\",\"bob/app\",\"open/app\",\"team/app\""},
	        {"root", "\"open/app\""},
	        {NULL, "\"open/app\""},
	};
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct text wanted = text_of("{\"repositories\":[%s]}", rows[i].names);

		guarded_send(g, "GET", "/v2/_catalog",
		        token_for(g, rows[i].user, "registry:catalog:*").s);
		expect_body(g->cgi, wanted.s);
		expect_header(g->cgi, "Cache-Control", "private");
		if (!rows[i].user)
			continue;
		guarded_send(g, "GET", "/v2/_catalog",
		        basic_of(rows[i].user, GUARDED_PASSWORD).s);
		expect_body(g->cgi, wanted.s);
	}
	guarded_send(g, "GET", "/v2/_catalog", NULL);
	expect_status(g->cgi, 401);
	/* Pages count what is shown. */
	guarded_send(g, "GET", "/v2/_catalog?n=1&last=alice/app",
	        basic_of("alice", GUARDED_PASSWORD).s);
	expect_body(g->cgi, "{\"repositories\":[\"open/app\"]}");
	expect_header(g->cgi, "Link", "</v2/_catalog?n=1&last=open%2Fapp>; rel=\"next\"");
}

static void for_whom_a_cache_may_keep_it(void **state)
{
	struct guarded *g = *state;
	struct field alice = basic_of("alice", GUARDED_PASSWORD);

	guarded_send(
	        g, "GET", text_of("/v2/alice/app/blobs/%s", g->blob.s).s, alice.s);
	expect_header(g->cgi, "Cache-Control", "private, max-age=31536000, immutable");
	guarded_send(g, "GET", text_of("/v2/open/app/blobs/%s", g->blob.s).s, alice.s);
	expect_header(g->cgi, "Cache-Control", "max-age=31536000, immutable");
	CGI_SEND(g->cgi, .method = "GET",
	        .uri = text_of("/v2/alice/app/blobs/%s", g->blob.s).s,
	        .fields = {"HTTP_AUTHORIZATION", alice.s, "HTTP_IF_NONE_MATCH", "*"});
	expect_status(g->cgi, 304);
	expect_header(g->cgi, "Cache-Control", "private, max-age=31536000, immutable");
	guarded_send(g, "GET", "/v2/alice/app/manifests/1", alice.s);
	expect_header(g->cgi, "Cache-Control", "private");
	guarded_send(g, "GET", "/v2/alice/app/tags/list", alice.s);
	expect_header(g->cgi, "Cache-Control", "private");
	guarded_send(g, "GET", "/v2/open/app/manifests/1", NULL);
	expect_no_header(g->cgi, "Cache-Control");
	guarded_send(g, "GET", "/v2/alice/app/manifests/1", NULL);
	expect_header(g->cgi, "Cache-Control", "no-store");
}

/* crypt(3) once; afterwards the password is remembered, and only that one. */
static void a_password_is_remembered(void **state)
{
	struct guarded *g = *state;
	struct field right = basic_of("alice", GUARDED_PASSWORD);

	for (int i = 0; i < 200; i++) {
		guarded_send(g, "HEAD", "/v2/alice/app/manifests/1", right.s);
		expect_status(g->cgi, 200);
	}
	guarded_send(g, "HEAD", "/v2/alice/app/manifests/1",
	        basic_of("alice", GUARDED_PASSWORD "x").s);
	expect_status(g->cgi, 401);
	guarded_send(g, "HEAD", "/v2/alice/app/manifests/1",
	        basic_of("bob", GUARDED_PASSWORD).s);
	expect_status(g->cgi, 403);
	/* A new password counts at once. */
	guarded_write(g, "users",
	        "alice:$5$rounds=1000$abcdefgh$"
	        "0000000000000000000000000000000000000000000\n");
	guarded_send(g, "HEAD", "/v2/alice/app/manifests/1", right.s);
	expect_status(g->cgi, 401);
}

static void health_asks_nobody(void **state)
{
	struct guarded *g = *state;

	guarded_send(g, "GET", "/v2/_lighter/health", NULL);
	expect_status(g->cgi, 200);
	guarded_send(g, "GET", "/v2/_lighter/health", "Bearer x");
	expect_status(g->cgi, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        GUARDED_TEST(a_session_outlives_its_token),
	        GUARDED_TEST(a_session_is_cancelled_by_its_id),
	        GUARDED_TEST(a_session_is_bound_to_user_and_repository),
	        GUARDED_TEST(mounts),
	        GUARDED_TEST(a_mount_with_a_token_needs_both_scopes),
	        GUARDED_TEST(a_mount_from_anywhere),
	        GUARDED_TEST(the_catalog_of_each),
	        GUARDED_TEST(for_whom_a_cache_may_keep_it),
	        GUARDED_TEST(a_password_is_remembered),
	        GUARDED_TEST(health_asks_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
