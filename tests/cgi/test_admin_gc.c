/* POST /v2/_lighter/gc: takes away what nothing refers to. */
#include "support/jobs.h"

#include "format/media.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define EMPTY_INDEX "{\"schemaVersion\":2,\"manifests\":[]}"

static void gc(struct cgi *c, const char *query)
{
	cgi_post(c, "", "/v2/_lighter/gc%s", query);
}

/* Two repositories with an image each, a blob that nothing needs, and an untagged manifest. */
static void fill(struct cgi *c)
{
	static const char *const names[] = {"a/x", "b/x"};

	for (size_t i = 0; i < 2; i++) {
		cgi_push_image(c, names[i], "1", image_json("kept").s);
		cgi_push_blob(c, names[i], "garbage");
		cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/%s/manifests/%s", names[i],
		        sha256_of(EMPTY_INDEX).s);
		expect_status(c, 201);
	}
}

static void expect_image(struct cgi *c, const char *repo)
{
	cgi_get(c, "/v2/%s/manifests/1", repo);
	expect_status(c, 200);
	cgi_get(c, "/v2/%s/blobs/%s", repo, sha256_of("{}").s);
	expect_status(c, 200);
}

static int blob_status(struct cgi *c, const char *repo, const char *bytes)
{
	cgi_get(c, "/v2/%s/blobs/%s", repo, sha256_of(bytes).s);
	return c->status;
}

static void nothing_is_old_enough(void **state)
{
	struct cgi *c = *state;
	struct tree before;

	fill(c);
	gc(c, "");
	assert_int_equal(job_result(c, "blobs"), 0);
	assert_int_equal(job_result(c, "repositories"), 2);
	assert_int_equal(job_result(c, "cancelled"), 0);
	before = tree_of(c);
	gc(c, "?dry-run=true");
	assert_int_equal(job_result(c, "dry-run"), 1);
	expect_untouched(c, &before);
}

static void a_dry_run_changes_nothing(void **state)
{
	struct cgi *c = *state;
	struct tree before;

	fill(c);
	before = tree_of(c);
	gc(c, "?dry-run=true&grace=0&repository=a/x");
	assert_string_equal(job_lines(c),
	        text_of("{\"blob\":{\"repository\":\"a/x\",\"digest\":\"%s\","
	                "\"removed\":false}}\n"
	                "{\"result\":{\"repositories\":1,\"manifests\":0,\"blobs\":1,"
	                "\"referrers\":0,\"entries\":0,\"sessions\":0,\"files\":0,"
	                "\"bytes-unlinked\":7,\"bytes-freed\":0,\"problems\":0,"
	                "\"dry-run\":true,\"cancelled\":false,\"resumed\":false}}\n",
	                sha256_of("garbage").s)
	                .s);
	expect_untouched(c, &before);
}

static void all_of_it(void **state)
{
	struct cgi *c = *state;

	fill(c);
	gc(c, "?grace=0");
	assert_int_equal(job_items(c, "blob"), 2);
	assert_int_equal(job_items(c, "problem"), 0);
	assert_int_equal(job_result(c, "blobs"), 2);
	assert_int_equal(job_result(c, "manifests"), 0);
	assert_int_equal(job_result(c, "entries"), 1);
	assert_int_equal(job_result(c, "bytes-unlinked"), 14);
	assert_int_equal(job_result(c, "bytes-freed"), 7);
	assert_int_equal(blob_status(c, "a/x", "garbage"), 404);
	expect_image(c, "a/x");
	expect_image(c, "b/x");
	cgi_get(c, "/v2/a/x/manifests/%s", sha256_of(EMPTY_INDEX).s);
	expect_status(c, 200);
}

static void one_repository(void **state)
{
	struct cgi *c = *state;

	fill(c);
	gc(c, "?grace=0&repository=a%2Fx");
	assert_int_equal(job_result(c, "repositories"), 1);
	assert_int_equal(blob_status(c, "a/x", "garbage"), 404);
	assert_int_equal(blob_status(c, "b/x", "garbage"), 200);
}

/* What is pushed now is as old as a day. */
static void age(struct cgi *c, const char *path)
{
	struct timespec then[2] = {{time(NULL) - 86400, 0}, {time(NULL) - 86400, 0}};
	struct text full = text_of("%s/%s", c->fixture.dir, path);

	assert_int_equal(utimensat(-1, full.s, then, 0), 0);
}

static void untagged_manifests(void **state)
{
	struct cgi *c = *state;

	fill(c);
	age(c, text_of("repos/a/x/@manifests/sha256/%s",
	               sha256_of(EMPTY_INDEX).s + strlen("sha256:"))
	               .s);
	gc(c, "?grace=0&untagged=1h");
	assert_int_equal(job_result(c, "manifests"), 1);
	assert_int_equal(job_items(c, "manifest"), 1);
	cgi_get(c, "/v2/a/x/manifests/%s", sha256_of(EMPTY_INDEX).s);
	expect_status(c, 404);
	cgi_get(c, "/v2/b/x/manifests/%s", sha256_of(EMPTY_INDEX).s);
	expect_status(c, 200);
}

static void the_settings_are_the_defaults(void **state)
{
	struct cgi *c = *state;

	fill(c);
	c->fixture.config.gc_grace = 0;
	c->fixture.config.gc_untagged = 1;
	age(c, text_of("repos/a/x/@manifests/sha256/%s",
	               sha256_of(EMPTY_INDEX).s + strlen("sha256:"))
	               .s);
	gc(c, "?grace=1d");
	assert_int_equal(job_result(c, "blobs"), 0);
	gc(c, "");
	assert_int_equal(job_result(c, "blobs"), 2);
}

static void idle_uploads(void **state)
{
	struct cgi *c = *state;
	struct text session = cgi_open_session(c, "a/x");

	gc(c, "?grace=0&idle=1h");
	assert_int_equal(job_result(c, "sessions"), 0);
	cgi_get(c, "%s", session.s);
	expect_status(c, 204);
	gc(c, "?grace=0&idle=0");
	assert_int_equal(job_result(c, "sessions"), 1);
	cgi_get(c, "%s", session.s);
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
}

static void what_is_not_understood(void **state)
{
	static const char *const rows[] = {"?grace=-1", "?grace=1w", "?grace=",
	        "?grace=99999999999999999999", "?dryrun=true", "?dry-run=maybe",
	        "?repository=..", "?repository=*", "?repository=A", "?untagged=x",
	        "?idle=1.5d", "?bandwidth=1", "?all=true", "?dry-run=true&dry-run=false"};
	struct cgi *c = *state;
	struct tree before;

	fill(c);
	before = tree_of(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		gc(c, rows[i]);
		if (c->status != 400)
			fail_msg("%s: %d", rows[i], c->status);
	}
	gc(c, "?repository=a/y");
	expect_error(c, 404, "NAME_UNKNOWN");
	/* Longer than there has been time, but not wrong. */
	gc(c, "?grace=9223372036854775807&untagged=9223372036854775807"
	      "&idle=9223372036854775807&dry-run=true");
	assert_int_equal(job_result(c, "blobs"), 0);
	expect_untouched(c, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(nothing_is_old_enough),
	        CGI_TEST(a_dry_run_changes_nothing),
	        CGI_TEST(all_of_it),
	        CGI_TEST(one_repository),
	        CGI_TEST(untagged_manifests),
	        CGI_TEST(the_settings_are_the_defaults),
	        CGI_TEST(idle_uploads),
	        CGI_TEST(what_is_not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
