/* end-2. Pulling blobs, end-10. deleting them. */
#include "support/cgi.h"

#include "format/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void get_gives_the_bytes_and_their_digest(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "a/b", "hello");

	cgi_get(c, "/v2/a/b/blobs/%s", d.s);
	expect_status(c, 200);
	expect_body(c, "hello");
	expect_header(c, "Docker-Content-Digest", d.s);
	expect_header(c, "Content-Length", "5");
	expect_header(c, "Accept-Ranges", "bytes");
	expect_header(c, "ETag", text_of("\"%s\"", d.s).s);
}

static void head_gives_the_length_only(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "a", "hello");
	struct text empty = cgi_push_blob(c, "a", "");

	cgi_head(c, "/v2/a/blobs/%s", d.s);
	expect_status(c, 200);
	expect_header(c, "Content-Length", "5");
	expect_header(c, "Docker-Content-Digest", d.s);
	cgi_head(c, "/v2/a/blobs/%s", empty.s);
	expect_status(c, 200);
	expect_header(c, "Content-Length", "0");
	cgi_get(c, "/v2/a/blobs/%s", empty.s);
	expect_status(c, 200);
	expect_body(c, "");
}

/* The digest of the request is a name; another algorithm gives the blob another name. */
static void sha512_is_answered_with_sha512(void **state)
{
	struct cgi *c = *state;
	struct text d = sha512_of("hello");

	cgi_post(c, "hello", "/v2/a/blobs/uploads/?digest=%s", d.s);
	expect_status(c, 201);
	expect_header(c, "Docker-Content-Digest", d.s);
	cgi_get(c, "/v2/a/blobs/%s", d.s);
	expect_status(c, 200);
	expect_body(c, "hello");
	expect_header(c, "Docker-Content-Digest", d.s);
	cgi_get(c, "/v2/a/blobs/%s", sha256_of("hello").s);
	expect_error(c, 404, "BLOB_UNKNOWN");
}

static void a_blob_of_another_repository_is_404(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "a", "hello");

	cgi_push_blob(c, "b", "other");
	cgi_get(c, "/v2/b/blobs/%s", d.s);
	expect_error(c, 404, "BLOB_UNKNOWN");
	cgi_get(c, "/v2/none/blobs/%s", d.s);
	assert_int_equal(c->status, 404);
	cgi_head(c, "/v2/b/blobs/%s", d.s);
	expect_status(c, 404);
}

static void a_digest_escaped_in_the_path_is_the_same(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "a", "hello");

	cgi_get(c, "/v2/a/blobs/sha256%%3A%s", d.s + 7);
	expect_status(c, 200);
	expect_body(c, "hello");
}

static void send(struct cgi *c, const char *method, const char *digest, const char *range)
{
	struct text uri = text_of("/v2/a/blobs/%s", digest);

	CGI_SEND(c, .method = method, .uri = uri.s, .fields = {"HTTP_RANGE", range});
}

