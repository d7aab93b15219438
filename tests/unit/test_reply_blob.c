#include "gateway/reply.h"

#include "base/io.h"
#include "support/fixture.h"
#include "support/replies.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX64

/* One store for all: its layout takes longer to make than the tests to run. */
static struct fixture fixture;

static int setup_store(void **state)
{
	(void)state;
	fixture_open(&fixture);
	return 0;
}

static int teardown_store(void **state)
{
	(void)state;
	fixture_close(&fixture);
	return 0;
}

/* A blob of 10 bytes, "0123456789". */
struct blob_test {
	struct reply_test t;
	struct blob blob;
	struct digest digest;
};

static void begin_blob(struct blob_test *b, const char *sendfile, const char *method,
        const char *const *variables)
{
	struct config *c = &fixture.config;
	int fd;

	begin(&b->t, method, variables);
	assert_int_equal(config_set(c, VIEW_LIT("sendfile"), view_of(sendfile), "test",
	                         &b->t.x.err),
	        0);
	b->t.x.config = c;
	b->t.x.store = &fixture.store;
	b->blob = (struct blob){.path = {"file"}, .size = 10};
	assert_int_equal(digest_parse(VIEW_LIT(DIGEST), &b->digest), DIGEST_OK);
	fd = io_open(fixture.store.root, "file", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, "0123456789", 10), 0);
	io_close(&fd);
}

static void end_blob(struct blob_test *b)
{
	end(&b->t);
}

static const struct {
	const char *range, *if_range;
	const char *status, *content_range, *body;
} ranges[] = {
        {"", "", "200 OK", NULL, "0123456789"},
        {"bytes=0-3", "", "206 Partial Content", "bytes 0-3/10", "0123"},
        {"bytes=7-", "", "206 Partial Content", "bytes 7-9/10", "789"},
        {"bytes=-2", "", "206 Partial Content", "bytes 8-9/10", "89"},
        {"bytes=5-100", "", "206 Partial Content", "bytes 5-9/10", "56789"},
        {"bytes=0-3", "\"" DIGEST "\"", "206 Partial Content", "bytes 0-3/10", "0123"},
        /* A weak tag is no match here (RFC 9110 section 13.1.5). */
        {"bytes=0-3", "W/\"" DIGEST "\"", "200 OK", NULL, "0123456789"},
        {"bytes=0-3", "\"other\"", "200 OK", NULL, "0123456789"},
        {"bytes=20-", "\"other\"", "200 OK", NULL, "0123456789"},
        {"bytes=0-1,4-5", "", "200 OK", NULL, "0123456789"},
        {"lines=0-1", "", "200 OK", NULL, "0123456789"},
};

static void copied_blob(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const char *const variables[] = {"HTTP_RANGE", ranges[i].range,
		        "HTTP_IF_RANGE", ranges[i].if_range, NULL};
		struct blob_test b;
		char text[200];

		begin_blob(&b, "copy", "GET", variables);
		assert_int_equal(reply_blob(&b.t.x, &b.blob, &b.digest), 0);
		snprintf(text, sizeof(text), "Status: %s\r\n", ranges[i].status);
		expect_line(&b.t, text);
		snprintf(text, sizeof(text), "Content-Length: %zu\r\n\r\n%s",
		        strlen(ranges[i].body), ranges[i].body);
		expect_line(&b.t, text);
		snprintf(text, sizeof(text), "Content-Range: %s\r\n",
		        ranges[i].content_range ? ranges[i].content_range : "");
		assert_int_equal(strstr(sent(&b.t), text) != NULL,
		        ranges[i].content_range != NULL);
		expect_line(&b.t, "ETag: \"" DIGEST "\"\r\n");
		expect_line(&b.t, "Docker-Content-Digest: " DIGEST "\r\n");
		expect_line(&b.t, "Accept-Ranges: bytes\r\n");
		expect_line(&b.t, "Content-Type: application/octet-stream\r\n");
		assert_int_equal(b.t.seam.writes, 1);
		end_blob(&b);
	}
}

static void unsatisfiable_ranges(void **state)
{
	static const char *const methods[] = {"copy", "x-sendfile", "x-accel"};
	static const char *const variables[] = {"HTTP_RANGE", "bytes=10-", NULL};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct blob_test b;

		begin_blob(&b, methods[i], "GET", variables);
		assert_int_equal(reply_blob(&b.t.x, &b.blob, &b.digest), -1);
		reply_error(&b.t.x);
		expect_line(&b.t, "Status: 416 Range Not Satisfiable\r\n");
		expect_line(&b.t, "Content-Range: bytes */10\r\n");
		expect_line(&b.t, "{\"errors\":[{\"code\":\"");
		expect_no(&b.t, "Docker-Content-Digest");
		expect_no(&b.t, "X-Sendfile");
		end_blob(&b);
	}
}

