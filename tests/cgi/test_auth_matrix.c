/*
 * Who may do what: every kind of caller, every action, every kind of repository. And that
 * a repository which one may not see is not told from one that does not exist.
 */
#include "support/guarded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How a caller presents itself. */
enum how { BY_NOTHING, BY_PASSWORD, BY_TOKEN, BY_BARE_TOKEN, BY_SERVER, BY_OUTSIDE };
enum act { PULL, PUSH, DELETE };

#define KINDS 5 /* own, granted, public, private, unknown: seen from alice */

static const char *const kinds[KINDS] = {
        "alice/app", "team/app", "open/app", "bob/app", "bob/none"};
static const char *const words[] = {"pull", "push", "delete"};

struct row {
	enum how how;
	const char *user; /* NULL: nobody */
	enum act act;
	int status[KINDS];
};

/* clang-format off */
static const struct row rows[] = {
	/*                                  own  team open  bob unknown */
	{BY_NOTHING,    NULL,    PULL,   {401, 401, 200, 401, 401}},
	{BY_NOTHING,    NULL,    PUSH,   {401, 401, 401, 401, 401}},
	{BY_NOTHING,    NULL,    DELETE, {401, 401, 401, 401, 401}},
	{BY_TOKEN,      NULL,    PULL,   {401, 401, 200, 401, 401}},
	{BY_TOKEN,      NULL,    PUSH,   {401, 401, 401, 401, 401}},
	{BY_TOKEN,      NULL,    DELETE, {401, 401, 401, 401, 401}},
	{BY_PASSWORD,   "alice", PULL,   {200, 200, 200, 403, 403}},
	{BY_PASSWORD,   "alice", PUSH,   {202, 202, 403, 403, 403}},
	{BY_PASSWORD,   "alice", DELETE, {202, 403, 403, 403, 403}},
	{BY_TOKEN,      "alice", PULL,   {200, 200, 200, 403, 403}},
	{BY_TOKEN,      "alice", PUSH,   {202, 202, 403, 403, 403}},
	{BY_TOKEN,      "alice", DELETE, {202, 403, 403, 403, 403}},
	/* A token for the login alone: another one would help with what is hers. */
	{BY_BARE_TOKEN, "alice", PULL,   {401, 401, 200, 403, 403}},
	{BY_BARE_TOKEN, "alice", PUSH,   {401, 401, 403, 403, 403}},
	{BY_BARE_TOKEN, "alice", DELETE, {401, 403, 403, 403, 403}},
	{BY_SERVER,     "alice", PULL,   {200, 200, 200, 403, 403}},
	{BY_SERVER,     "alice", PUSH,   {202, 202, 403, 403, 403}},
	{BY_SERVER,     "alice", DELETE, {202, 403, 403, 403, 403}},
	{BY_PASSWORD,   "bob",   PULL,   {403, 403, 200, 200, 404}},
	{BY_PASSWORD,   "bob",   PUSH,   {403, 403, 403, 202, 202}},
	{BY_PASSWORD,   "bob",   DELETE, {403, 403, 403, 202, 404}},
	{BY_PASSWORD,   "dave",  PULL,   {200, 200, 200, 200, 404}},
	{BY_PASSWORD,   "dave",  PUSH,   {202, 202, 202, 202, 202}},
	{BY_PASSWORD,   "dave",  DELETE, {403, 403, 403, 403, 403}},
	{BY_TOKEN,      "dave",  PULL,   {200, 200, 200, 200, 404}},
	{BY_TOKEN,      "dave",  PUSH,   {202, 202, 202, 202, 202}},
	{BY_TOKEN,      "dave",  DELETE, {403, 403, 403, 403, 403}},
	/* To administer is not to pull. */
	{BY_PASSWORD,   "root",  PULL,   {403, 403, 200, 403, 403}},
	{BY_PASSWORD,   "root",  PUSH,   {403, 403, 403, 403, 403}},
	{BY_PASSWORD,   "root",  DELETE, {403, 403, 403, 403, 403}},
	/* Grants pull and push of the repository; there may be another token. */
	{BY_OUTSIDE,    "erin",  PULL,   {200, 200, 200, 200, 404}},
	{BY_OUTSIDE,    "erin",  PUSH,   {202, 202, 202, 202, 202}},
	{BY_OUTSIDE,    "erin",  DELETE, {401, 401, 401, 401, 401}},
};
/* clang-format on */

