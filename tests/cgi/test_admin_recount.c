/* POST /v2/_lighter/recount: proves that accounts are what the disk says. */
#include "support/jobs.h"
#include "support/values.h"

#include <string.h>
#include <unistd.h>

static struct text counted(const char *ns, int bytes, const char *agrees,
        const char *repaired)
{
	return text_of("{\"namespace\":{\"namespace\":\"%s\",\"bytes\":%d,\"blobs\":1,"
	               "\"manifests\":0,\"agrees\":%s,\"repaired\":%s}}\n",
	        ns, bytes, agrees, repaired);
}

static struct text result(int namespaces, int differing, int repaired)
{
	return text_of("{\"result\":{\"namespaces\":%d,\"differing\":%d,"
	               "\"repaired\":%d,\"problems\":0,\"cancelled\":false}}\n",
	        namespaces, differing, repaired);
}

static void recount(struct cgi *c, const char *path)
{
	cgi_post(c, "", "/v2/_lighter/recount%s", path);
}

static void setup_accounts(struct cgi *c)
{
	cgi_push_blob(c, "a/x", "hello");
	cgi_push_blob(c, "b/x", "hello");
}

/* Something takes a blob away behind our back. */
static void spoil(struct cgi *c, const char *repo)
{
	struct text path = text_of("%s/repos/%s/@blobs/sha256/%s", c->fixture.dir, repo,
	        sha256_of("hello").s + strlen("sha256:"));

	cgi_push_blob(c, repo, "hello!!");
	assert_int_equal(unlink(path.s), 0);
}

static void accounts_that_agree(void **state)
{
	struct cgi *c = *state;

	recount(c, "");
	expect_header(c, "Cache-Control", "no-store");
	expect_body(c, result(0, 0, 0).s);
	setup_accounts(c);
	recount(c, "");
	assert_string_equal(job_lines(c), text_of("%s%s%s", counted("a", 5, "true", "false").s,
	                                        counted("b", 5, "true", "false").s,
	                                        result(2, 0, 0).s)
	                                        .s);
	recount(c, "/b");
	assert_string_equal(job_lines(c),
	        text_of("%s%s", counted("b", 5, "true", "false").s, result(1, 0, 0).s).s);
}

static void one_that_differs(void **state)
{
	struct cgi *c = *state;
	struct tree before;

	setup_accounts(c);
	spoil(c, "b/x");
	before = tree_of(c);
	recount(c, "?repair=false");
	assert_string_equal(job_lines(c), text_of("%s%s%s", counted("a", 5, "true", "false").s,
	                                        counted("b", 7, "false", "false").s,
	                                        result(2, 1, 0).s)
	                                        .s);
	expect_untouched(c, &before);
	cgi_get(c, "/v2/_lighter/usage/b");
	assert_non_null(strstr(cgi_body(c), "\"bytes\":12,"));
	recount(c, "/b?repair=true");
	assert_string_equal(job_lines(c),
	        text_of("%s%s", counted("b", 7, "false", "true").s, result(1, 1, 1).s).s);
	recount(c, "/b?repair=true");
	assert_string_equal(job_lines(c),
	        text_of("%s%s", counted("b", 7, "true", "false").s, result(1, 0, 0).s).s);
	cgi_get(c, "/v2/_lighter/usage/b");
	assert_non_null(strstr(cgi_body(c), "\"bytes\":7,"));
}

static void one_that_cannot_be_counted(void **state)
{
	struct cgi *c = *state;
	const char *problem = "{\"problem\":{\"namespace\":\"a\",\"problem\":\"";

	cgi_push_blob(c, "b/x", "hello");
	/* No record, and what is no lock. */
	plant_blob(&c->fixture, "a/x", "hello");
	plant_file(&c->fixture, "quota/a/account", "x");
	plant_file(&c->fixture, "quota/a/lock/x", "");
	recount(c, "?repair=true");
	expect_status(c, 200);
	assert_non_null(strstr(cgi_body(c), problem));
	assert_non_null(strstr(cgi_body(c), counted("b", 5, "true", "false").s));
	assert_non_null(strstr(cgi_body(c), "\"problems\":1,\"cancelled\":false}}\n"));
}

/* What the peer has left behind, or a stop, ends it; nothing is mended after that. */
static void when_nobody_waits_for_it(void **state)
{
	struct cgi *c = *state;
	struct tree before;

	setup_accounts(c);
	spoil(c, "a/x");
	before = tree_of(c);
	CGI_SEND(c, .method = "POST", .uri = "/v2/_lighter/recount?repair=true",
	        .gone = true);
	assert_string_equal(job_lines(c),
	        "{\"result\":{\"namespaces\":0,\"differing\":0,\"repaired\":0,"
	        "\"problems\":0,\"cancelled\":true}}\n");
	expect_untouched(c, &before);
	/* Here it is noticed with the first line, and what was done stays. */
	CGI_SEND(c, .method = "POST", .uri = "/v2/_lighter/recount?repair=true",
	        .deaf = true);
	assert_int_equal(c->status, 0);
	recount(c, "");
	assert_int_equal(job_result(c, "differing"), 0);
}

static void pages_of_a_browser(void **state)
{
	static const char *const origins[] = {"http://evil.example", "null", "http://x"};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(origins) / sizeof(*origins); i++) {
		CGI_SEND(c, .method = "POST", .uri = "/v2/_lighter/recount",
		        .fields = {"HTTP_ORIGIN", origins[i], "HTTP_HOST", "x"});
		expect_error(c, 403, "DENIED");
	}
}

static void what_is_not_understood(void **state)
{
	static const char *const rows[] = {"?repair=yes", "?repair=1", "?Repair=true",
	        "?repair=true&x=1", "?repair=true&repair=true", "?repair=%zz",
	        "/a?dry-run=true"};
	struct cgi *c = *state;
	struct tree before;

	setup_accounts(c);
	spoil(c, "a/x");
	before = tree_of(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		recount(c, rows[i]);
		expect_error(c, 400, "UNSUPPORTED");
	}
	expect_untouched(c, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(accounts_that_agree),
	        CGI_TEST(one_that_differs),
	        CGI_TEST(one_that_cannot_be_counted),
	        CGI_TEST(when_nobody_waits_for_it),
	        CGI_TEST(pages_of_a_browser),
	        CGI_TEST(what_is_not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
