/*
 * Everything malformed that a client can send is answered with a 4xx in JSON (the harness
 * looks at the body and at its code) and leaves the store exactly as it was.
 */
#include "support/cgi.h"

#include "format/media.h"

#include <stdlib.h>
#include <string.h>

#define HEX64 "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define UPPER64 "44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A"
#define EMPTY_INDEX "{\"schemaVersion\":2,\"manifests\":[]}"

static void expect_refused(struct cgi *c, const char *what)
{
	if (c->status < 400 || c->status > 499)
		fail_msg("%s: %d", what, c->status);
}

/* A request with every method that the path may have. */
static void send_all(struct cgi *c, const char *uri)
{
	static const char *const methods[] = {
	        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		CGI_SEND(c, .method = methods[i], .uri = uri,
		        .body = VIEW_LIT(EMPTY_INDEX),
		        .fields = {"CONTENT_TYPE", MEDIA_OCI_INDEX});
		expect_refused(c, uri);
	}
}

static void names(void **state)
{
	static const char *const bad[] = {"A", "aB", "-a", "a-", "a/-b", ".a", "a.",
	        "a..b", "a._b", "a___b", "_a", "a_", "a/", "a//b", "a b", "a%20b", "a%09",
	        "a%00b", "a%0d%0ab", "a:b", "a@b", "%C3%A4", "a%5Cb", "~a", "a*", "a%25",
	        "a%252fb", "@blobs", "a/@tags", "a+b"};
	struct cgi *c = *state;
	struct tree before = tree_of(c);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		send_all(c, text_of("/v2/%s/manifests/t", bad[i]).s);
		send_all(c, text_of("/v2/%s/tags/list", bad[i]).s);
		send_all(c, text_of("/v2/%s/blobs/sha256:" HEX64, bad[i]).s);
		send_all(c, text_of("/v2/%s/blobs/uploads/", bad[i]).s);
		send_all(c, text_of("/v2/%s/referrers/sha256:" HEX64, bad[i]).s);
	}
	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/UPPER/manifests/t");
	expect_error(c, 400, "NAME_INVALID");
	expect_untouched(c, &before);
}

static void a_name_is_at_most_255_bytes(void **state)
{
	struct cgi *c = *state;
	char name[257];

	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/%s/manifests/t", name);
	expect_status(c, 201);
	name[255] = 'a';
	name[256] = '\0';
	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/%s/manifests/t", name);
	expect_error(c, 400, "NAME_INVALID");
	cgi_post(c, "", "/v2/%s/blobs/uploads/", name);
	expect_error(c, 400, "NAME_INVALID");
}

static void paths_that_lead_elsewhere(void **state)
{
	static const char *const bad[] = {"/v2/../../etc/passwd",
	        "/v2/a/../b/manifests/t", "/v2/./a/manifests/t", "/v2/a/manifests/..",
	        "/v2/a/manifests/../tags/list", "/v2/%2e%2e/manifests/t",
	        "/v2/a/%2e%2e/%2e%2e/manifests/t", "/v2/a%2f..%2fb/manifests/t",
	        "/v2/a%2Fb/manifests/t", "/v2%2fa/manifests/t", "/v2/a/manifests/x%2fy",
	        "/v2/a/blobs/..%2f..%2f..%2fformat", "/v2/a//manifests/t",
	        "//v2/a/manifests/t", "/v2/a/manifests//t", "/v2/a/blobs/uploads/..",
	        "/v2/a/blobs/uploads/%2e%2e", "/v2/a/manifests/%", "/v2/a/manifests/%4",
	        "/v2/a/manifests/%zz", "/v2/a/manifests/%00", "/v2/a/manifests/t%00",
	        "/v2/a%/manifests/t", "/v2/a/manifests/%0d%0aX-Header:%20y",
	        "/v2/a/manifests/%1b", "", "v2/a/manifests/t", "*", "http:/v2/",
	        "/v2/a/manifests/%252e%252e"};
	struct cgi *c = *state;
	struct tree before = tree_of(c);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		send_all(c, bad[i]);
	expect_untouched(c, &before);
}