static void ranges(void **state)
{
	static const struct {
		const char *range;
		int status;
		const char *content_range;
		size_t length;
	} rows[] = {
	        {"bytes=500-1499", 206, "bytes 500-1499/2048", 1000},
	        {"bytes=500-", 206, "bytes 500-2047/2048", 1548},
	        {"bytes=-500", 206, "bytes 1548-2047/2048", 500},
	        {"bytes=2000-5000", 206, "bytes 2000-2047/2048", 48},
	        {"bytes=0-0", 206, "bytes 0-0/2048", 1},
	        {"bytes=-5000", 206, "bytes 0-2047/2048", 2048},
	        {"bytes=2047-2047", 206, "bytes 2047-2047/2048", 1},
	        {"bytes=2048-", 416, "bytes */2048", 0},
	        {"bytes=5000-10000", 416, "bytes */2048", 0},
	        {"bytes=500-0", 416, "bytes */2048", 0},
	        {"bytes=-0", 416, "bytes */2048", 0},
	        {"bytes=0-1,5-6", 200, NULL, 2048},
	        {"lines=0-1", 200, NULL, 2048},
	        {"bytes=a-b", 200, NULL, 2048},
	        {"", 200, NULL, 2048},
	};
	struct cgi *c = *state;
	char blob[2049];
	struct text d;

	for (size_t i = 0; i < 2048; i++)
		blob[i] = (char)('a' + i % 23);
	blob[2048] = '\0';
	d = cgi_push_blob(c, "a", blob);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		send(c, "GET", d.s, rows[i].range);
		if (c->status != rows[i].status)
			fail_msg("%s: %d", rows[i].range, c->status);
		if (rows[i].content_range)
			expect_header(c, "Content-Range", rows[i].content_range);
		else
			expect_no_header(c, "Content-Range");
		if (c->status < 300) {
			assert_int_equal(c->body.len, rows[i].length);
			expect_header(c, "Docker-Content-Digest", d.s);
		}
		if (c->status == 206) {
			size_t first =
			        strtoul(cgi_header(c, "Content-Range") + 6, NULL, 10);
			assert_memory_equal(cgi_body(c), blob + first, rows[i].length);
		}
	}
	/* Range means something for GET only (RFC 9110 section 14.2). */
	send(c, "HEAD", d.s, "bytes=500-1499");
	expect_status(c, 200);
	expect_header(c, "Content-Length", "2048");
}

static void if_none_match_is_304(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "a", "hello");
	struct text uri = text_of("/v2/a/blobs/%s", d.s);
	struct text etag = text_of("\"%s\"", d.s);

	CGI_SEND(c, .method = "GET", .uri = uri.s,
	        .fields = {"HTTP_IF_NONE_MATCH", etag.s});
	expect_status(c, 304);
	expect_header(c, "ETag", etag.s);
	CGI_SEND(c, .method = "GET", .uri = uri.s,
	        .fields = {"HTTP_IF_NONE_MATCH", "\"x\""});
	expect_status(c, 200);
	expect_body(c, "hello");
}

static void the_web_server_can_be_told_to_send_it(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "a", "hello");
	struct buf file = BUF_INIT(4096);
	char bytes[16] = "";
	FILE *f;

	c->fixture.config.sendfile = SENDFILE_X_SENDFILE;
	cgi_get(c, "/v2/a/blobs/%s", d.s);
	expect_status(c, 200);
	expect_header(c, "Docker-Content-Digest", d.s);
	assert_non_null(cgi_header(c, "X-Sendfile"));
	/* Servers decode the path (mod_fastcgi, mod_xsendfile). */
	assert_int_equal(
	        percent_decode(view_of(cgi_header(c, "X-Sendfile")), false, &file), 0);
	f = fopen(buf_str(&file), "r");
	assert_non_null(f);
	buf_release(&file);
	assert_int_equal(fread(bytes, 1, sizeof(bytes), f), 5);
	fclose(f);
	assert_string_equal(bytes, "hello");
	/* A HEAD is answered by us: there is nothing to send. */
	cgi_head(c, "/v2/a/blobs/%s", d.s);
	expect_status(c, 200);
	expect_header(c, "Content-Length", "5");
}

static void delete_is_202_and_for_this_repository_only(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "a", "hello");

	cgi_push_blob(c, "b", "hello");
	cgi_delete(c, "/v2/a/blobs/%s", d.s);
	expect_status(c, 202);
	cgi_head(c, "/v2/a/blobs/%s", d.s);
	expect_status(c, 404);
	cgi_get(c, "/v2/b/blobs/%s", d.s);
	expect_status(c, 200);
	expect_body(c, "hello");
	cgi_delete(c, "/v2/a/blobs/%s", d.s);
	expect_error(c, 404, "BLOB_UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(get_gives_the_bytes_and_their_digest),
	        CGI_TEST(head_gives_the_length_only),
	        CGI_TEST(sha512_is_answered_with_sha512),
	        CGI_TEST(a_blob_of_another_repository_is_404),
	        CGI_TEST(a_digest_escaped_in_the_path_is_the_same),
	        CGI_TEST(ranges),
	        CGI_TEST(if_none_match_is_304),
	        CGI_TEST(the_web_server_can_be_told_to_send_it),
	        CGI_TEST(delete_is_202_and_for_this_repository_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
