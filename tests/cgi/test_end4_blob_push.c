/* end-4a, end-4b, end-4c, end-5, end-6. The ways to push a blob. */
#include "support/cgi.h"

#include <stdlib.h>
#include <string.h>

static void expect_blob(
        struct cgi *c, const char *repo, const char *digest, const char *bytes)
{
	cgi_get(c, "/v2/%s/blobs/%s", repo, digest);
	expect_status(c, 200);
	expect_body(c, bytes);
	expect_header(c, "Docker-Content-Digest", digest);
}

static void expect_created(struct cgi *c, const char *repo, const char *digest)
{
	expect_status(c, 201);
	expect_header(c, "Location", text_of("/v2/%s/blobs/%s", repo, digest).s);
	expect_header(c, "Docker-Content-Digest", digest);
	expect_header(c, "Content-Length", "0");
}

static void expect_progress(
        struct cgi *c, int status, const char *session, const char *range)
{
	expect_status(c, status);
	expect_header(c, "Location", session);
	expect_header(c, "Range", range);
	expect_header(c, "Docker-Upload-UUID", strrchr(session, '/') + 1);
}

static void post_opens_a_session(void **state)
{
	struct cgi *c = *state;
	struct text s;

	cgi_post(c, "", "/v2/a/b/blobs/uploads/");
	expect_status(c, 202);
	expect_header(c, "Range", "0-0");
	expect_header(c, "Content-Length", "0");
	s = text_of("%s", cgi_header(c, "Location"));
	assert_int_equal(strncmp(s.s, "/v2/a/b/blobs/uploads/", 22), 0);
	expect_header(c, "Docker-Upload-UUID", s.s + 22);
	/* The slash at the end may be left out. */
	cgi_post(c, "", "/v2/a/b/blobs/uploads");
	expect_status(c, 202);
	assert_string_not_equal(cgi_header(c, "Location"), s.s);
}

static void single_post(void **state)
{
	struct cgi *c = *state;
	struct text d = sha256_of("hello");

	cgi_post(c, "hello", "/v2/a/b/blobs/uploads/?digest=%s", d.s);
	expect_created(c, "a/b", d.s);
	expect_blob(c, "a/b", d.s, "hello");
	/* The same again is success, also with the colon escaped. */
	cgi_post(c, "hello", "/v2/a/b/blobs/uploads/?digest=sha256%%3A%s", d.s + 7);
	expect_created(c, "a/b", d.s);
}

/* An empty body with digest= is the empty blob, not a request for a session. */
static void single_post_of_the_empty_blob(void **state)
{
	struct cgi *c = *state;
	struct text d = sha256_of("");

	cgi_post(c, "", "/v2/a/blobs/uploads/?digest=%s", d.s);
	expect_created(c, "a", d.s);
	expect_blob(c, "a", d.s, "");
}

static void single_post_without_a_length(void **state)
{
	struct cgi *c = *state;
	struct text d = sha512_of("hello");
	struct text uri = text_of("/v2/a/blobs/uploads/?digest=%s", d.s);

	CGI_SEND(c, .method = "POST", .uri = uri.s, .body = VIEW_LIT("hello"),
	        .length = "", .piece = 2);
	expect_created(c, "a", d.s);
	expect_blob(c, "a", d.s, "hello");
}

static void post_then_put(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	struct text d = sha256_of("hello");

	cgi_put(c, "application/octet-stream", "hello", "%s?digest=%s", s.s, d.s);
	expect_created(c, "a", d.s);
	expect_blob(c, "a", d.s, "hello");
	/* The session is gone. */
	cgi_get(c, "%s", s.s);
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
	cgi_put(c, NULL, "hello", "%s?digest=%s", s.s, d.s);
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
}

static void put_of_the_empty_blob(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	struct text d = sha256_of("");
	struct text uri;

	cgi_put(c, NULL, "", "%s?digest=%s", s.s, d.s);
	expect_created(c, "a", d.s);
	expect_blob(c, "a", d.s, "");
	/* Go clients send an empty body in chunked coding: no length at all. */
	s = cgi_open_session(c, "b");
	uri = text_of("%s?digest=%s", s.s, d.s);
	CGI_SEND(c, .method = "PUT", .uri = uri.s, .length = "");
	expect_created(c, "b", d.s);
	expect_blob(c, "b", d.s, "");
}

static void chunks(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	struct text d = sha256_of("hello, world");

	cgi_patch(c, "0-4", "hello", "%s", s.s);
	expect_progress(c, 202, s.s, "0-4");
	expect_header(c, "Content-Length", "0");
	cgi_patch(c, "5-6", ", ", "%s", s.s);
	expect_progress(c, 202, s.s, "0-6");
	cgi_patch(c, "7-11", "world", "%s", s.s);
	expect_progress(c, 202, s.s, "0-11");
	cgi_put(c, NULL, "", "%s?digest=%s", s.s, d.s);
	expect_created(c, "a", d.s);
	expect_blob(c, "a", d.s, "hello, world");
}

