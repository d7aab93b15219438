/* /v2/_lighter/ with auth = on: who may see and do what there. */
#include "support/guarded.h"

#include <string.h>

#define ADMIN "registry:admin:*"
#define USAGE "registry:usage:*"

/* Who asks. A scope makes it a token. */
struct caller {
	const char *user, *scope;
};

static const struct caller callers[] = {
        {NULL, NULL},
        {"alice", NULL},
        {"bob", NULL},
        {"dave", NULL},
        {"root", NULL},
        {"alice", ""},
        {"alice", USAGE},
        {"alice", ADMIN},
        {"root", ""},
        {"root", USAGE},
        {"root", ADMIN},
};

#define CALLERS (sizeof(callers) / sizeof(*callers))

static void send_as(struct guarded *g, const struct caller *who, const char *method,
        const char *path, const char *body)
{
	struct field c = {""};
	struct cgi_request q = {.method = method, .body = view_of(body)};
	struct text uri = text_of("/v2/_lighter/%s", path);

	if (who->scope)
		c = token_for(g, who->user, who->scope);
	else if (who->user)
		c = basic_of(who->user, GUARDED_PASSWORD);
	q.uri = uri.s;
	q.fields[0] = "HTTP_HOST";
	q.fields[1] = GUARDED_HOST;
	if (c.s[0]) {
		q.fields[2] = "HTTP_AUTHORIZATION";
		q.fields[3] = c.s;
	}
	cgi_send(g->cgi, &q);
}

static void who_may_do_what(void **state)
{
	/* clang-format off */
	static const struct {
		const char *method, *path;
		int status[CALLERS];
	} rows[] = {
	/*                                  -   alice  bob dave root | tokens of alice   | of root      */
	{"GET",    "usage",               {401, 200, 200, 200, 200,   401, 200, 401,       401, 200, 200}},
	{"GET",    "usage/alice",         {401, 200, 403, 403, 200,   401, 200, 401,       401, 200, 200}},
	{"GET",    "usage/none",          {401, 403, 403, 403, 404,   401, 403, 401,       401, 404, 404}},
	{"GET",    "quota/alice",         {401, 200, 403, 403, 200,   401, 200, 401,       401, 200, 200}},
	{"PUT",    "quota/alice",         {401, 403, 403, 403, 200,   403, 403, 403,       401, 401, 200}},
	{"DELETE", "quota/alice",         {401, 403, 403, 403, 200,   403, 403, 403,       401, 401, 200}},
	{"POST",   "recount",             {401, 403, 403, 403, 200,   403, 403, 403,       401, 401, 200}},
	{"POST",   "gc?dry-run=true",     {401, 403, 403, 403, 200,   403, 403, 403,       401, 401, 200}},
	{"POST",   "scrub",               {401, 403, 403, 403, 200,   403, 403, 403,       401, 401, 200}},
	{"POST",   "cleanup?dry-run=true", {401, 403, 403, 403, 200,   403, 403, 403,       401, 401, 200}},
	{"POST",   "recount/alice",       {401, 403, 403, 403, 200,   403, 403, 403,       401, 401, 200}},
	};
	/* clang-format on */
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t k = 0; k < CALLERS; k++) {
			send_as(g, &callers[k], rows[i].method, rows[i].path, "{}");
			if (g->cgi->status != rows[i].status[k])
				fail_msg("%s %s by %zu is %d, not %d", rows[i].method,
				        rows[i].path, k, g->cgi->status,
				        rows[i].status[k]);
			assert_int_equal(
			        g->cgi->status == 401, challenge_of(g, 0) != NULL);
		}
	}
}

