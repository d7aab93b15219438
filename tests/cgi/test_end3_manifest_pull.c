/* end-3. Pulling manifests. */
#include "support/cgi.h"

#include "format/media.h"

#include <string.h>

/* Odd spacing, unknown members and their order are part of the digest. */
static const char odd[] =
        "{ \"schemaVersion\" : 2,\n\t\"zzz\":[1,2,{}],\"mediaType\":\"" MEDIA_OCI_INDEX
        "\","
        "\"manifests\":[],  \"aaa\":null }\n";

static void get_gives_the_bytes_as_pushed(void **state)
{
	struct cgi *c = *state;
	struct text d = sha256_of(odd);

	cgi_put(c, MEDIA_OCI_INDEX, odd, "/v2/a/b/manifests/v1");
	expect_status(c, 201);
	cgi_get(c, "/v2/a/b/manifests/v1");
	expect_status(c, 200);
	expect_body(c, odd);
	expect_header(c, "Content-Type", MEDIA_OCI_INDEX);
	expect_header(c, "Docker-Content-Digest", d.s);
	expect_header(c, "ETag", text_of("\"%s\"", d.s).s);
	cgi_get(c, "/v2/a/b/manifests/%s", d.s);
	expect_status(c, 200);
	expect_body(c, odd);
	expect_header(c, "Docker-Content-Digest", d.s);
}

static void head_gives_length_type_and_digest(void **state)
{
	struct cgi *c = *state;
	struct text d = sha256_of(odd);

	cgi_put(c, MEDIA_OCI_INDEX, odd, "/v2/a/manifests/v1");
	cgi_head(c, "/v2/a/manifests/v1");
	expect_status(c, 200);
	expect_header(c, "Content-Length", text_of("%zu", strlen(odd)).s);
	expect_header(c, "Content-Type", MEDIA_OCI_INDEX);
	expect_header(c, "Docker-Content-Digest", d.s);
}

static void accept_never_converts(void **state)
{
	static const char *const accepts[] = {
	        MEDIA_OCI_MANIFEST,
	        MEDIA_DOCKER_MANIFEST ", " MEDIA_DOCKER_LIST,
	        "text/html",
	        "*/*",
	        "",
	};
	struct cgi *c = *state;

	cgi_put(c, MEDIA_OCI_INDEX, odd, "/v2/a/manifests/v1");
	for (size_t i = 0; i < sizeof(accepts) / sizeof(*accepts); i++) {
		CGI_SEND(c, .method = "GET", .uri = "/v2/a/manifests/v1",
		        .fields = {"HTTP_ACCEPT", accepts[i], "HTTP_ACCEPT_ENCODING",
		                "gzip"});
		expect_status(c, 200);
		expect_header(c, "Content-Type", MEDIA_OCI_INDEX);
		expect_body(c, odd);
		expect_no_header(c, "Content-Encoding");
	}
}

static void if_none_match_is_304(void **state)
{
	struct cgi *c = *state;
	struct text etag = text_of("\"%s\"", sha256_of(odd).s);
	struct text list = text_of("\"other\", %s", etag.s);
	struct text weak = text_of("W/%s", etag.s);
	const char *const values[] = {etag.s, "*", list.s, weak.s};

	cgi_put(c, MEDIA_OCI_INDEX, odd, "/v2/a/manifests/v1");
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		CGI_SEND(c, .method = "GET", .uri = "/v2/a/manifests/v1",
		        .fields = {"HTTP_IF_NONE_MATCH", values[i]});
		expect_status(c, 304);
		expect_header(c, "ETag", etag.s);
	}
	CGI_SEND(c, .method = "HEAD", .uri = "/v2/a/manifests/v1",
	        .fields = {"HTTP_IF_NONE_MATCH", etag.s});
	expect_status(c, 304);
	CGI_SEND(c, .method = "GET", .uri = "/v2/a/manifests/v1",
	        .fields = {"HTTP_IF_NONE_MATCH", "\"other\""});
	expect_status(c, 200);
	expect_body(c, odd);
}

static void what_is_not_there_is_404(void **state)
{
	struct cgi *c = *state;

	cgi_put(c, MEDIA_OCI_INDEX, odd, "/v2/a/manifests/v1");
	cgi_get(c, "/v2/a/manifests/v2");
	expect_error(c, 404, "MANIFEST_UNKNOWN");
	cgi_get(c, "/v2/a/manifests/V1");
	expect_error(c, 404, "MANIFEST_UNKNOWN");
	cgi_get(c, "/v2/a/manifests/%s", sha256_of("nothing").s);
	expect_error(c, 404, "MANIFEST_UNKNOWN");
	cgi_head(c, "/v2/a/manifests/v2");
	expect_status(c, 404);
	cgi_get(c, "/v2/none/manifests/v1");
	assert_int_equal(c->status, 404);
	cgi_get(c, "/v2/a/manifests/sha256:baddigeststring");
	assert_true(c->status == 404 || c->status == 400);
}

/* Components of a name may be words of the protocol: paths are read from the right. */
static void names_may_hold_the_words_of_paths(void **state)
{
	static const char *const names[] = {
	        "a/tags/list",
	        "blobs",
	        "manifests/manifests",
	        "x/blobs/uploads",
	        "referrers/tags",
	        "v2",
	        "v2/manifests",
	        "a__b/c-d--e.f",
	};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		cgi_put(c, MEDIA_OCI_INDEX, odd, "/v2/%s/manifests/x", names[i]);
		expect_status(c, 201);
		cgi_get(c, "/v2/%s/manifests/x", names[i]);
		expect_status(c, 200);
		expect_body(c, odd);
		cgi_get(c, "/v2/%s/tags/list", names[i]);
		expect_status(c, 200);
		expect_body(c, text_of("{\"name\":\"%s\",\"tags\":[\"x\"]}", names[i]).s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(get_gives_the_bytes_as_pushed),
	        CGI_TEST(head_gives_length_type_and_digest),
	        CGI_TEST(accept_never_converts),
	        CGI_TEST(if_none_match_is_304),
	        CGI_TEST(what_is_not_there_is_404),
	        CGI_TEST(names_may_hold_the_words_of_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
