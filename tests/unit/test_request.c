#include "gateway/request.h"

#include "support/seam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum err_code init(struct request *r, struct seam *s, const char *const *variables)
{
	struct err err = ERR_INIT;
	enum err_code code;
	int rc;

	seam_init(s, variables);
	rc = request_init(r, &s->gateway, &err);
	assert_int_equal(rc, err.code == ERR_NONE ? 0 : -1);
	code = err.code;
	err_release(&err);
	return code;
}

static void expect_view(struct view v, const char *text)
{
	if (!view_is(v, text))
		fail_msg("'%.*s' is not '%s'", VIEW_ARG(v), text);
}

static void good_paths(void **state)
{
	static const struct {
		const char *uri, *path, *query;
	} rows[] = {
	        {"/", "/", ""},
	        {"/v2/", "/v2/", ""},
	        {"/v2/?", "/v2/", ""},
	        {"/v2/_catalog?n=1&last=a%2Fb", "/v2/_catalog", "n=1&last=a%2Fb"},
	        {"/v2/a/tags/list?a?b", "/v2/a/tags/list", "a?b"},
	        {"/v2/a/blobs/sha256%3Aab", "/v2/a/blobs/sha256:ab", ""},
	        {"/v2/a/blobs/sha256%3aab", "/v2/a/blobs/sha256:ab", ""},
	        /* Decoded once and no more. */
	        {"/v2/a/manifests/%2541", "/v2/a/manifests/%41", ""},
	        {"/v2/a/manifests/%252f", "/v2/a/manifests/%2f", ""},
	        {"/v2/%61/manifests/x", "/v2/a/manifests/x", ""},
	        {"/v2/a/manifests/...", "/v2/a/manifests/...", ""},
	        {"/v2/.a./..b/x", "/v2/.a./..b/x", ""},
	        {"/v2/a+b", "/v2/a+b", ""},
	        {"http://host/v2/", "/v2/", ""},
	        {"HTTPS://host:5000/v2/x?n=1", "/v2/x", "n=1"},
	        {"http://host", "/", ""},
	};
	struct request r;
	struct seam s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const variables[] = {"REQUEST_URI", rows[i].uri, NULL};

		assert_int_equal(init(&r, &s, variables), ERR_NONE);
		assert_string_equal(r.path, rows[i].path);
		expect_view(r.query, rows[i].query);
	}
}

static void bad_paths(void **state)
{
	static const char *const rows[] = {
	        "",
	        "v2/",
	        "*",
	        "?/v2/",
	        "host:5000",
	        "ftp://host/v2/",
	        "http:/v2/",
	        "//host/v2/",
	        "/v2//",
	        "/v2//a",
	        "/v2/a//tags/list",
	        "/v2/./a",
	        "/v2/.",
	        "/v2/..",
	        "/v2/a/../b",
	        "/v2/a/%2e%2e/b",
	        "/v2/%2E/b",
	        "/v2/a%2Fb",
	        "/v2/a%2fb",
	        "/v2/%",
	        "/v2/%4",
	        "/v2/%zz",
	        "/v2/%00",
	        "/v2/%0a",
	        "/v2/%7f",
	        "/v2/\x01",
	        "/v2/a\x7f",
	        "/v2/a\tb",
	};
	struct request r;
	struct seam s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const variables[] = {"REQUEST_URI", rows[i], NULL};
		enum err_code code = init(&r, &s, variables);

		if (code != ERR_BAD_REQUEST)
			fail_msg("'%s' gives %d", rows[i], (int)code);
	}
}

static void no_variables_at_all(void **state)
{
	static const char *const variables[] = {NULL};
	struct request r;
	struct seam s;

	(void)state;
	assert_int_equal(init(&r, &s, variables), ERR_BAD_REQUEST);
	assert_int_equal(r.method.len, 0);
}

