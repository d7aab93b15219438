/* POST /v2/_lighter/scrub: whether the store is what it promises to be. */
#include "support/jobs.h"
#include "support/values.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void scrub(struct cgi *c, const char *query)
{
	cgi_post(c, "", "/v2/_lighter/scrub%s", query);
}

static void fill(struct cgi *c)
{
	cgi_push_image(c, "a/x", "1", image_json("one").s);
	cgi_push_image(c, "b/x", "1", image_json("one").s);
	cgi_push_blob(c, "a/x", "precious");
}

/* Another byte on the disk, in all links of the blob. */
static void spoil(struct cgi *c, const char *repo, const char *bytes)
{
	struct text path = text_of("%s/repos/%s/@blobs/sha256/%s", c->fixture.dir, repo,
	        sha256_of(bytes).s + strlen("sha256:"));
	FILE *f;

	assert_int_equal(chmod(path.s, 0644), 0);
	f = fopen(path.s, "r+");
	assert_non_null(f);
	assert_int_equal(fputc('#', f), '#');
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path.s, 0444), 0);
}

static void a_good_store(void **state)
{
	struct cgi *c = *state;
	struct tree before;

	fill(c);
	scrub(c, "");
	assert_int_equal(job_result(c, "problems"), 0);
	assert_int_equal(job_result(c, "cancelled"), 0);
	assert_int_equal(job_result(c, "repositories"), 2);
	assert_int_equal(job_result(c, "blobs"), 2);
	assert_int_equal(job_result(c, "manifests"), 2);
	assert_int_equal(job_result(c, "tags"), 2);
	before = tree_of(c);
	scrub(c, "?repair=true&bandwidth=1GiB");
	assert_int_equal(job_result(c, "problems"), 0);
	expect_untouched(c, &before);
}

static void a_corrupt_blob(void **state)
{
	struct cgi *c = *state;

	fill(c);
	spoil(c, "a/x", "precious");
	scrub(c, "");
	assert_true(job_items(c, "problem") >= 1);
	assert_int_equal(job_result(c, "problems"), job_items(c, "problem"));
	assert_int_equal(job_result(c, "repaired"), 0);
	assert_non_null(strstr(job_lines(c), sha256_of("precious").s));
	cgi_get(c, "/v2/a/x/blobs/%s", sha256_of("precious").s);
	expect_status(c, 200);
	scrub(c, "?repair=true");
	assert_true(job_result(c, "quarantined") >= 1);
	cgi_get(c, "/v2/a/x/blobs/%s", sha256_of("precious").s);
	expect_error(c, 404, "BLOB_UNKNOWN");
	scrub(c, "");
	assert_int_equal(job_result(c, "problems"), 0);
}

static void one_repository(void **state)
{
	struct cgi *c = *state;

	fill(c);
	spoil(c, "a/x", "precious");
	scrub(c, "?repository=b/x");
	assert_int_equal(job_result(c, "problems"), 0);
	assert_int_equal(job_result(c, "repositories"), 1);
	scrub(c, "?repository=a/x");
	assert_true(job_result(c, "problems") >= 1);
	scrub(c, "?repository=a/y");
	expect_error(c, 404, "NAME_UNKNOWN");
}

static void when_nobody_waits_for_it(void **state)
{
	struct cgi *c = *state;

	fill(c);
	CGI_SEND(c, .method = "POST", .uri = "/v2/_lighter/scrub", .gone = true);
	assert_int_equal(job_result(c, "cancelled"), 1);
}

static void what_is_not_understood(void **state)
{
	static const char *const rows[] = {"?repair=x", "?bandwidth=-1", "?bandwidth=fast",
	        "?bandwidth=", "?bandwidth=9223372036854775808", "?dry-run=true",
	        "?repository=a//b", "?repository="};
	struct cgi *c = *state;
	struct tree before;

	fill(c);
	before = tree_of(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		scrub(c, rows[i]);
		if (c->status != 400)
			fail_msg("%s: %d", rows[i], c->status);
	}
	expect_untouched(c, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(a_good_store),
	        CGI_TEST(a_corrupt_blob),
	        CGI_TEST(one_repository),
	        CGI_TEST(when_nobody_waits_for_it),
	        CGI_TEST(what_is_not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
