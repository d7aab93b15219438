/* end-1, extension discovery, health. */
#include "support/cgi.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static void version_is_200_and_json(void **state)
{
	struct cgi *c = *state;

	cgi_get(c, "/v2/");
	expect_status(c, 200);
	expect_header(c, "Content-Type", "application/json");
	expect_header(c, "Docker-Distribution-API-Version", "registry/2.0");
	expect_body(c, "{}");
	cgi_get(c, "/v2");
	expect_status(c, 200);
	cgi_head(c, "/v2/");
	expect_status(c, 200);
	expect_header(c, "Content-Length", "2");
}

static void other_methods_are_405_with_allow(void **state)
{
	struct cgi *c = *state;

	CGI_SEND(c, .method = "DELETE", .uri = "/v2/");
	expect_error(c, 405, "UNSUPPORTED");
	assert_non_null(strstr(cgi_header(c, "Allow"), "GET"));
	assert_non_null(strstr(cgi_header(c, "Allow"), "HEAD"));
	assert_null(strstr(cgi_header(c, "Allow"), "DELETE"));
}

/* Each extension has the members that are REQUIRED, and its endpoints answer. */
static void check_extensions(struct cgi *c, const char *uri)
{
	struct json_object *doc, *list, *value;

	cgi_get(c, "%s", uri);
	expect_status(c, 200);
	expect_header(c, "Content-Type", "application/json");
	doc = json_tokener_parse(cgi_body(c));
	assert_non_null(doc);
	assert_true(json_object_object_get_ex(doc, "extensions", &list));
	assert_true(json_object_array_length(list) > 0);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *extension = json_object_array_get_idx(list, i);

		assert_true(json_object_object_get_ex(extension, "url", &value));
		assert_true(json_object_object_get_ex(extension, "name", &value));
		assert_int_equal(json_object_get_string(value)[0], '_');
		assert_true(json_object_object_get_ex(extension, "endpoints", &value));
		for (size_t e = 0; e < json_object_array_length(value); e++) {
			const char *path = json_object_get_string(
			        json_object_array_get_idx(value, e));
			if (strchr(path, '{'))
				continue;
			cgi_get(c, "%s", path);
			/* Some are there to be sent something. */
			if (c->status != 405)
				expect_status(c, 200);
		}
	}
	json_object_put(doc);
}

static void extensions_are_listed_and_answer(void **state)
{
	check_extensions(*state, "/v2/_oci/ext/discover");
	check_extensions(*state, "/v2/some/repo/_oci/ext/discover");
}

static void health_tells_whether_the_store_is_there(void **state)
{
	struct cgi *c = *state;
	struct text away = text_of("%s.away", c->fixture.dir);
	struct text blobs = text_of("%s/blobs", c->fixture.dir);

	cgi_get(c, "/v2/_lighter/health");
	expect_status(c, 200);
	expect_body(c, "{\"status\":\"ok\"}");

	assert_int_equal(rename(blobs.s, away.s), 0);
	cgi_get(c, "/v2/_lighter/health");
	assert_true(c->status >= 500);
	assert_int_equal(rename(away.s, blobs.s), 0);
	cgi_get(c, "/v2/_lighter/health");
	expect_status(c, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(version_is_200_and_json),
	        CGI_TEST(other_methods_are_405_with_allow),
	        CGI_TEST(extensions_are_listed_and_answer),
	        CGI_TEST(health_tells_whether_the_store_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
