/*
 * What Ollama clients of every generation send when they pull a private model, and the
 * addresses that let them have its parts without a token.
 */
#include "service/blob_urls.h"
#include "support/guarded.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define GO "Go-http-client/1.1"
#define BLOBS "blobs.example:5001"
#define ORIGIN "http://" GUARDED_HOST

static const char weights[] = "GGUF and then the weights of a small model";

enum generation { L0, L1, L2, L2B, GENERATIONS };

static const char *const agents[GENERATIONS] = {
        "ollama/0.1.42 (amd64 linux) Go/go1.22.0",
        "ollama/0.3.9 (arm64 darwin) Go/go1.22.5",
        "ollama/0.5.13 (amd64 linux) Go/go1.24.0",
        "ollama/0.14.3 (amd64 windows) Go/go1.24.1",
};

#define TRANSFER "ollama-transfer/1.0"

/* A request with a User-Agent; authorization and range may be NULL. */
static void ask(struct guarded *g, const char *method, const char *host, const char *uri,
        const char *agent, const char *authorization, const char *range)
{
	struct cgi_request q = {
	        .method = method,
	        .uri = uri,
	        .fields = {"HTTP_HOST", host, "HTTP_USER_AGENT", agent},
	};
	size_t n = 4;

	if (authorization) {
		q.fields[n++] = "HTTP_AUTHORIZATION";
		q.fields[n++] = authorization;
	}
	if (range) {
		q.fields[n++] = "HTTP_RANGE";
		q.fields[n++] = range;
	}
	cgi_send(g->cgi, &q);
}

/* An absolute address, taken apart. */
struct url {
	char host[300];
	char path[1024];
};

static struct url url_of(const char *text)
{
	struct url u;
	const char *host = text + strlen("http://"), *path;

	assert_int_equal(strncmp(text, "http://", strlen("http://")), 0);
	path = strchr(host, '/');
	assert_non_null(path);
	snprintf(u.host, sizeof(u.host), "%.*s", (int)(path - host), host);
	snprintf(u.path, sizeof(u.path), "%s", path);
	return u;
}

/* What a client does next with an address: parts in any order, none with a token. */
static void take_parts(struct guarded *g, const char *agent, const char *authorization,
        const struct url *u)
{
	static const struct {
		size_t first, last;
	} parts[] = {{20, 41}, {0, 9}, {10, 19}, {13, 19}, {41, 41}};
	char got[sizeof(weights)] = "";

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		size_t len = parts[i].last - parts[i].first + 1;

		ask(g, "GET", u->host, u->path, agent, authorization,
		        text_of("bytes=%zu-%zu", parts[i].first, parts[i].last).s);
		expect_status(g->cgi, 206);
		expect_header(g->cgi, "Content-Range",
		        text_of("bytes %zu-%zu/42", parts[i].first, parts[i].last).s);
		expect_no_header(g->cgi, "Location");
		assert_int_equal(g->cgi->body.len, len);
		memcpy(got + parts[i].first, cgi_body(g->cgi), len);
	}
	assert_string_equal(got, weights);
}

/* A repository with the weights; its blob's path. */
static struct text prepare(struct guarded *g, const char *repo)
{
	struct auth *auth = g->cgi->auth;
	struct text d;

	g->cgi->auth = NULL;
	d = cgi_push_blob(g->cgi, repo, weights);
	g->cgi->auth = auth;
	return text_of("/v2/%s/blobs/%s", repo, d.s);
}

/* The pull of one blob, as far as the address of its parts. */
static struct url find_parts(struct guarded *g, enum generation n, const char *uri,
        const char *authorization, int status)
{
	ask(g, "HEAD", GUARDED_HOST, uri, agents[n], authorization, NULL);
	expect_status(g->cgi, 200);
	expect_header(g->cgi, "Content-Length", "42");
	expect_no_header(g->cgi, "Location");
	if (n == L0)
		return url_of(text_of(ORIGIN "%s", uri).s);
	ask(g, "GET", GUARDED_HOST, uri, agents[n], authorization, NULL);
	expect_status(g->cgi, status);
	assert_non_null(cgi_header(g->cgi, "Location"));
	expect_header(g->cgi, "Docker-Content-Digest", sha256_of(weights).s);
	if (status == 200)
		expect_body(g->cgi, weights);
	return url_of(cgi_header(g->cgi, "Location"));
}