static void long_uris(void **state)
{
	static char uri[REQUEST_URI_MAX + 2];
	const char *const variables[] = {"REQUEST_URI", uri, NULL};
	struct request r;
	struct seam s;

	(void)state;
	memset(uri, 'a', sizeof(uri) - 1);
	uri[0] = '/';
	assert_int_equal(init(&r, &s, variables), ERR_URI_TOO_LONG);
	uri[REQUEST_PATH_MAX] = '\0';
	assert_int_equal(init(&r, &s, variables), ERR_URI_TOO_LONG);
	uri[REQUEST_PATH_MAX - 1] = '\0';
	assert_int_equal(init(&r, &s, variables), ERR_NONE);
	assert_int_equal(strlen(r.path), REQUEST_PATH_MAX - 1);
	/* A long query is none of the path's business. */
	uri[REQUEST_PATH_MAX - 1] = uri[REQUEST_PATH_MAX] = 'a';
	uri[10] = '?';
	uri[REQUEST_URI_MAX] = '\0';
	assert_int_equal(init(&r, &s, variables), ERR_NONE);
	assert_int_equal(r.query.len, REQUEST_URI_MAX - 11);
}

static void content_lengths(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		bool has;
		uint64_t length;
	} rows[] = {
	        {"", ERR_NONE, false, 0},
	        {"0", ERR_NONE, true, 0},
	        {"1073741824", ERR_NONE, true, 1073741824},
	        {"9223372036854775807", ERR_NONE, true, INT64_MAX},
	        {"9223372036854775808", ERR_BAD_REQUEST, false, 0},
	        {"-1", ERR_BAD_REQUEST, false, 0},
	        {"+1", ERR_BAD_REQUEST, false, 0},
	        {" 1", ERR_BAD_REQUEST, false, 0},
	        {"1, 1", ERR_BAD_REQUEST, false, 0},
	        {"0x10", ERR_BAD_REQUEST, false, 0},
	        {"1k", ERR_BAD_REQUEST, false, 0},
	};
	struct request r;
	struct seam s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const variables[] = {
		        "REQUEST_URI", "/", "CONTENT_LENGTH", rows[i].text, NULL};

		assert_int_equal(init(&r, &s, variables), rows[i].code);
		assert_int_equal(r.has_length, rows[i].has);
		assert_int_equal(r.length, rows[i].length);
	}
}

static void header_fields(void **state)
{
	static const char *const variables[] = {"REQUEST_URI", "/", "REQUEST_METHOD",
	        "get", "HTTP_RANGE", "bytes=0-1", "HTTP_ACCEPT", "", NULL};
	struct request r;
	struct seam s;

	(void)state;
	assert_int_equal(init(&r, &s, variables), ERR_NONE);
	expect_view(r.method, "get");
	expect_view(request_header(&r, "HTTP_RANGE"), "bytes=0-1");
	expect_view(request_header(&r, "HTTP_ACCEPT"), "");
	expect_view(request_header(&r, "HTTP_NONE"), "");
}

static void query_parameters(void **state)
{
	static const char *const variables[] = {
	        "REQUEST_URI", "/?n=1&tag=a&tag=b%20c&bad=%zz", NULL};
	struct buf out = BUF_INIT(100);
	struct err err = ERR_INIT;
	struct request r;
	struct seam s;

	(void)state;
	assert_int_equal(init(&r, &s, variables), ERR_NONE);
	assert_int_equal(request_query(&r, "tag", 1, &out, &err), 1);
	assert_string_equal(buf_str(&out), "b c");
	assert_int_equal(request_query(&r, "tag", 2, &out, &err), 0);
	assert_int_equal(request_query(&r, "last", 0, &out, &err), 0);
	assert_int_equal(err.code, ERR_NONE);
	assert_int_equal(request_query(&r, "bad", 0, &out, &err), -1);
	assert_int_equal(err.code, ERR_BAD_REQUEST);
	assert_non_null(strstr(err.text, "bad"));
	buf_release(&out);
}

struct body_row {
	const char *length; /* "": none */
	const char *body;
	bool breaks;
	size_t ceiling;
	enum err_code code;
};