static void tags(void **state)
{
	static const char *const bad[] = {".a", "-a", "a b", "a%20b", "a+b", "a@b",
	        "a%5cb", "%C3%A4", "a%0a", "~", "a,b", "a=b"};
	struct cgi *c = *state;
	struct tree before = tree_of(c);
	char tag[130];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		send_all(c, text_of("/v2/a/manifests/%s", bad[i]).s);
	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/a/manifests/.a");
	expect_error(c, 400, "MANIFEST_INVALID");
	memset(tag, 'a', sizeof(tag));
	tag[129] = '\0';
	send_all(c, text_of("/v2/a/manifests/%s", tag).s);
	expect_untouched(c, &before);
	tag[128] = '\0';
	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/a/manifests/%s", tag);
	expect_status(c, 201);
}

static const char *const bad_digests[] = {"sha256:", "sha256:abc", "sha256:" UPPER64,
        "SHA256:" HEX64, "sha256:" HEX64 "0", "sha512:" HEX64,
        "md5:d41d8cd98f00b204e9800998ecf8427e", "blake3:" HEX64, ":" HEX64,
        "sha256:" HEX64 ":x", "sha256-" HEX64,
        "sha256:g4136fa355b3678a1146ad16f7e8649e94fb4fc2"
        "1fe77e8310c060f61caaff8a",
        "sha256:..", "x:y", "+:=", "sha256:%20" HEX64, "sha256%3A%3A" HEX64, "baddigest",
        "sha384:" HEX64 "0123456789abcdef0123456789abcdef"};

static void digests(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	struct tree before = tree_of(c);

	for (size_t i = 0; i < sizeof(bad_digests) / sizeof(*bad_digests); i++) {
		const char *d = bad_digests[i];

		send_all(c, text_of("/v2/a/blobs/%s", d).s);
		cgi_post(c, "{}", "/v2/a/blobs/uploads/?digest=%s", d);
		expect_error(c, 400, "DIGEST_INVALID");
		cgi_put(c, NULL, "{}", "%s?digest=%s", s.s, d);
		expect_error(c, 400, "DIGEST_INVALID");
		if (!strchr(d, ':'))
			continue;
		cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/a/manifests/%s", d);
		expect_error(c, 400, "DIGEST_INVALID");
		cgi_get(c, "/v2/a/manifests/%s", d);
		expect_refused(c, d);
		cgi_delete(c, "/v2/a/manifests/%s", d);
		expect_refused(c, d);
	}
	cgi_post(c, "{}", "/v2/a/blobs/uploads/?digest=");
	expect_error(c, 400, "DIGEST_INVALID");
	cgi_put(c, NULL, "{}", "%s?digest", s.s);
	expect_error(c, 400, "DIGEST_INVALID");
	cgi_put(c, NULL, "{}", "%s", s.s);
	expect_error(c, 400, "DIGEST_INVALID");
	cgi_put(c, NULL, "{}", "%s?digest=%%zz", s.s);
	expect_refused(c, "digest=%zz");
	cgi_post(c, "", "/v2/a/blobs/uploads/?digest-algorithm=");
	expect_error(c, 400, "DIGEST_INVALID");
	cgi_post(c, "", "/v2/a/blobs/uploads/?digest-algorithm=SHA256");
	expect_error(c, 400, "DIGEST_INVALID");
	cgi_post(c, "", "/v2/a/blobs/uploads/?digest-algorithm=%%");
	expect_refused(c, "digest-algorithm=%");
	expect_untouched(c, &before);
}

