/* /v2/_catalog: the repositories that hold a manifest. */
#include "support/cgi.h"

#include "format/media.h"

#include <string.h>

#define EMPTY_INDEX "{\"schemaVersion\":2,\"manifests\":[]}"

static void push_to(struct cgi *c, const char *repo)
{
	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/%s/manifests/t", repo);
	expect_status(c, 201);
}

static void push_all(struct cgi *c)
{
	/* '-' and '.' sort before '/': a walk by directories would come out in another
	 * order. */
	static const char *const names[] = {
	        "b", "a/b", "a", "a-x", "a.x/y", "a/b/c", "a0", "a_x"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		push_to(c, names[i]);
}

static void an_empty_registry(void **state)
{
	struct cgi *c = *state;

	cgi_get(c, "/v2/_catalog");
	expect_status(c, 200);
	expect_header(c, "Content-Type", "application/json");
	expect_body(c, "{\"repositories\":[]}");
	expect_no_header(c, "Link");
}

static void only_repositories_with_a_manifest(void **state)
{
	struct cgi *c = *state;

	cgi_push_blob(c, "only/blobs", "x");
	cgi_open_session(c, "only/a-session");
	push_to(c, "with/one");
	cgi_get(c, "/v2/_catalog");
	expect_body(c, "{\"repositories\":[\"with/one\"]}");
}

static void pages(void **state)
{
	static const struct {
		const char *query;
		const char *names;
		const char *link;
	} rows[] = {
	        {"", "\"a\",\"a-x\",\"a.x/y\",\"a/b\",\"a/b/c\",\"a0\",\"a_x\",\"b\"",
	                NULL},
	        {"?n=2", "\"a\",\"a-x\"", "n=2&last=a-x"},
	        {"?n=2&last=a-x", "\"a.x/y\",\"a/b\"", "n=2&last=a%2Fb"},
	        {"?n=2&last=a/b", "\"a/b/c\",\"a0\"", "n=2&last=a0"},
	        {"?n=2&last=a%2Fb", "\"a/b/c\",\"a0\"", "n=2&last=a0"},
	        {"?n=2&last=a0", "\"a_x\",\"b\"", NULL},
	        {"?n=8", "\"a\",\"a-x\",\"a.x/y\",\"a/b\",\"a/b/c\",\"a0\",\"a_x\",\"b\"",
	                NULL},
	        {"?n=0", "", NULL},
	        {"?last=b", "", NULL},
	        {"?last=a/aaa", "\"a/b\",\"a/b/c\",\"a0\",\"a_x\",\"b\"", NULL},
	        {"?last=a.x", "\"a.x/y\",\"a/b\",\"a/b/c\",\"a0\",\"a_x\",\"b\"", NULL},
	        {"?last=a/b/", "\"a/b/c\",\"a0\",\"a_x\",\"b\"", NULL},
	        {"?last=..",
	                "\"a\",\"a-x\",\"a.x/y\",\"a/b\",\"a/b/c\",\"a0\",\"a_x\",\"b\"",
	                NULL},
	};
	struct cgi *c = *state;

	push_all(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cgi_get(c, "/v2/_catalog%s", rows[i].query);
		expect_status(c, 200);
		expect_body(c, text_of("{\"repositories\":[%s]}", rows[i].names).s);
		if (!rows[i].link)
			expect_no_header(c, "Link");
		else
			expect_header(c, "Link",
			        text_of("</v2/_catalog?%s>; rel=\"next\"", rows[i].link)
			                .s);
	}
}

static void n_above_the_limit_is_cut_to_it(void **state)
{
	struct cgi *c = *state;

	push_all(c);
	c->fixture.config.page_limit = 3;
	cgi_get(c, "/v2/_catalog?n=100000");
	expect_status(c, 200);
	expect_body(c, "{\"repositories\":[\"a\",\"a-x\",\"a.x/y\"]}");
	expect_header(c, "Link", "</v2/_catalog?n=3&last=a.x%2Fy>; rel=\"next\"");
	cgi_get(c, "/v2/_catalog");
	expect_body(c, "{\"repositories\":[\"a\",\"a-x\",\"a.x/y\"]}");
	assert_non_null(cgi_header(c, "Link"));
}

static void a_bad_n_is_400(void **state)
{
	static const char *const bad[] = {
	        "-1", "x", "", "1.5", "99999999999999999999", "%00"};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cgi_get(c, "/v2/_catalog?n=%s", bad[i]);
		assert_int_equal(c->status, 400);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(an_empty_registry),
	        CGI_TEST(only_repositories_with_a_manifest),
	        CGI_TEST(pages),
	        CGI_TEST(n_above_the_limit_is_cut_to_it),
	        CGI_TEST(a_bad_n_is_400),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
