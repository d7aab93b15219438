/* DELETE /v2/_lighter/repositories/<name>: all of a repository. */
#include "support/jobs.h"

#include <string.h>

static void a_repository_and_no_other(void **state)
{
	struct cgi *c = *state;
	size_t manifest = strlen(image_json("one").s);

	cgi_push_image(c, "a/x", "1", image_json("one").s);
	cgi_push_image(c, "a/x", "2", image_json("one").s);
	cgi_push_image(c, "a/x/y", "1", image_json("one").s);
	cgi_push_blob(c, "a/x", "only here");
	cgi_delete(c, "/v2/_lighter/repositories/a/x");
	expect_status(c, 200);
	expect_header(c, "Content-Type", "application/json");
	expect_body(c, text_of("{\"tags\":2,\"manifests\":1,\"blobs\":2,\"bytes\":%zu,"
	                       "\"bytes-collectable\":9}",
	                       manifest + strlen("{}") + strlen("only here"))
	                       .s);
	cgi_get(c, "/v2/a/x/manifests/1");
	expect_error(c, 404, "MANIFEST_UNKNOWN");
	cgi_get(c, "/v2/a/x/y/manifests/1");
	expect_status(c, 200);
	cgi_get(c, "/v2/_catalog");
	expect_body(c, "{\"repositories\":[\"a/x/y\"]}");
	cgi_get(c, "/v2/_lighter/usage/a");
	assert_non_null(strstr(cgi_body(c),
	        text_of("\"bytes\":%zu,\"blobs\":1,\"manifests\":1,", manifest + 2).s));
	cgi_post(c, "", "/v2/_lighter/recount/a");
	assert_int_equal(job_result(c, "differing"), 0);
	cgi_post(c, "", "/v2/_lighter/gc?grace=0");
	assert_int_equal(job_result(c, "bytes-freed"), 9);
}

static void what_is_not_there(void **state)
{
	static const struct {
		const char *name;
		int status;
		const char *code;
	} rows[] = {
	        {"none", 404, "NAME_UNKNOWN"},
	        {"a", 404, "NAME_UNKNOWN"},
	        {"a/x/none", 404, "NAME_UNKNOWN"},
	        {"A", 400, "NAME_INVALID"},
	        {"a//x", 400, "UNSUPPORTED"},
	        {"a/../a/x", 400, "UNSUPPORTED"},
	        {"a/@manifests", 400, "NAME_INVALID"},
	        {"", 404, "NAME_UNKNOWN"},
	};
	struct cgi *c = *state;
	struct tree before;

	cgi_push_image(c, "a/x", "1", image_json("one").s);
	before = tree_of(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cgi_delete(c, "/v2/_lighter/repositories/%s", rows[i].name);
		if (c->status != rows[i].status || strcmp(c->code, rows[i].code) != 0)
			fail_msg("%s: %d %s", rows[i].name, c->status, c->code);
	}
	cgi_delete(c, "/v2/_lighter/repositories/a/x?dry-run=true");
	expect_error(c, 400, "UNSUPPORTED");
	cgi_get(c, "/v2/_lighter/repositories/a/x");
	expect_error(c, 405, "UNSUPPORTED");
	expect_untouched(c, &before);
}

/* The name decides, whatever route it looks like. */
static void names_that_look_like_routes(void **state)
{
	static const char *const names[] = {
	        "a/manifests/x", "a/tags/list", "a/blobs/uploads", "usage/a", "v2"};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		cgi_push_image(c, names[i], "1", image_json("one").s);
		cgi_delete(c, "/v2/_lighter/repositories/%s", names[i]);
		expect_status(c, 200);
		cgi_get(c, "/v2/_catalog");
		expect_body(c, "{\"repositories\":[]}");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(a_repository_and_no_other),
	        CGI_TEST(what_is_not_there),
	        CGI_TEST(names_that_look_like_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