static void content_ranges(void **state)
{
	static const char *const bad[] = {"x", "-", "0", "0-", "-4", "4-0", "0-4-5",
	        "0-4,5-6", "a-b", "0x0-4", "+0-4", " 0 - 4", "0--4", "bytes", "bytes=0-4",
	        "bytes */5", "bytes 0-4/", "bytes 0-4/x", "items 0-4/5",
	        "0-99999999999999999999", "99999999999999999999-0",
	        "0-18446744073709551615", "bytes 0-4/3", "00-4", "0-04"};
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	struct text uri = text_of("%s?digest=%s", s.s, sha256_of("hello").s);
	struct tree before = tree_of(c);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cgi_patch(c, bad[i], "hello", "%s", s.s);
		expect_refused(c, bad[i]);
		CGI_SEND(c, .method = "PUT", .uri = uri.s, .body = VIEW_LIT("hello"),
		        .fields = {"HTTP_CONTENT_RANGE", bad[i]});
		expect_refused(c, bad[i]);
	}
	expect_untouched(c, &before);
	cgi_get(c, "%s", s.s);
	expect_status(c, 204);
	expect_header(c, "Range", "0-0");
}

/* Content-Range, Content-Length and the body must agree. */
static void lengths_of_chunks(void **state)
{
	static const struct {
		const char *range;  /* NULL: none */
		const char *length; /* "": none, NULL: true */
	} bad[] = {
	        {"0-5", NULL},
	        {"0-3", NULL},
	        {"0-0", NULL},
	        {"0-5", ""},
	        {"0-3", ""},
	        {NULL, "4"},
	        {NULL, "0"},
	        {"0-3", "4"},
	        {"0-4", "4"},
	        {"0-9223372036854775806", NULL},
	};
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	struct text uri = text_of("%s?digest=%s", s.s, sha256_of("hello").s);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *const fields[2] = {
		        bad[i].range ? "HTTP_CONTENT_RANGE" : NULL, bad[i].range};

		CGI_SEND(c, .method = "PATCH", .uri = s.s, .body = VIEW_LIT("hello"),
		        .fields = {fields[0], fields[1]}, .length = bad[i].length);
		expect_error(c, 400, "SIZE_INVALID");
		CGI_SEND(c, .method = "PUT", .uri = uri.s, .body = VIEW_LIT("hello"),
		        .fields = {fields[0], fields[1]}, .length = bad[i].length);
		expect_error(c, 400, "SIZE_INVALID");
		/* A refused chunk is undone. */
		cgi_get(c, "%s", s.s);
		expect_status(c, 204);
		expect_header(c, "Range", "0-0");
	}
	cgi_put(c, NULL, "hello", "%s?digest=%s", s.s, sha256_of("hello").s);
	expect_status(c, 201);
}

static void lengths_that_are_no_numbers(void **state)
{
	static const char *const bad[] = {"-1", "+5", " 5", "5 ", "0x5", "5,5", "05",
	        "1e1", "five", "99999999999999999999"};
	struct cgi *c = *state;
	struct tree before = tree_of(c);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CGI_SEND(c, .method = "POST",
		        .uri = "/v2/a/blobs/uploads/?digest=sha256:" HEX64,
		        .body = VIEW_LIT("{}"), .length = bad[i]);
		expect_refused(c, bad[i]);
		CGI_SEND(c, .method = "PUT", .uri = "/v2/a/manifests/t",
		        .body = VIEW_LIT(EMPTY_INDEX), .length = bad[i]);
		expect_refused(c, bad[i]);
	}
	expect_untouched(c, &before);
}

/* Refused, and nothing is stored. */
static void bodies_of_another_length(void **state)
{
	static const char *const lengths[] = {
	        "0", "1", "33", "35", "1000000", "9223372036854775807"};
	struct text uri =
	        text_of("/v2/a/blobs/uploads/?digest=%s", sha256_of(EMPTY_INDEX).s);
	struct cgi *c = *state;
	struct tree before = tree_of(c);

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		CGI_SEND(c, .method = "PUT", .uri = "/v2/a/manifests/t",
		        .fields = {"CONTENT_TYPE", MEDIA_OCI_INDEX},
		        .body = VIEW_LIT(EMPTY_INDEX), .length = lengths[i]);
		expect_refused(c, lengths[i]);
		CGI_SEND(c, .method = "POST", .uri = uri.s, .body = VIEW_LIT(EMPTY_INDEX),
		        .length = lengths[i]);
		expect_refused(c, lengths[i]);
	}
	for (size_t k = 0; k < sizeof(EMPTY_INDEX); k++) {
		CGI_SEND(c, .method = "PUT", .uri = "/v2/a/manifests/t",
		        .fields = {"CONTENT_TYPE", MEDIA_OCI_INDEX},
		        .body = VIEW_LIT(EMPTY_INDEX), .breaks = true, .break_after = k);
		assert_int_equal(c->status, 0);
	}
	expect_untouched(c, &before);
}

