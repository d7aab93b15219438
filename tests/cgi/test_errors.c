/* "Error Codes": bodies, methods, and what a fault shows. */
#include "support/cgi.h"

#include "format/media.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void every_path_names_its_methods(void **state)
{
	static const struct {
		const char *method;
		const char *uri;
		const char *allow;
	} rows[] = {
	        {"POST", "/v2/", "GET, HEAD"},
	        {"POST", "/v2/_catalog", "GET, HEAD"},
	        {"DELETE", "/v2/a/tags/list", "GET, HEAD"},
	        {"POST", "/v2/a/manifests/t", "GET, HEAD, PUT, DELETE"},
	        {"OPTIONS", "/v2/a/manifests/t", "GET, HEAD, PUT, DELETE"},
	        {"PUT",
	                "/v2/a/blobs/sha256:"
	                "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8"
	                "a",
	                "GET, HEAD, DELETE"},
	        {"GET", "/v2/a/blobs/uploads/", "POST"},
	        {"PUT", "/v2/a/blobs/uploads/", "POST"},
	        {"POST", "/v2/a/blobs/uploads/00000000000000000000000000000000",
	                "GET, HEAD, PATCH, PUT, DELETE"},
	        {"POST",
	                "/v2/a/referrers/sha256:"
	                "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8"
	                "a",
	                "GET, HEAD"},
	        /* Methods are case-sensitive (RFC 9110 section 9.1). */
	        {"get", "/v2/", "GET, HEAD"},
	        {"", "/v2/", "GET, HEAD"},
	};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CGI_SEND(c, .method = rows[i].method, .uri = rows[i].uri,
		        .body = VIEW_LIT("a body nobody wants"));
		expect_error(c, 405, "UNSUPPORTED");
		expect_header(c, "Allow", rows[i].allow);
	}
}

static void paths_of_nobody_are_404(void **state)
{
	static const char *const uris[] = {
	        "/v1/",
	        "/v2/a",
	        "/v2/a/b/c",
	        "/v2/a/tags",
	        "/v2/a/tags/list/",
	        "/v2/_unknown",
	        "/v2/_catalog/x",
	        "/v2/tags/list",
	        "/v2/manifests/t",
	        "/v2/blobs/uploads/",
	        "/v2x/",
	        "/favicon.ico",
	        "/v2/_a/tags/list",
	        "/v2/a/_b/tags/list",
	};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
		cgi_get(c, "%s", uris[i]);
		if (c->status != 404)
			fail_msg("%s: %d", uris[i], c->status);
	}
}

/* Nothing but valid JSON, whatever the client put into the request. */
static void what_the_client_sent_is_escaped(void **state)
{
	struct cgi *c = *state;

	cgi_put(c, MEDIA_OCI_INDEX, "{}", "/v2/a/manifests/%%22%%7B%%5C%%C3%%28");
	assert_int_equal(c->status, 400);
	cgi_get(c, "/v2/%%22%%3E%%3Cscript/tags/list");
	assert_int_equal(c->status, 400);
	cgi_get(c, "/v2/%%ff%%fe/tags/list");
	assert_int_equal(c->status, 400);
}

static void a_head_has_no_body(void **state)
{
	static const char *const uris[] = {"/v2/a/manifests/none", "/v2/A/manifests/none",
	        "/nowhere", "/v2/a/tags/list", "/v2/a/blobs/sha256:x"};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
		cgi_head(c, "%s", uris[i]);
		assert_in_range(c->status, 400, 499);
	}
}

/* A fault of ours names neither file nor cause to the client. */
static void a_fault_shows_a_request_id_only(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_image(c, "a", "t", image_json("x").s);
	struct text file =
	        text_of("%s/repos/a/@manifests/sha256/%s", c->fixture.dir, d.s + 7);

	assert_int_equal(remove(file.s), 0);
	assert_int_equal(mkdir(file.s, 0700), 0);
	cgi_get(c, "/v2/a/manifests/t");
	expect_status(c, 500);
	assert_null(strstr(cgi_body(c), c->fixture.dir));
	assert_null(strstr(cgi_body(c), "@manifests"));
	assert_null(strstr(cgi_body(c), "irectory"));
	cgi_get(c, "/v2/a/tags/list");
	expect_status(c, 200);
}

static void the_session_outlives_a_refusal(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");

	cgi_put(c, NULL, "hello", "%s", s.s);
	expect_error(c, 400, "DIGEST_INVALID");
	cgi_put(c, NULL, "hello", "%s?digest=md5:abc", s.s);
	expect_error(c, 400, "DIGEST_INVALID");
	cgi_put(c, NULL, "hello", "%s?digest=%s", s.s, sha256_of("hello").s);
	expect_status(c, 201);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(every_path_names_its_methods),
	        CGI_TEST(paths_of_nobody_are_404),
	        CGI_TEST(what_the_client_sent_is_escaped),
	        CGI_TEST(a_head_has_no_body),
	        CGI_TEST(a_fault_shows_a_request_id_only),
	        CGI_TEST(the_session_outlives_a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