static void lenient_content_range(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");

	cgi_patch(c, "bytes 0-4", "hello", "%s", s.s);
	expect_progress(c, 202, s.s, "0-4");
	cgi_patch(c, "bytes 5-6/12", ", ", "%s", s.s);
	expect_progress(c, 202, s.s, "0-6");
	cgi_patch(c, "bytes 7-11/*", "world", "%s", s.s);
	expect_progress(c, 202, s.s, "0-11");
}

static void last_chunk_in_the_put(void **state)
{
	struct cgi *c = *state;
	struct text d = sha256_of("hello, world");
	const char *const ranges[] = {"5-11", "bytes 5-11/12", NULL};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		struct text s = cgi_open_session(c, "a");
		struct text uri = text_of("%s?digest=%s", s.s, d.s);

		cgi_patch(c, "0-4", "hello", "%s", s.s);
		CGI_SEND(c, .method = "PUT", .uri = uri.s, .body = VIEW_LIT(", world"),
		        .fields = {ranges[i] ? "HTTP_CONTENT_RANGE" : NULL, ranges[i]});
		expect_created(c, "a", d.s);
		expect_blob(c, "a", d.s, "hello, world");
	}
}

static void stream_without_length(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	struct text d = sha256_of("hello, world");

	CGI_SEND(c, .method = "PATCH", .uri = s.s, .body = VIEW_LIT("hello"),
	        .length = "", .piece = 1);
	expect_progress(c, 202, s.s, "0-4");
	CGI_SEND(c, .method = "PATCH", .uri = s.s, .body = VIEW_LIT(", world"),
	        .length = "");
	expect_progress(c, 202, s.s, "0-11");
	cgi_put(c, NULL, "", "%s?digest=%s", s.s, d.s);
	expect_created(c, "a", d.s);
	expect_blob(c, "a", d.s, "hello, world");
}

static void an_empty_patch_changes_nothing(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");

	cgi_patch(c, NULL, "", "%s", s.s);
	expect_progress(c, 202, s.s, "0-0");
	CGI_SEND(c, .method = "PATCH", .uri = s.s, .length = "");
	expect_progress(c, 202, s.s, "0-0");
	cgi_patch(c, "0-4", "hello", "%s", s.s);
	cgi_patch(c, NULL, "", "%s", s.s);
	expect_progress(c, 202, s.s, "0-4");
}

/* Skipping ahead and sending again are both refused, and the session is as it was. */
static void out_of_order_is_416_and_the_session_survives(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	struct text d = sha256_of("hello, world");
	struct text uri = text_of("%s?digest=%s", s.s, d.s);

	cgi_patch(c, "5-11", ", world", "%s", s.s);
	expect_progress(c, 416, s.s, "0-0");
	assert_string_equal(c->code, "BLOB_UPLOAD_INVALID");
	cgi_patch(c, "0-4", "hello", "%s", s.s);
	expect_status(c, 202);
	cgi_patch(c, "0-4", "hello", "%s", s.s);
	expect_progress(c, 416, s.s, "0-4");
	cgi_patch(c, "6-11", " world", "%s", s.s);
	expect_progress(c, 416, s.s, "0-4");
	CGI_SEND(c, .method = "PUT", .uri = uri.s, .body = VIEW_LIT(" world"),
	        .fields = {"HTTP_CONTENT_RANGE", "6-11"});
	expect_progress(c, 416, s.s, "0-4");
	cgi_get(c, "%s", s.s);
	expect_progress(c, 204, s.s, "0-4");
	CGI_SEND(c, .method = "PUT", .uri = uri.s, .body = VIEW_LIT(", world"),
	        .fields = {"HTTP_CONTENT_RANGE", "5-11"});
	expect_created(c, "a", d.s);
	expect_blob(c, "a", d.s, "hello, world");
}

static void expect_no_blob(struct cgi *c, const char *digest)
{
	cgi_head(c, "/v2/a/blobs/%s", digest);
	expect_status(c, 404);
	cgi_post(c, "", "/v2/other/blobs/uploads/?mount=%s", digest);
	expect_status(c, 202);
}

/* Every style: the content is not what the digest says. */
static void a_wrong_digest_is_400_and_leaves_no_blob(void **state)
{
	struct cgi *c = *state;
	struct text wrong[] = {sha256_of("other"), sha512_of("other")};

	for (size_t i = 0; i < 2; i++) {
		struct text s = cgi_open_session(c, "a");

		cgi_post(c, "hello", "/v2/a/blobs/uploads/?digest=%s", wrong[i].s);
		expect_error(c, 400, "DIGEST_INVALID");
		cgi_put(c, NULL, "hello", "%s?digest=%s", s.s, wrong[i].s);
		expect_error(c, 400, "DIGEST_INVALID");
		s = cgi_open_session(c, "a");
		cgi_patch(c, "0-4", "hello", "%s", s.s);
		cgi_put(c, NULL, "", "%s?digest=%s", s.s, wrong[i].s);
		expect_error(c, 400, "DIGEST_INVALID");
		s = cgi_open_session(c, "a");
		CGI_SEND(c, .method = "PATCH", .uri = s.s, .body = VIEW_LIT("hello"),
		        .length = "");
		cgi_put(c, NULL, "!", "%s?digest=%s", s.s, wrong[i].s);
		expect_error(c, 400, "DIGEST_INVALID");
		expect_no_blob(c, wrong[i].s);
		expect_no_blob(c, sha256_of("hello").s);
	}
}