static void handed_over_blob(void **state)
{
	static const char *const variables[] = {"HTTP_RANGE", "bytes=0-3", NULL};
	struct blob_test b;
	char text[200];

	(void)state;
	begin_blob(&b, "x-sendfile", "GET", variables);
	snprintf(b.blob.path.text, sizeof(b.blob.path.text), "repos/a/@blobs/x y%%");
	assert_int_equal(reply_blob(&b.t.x, &b.blob, &b.digest), 0);
	expect_line(&b.t, "Status: 200 OK\r\n");
	snprintf(text, sizeof(text), "X-Sendfile: %s/repos/a/@blobs/x%%20y%%25\r\n",
	        fixture.config.root);
	expect_line(&b.t, text);
	expect_line(&b.t, "ETag: \"" DIGEST "\"\r\n");
	expect_no(&b.t, "Content-Length");
	end_blob(&b);

	begin_blob(&b, "x-accel", "GET", NULL);
	assert_int_equal(config_set(&fixture.config, VIEW_LIT("accel-prefix"),
	                         VIEW_LIT("/inner"), "test", &b.t.x.err),
	        0);
	assert_int_equal(reply_blob(&b.t.x, &b.blob, &b.digest), 0);
	expect_line(&b.t, "X-Accel-Redirect: /inner/file\r\n");
	expect_no(&b.t, "Content-Length");
	end_blob(&b);
}

static void head_of_a_blob(void **state)
{
	static const char *const methods[] = {"copy", "x-sendfile", "x-accel"};
	static const char *const variables[] = {"HTTP_RANGE", "bytes=50-", NULL};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct blob_test b;

		begin_blob(&b, methods[i], "HEAD", variables);
		assert_int_equal(reply_blob(&b.t.x, &b.blob, &b.digest), 0);
		expect_line(&b.t, "Status: 200 OK\r\n");
		expect_line(&b.t, "Content-Length: 10\r\n\r\n");
		expect_no(&b.t, "X-");
		assert_true(view_ends(buf_view(&b.t.seam.reply), "\r\n\r\n"));
		end_blob(&b);
	}
}

static void unchanged_and_empty_blobs(void **state)
{
	static const char *const variables[] = {
	        "HTTP_IF_NONE_MATCH", "\"" DIGEST "\"", NULL};
	struct blob_test b;

	(void)state;
	begin_blob(&b, "x-sendfile", "GET", variables);
	assert_int_equal(reply_blob(&b.t.x, &b.blob, &b.digest), 0);
	expect_line(&b.t, "Status: 304 Not Modified\r\n");
	expect_line(&b.t, "ETag: \"" DIGEST "\"\r\n");
	expect_no(&b.t, "Content-Length");
	expect_no(&b.t, "X-Sendfile");
	end_blob(&b);

	begin_blob(&b, "copy", "GET", NULL);
	b.blob.size = 0;
	assert_int_equal(reply_blob(&b.t.x, &b.blob, &b.digest), 0);
	expect_line(&b.t, "Content-Length: 0\r\n\r\n");
	end_blob(&b);
}

static void large_copy(void **state)
{
	static char bytes[300001];
	struct blob_test b;
	const char *body;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 11 + i / 253);
	begin_blob(&b, "copy", "GET", NULL);
	fd = io_open(fixture.store.root, "file", O_WRONLY, 0);
	assert_int_equal(io_write_all(fd, bytes, sizeof(bytes)), 0);
	io_close(&fd);
	b.blob.size = sizeof(bytes);
	assert_int_equal(reply_blob(&b.t.x, &b.blob, &b.digest), 0);
	body = strstr(sent(&b.t), "\r\n\r\n") + 4;
	assert_int_equal(b.t.seam.reply.len - (size_t)(body - sent(&b.t)), sizeof(bytes));
	assert_memory_equal(body, bytes, sizeof(bytes));
	assert_int_equal(b.t.x.reply.bytes, sizeof(bytes));
	end_blob(&b);
}

static void vanished_and_short_blobs(void **state)
{
	struct blob_test b;

	(void)state;
	begin_blob(&b, "copy", "GET", NULL);
	strcpy(b.blob.path.text, "no such file");
	assert_int_equal(reply_blob(&b.t.x, &b.blob, &b.digest), -1);
	assert_int_equal(b.t.x.err.code, ERR_BLOB_UNKNOWN);
	assert_int_equal(b.t.x.reply.headers.len, 0);
	end_blob(&b);

	/* Never a success with fewer bytes than were promised. */
	begin_blob(&b, "copy", "GET", NULL);
	b.blob.size = 11;
	assert_int_equal(reply_blob(&b.t.x, &b.blob, &b.digest), -1);
	assert_int_equal(b.t.x.err.code, ERR_FAULT);
	assert_int_equal(b.t.seam.writes, 0);
	end_blob(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(copied_blob),
	        cmocka_unit_test(unsatisfiable_ranges),
	        cmocka_unit_test(handed_over_blob),
	        cmocka_unit_test(head_of_a_blob),
	        cmocka_unit_test(unchanged_and_empty_blobs),
	        cmocka_unit_test(large_copy),
	        cmocka_unit_test(vanished_and_short_blobs),
	};

	return cmocka_run_group_tests(tests, setup_store, teardown_store);
}