static bool is_signed(const struct url *u)
{
	return strstr(u->path, "signature=") != NULL;
}

/* One host name: good for all but those that want a redirect. */
static void a_private_model_from_one_host(void **state)
{
	static const enum generation generations[] = {L0, L2, L2B};
	struct guarded *g = *state;
	struct text uri = prepare(g, "alice/app");
	struct field token = token_for(g, "alice", "repository:alice/app:pull");

	for (size_t i = 0; i < sizeof(generations) / sizeof(*generations); i++) {
		enum generation n = generations[i];
		struct url u = find_parts(g, n, uri.s, token.s, 200);

		assert_string_equal(u.host, GUARDED_HOST);
		assert_int_equal(is_signed(&u), n != L0);
		take_parts(g, n == L0 ? agents[n] : GO, n == L0 ? token.s : NULL, &u);
	}
}

/* A second host name: good for all. */
static void a_private_model_from_two_hosts(void **state)
{
	struct guarded *g = *state;
	struct text uri = prepare(g, "alice/app");
	struct field token;

	guarded_set(g, "blob-host", BLOBS);
	token = token_for(g, "alice", "repository:alice/app:pull");
	for (int n = L0; n < GENERATIONS; n++) {
		struct url u = find_parts(g, (enum generation)n, uri.s, token.s, 307);

		assert_string_equal(u.host, n == L0 ? GUARDED_HOST : BLOBS);
		assert_int_equal(is_signed(&u), n != L0);
		take_parts(g, n == L0 ? agents[n] : GO, n == L0 ? token.s : NULL, &u);
	}
	expect_header(g->cgi, "Cache-Control", "private, max-age=31536000, immutable");
}

/* It drops the token when it is sent to another host, and reads the whole. */
static void a_tensor(void **state)
{
	struct guarded *g = *state;
	struct text uri = prepare(g, "alice/app");
	struct field token;
	struct url u;

	guarded_set(g, "blob-host", BLOBS);
	token = token_for(g, "alice", "repository:alice/app:pull");
	ask(g, "GET", GUARDED_HOST, uri.s, TRANSFER, token.s, NULL);
	expect_status(g->cgi, 307);
	expect_header(g->cgi, "Cache-Control", "no-store");
	u = url_of(cgi_header(g->cgi, "Location"));
	ask(g, "GET", u.host, u.path, TRANSFER, NULL, NULL);
	expect_status(g->cgi, 200);
	expect_body(g->cgi, weights);
	ask(g, "GET", u.host, u.path, TRANSFER, NULL, "bytes=20-");
	expect_status(g->cgi, 206);
	expect_body(g->cgi, weights + 20);
}

/* Who may be anybody needs no signature. */
static void a_public_model(void **state)
{
	struct guarded *g = *state;
	struct text uri = prepare(g, "open/app");
	struct url u;

	for (int two = 0; two < 2; two++) {
		guarded_set(g, "blob-host", two ? BLOBS : "");
		u = find_parts(g, L2, uri.s, NULL, two ? 307 : 200);
		assert_string_equal(u.host, two ? BLOBS : GUARDED_HOST);
		assert_string_equal(u.path, uri.s);
		take_parts(g, GO, NULL, &u);
		/* There it is not sent on again. */
		ask(g, "GET", u.host, u.path, TRANSFER, NULL, NULL);
		expect_status(g->cgi, 200);
	}
}

static void without_logins(void **state)
{
	struct guarded *g = *state;
	struct text uri = prepare(g, "alice/app");
	struct url u;

	g->cgi->auth = NULL;
	u = find_parts(g, L2, uri.s, NULL, 200);
	assert_string_equal(u.path, uri.s);
	take_parts(g, GO, NULL, &u);
}