static struct field outside(struct guarded *g, const char *repo)
{
	struct text claims = text_of("\"iss\":\"%s\",\"aud\":\"%s\",\"exp\":%lld",
	        GUARDED_ISSUER, GUARDED_AUDIENCE, (long long)time(NULL) + 300);

	return outside_token(g, claims.s, repo, "\"pull\",\"push\"");
}

/* The credentials of a row for a repository; empty when there are none. */
static struct field credentials(struct guarded *g, const struct row *r, const char *repo)
{
	struct field none = {""};

	switch (r->how) {
	case BY_PASSWORD:
		return basic_of(r->user, GUARDED_PASSWORD);
	case BY_TOKEN:
		return token_for(g, r->user,
		        text_of("repository:%s:pull,push,delete", repo).s);
	case BY_BARE_TOKEN:
		return token_for(g, r->user, "");
	case BY_OUTSIDE:
		return outside(g, repo);
	default:
		return none;
	}
}

static void act_on(struct guarded *g, const struct row *r, const char *repo)
{
	struct field c = credentials(g, r, repo);
	struct cgi_request q = {.fields = {"HTTP_HOST", GUARDED_HOST}};
	struct text uri = text_of("/v2/%s/manifests/1", repo);
	size_t n = 2;

	if (r->act == PUSH)
		uri = text_of("/v2/%s/blobs/uploads/", repo);
	q.uri = uri.s;
	q.method = r->act == PULL ? "GET" : r->act == PUSH ? "POST" : "DELETE";
	if (c.s[0]) {
		q.fields[n++] = "HTTP_AUTHORIZATION";
		q.fields[n++] = c.s;
	}
	if (r->how == BY_SERVER) {
		q.fields[n++] = "REMOTE_USER";
		q.fields[n++] = r->user;
	}
	cgi_send(g->cgi, &q);
}

static void expect_code(struct guarded *g)
{
	if (g->cgi->status == 401)
		assert_string_equal(g->cgi->code, "UNAUTHORIZED");
	if (g->cgi->status == 403)
		assert_string_equal(g->cgi->code, "DENIED");
	/* A challenge goes with 401 and with nothing else. */
	assert_int_equal(g->cgi->status == 401, challenge_of(g, 0) != NULL);
}

static void every_caller_and_every_repository(void **state)
{
	struct guarded *g = *state;

	guarded_set(g, "trust-remote-user", "on");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t k = 0; k < KINDS; k++) {
			const struct row *r = &rows[i];

			act_on(g, r, kinds[k]);
			if (g->cgi->status != r->status[k])
				fail_msg("row %zu: %s: %s %s is %d, not %d", i,
				        r->user ? r->user : "nobody", words[r->act],
				        kinds[k], g->cgi->status, r->status[k]);
			expect_code(g);
			if (r->act == DELETE && g->cgi->status == 202) {
				g->cgi->auth = NULL;
				cgi_push_image(g->cgi, kinds[k], "1",
				        image_json("guarded").s);
				g->cgi->auth = &g->auth;
			}
		}
	}
}

static void remote_user_counts_only_where_it_is_trusted(void **state)
{
	const struct row r = {BY_SERVER, "alice", PULL, {0}};
	struct guarded *g = *state;

	act_on(g, &r, "alice/app");
	expect_error(g->cgi, 401, "UNAUTHORIZED");
	guarded_set(g, "trust-remote-user", "on");
	act_on(g, &r, "alice/app");
	expect_status(g->cgi, 200);
}

/* All of the last reply with every name of a repository replaced. */
static char *reply_without(struct guarded *g, const char *name)
{
	struct buf all = BUF_INIT(1 << 20);
	char *text, *p;

	buf_add(&all, g->cgi->head.ptr, g->cgi->head.len);
	for (size_t i = 0; i < all.len; i++)
		if (all.ptr[i] == '\0')
			all.ptr[i] = '\n';
	buf_addf(&all, "\n%d\n%s", g->cgi->status, cgi_body(g->cgi));
	text = strdup(buf_str(&all));
	buf_release(&all);
	while ((p = strstr(text, name)))
		memset(p, '#', strlen(name));
	return text;
}