/* Who may delete in it, and who administers it. */
static void who_may_remove_a_repository(void **state)
{
	static const struct {
		struct caller who;
		int status;
	} rows[] = {
	        {{NULL, NULL}, 401},
	        {{"bob", NULL}, 403},
	        {{"dave", NULL}, 403},
	        {{"alice", NULL}, 404},
	        {{"root", NULL}, 404},
	        {{"alice", ""}, 401},
	        {{"alice", "repository:alice/none:pull,push"}, 401},
	        {{"alice", "repository:alice/none:delete"}, 404},
	        {{"alice", "repository:alice/none:delete,admin"}, 404},
	        {{"alice", "repository:alice/app:delete"}, 401},
	        {{"bob", "repository:alice/none:delete"}, 403},
	        {{"root", ADMIN}, 401},
	        {{"root", "repository:alice/none:delete,admin"}, 404},
	};
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		send_as(g, &rows[i].who, "DELETE", "repositories/alice/none", "");
		if (g->cgi->status != rows[i].status)
			fail_msg("row %zu is %d", i, g->cgi->status);
		if (g->cgi->status == 401)
			assert_non_null(strstr(challenge_of(g, 0),
			        "scope=\"repository:alice/none:delete,admin\""));
	}
	send_as(g, &(struct caller){"alice", NULL}, "DELETE", "repositories/alice/app", "");
	expect_status(g->cgi, 200);
}

static void a_challenge_says_what_token_would_do(void **state)
{
	static const struct {
		const char *method, *path, *scope;
	} rows[] = {
	        {"GET", "usage", USAGE},
	        {"GET", "usage/alice", USAGE},
	        {"GET", "quota/alice", USAGE},
	        {"PUT", "quota/alice", ADMIN},
	        {"POST", "recount", ADMIN},
	};
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		send_as(g, &callers[0], rows[i].method, rows[i].path, "{}");
		expect_error(g->cgi, 401, "UNAUTHORIZED");
		assert_string_equal(challenge_of(g, 0),
		        text_of("Bearer realm=\"" GUARDED_REALM
		                "\",service=\"" GUARDED_SERVICE "\",scope=\"%s\"",
		                rows[i].scope)
		                .s);
		/* With what it asks for an administrator gets in. */
		send_as(g, &(struct caller){"root", rows[i].scope}, rows[i].method,
		        rows[i].path, "{}");
		expect_status(g->cgi, 200);
	}
}

static void everybody_sees_the_own_account(void **state)
{
	static const struct {
		struct caller who;
		bool alice, bob, open;
	} rows[] = {
	        {{"alice", NULL}, true, false, false},
	        {{"bob", USAGE}, false, true, false},
	        {{"dave", NULL}, false, false, false},
	        {{"root", NULL}, true, true, true},
	        {{"root", USAGE}, true, true, true},
	};
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *body;

		send_as(g, &rows[i].who, "GET", "usage", "");
		expect_status(g->cgi, 200);
		expect_header(g->cgi, "Cache-Control", "private");
		body = cgi_body(g->cgi);
		assert_int_equal(rows[i].alice, strstr(body, "\"alice\"") != NULL);
		assert_int_equal(rows[i].bob, strstr(body, "\"bob\"") != NULL);
		assert_int_equal(rows[i].open, strstr(body, "\"open\"") != NULL);
	}
}

/* Pages hold what the caller may see, however much lies between. */
static void pages_of_one_who_sees_little(void **state)
{
	struct guarded *g = *state;

	send_as(g, &(struct caller){"bob", NULL}, "GET", "usage?n=1", "");
	assert_non_null(strstr(cgi_body(g->cgi), "\"bob\""));
	expect_no_header(g->cgi, "Link");
	send_as(g, &(struct caller){"bob", NULL}, "GET", "usage?n=1&last=bob", "");
	expect_body(g->cgi, "{\"namespaces\":[]}");
}

static void an_outside_token_is_all_of_its_rights(void **state)
{
	static const struct {
		const char *scope;
		int status;
	} rows[] = {
	        {"usage", 401},
	        {"catalog", 401},
	        {"admin", 200},
	};
	struct guarded *g = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct field token = outside_registry_token(g, rows[i].scope);

		guarded_send(g, "GET", "/v2/_lighter/usage/alice", token.s);
		expect_status(g->cgi, rows[i].status);
		guarded_send(g, "DELETE", "/v2/_lighter/quota/alice", token.s);
		expect_status(g->cgi, rows[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        GUARDED_TEST(who_may_do_what),
	        GUARDED_TEST(who_may_remove_a_repository),
	        GUARDED_TEST(a_challenge_says_what_token_would_do),
	        GUARDED_TEST(everybody_sees_the_own_account),
	        GUARDED_TEST(pages_of_one_who_sees_little),
	        GUARDED_TEST(an_outside_token_is_all_of_its_rights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
