/* POST /v2/_lighter/cleanup: removes the tags that rules let go. */
#include "support/jobs.h"
#include "support/values.h"

#include <string.h>

static void cleanup(struct cgi *c, const char *query)
{
	cgi_post(c, "", "/v2/_lighter/cleanup%s", query);
}

static void rules(struct cgi *c, const char *text)
{
	plant_file(&c->fixture, "cleanup", text);
}

static void fill(struct cgi *c)
{
	cgi_push_image(c, "a/x", "pr-1", image_json("one").s);
	cgi_push_image(c, "a/x", "pr-2", image_json("two").s);
	cgi_push_image(c, "a/x", "v1", image_json("three").s);
	cgi_push_image(c, "b/x", "pr-1", image_json("one").s);
	cgi_push_image(c, "b/x", "v1", image_json("three").s);
}

static void expect_tags(struct cgi *c, const char *repo, const char *tags)
{
	cgi_get(c, "/v2/%s/tags/list", repo);
	expect_body(c, text_of("{\"name\":\"%s\",\"tags\":[%s]}", repo, tags).s);
}

static void without_rules(void **state)
{
	struct cgi *c = *state;

	fill(c);
	cleanup(c, "");
	assert_int_equal(job_result(c, "repositories"), 0);
	assert_int_equal(job_result(c, "tags"), 0);
	assert_int_equal(job_result(c, "problems"), 0);
	expect_tags(c, "a/x", "\"pr-1\",\"pr-2\",\"v1\"");
}

static void what_rules_let_go(void **state)
{
	struct cgi *c = *state;
	struct tree before;

	fill(c);
	rules(c, "** remove=pr-\\d+\n");
	before = tree_of(c);
	cleanup(c, "?dry-run=true");
	assert_int_equal(job_result(c, "tags"), 3);
	assert_int_equal(job_items(c, "tag"), 3);
	assert_non_null(strstr(job_lines(c), "\"removed\":false"));
	assert_int_equal(job_result(c, "dry-run"), 1);
	expect_untouched(c, &before);
	cleanup(c, "?repository=a/x");
	assert_int_equal(job_result(c, "tags"), 2);
	assert_int_equal(job_result(c, "manifests"), 2);
	assert_int_equal(job_result(c, "kept-tags"), 1);
	expect_tags(c, "a/x", "\"v1\"");
	expect_tags(c, "b/x", "\"pr-1\",\"v1\"");
	cleanup(c, "");
	assert_int_equal(job_result(c, "tags"), 1);
	expect_tags(c, "b/x", "\"v1\"");
	cgi_post(c, "", "/v2/_lighter/recount");
	assert_int_equal(job_result(c, "differing"), 0);
}

/* A rule without a word that keeps anything needs somebody who means it. */
static void rules_that_keep_nothing(void **state)
{
	struct cgi *c = *state;
	struct tree before;

	fill(c);
	rules(c, "a/*\n");
	before = tree_of(c);
	cleanup(c, "");
	expect_error(c, 400, "UNSUPPORTED");
	cleanup(c, "?all=false");
	expect_error(c, 400, "UNSUPPORTED");
	expect_untouched(c, &before);
	cleanup(c, "?all=true&dry-run=true");
	assert_int_equal(job_result(c, "tags"), 3);
	cleanup(c, "?all=true");
	assert_int_equal(job_result(c, "tags"), 3);
	expect_tags(c, "b/x", "\"pr-1\",\"v1\"");
}

static void rules_that_are_wrong(void **state)
{
	static const char *const rows[] = {"** remove=(\n", "** keep=[a\n", "** older-than=x\n",
	        "** keep-newest=-1\n", "** wipe=all\n", "A keep-newest=1\n",
	        "** keep-newest=1 keep-newest=2\n"};
	struct cgi *c = *state;
	struct tree before;

	fill(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		rules(c, rows[i]);
		before = tree_of(c);
		cleanup(c, "");
		if (c->status != 400 || !strstr(cgi_body(c), "cleanup:1: "))
			fail_msg("%s: %d %s", rows[i], c->status, cgi_body(c));
		expect_untouched(c, &before);
	}
}

static void when_nobody_waits_for_it(void **state)
{
	struct cgi *c = *state;

	fill(c);
	rules(c, "** remove=pr-\\d+\n");
	CGI_SEND(c, .method = "POST", .uri = "/v2/_lighter/cleanup", .gone = true);
	assert_int_equal(job_result(c, "cancelled"), 1);
	assert_int_equal(job_result(c, "tags"), 0);
	expect_tags(c, "a/x", "\"pr-1\",\"pr-2\",\"v1\"");
}

static void what_is_not_understood(void **state)
{
	static const char *const rows[] = {"?dry-run=x", "?dryrun=true", "?all=1",
	        "?repository=A", "?older-than=1d", "?all=true&all=true"};
	struct cgi *c = *state;
	struct tree before;

	fill(c);
	rules(c, "** remove=pr-\\d+\n");
	before = tree_of(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(c, rows[i]);
		if (c->status != 400)
			fail_msg("%s: %d", rows[i], c->status);
	}
	cleanup(c, "?repository=none");
	expect_error(c, 404, "NAME_UNKNOWN");
	expect_untouched(c, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(without_rules),
	        CGI_TEST(what_rules_let_go),
	        CGI_TEST(rules_that_keep_nothing),
	        CGI_TEST(rules_that_are_wrong),
	        CGI_TEST(when_nobody_waits_for_it),
	        CGI_TEST(what_is_not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