static void sha512_becomes_known_with_the_put(void **state)
{
	struct cgi *c = *state;
	struct text d = sha512_of("hello, world");
	struct text s = cgi_open_session(c, "a");

	cgi_put(c, NULL, "hello, world", "%s?digest=%s", s.s, d.s);
	expect_created(c, "a", d.s);
	expect_blob(c, "a", d.s, "hello, world");
	s = cgi_open_session(c, "b");
	cgi_patch(c, "0-4", "hello", "%s", s.s);
	cgi_patch(c, NULL, ", world", "%s", s.s);
	cgi_put(c, NULL, "", "%s?digest=%s", s.s, d.s);
	expect_created(c, "b", d.s);
	expect_blob(c, "b", d.s, "hello, world");
}

static void digest_algorithm_prepares_a_session(void **state)
{
	struct cgi *c = *state;
	struct text d = sha512_of("hello, world");
	struct text s;

	cgi_post(c, "", "/v2/a/blobs/uploads/?digest-algorithm=sha512");
	expect_status(c, 202);
	s = text_of("%s", cgi_header(c, "Location"));
	cgi_patch(c, "0-4", "hello", "%s", s.s);
	expect_status(c, 202);
	cgi_put(c, NULL, ", world", "%s?digest=%s", s.s, d.s);
	expect_created(c, "a", d.s);
	/* It is a preparation, no promise. */
	cgi_post(c, "", "/v2/a/blobs/uploads/?digest-algorithm=sha512");
	s = text_of("%s", cgi_header(c, "Location"));
	cgi_patch(c, "0-4", "hello", "%s", s.s);
	d = sha256_of("hello, world");
	cgi_put(c, NULL, ", world", "%s?digest=%s", s.s, d.s);
	expect_created(c, "a", d.s);
	expect_blob(c, "a", d.s, "hello, world");
	cgi_post(c, "", "/v2/a/blobs/uploads/?digest-algorithm=md5");
	expect_error(c, 400, "DIGEST_INVALID");
}

/* Larger than any block, so that hashing and writing meet block edges on the way. */
static void a_large_blob_in_uneven_pieces(void **state)
{
	struct cgi *c = *state;
	size_t len = (1 << 20) + 4321;
	char *bytes = malloc(len + 1);
	struct text d;
	struct text s = cgi_open_session(c, "a");
	struct text range = text_of("700001-%zu", len - 1);
	struct text uri;

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)('!' + i % 89);
	bytes[len] = '\0';
	d = sha256_of(bytes);
	CGI_SEND(
	        c, .method = "PATCH", .uri = s.s, .body = {bytes, 700001}, .piece = 7919);
	expect_progress(c, 202, s.s, "0-700000");
	uri = text_of("%s?digest=%s", s.s, d.s);
	CGI_SEND(c, .method = "PUT", .uri = uri.s, .body = {bytes + 700001, len - 700001},
	        .fields = {"HTTP_CONTENT_RANGE", range.s}, .piece = 100003);
	expect_created(c, "a", d.s);
	expect_blob(c, "a", d.s, bytes);
	uri = text_of("/v2/b/blobs/uploads/?digest=%s", d.s);
	CGI_SEND(c, .method = "POST", .uri = uri.s, .body = {bytes, len}, .length = "",
	        .piece = 65537);
	expect_created(c, "b", d.s);
	expect_blob(c, "b", d.s, bytes);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(post_opens_a_session),
	        CGI_TEST(single_post),
	        CGI_TEST(single_post_of_the_empty_blob),
	        CGI_TEST(single_post_without_a_length),
	        CGI_TEST(post_then_put),
	        CGI_TEST(put_of_the_empty_blob),
	        CGI_TEST(chunks),
	        CGI_TEST(lenient_content_range),
	        CGI_TEST(last_chunk_in_the_put),
	        CGI_TEST(stream_without_length),
	        CGI_TEST(an_empty_patch_changes_nothing),
	        CGI_TEST(out_of_order_is_416_and_the_session_survives),
	        CGI_TEST(a_wrong_digest_is_400_and_leaves_no_blob),
	        CGI_TEST(sha512_becomes_known_with_the_put),
	        CGI_TEST(digest_algorithm_prepares_a_session),
	        CGI_TEST(a_large_blob_in_uneven_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