static void others_are_not_sent_elsewhere(void **state)
{
	struct guarded *g = *state;
	struct text uri = prepare(g, "alice/app");
	struct field token;

	guarded_set(g, "blob-host", BLOBS);
	token = token_for(g, "alice", "repository:alice/app:pull");
	ask(g, "GET", GUARDED_HOST, uri.s, "docker/27.0", token.s, NULL);
	expect_status(g->cgi, 200);
	expect_no_header(g->cgi, "Location");
	ask(g, "GET", GUARDED_HOST, uri.s, agents[L2], token.s, "bytes=0-3");
	expect_status(g->cgi, 206);
	expect_no_header(g->cgi, "Location");
}

/* For a web server that makes a redirect of Location. */
static void the_other_field(void **state)
{
	struct guarded *g = *state;
	struct text uri = prepare(g, "alice/app");
	struct field token;

	guarded_set(g, "blob-location", "x-blob-location");
	token = token_for(g, "alice", "repository:alice/app:pull");
	ask(g, "GET", GUARDED_HOST, uri.s, agents[L2], token.s, NULL);
	expect_status(g->cgi, 200);
	expect_no_header(g->cgi, "Location");
	assert_non_null(cgi_header(g->cgi, "X-Blob-Location"));
	guarded_set(g, "blob-host", BLOBS);
	token = token_for(g, "alice", "repository:alice/app:pull");
	ask(g, "GET", GUARDED_HOST, uri.s, agents[L2], token.s, NULL);
	expect_status(g->cgi, 307);
	assert_non_null(cgi_header(g->cgi, "Location"));
}

/* A signed address of a blob of alice's. */
static struct url signed_url(struct guarded *g, const char *uri)
{
	struct field token = token_for(g, "alice", "repository:alice/app:pull");

	ask(g, "GET", GUARDED_HOST, uri, agents[L2], token.s, NULL);
	expect_status(g->cgi, 200);
	return url_of(cgi_header(g->cgi, "Location"));
}

/* Whoever has an address cannot make it live longer. */
static void an_address_does_not_become_younger(void **state)
{
	struct guarded *g = *state;
	struct text uri = prepare(g, "alice/app");
	struct url u = signed_url(g, uri.s);

	guarded_set(g, "blob-host", BLOBS);
	ask(g, "GET", u.host, u.path, agents[L2], NULL, NULL);
	expect_status(g->cgi, 200);
	expect_header(g->cgi, "Location", text_of(ORIGIN "%s", u.path).s);
}

static struct text expired_url(struct guarded *g, const char *uri, int64_t age)
{
	struct repo_name name = {"alice/app"};
	struct buf query = BUF_INIT(512);
	struct err err = ERR_INIT;
	struct digest d;
	struct signed_url u;
	struct text out;

	assert_int_equal(digest_parse(view_of(sha256_of(weights).s), &d), DIGEST_OK);
	assert_int_equal(blob_urls_sign(g->auth.tokens, &name, &d,
	                         (int64_t)time(NULL) - age, &u, &err),
	        0);
	assert_int_equal(signed_url_add_query(&u, &query), 0);
	out = text_of("%s?%s", uri, buf_str(&query));
	buf_release(&query);
	return out;
}

static void expect_refused(struct guarded *g, const char *uri, const char *authorization)
{
	ask(g, "GET", GUARDED_HOST, uri, GO, authorization, "bytes=0-3");
	expect_error(g->cgi, 403, "DENIED");
	ask(g, "HEAD", GUARDED_HOST, uri, GO, authorization, NULL);
	expect_status(g->cgi, 403);
}

static void an_address_expires(void **state)
{
	struct guarded *g = *state;
	struct text uri = prepare(g, "alice/app");

	ask(g, "GET", GUARDED_HOST, expired_url(g, uri.s, 86000).s, GO, NULL, NULL);
	expect_status(g->cgi, 200);
	expect_refused(g, expired_url(g, uri.s, 86401).s, NULL);
}