static const struct body_row bodies[] = {
        {"5", "hello", false, 100, ERR_NONE},
        {"", "hello", false, 100, ERR_NONE},
        {"0", "", false, 100, ERR_NONE},
        {"", "", false, 100, ERR_NONE},
        {"5", "hello", false, 5, ERR_NONE},
        {"", "hello", false, 5, ERR_NONE},
        {"", "", false, 0, ERR_NONE},
        /* short: the client has left, or the web server has given up */
        {"6", "hello", false, 100, ERR_GONE},
        {"6", "hello", true, 100, ERR_GONE},
        {"", "hello", true, 100, ERR_GONE},
        {"", "hello", true, 5, ERR_GONE},
        {"5", "", false, 100, ERR_GONE},
        /* long */
        {"4", "hello", false, 100, ERR_SIZE_INVALID},
        {"0", "hello", false, 100, ERR_SIZE_INVALID},
        {"5", "hello", false, 4, ERR_TOO_LARGE},
        {"", "hello", false, 4, ERR_TOO_LARGE},
        {"101", "", false, 100, ERR_TOO_LARGE},
        {"9223372036854775807", "", false, 100, ERR_TOO_LARGE},
};

static void read_body(const struct body_row *row, size_t piece)
{
	const char *const variables[] = {
	        "REQUEST_URI", "/", "CONTENT_LENGTH", row->length, NULL};
	struct buf out = BUF_INIT(row->ceiling);
	struct err err = ERR_INIT;
	struct request r;
	struct seam s;
	int rc;

	assert_int_equal(init(&r, &s, variables), ERR_NONE);
	s.body = view_of(row->body);
	s.piece = piece;
	s.breaks = row->breaks;
	rc = request_read_all(&r, &out, &err);
	if (err.code != row->code)
		fail_msg("length '%s' body '%s' gives %d", row->length, row->body,
		        (int)err.code);
	assert_int_equal(rc, row->code == ERR_NONE ? 0 : -1);
	if (rc == 0)
		assert_string_equal(buf_str(&out), row->body);
	buf_release(&out);
}

static void whole_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		for (size_t piece = 0; piece < 4; piece++)
			read_body(&bodies[i], piece);
}

static void body_larger_than_a_block(void **state)
{
	static char body[300000];
	static const char *const variables[] = {"REQUEST_URI", "/", NULL};
	struct buf out = BUF_INIT(sizeof(body));
	struct err err = ERR_INIT;
	struct request r;
	struct seam s;

	(void)state;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 13 + i / 256);
	assert_int_equal(init(&r, &s, variables), ERR_NONE);
	s.body = (struct view){body, sizeof(body)};
	assert_int_equal(request_read_all(&r, &out, &err), 0);
	assert_int_equal(out.len, sizeof(body));
	assert_memory_equal(out.ptr, body, sizeof(body));
	assert_int_equal(r.received, sizeof(body));
	buf_release(&out);
}

/* A source that has ended stays ended. */
static void source_after_its_end(void **state)
{
	static const char *const variables[] = {
	        "REQUEST_URI", "/", "CONTENT_LENGTH", "3", NULL};
	struct body_source source;
	struct err err = ERR_INIT;
	struct request r;
	struct seam s;
	char bytes[10];

	(void)state;
	assert_int_equal(init(&r, &s, variables), ERR_NONE);
	source = request_body(&r);
	s.body = VIEW_LIT("abc");
	assert_int_equal(source.pull(source.arg, bytes, sizeof(bytes), &err), 3);
	assert_int_equal(source.pull(source.arg, bytes, sizeof(bytes), &err), 0);
	s.body = VIEW_LIT("more");
	assert_int_equal(source.pull(source.arg, bytes, sizeof(bytes), &err), 0);
	assert_int_equal(err.code, ERR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(good_paths),
	        cmocka_unit_test(bad_paths),
	        cmocka_unit_test(no_variables_at_all),
	        cmocka_unit_test(long_uris),
	        cmocka_unit_test(content_lengths),
	        cmocka_unit_test(header_fields),
	        cmocka_unit_test(query_parameters),
	        cmocka_unit_test(whole_bodies),
	        cmocka_unit_test(body_larger_than_a_block),
	        cmocka_unit_test(source_after_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
