/* Documents that are no manifests: 400, and the store stays exactly as it was. */
#include "support/cgi.h"

#include "format/media.h"

#include <stdlib.h>

#define HEX64 "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define UPPER64 "44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A"

static void documents_that_are_no_manifests(void **state)
{
	static const char *const bad[] = {"", " ", "null", "true", "7", "\"x\"", "[]",
	        "{", "}", "{]", "[{}]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
	        "{'a':1}", "{\"a\":1}{\"b\":2}", "{\"a\":1} x", "{\"a\":01}",
	        "{\"a\":+1}", "{\"a\":.5}", "{\"a\":NaN}", "{\"a\":Infinity}",
	        "{\"a\":tru}", "{\"a\":\"\n\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
	        "{\"a\":\"\xff\xfe\"}", "{\"a\":\"\xc3\x28\"}", "/* c */ {}", "{} // c",
	        "\xef\xbb\xbf{}", "{\"manifests\":{}}", "{\"manifests\":\"x\"}",
	        "{\"manifests\":[1]}", "{\"manifests\":[null]}", "{\"manifests\":[{}]}",
	        "{\"manifests\":[[]]}",
	        "{\"manifests\":[{\"digest\":\"sha256:" HEX64 "\"}]}",
	        "{\"manifests\":[{\"size\":2}]}",
	        "{\"manifests\":[{\"size\":-2,\"digest\":\"sha256:" HEX64 "\"}]}",
	        "{\"manifests\":[{\"size\":\"2\",\"digest\":\"sha256:" HEX64 "\"}]}",
	        "{\"manifests\":[{\"size\":2.5,\"digest\":\"sha256:" HEX64 "\"}]}",
	        "{\"manifests\":[{\"size\":1e999,\"digest\":\"sha256:" HEX64 "\"}]}",
	        "{\"manifests\":[{\"size\":99999999999999999999,\"digest\":"
	        "\"sha256:" HEX64 "\"}]}",
	        "{\"manifests\":[{\"size\":2,\"digest\":7}]}",
	        "{\"manifests\":[{\"size\":2,\"digest\":\"sha256:abc\"}]}",
	        "{\"manifests\":[{\"size\":2,\"digest\":\"sha256:" UPPER64 "\"}]}",
	        "{\"manifests\":[{\"size\":2,\"digest\":\"../../format\"}]}",
	        "{\"manifests\":[],\"subject\":7}", "{\"manifests\":[],\"subject\":{}}",
	        "{\"manifests\":[],\"subject\":{\"size\":2,\"digest\":\"sha256:x\"}}",
	        "{\"manifests\":[],\"annotations\":[]}",
	        "{\"manifests\":[],\"annotations\":{\"a\":1}}",
	        "{\"manifests\":[],\"mediaType\":7}",
	        "{\"manifests\":[],\"mediaType\":\"a/b\"}",
	        "{\"manifests\":[],\"artifactType\":{}}"};
	struct cgi *c = *state;
	struct tree before = tree_of(c);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cgi_put(c, MEDIA_OCI_INDEX, bad[i], "/v2/a/manifests/t");
		if (c->status != 400)
			fail_msg("%s: %d", bad[i], c->status);
		cgi_put(c, MEDIA_OCI_INDEX, bad[i], "/v2/a/manifests/%s",
		        sha256_of(bad[i]).s);
		if (c->status != 400)
			fail_msg("%s: %d", bad[i], c->status);
	}
	CGI_SEND(c, .method = "PUT", .uri = "/v2/a/manifests/t",
	        .fields = {"CONTENT_TYPE", MEDIA_OCI_INDEX},
	        .body = VIEW_LIT("{\"manifests\":[]}\0{}"));
	expect_error(c, 400, "MANIFEST_INVALID");
	CGI_SEND(c, .method = "PUT", .uri = "/v2/a/manifests/t",
	        .fields = {"CONTENT_TYPE", MEDIA_OCI_INDEX},
	        .body = VIEW_LIT("{\"manifests\":[\0]}"));
	expect_error(c, 400, "MANIFEST_INVALID");
	expect_untouched(c, &before);
}

static void documents_without_end(void **state)
{
	static const struct {
		const char *head;
		const char *pattern;
	} rows[] = {
	        {"{\"manifests\":", "["},
	        {"", "{\"a\":"},
	        {"{\"a\":", "9"},
	        {"{\"a\":\"", "\\u0000"},
	        {"", "\""},
	        {"", "["},
	        {"{\"a\":1", "e"},
	};
	struct cgi *c = *state;
	struct tree before = tree_of(c);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *json = repeated(rows[i].head, rows[i].pattern, 200000);

		cgi_put(c, MEDIA_OCI_INDEX, json, "/v2/a/manifests/t");
		expect_status(c, 400);
		free(json);
	}
	expect_untouched(c, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(documents_that_are_no_manifests),
	        CGI_TEST(documents_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
