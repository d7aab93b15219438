#include "gateway/reply.h"

#include "support/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX64
#define VERSION "Docker-Distribution-API-Version: registry/2.0\r\n"

static void body_in_one_piece(void **state)
{
	struct reply_test t;

	(void)state;
	begin(&t, "GET", NULL);
	reply_header(&t.x, "X-Number", "%d", 7);
	assert_int_equal(reply_body(&t.x, 201, "text/plain", VIEW_LIT("hello")), 0);
	expect_sent(&t, "Status: 201 Created\r\n" VERSION "X-Number: 7\r\n"
	                "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
	assert_int_equal(t.seam.writes, 1);
	assert_true(t.x.reply.sent);
	assert_int_equal(t.x.reply.status, 201);
	assert_int_equal(t.x.reply.bytes, 5);
	end(&t);
}

static void head_has_the_length_only(void **state)
{
	struct reply_test t;

	(void)state;
	begin(&t, "HEAD", NULL);
	assert_int_equal(reply_body(&t.x, 200, "text/plain", VIEW_LIT("hello")), 0);
	expect_sent(&t, "Status: 200 OK\r\n" VERSION
	                "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n");
	assert_int_equal(t.x.reply.bytes, 0);
	end(&t);
}

static void large_body(void **state)
{
	static char body[200000];
	struct reply_test t;

	(void)state;
	begin(&t, "GET", NULL);
	memset(body, 'b', sizeof(body));
	assert_int_equal(
	        reply_body(&t.x, 200, "text/plain", (struct view){body, sizeof(body)}),
	        0);
	assert_int_equal(t.seam.writes, 2);
	expect_line(&t, "Content-Length: 200000\r\n\r\nbbb");
	assert_int_equal(
	        t.seam.reply.len, strcspn(sent(&t), "b") + strlen(strchr(sent(&t), 'b')));
	assert_int_equal(strlen(strstr(sent(&t), "\r\n\r\n")), 4 + sizeof(body));
	end(&t);
}

static void empty_replies(void **state)
{
	static const struct {
		int status;
		const char *text;
	} rows[] = {
	        {202, "Status: 202 Accepted\r\n" VERSION "Content-Length: 0\r\n\r\n"},
	        {204, "Status: 204 No Content\r\n" VERSION "\r\n"},
	        {304, "Status: 304 Not Modified\r\n" VERSION "\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reply_test t;

		begin(&t, "GET", NULL);
		assert_int_equal(reply_empty(&t.x, rows[i].status), 0);
		expect_sent(&t, rows[i].text);
		end(&t);
	}
}

static void no_field_can_be_smuggled(void **state)
{
	struct reply_test t;

	(void)state;
	begin(&t, "GET", NULL);
	reply_header(&t.x, "X-Bad", "a\r\nX-Worse: %d", 1);
	reply_header(&t.x, "X-Bad", "a\x01");
	reply_header(&t.x, "X-Bad", "a\x7f");
	reply_header(&t.x, "X-Good", "%s", "a b");
	assert_false(reply_has_header(&t.x, "X-Bad"));
	assert_false(reply_has_header(&t.x, "X-Goo"));
	assert_true(reply_has_header(&t.x, "X-Good"));
	assert_int_equal(reply_empty(&t.x, 204), 0);
	expect_sent(&t, "Status: 204 No Content\r\n" VERSION "X-Good: a b\r\n\r\n");
	end(&t);
}

static void failures_to_send(void **state)
{
	struct buf failed = BUF_INIT(1);
	struct reply_test t;

	(void)state;
	begin(&t, "GET", NULL);
	t.seam.deaf = true;
	assert_int_equal(reply_empty(&t.x, 200), -1);
	assert_int_equal(t.x.err.code, ERR_GONE);
	end(&t);

	begin(&t, "GET", NULL);
	buf_add_str(&failed, "too long");
	assert_int_equal(reply_json(&t.x, 200, &failed), -1);
	assert_int_equal(t.x.err.code, ERR_FAULT);
	expect_sent(&t, "");
	end(&t);

	begin(&t, "GET", NULL);
	for (int i = 0; i < 1000; i++)
		reply_header(&t.x, "X-Long", "%0100d", i);
	assert_int_equal(reply_empty(&t.x, 200), -1);
	assert_int_equal(t.x.err.code, ERR_FAULT);
	assert_false(t.x.reply.sent);
	/* Not too long any more for the error. */
	reply_error(&t.x);
	expect_line(&t, "Status: 500 Internal Server Error\r\n");
	expect_no(&t, "X-Long");
	end(&t);
	buf_release(&failed);
}

static void locations(void **state)
{
	static const struct {
		const char *public_url;
		const char *variables[9];
		const char *location;
	} rows[] = {
	        {"", {"HTTP_HOST", "h:5000", NULL}, "/v2/x"},
	        {"https://p", {"HTTP_HOST", "h:5000", NULL}, "/v2/x"},
	        {"",
	                {"HTTP_HOST", "h:5000", "HTTP_USER_AGENT", "ollama/0.5 (x) Go/1",
	                        NULL},
	                "http://h:5000/v2/x"},
	        {"", {"HTTP_HOST", "h", "HTTP_X_REDIRECT_UPLOADS", "1", NULL},
	                "http://h/v2/x"},
	        {"",
	                {"HTTP_HOST", "h", "HTTP_X_REDIRECT_UPLOADS", "1", "HTTPS", "on",
	                        NULL},
	                "https://h/v2/x"},
	        {"",
	                {"HTTP_HOST", "h", "HTTP_X_REDIRECT_UPLOADS", "1",
	                        "REQUEST_SCHEME", "https", NULL},
	                "https://h/v2/x"},
	        {"", {"HTTP_HOST", "[::1]:80", "HTTP_X_REDIRECT_UPLOADS", "1", NULL},
	                "http://[::1]:80/v2/x"},
	        {"https://p", {"HTTP_HOST", "h", "HTTP_X_REDIRECT_UPLOADS", "1", NULL},
	                "https://p/v2/x"},
	        /* A host that is none. */
	        {"", {"HTTP_HOST", "h/x?", "HTTP_X_REDIRECT_UPLOADS", "1", NULL},
	                "/v2/x"},
	        {"", {"HTTP_HOST", "u@h", "HTTP_X_REDIRECT_UPLOADS", "1", NULL}, "/v2/x"},
	        {"", {"HTTP_X_REDIRECT_UPLOADS", "1", NULL}, "/v2/x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reply_test t;
		char line[64];

		begin(&t, "POST", rows[i].variables);
		assert_int_equal(config_set(&t.config, VIEW_LIT("public-url"),
		                         view_of(rows[i].public_url), "test", &t.x.err),
		        0);
		reply_location(&t.x, "/v2/x");
		snprintf(line, sizeof(line), "Location: %s\r\n", rows[i].location);
		assert_string_equal(buf_str(&t.x.reply.headers), line);
		end(&t);
	}
}

static void if_none_match(void **state)
{
	static const struct {
		const char *value;
		bool match;
	} rows[] = {
	        {"", false},
	        {"*", true},
	        {"\"" DIGEST "\"", true},
	        {"W/\"" DIGEST "\"", true},
	        {" \"x\" , \"" DIGEST "\" ", true},
	        {"\"x\",W/\"" DIGEST "\"", true},
	        {"\"x\"", false},
	        {DIGEST, false},
	        {"\"" DIGEST, false},
	        {"\"" DIGEST "0\"", false},
	        {"\"", false},
	        {"W/", false},
	        {",,,", false},
	        {"*, \"x\"", false},
	};
	struct digest d;

	(void)state;
	assert_int_equal(digest_parse(VIEW_LIT(DIGEST), &d), DIGEST_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const variables[] = {
		        "HTTP_IF_NONE_MATCH", rows[i].value, NULL};
		struct reply_test t;

		begin(&t, "GET", variables);
		if (reply_not_modified(&t.x, &d) != rows[i].match)
			fail_msg("%s", rows[i].value);
		end(&t);
	}
}

static void errors(void **state)
{
	static const struct {
		enum err_code code;
		const char *status, *name;
	} rows[] = {
	        {ERR_BLOB_UNKNOWN, "404 Not Found", "BLOB_UNKNOWN"},
	        {ERR_BLOB_UPLOAD_INVALID, "400 Bad Request", "BLOB_UPLOAD_INVALID"},
	        {ERR_BLOB_UPLOAD_UNKNOWN, "404 Not Found", "BLOB_UPLOAD_UNKNOWN"},
	        {ERR_DIGEST_INVALID, "400 Bad Request", "DIGEST_INVALID"},
	        {ERR_MANIFEST_BLOB_UNKNOWN, "400 Bad Request", "MANIFEST_BLOB_UNKNOWN"},
	        {ERR_MANIFEST_INVALID, "400 Bad Request", "MANIFEST_INVALID"},
	        {ERR_MANIFEST_UNKNOWN, "404 Not Found", "MANIFEST_UNKNOWN"},
	        {ERR_NAME_INVALID, "400 Bad Request", "NAME_INVALID"},
	        {ERR_NAME_UNKNOWN, "404 Not Found", "NAME_UNKNOWN"},
	        {ERR_SIZE_INVALID, "400 Bad Request", "SIZE_INVALID"},
	        {ERR_UNAUTHORIZED, "401 Unauthorized", "UNAUTHORIZED"},
	        {ERR_DENIED, "403 Forbidden", "DENIED"},
	        {ERR_UNSUPPORTED, "405 Method Not Allowed", "UNSUPPORTED"},
	        {ERR_TOO_MANY_REQUESTS, "429 Too Many Requests", "TOOMANYREQUESTS"},
	        {ERR_BAD_REQUEST, "400 Bad Request", "UNSUPPORTED"},
	        {ERR_TOO_LARGE, "413 Content Too Large", "SIZE_INVALID"},
	        {ERR_URI_TOO_LONG, "414 URI Too Long", "SIZE_INVALID"},
	        {ERR_METHOD, "405 Method Not Allowed", "UNSUPPORTED"},
	        {ERR_NOT_FOUND, "404 Not Found", "NAME_UNKNOWN"},
	        {ERR_CONFLICT, "409 Conflict", "UNSUPPORTED"},
	        {ERR_REMOTE, "502 Bad Gateway", "UNKNOWN"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reply_test t;
		char text[200];

		begin(&t, "GET", NULL);
		reply_header(&t.x, "X-Kept", "yes");
		err_set(&t.x.err, rows[i].code, "what \"was\" wrong");
		reply_error(&t.x);
		snprintf(text, sizeof(text), "Status: %s\r\n", rows[i].status);
		expect_line(&t, text);
		snprintf(text, sizeof(text),
		        "\r\n\r\n{\"errors\":[{\"code\":\"%s\","
		        "\"message\":\"what \\\"was\\\" wrong\"}]}",
		        rows[i].name);
		expect_line(&t, text);
		expect_line(&t, "Content-Type: application/json\r\n");
		expect_line(&t, "X-Kept: yes\r\n");
		end(&t);
	}
}

static void error_details_and_fields(void **state)
{
	struct reply_test t;

	(void)state;
	begin(&t, "GET", NULL);
	err_set(&t.x.err, ERR_MANIFEST_BLOB_UNKNOWN, "m");
	err_detail(&t.x.err, "[{\"digest\":\"d\"}]");
	reply_error(&t.x);
	expect_line(&t, "\"message\":\"m\",\"detail\":[{\"digest\":\"d\"}]}]}");
	end(&t);

	begin(&t, "DELETE", NULL);
	err_set(&t.x.err, ERR_UNSUPPORTED, "m");
	reply_error(&t.x);
	expect_line(&t, "Allow: GET, HEAD\r\n");
	end(&t);

	begin(&t, "GET", NULL);
	err_set(&t.x.err, ERR_METHOD, "m");
	reply_header(&t.x, "Allow", "PUT");
	reply_error(&t.x);
	expect_line(&t, "Allow: PUT\r\n");
	expect_no(&t, "Allow: GET");
	end(&t);

	begin(&t, "PATCH", NULL);
	err_set(&t.x.err, ERR_RANGE, "m");
	reply_error(&t.x);
	expect_line(&t, "Status: 416 Range Not Satisfiable\r\n");
	expect_line(&t, "\"BLOB_UPLOAD_INVALID\"");
	end(&t);

	begin(&t, "HEAD", NULL);
	err_set(&t.x.err, ERR_BLOB_UNKNOWN, "m");
	reply_error(&t.x);
	expect_line(&t, "Status: 404 Not Found\r\n");
	expect_line(&t, "Content-Length: 50\r\n\r\n");
	expect_no(&t, "{");
	end(&t);
}

/* A detail that outgrows the reply is left out; the error is still an error. */
static void overlong_detail(void **state)
{
	struct reply_test t;
	char *detail = malloc(3 << 20);

	(void)state;
	assert_non_null(detail);
	memset(detail, '1', (3 << 20) - 1);
	detail[(3 << 20) - 1] = '\0';
	begin(&t, "GET", NULL);
	err_set(&t.x.err, ERR_MANIFEST_BLOB_UNKNOWN, "m");
	err_detail(&t.x.err, detail);
	reply_error(&t.x);
	expect_line(&t, "\"message\":\"m\"}]}");
	end(&t);
	free(detail);
}

static void faults_show_an_id_only(void **state)
{
	static const struct {
		enum err_code code;
		const char *status;
	} rows[] = {
	        {ERR_NONE, "500 Internal Server Error"},
	        {ERR_FAULT, "500 Internal Server Error"},
	        {ERR_FULL, "507 Insufficient Storage"},
	        {ERR_BUSY, "503 Service Unavailable"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reply_test t;
		char text[100];

		begin(&t, "GET", NULL);
		reply_header(&t.x, "Docker-Content-Digest", "half done");
		if (rows[i].code != ERR_NONE)
			err_set(&t.x.err, rows[i].code, "/secret/path");
		err_detail(&t.x.err, "\"/secret/path\"");
		reply_error(&t.x);
		snprintf(text, sizeof(text), "Status: %s\r\n", rows[i].status);
		expect_line(&t, text);
		expect_line(&t, "\"code\":\"UNKNOWN\"");
		expect_line(&t, "\"detail\":{\"request\":\"0123456789abcdef\"}");
		expect_no(&t, "secret");
		expect_no(&t, "half done");
		assert_int_equal(strstr(sent(&t), "Retry-After: ") != NULL,
		        rows[i].code == ERR_BUSY);
		end(&t);
	}
}

static void nothing_for_the_gone_or_served(void **state)
{
	struct reply_test t;

	(void)state;
	begin(&t, "GET", NULL);
	err_set(&t.x.err, ERR_GONE, "left");
	reply_error(&t.x);
	assert_int_equal(t.seam.writes, 0);
	end(&t);

	begin(&t, "GET", NULL);
	assert_int_equal(reply_empty(&t.x, 204), 0);
	err_set(&t.x.err, ERR_FAULT, "afterwards");
	reply_error(&t.x);
	assert_int_equal(t.seam.writes, 1);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(body_in_one_piece),
	        cmocka_unit_test(head_has_the_length_only),
	        cmocka_unit_test(large_body),
	        cmocka_unit_test(empty_replies),
	        cmocka_unit_test(no_field_can_be_smuggled),
	        cmocka_unit_test(failures_to_send),
	        cmocka_unit_test(locations),
	        cmocka_unit_test(if_none_match),
	        cmocka_unit_test(errors),
	        cmocka_unit_test(error_details_and_fields),
	        cmocka_unit_test(overlong_detail),
	        cmocka_unit_test(faults_show_an_id_only),
	        cmocka_unit_test(nothing_for_the_gone_or_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