/* The signature decides alone: not even a good token makes a bad one good. */
static void bad_addresses(void **state)
{
	struct guarded *g = *state;
	struct text uri = prepare(g, "alice/app"), theirs = prepare(g, "bob/app");
	struct url u = signed_url(g, uri.s);
	struct field token = token_for(g, "alice", "repository:alice/app:pull");
	const char *query = strchr(u.path, '?');
	size_t len = strlen(u.path);
	char changed[sizeof(u.path)];

	/* Any other character in it, the last but for the two bits that are zero. */
	for (size_t i = (size_t)(strstr(u.path, "expires=") - u.path); i < len; i++) {
		memcpy(changed, u.path, sizeof(changed));
		changed[i] = changed[i] == 'x' ? 'y' : 'x';
		ask(g, "GET", GUARDED_HOST, changed, GO, NULL, NULL);
		/* Without the word there is no signature, and then a token is wanted. */
		assert_int_equal(g->cgi->status,
		        strstr(changed, "&signature=") ? 403 : 401);
	}
	snprintf(changed, sizeof(changed), "%.*s", (int)len - 4, u.path);
	expect_refused(g, changed, NULL);
	expect_refused(g, text_of("%s?signature=", uri.s).s, token.s);
	expect_refused(g, text_of("%s?signature=x&expires=1&key=0", uri.s).s, token.s);
	/* Another repository, another blob, and what is nowhere. */
	expect_refused(g, text_of("%s%s", theirs.s, query).s, NULL);
	expect_refused(g, text_of("/v2/alice/app/blobs/%s%s", g->blob.s, query).s, NULL);
	expect_refused(g, text_of("/v2/no/body/blobs/%s%s", g->blob.s, query).s, NULL);
}

/* It is good for reading this blob and for nothing else. */
static void what_an_address_does_not_open(void **state)
{
	static const struct {
		const char *method, *path;
	} rows[] = {
	        {"DELETE", NULL},
	        {"GET", "/v2/alice/app/manifests/1"},
	        {"GET", "/v2/alice/app/tags/list"},
	        {"POST", "/v2/alice/app/blobs/uploads/"},
	        {"GET", "/v2/_catalog"},
	        {"GET", "/v2/"},
	};
	struct guarded *g = *state;
	struct text uri = prepare(g, "alice/app");
	struct url u = signed_url(g, uri.s);
	const char *query = strchr(u.path, '?');

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *path = rows[i].path ? rows[i].path : uri.s;

		ask(g, rows[i].method, GUARDED_HOST, text_of("%s%s", path, query).s, GO,
		        NULL, NULL);
		expect_error(g->cgi, 401, "UNAUTHORIZED");
	}
}

static void a_blob_that_is_gone(void **state)
{
	struct guarded *g = *state;
	struct text uri = prepare(g, "alice/app");
	struct url u = signed_url(g, uri.s);

	g->cgi->auth = NULL;
	cgi_delete(g->cgi, "%s", uri.s);
	expect_status(g->cgi, 202);
	g->cgi->auth = &g->auth;
	ask(g, "GET", u.host, u.path, GO, NULL, "bytes=0-3");
	expect_error(g->cgi, 404, "BLOB_UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        GUARDED_TEST(a_private_model_from_one_host),
	        GUARDED_TEST(a_private_model_from_two_hosts),
	        GUARDED_TEST(a_tensor),
	        GUARDED_TEST(a_public_model),
	        GUARDED_TEST(without_logins),
	        GUARDED_TEST(others_are_not_sent_elsewhere),
	        GUARDED_TEST(the_other_field),
	        GUARDED_TEST(an_address_does_not_become_younger),
	        GUARDED_TEST(an_address_expires),
	        GUARDED_TEST(bad_addresses),
	        GUARDED_TEST(what_an_address_does_not_open),
	        GUARDED_TEST(a_blob_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