static void everything_oversized(void **state)
{
	struct cgi *c = *state;
	struct tree before = tree_of(c);
	char *path = repeated("/v2/a", "/aaaaaaa", 20000);
	char *query = repeated("/v2/a/tags/list?n=1", "&x=yyyyyyyy", 20000);
	char *last = repeated("/v2/_catalog?last=", "abcdefgh", 1000);
	char *digest = repeated("/v2/a/blobs/uploads/?digest=sha256:", "0", 8000);
	char *type = repeated("application/", "x", 70000);
	char *range = repeated("0-", "9", 70000);
	struct text s;

	cgi_send(c, &(struct cgi_request){.method = "GET", .uri = path});
	expect_status(c, 414);
	cgi_send(c, &(struct cgi_request){.method = "GET", .uri = query});
	expect_status(c, 414);
	cgi_send(c, &(struct cgi_request){.method = "GET", .uri = last});
	expect_refused(c, "last");
	cgi_send(c, &(struct cgi_request){.method = "POST", .uri = digest});
	expect_refused(c, "digest");
	cgi_put(c, type, EMPTY_INDEX, "/v2/a/manifests/t");
	expect_error(c, 400, "MANIFEST_INVALID");
	expect_untouched(c, &before);
	s = cgi_open_session(c, "a");
	cgi_patch(c, range, "hello", "%s", s.s);
	expect_refused(c, "range");
	/* What a pull cannot understand it leaves out of account. */
	cgi_push_blob(c, "a", "{}");
	CGI_SEND(c, .method = "GET", .uri = "/v2/a/blobs/sha256:" HEX64,
	        .fields = {"HTTP_RANGE", range, "HTTP_IF_NONE_MATCH", type, "HTTP_ACCEPT",
	                type});
	expect_status(c, 200);
	expect_body(c, "{}");
	free(path);
	free(query);
	free(last);
	free(digest);
	free(type);
	free(range);
}

static void a_blob_over_the_limit_is_413(void **state)
{
	struct cgi *c = *state;
	struct text uri = text_of("/v2/a/blobs/uploads/?digest=%s", sha256_of("hello").s);
	struct tree before = tree_of(c);
	struct text s;

	c->fixture.config.blob_limit = 4;
	cgi_post(c, "hello", "%s", uri.s);
	expect_error(c, 413, "SIZE_INVALID");
	CGI_SEND(c, .method = "POST", .uri = uri.s, .body = VIEW_LIT("hello"),
	        .length = "");
	expect_error(c, 413, "SIZE_INVALID");
	expect_untouched(c, &before);
	s = cgi_open_session(c, "a");
	cgi_patch(c, "0-2", "hel", "%s", s.s);
	expect_status(c, 202);
	cgi_patch(c, "3-4", "lo", "%s", s.s);
	expect_error(c, 413, "SIZE_INVALID");
	CGI_SEND(c, .method = "PATCH", .uri = s.s, .body = VIEW_LIT("lo"), .length = "");
	expect_error(c, 413, "SIZE_INVALID");
	cgi_patch(c, "3-3", "l", "%s", s.s);
	expect_status(c, 202);
	cgi_put(c, NULL, "", "%s?digest=%s", s.s, sha256_of("hell").s);
	expect_status(c, 201);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(names),
	        CGI_TEST(a_name_is_at_most_255_bytes),
	        CGI_TEST(paths_that_lead_elsewhere),
	        CGI_TEST(tags),
	        CGI_TEST(digests),
	        CGI_TEST(content_ranges),
	        CGI_TEST(lengths_of_chunks),
	        CGI_TEST(lengths_that_are_no_numbers),
	        CGI_TEST(bodies_of_another_length),
	        CGI_TEST(everything_oversized),
	        CGI_TEST(a_blob_over_the_limit_is_413),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