static const struct {
	const char *method, *path;
} requests[] = {
        {"GET", "manifests/1"},
        {"HEAD", "manifests/1"},
        {"GET", "manifests/nothing"},
        {"PUT", "manifests/1"},
        {"DELETE", "manifests/1"},
        {"GET", "tags/list"},
        {"GET", "_oci/ext/discover"},
        {"POST", "blobs/uploads/"},
        {"GET", "blobs/uploads/0123456789abcdef0123456789abcdef"},
        {"PUT", "blobs/uploads/0123456789abcdef0123456789abcdef"},
        {"PATCH", "blobs/uploads/0123456789abcdef0123456789abcdef"},
        {"DELETE", "blobs/uploads/0123456789abcdef0123456789abcdef"},
};

static void expect_same(struct guarded *g, const char *method, const char *path,
        const char *authorization)
{
	char *there, *not_there;

	guarded_send(g, method, text_of("/v2/bob/app/%s", path).s, authorization);
	there = reply_without(g, "bob/app");
	guarded_send(g, method, text_of("/v2/bob/nix/%s", path).s, authorization);
	not_there = reply_without(g, "bob/nix");
	if (strcmp(there, not_there) != 0)
		fail_msg("%s %s: %s\nand\n%s", method, path, there, not_there);
	free(there);
	free(not_there);
}

static void a_private_repository_is_as_one_that_is_not_there(void **state)
{
	struct guarded *g = *state;
	struct field who[5];
	struct text digest;

	who[0].s[0] = '\0';
	who[1] = basic_of("alice", GUARDED_PASSWORD);
	who[2] = token_for(g, "alice", "repository:alice/app:pull,push");
	who[3] = token_for(g, NULL, "repository:open/app:pull");
	who[4] = basic_of("root", GUARDED_PASSWORD);
	for (size_t i = 0; i < sizeof(who) / sizeof(*who); i++) {
		const char *a = who[i].s[0] ? who[i].s : NULL;

		for (size_t k = 0; k < sizeof(requests) / sizeof(*requests); k++)
			expect_same(g, requests[k].method, requests[k].path, a);
		digest = text_of("blobs/%s", g->blob.s);
		expect_same(g, "GET", digest.s, a);
		expect_same(g, "HEAD", digest.s, a);
		expect_same(g, "DELETE", digest.s, a);
		digest = text_of("manifests/%s", g->digest.s);
		expect_same(g, "GET", digest.s, a);
		digest = text_of("referrers/%s", g->digest.s);
		expect_same(g, "GET", digest.s, a);
	}
}

static void an_edit_of_the_rules_counts(void **state)
{
	struct guarded *g = *state;
	struct field token = token_for(g, "alice", "repository:team/app:pull");

	guarded_send(g, "GET", "/v2/team/app/tags/list", token.s);
	expect_status(g->cgi, 200);
	scratch_write(&g->files, "rules", "bob ** pull\n");
	/* The file is looked at once a second. */
	for (int i = 0; i < 100 && g->cgi->status == 200; i++) {
		nanosleep(&(struct timespec){0, 50000000}, NULL);
		guarded_send(g, "GET", "/v2/team/app/tags/list", token.s);
	}
	expect_error(g->cgi, 403, "DENIED");
}

static void with_auth_off_credentials_are_ignored(void **state)
{
	static const char *const any[] = {"Basic %%%", "Bearer x.y.z", "Nonsense", ""};
	struct guarded *g = *state;

	guarded_set(g, "auth", "off");
	for (size_t i = 0; i < sizeof(any) / sizeof(*any); i++) {
		guarded_send(g, "GET", "/v2/", any[i]);
		expect_status(g->cgi, 200);
		guarded_send(g, "GET", "/v2/bob/app/manifests/1", any[i]);
		expect_status(g->cgi, 200);
	}
	guarded_send(g, "GET", "/v2/token", NULL);
	expect_status(g->cgi, 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        GUARDED_TEST(every_caller_and_every_repository),
	        GUARDED_TEST(remote_user_counts_only_where_it_is_trusted),
	        GUARDED_TEST(a_private_repository_is_as_one_that_is_not_there),
	        GUARDED_TEST(an_edit_of_the_rules_counts),
	        GUARDED_TEST(with_auth_off_credentials_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
