/*
 * What Ollama clients of every generation send when they push a model: absolute addresses,
 * parts that are sent again from their beginning, an end that is sent twice.
 */
#include "support/cgi.h"

#include <string.h>

#define HOST "reg.example:5000"
#define ORIGIN "http://" HOST
#define REPO "library/smol"
#define MANIFEST_TYPE "application/vnd.docker.distribution.manifest.v2+json"

/* The pusher of GGUF models is the same in all of these. */
static const char *const generations[] = {
        "ollama/0.1.42 (amd64 linux) Go/go1.22.0",
        "ollama/0.3.9 (arm64 darwin) Go/go1.22.5",
        "ollama/0.5.13 (amd64 linux) Go/go1.24.0",
        "ollama/0.14.3 (amd64 windows) Go/go1.24.1",
};

#define TRANSFER "ollama-transfer/1.0"

/* An address of ours as the path that the next request is made of. */
static const char *path_of(const char *url)
{
	assert_int_equal(strncmp(url, ORIGIN "/", strlen(ORIGIN "/")), 0);
	return url + strlen(ORIGIN);
}

/* The session that the last answer names; clients take it as it is. */
static struct text next_session(struct cgi *c)
{
	assert_non_null(cgi_header(c, "Location"));
	return text_of("%s", path_of(cgi_header(c, "Location")));
}

static void head(struct cgi *c, const char *agent, const char *digest)
{
	struct text uri = text_of("/v2/" REPO "/blobs/%s", digest);

	CGI_SEND(c, .method = "HEAD", .uri = uri.s,
	        .fields = {"HTTP_HOST", HOST, "HTTP_USER_AGENT", agent});
}

static void open_session(struct cgi *c, const char *agent, const char *query)
{
	struct text uri = text_of("/v2/" REPO "/blobs/uploads/%s", query);

	CGI_SEND(c, .method = "POST", .uri = uri.s, .body = VIEW_LIT(""),
	        .fields = {"HTTP_HOST", HOST, "HTTP_USER_AGENT", agent});
}

static void send_part(struct cgi *c, const char *agent, const char *session,
        const char *range, const char *bytes, size_t breaks)
{
	CGI_SEND(c, .method = "PATCH", .uri = session, .body = view_of(bytes),
	        .breaks = breaks > 0, .break_after = breaks,
	        .fields = {"HTTP_HOST", HOST, "HTTP_USER_AGENT", agent, "CONTENT_TYPE",
	                "application/octet-stream", "HTTP_CONTENT_RANGE", range,
	                "HTTP_X_REDIRECT_UPLOADS", "1"});
}

/* Keys sorted, the digest escaped, the etag of the parts behind it. */
static void commit(struct cgi *c, const char *agent, const char *session,
        const char *digest, const char *etag)
{
	struct text uri = text_of(
	        "%s?digest=sha256%%3A%s&etag=%s", session, digest + 7, etag);

	CGI_SEND(c, .method = "PUT", .uri = uri.s, .body = VIEW_LIT(""),
	        .fields = {"HTTP_HOST", HOST, "HTTP_USER_AGENT", agent, "CONTENT_TYPE",
	                "application/octet-stream"});
}

static void expect_part(struct cgi *c, const char *session)
{
	expect_status(c, 202);
	expect_header(c, "Location", text_of(ORIGIN "%s", session).s);
}

static void expect_blob(struct cgi *c, const char *digest, const char *bytes)
{
	cgi_get(c, "/v2/" REPO "/blobs/%s", digest);
	expect_status(c, 200);
	expect_body(c, bytes);
}

static void expect_committed(struct cgi *c, const char *digest)
{
	expect_status(c, 201);
	expect_header(c, "Location",
	        text_of(ORIGIN "/v2/" REPO "/blobs/%s", digest).s);
	expect_header(c, "Docker-Content-Digest", digest);
}

static void put_manifest(struct cgi *c, const char *agent, const char *tag, const char *json)
{
	struct text uri = text_of("/v2/" REPO "/manifests/%s", tag);

	CGI_SEND(c, .method = "PUT", .uri = uri.s, .body = view_of(json),
	        .fields = {"HTTP_HOST", HOST, "HTTP_USER_AGENT", agent, "CONTENT_TYPE",
	                MANIFEST_TYPE});
}

/* A blob in two parts. */
static void push(struct cgi *c, const char *agent, const char *a, const char *b)
{
	struct text d = sha256_of(text_of("%s%s", a, b).s);
	size_t n = strlen(a), m = strlen(b);
	struct text s;

	head(c, agent, d.s);
	expect_status(c, 404);
	open_session(c, agent, "");
	expect_status(c, 202);
	s = next_session(c);
	send_part(c, agent, s.s, text_of("0-%zu", n - 1).s, a, 0);
	expect_part(c, s.s);
	send_part(c, agent, s.s, text_of("%zu-%zu", n, n + m - 1).s, b, 0);
	expect_part(c, s.s);
	commit(c, agent, s.s, d.s, "72d27afac8e2fbd3662861b9d607a02c-2");
	expect_committed(c, d.s);
	head(c, agent, d.s);
	expect_status(c, 200);
	expect_blob(c, d.s, text_of("%s%s", a, b).s);
}

/* The manifest of a model: fields that are not of the specification stay. */
static struct text model_json(const char *layer, const char *config, const char *from)
{
	return text_of("{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE
	               "\",\"config\":{\"mediaType\":"
	               "\"application/vnd.docker.container.image.v1+json\","
	               "\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
	               "\"application/vnd.ollama.image.model\",\"digest\":\"%s\","
	               "\"size\":%zu,\"from\":\"%s\",\"name\":\"a \\u003cb\\u003e\"}]}",
	        sha256_of(config).s, strlen(config), sha256_of(layer).s, strlen(layer),
	        from);
}

static void every_generation_pushes_a_model(void **state)
{
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(generations) / sizeof(*generations); i++) {
		const char *agent = generations[i];
		struct text layer = text_of("GGUF%zu weights", i);
		struct text json = model_json(
		        layer.s, text_of("{\"n\":%zu}", i).s, "smol.gguf");
		struct text uri = text_of("/v2/" REPO "/manifests/v%zu", i);

		push(c, agent, text_of("GGUF%zu", i).s, " weights");
		push(c, agent, "{", text_of("\"n\":%zu}", i).s);
		put_manifest(c, agent, text_of("v%zu", i).s, json.s);
		expect_status(c, 201);
		CGI_SEND(c, .method = "GET", .uri = uri.s,
		        .fields = {"HTTP_HOST", HOST, "HTTP_USER_AGENT", agent,
		                "HTTP_ACCEPT", MANIFEST_TYPE});
		expect_status(c, 200);
		expect_body(c, json.s);
	}
}

/* The client never asks how far it came. */
static void a_part_is_sent_again_from_its_beginning(void **state)
{
	struct text d = sha256_of("first part, second part, third");
	struct cgi *c = *state;
	const char *agent = generations[2];
	struct text s;

	open_session(c, agent, "");
	s = next_session(c);
	/* It breaks off half-way, and again earlier. */
	send_part(c, agent, s.s, "0-11", "first part, ", 7);
	send_part(c, agent, s.s, "0-11", "first part, ", 3);
	cgi_get(c, "%s", s.s);
	expect_header(c, "Range", "0-2");
	send_part(c, agent, s.s, "0-11", "first part, ", 0);
	expect_part(c, s.s);
	/* The answer is lost, and the part is sent a second time. */
	send_part(c, agent, s.s, "12-24", "SECOND PART, ", 0);
	send_part(c, agent, s.s, "12-24", "second part, ", 0);
	expect_part(c, s.s);
	expect_header(c, "Range", "0-24");
	/* Beyond the end there is nothing to overwrite. */
	send_part(c, agent, s.s, "26-29", "hird", 0);
	expect_error(c, 416, "BLOB_UPLOAD_INVALID");
	expect_header(c, "Location", text_of(ORIGIN "%s", s.s).s);
	send_part(c, agent, s.s, "25-29", "third", 0);
	expect_part(c, s.s);
	commit(c, agent, s.s, d.s, "0-3");
	expect_committed(c, d.s);
	expect_blob(c, d.s, "first part, second part, third");
}

static void from_others_a_part_comes_once(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, REPO);

	cgi_patch(c, "0-4", "hello", "%s", s.s);
	expect_status(c, 202);
	expect_header(c, "Location", s.s);
	cgi_patch(c, "0-4", "hello", "%s", s.s);
	expect_error(c, 416, "BLOB_UPLOAD_INVALID");
	CGI_SEND(c, .method = "PATCH", .uri = s.s, .body = VIEW_LIT("hello"),
	        .fields = {"HTTP_USER_AGENT", "ollamas/1", "HTTP_CONTENT_RANGE", "0-4"});
	expect_error(c, 416, "BLOB_UPLOAD_INVALID");
}

/* With a length that does not fit nothing is lost. */
static void a_bad_part_takes_nothing_back(void **state)
{
	struct cgi *c = *state;
	const char *agent = generations[3];
	struct text s;

	open_session(c, agent, "");
	s = next_session(c);
	send_part(c, agent, s.s, "0-4", "hello", 0);
	send_part(c, agent, s.s, "0-9", "hello", 0);
	expect_error(c, 400, "SIZE_INVALID");
	send_part(c, agent, s.s, "4-3", "hello", 0);
	expect_error(c, 400, "BLOB_UPLOAD_INVALID");
	send_part(c, agent, s.s, "0-18446744073709551615", "hello", 0);
	assert_int_equal(c->status, 400);
	cgi_get(c, "%s", s.s);
	expect_header(c, "Range", "0-4");
}

static void a_commit_is_sent_again(void **state)
{
	struct text d = sha256_of("hello"), other = sha256_of("other");
	struct cgi *c = *state;
	const char *agent = generations[2];
	struct text s;

	open_session(c, agent, "");
	s = next_session(c);
	send_part(c, agent, s.s, "0-4", "hello", 0);
	commit(c, agent, s.s, d.s, "x-1");
	expect_committed(c, d.s);
	commit(c, agent, s.s, d.s, "x-1");
	expect_committed(c, d.s);
	/* Only of what is there, and only for them. */
	commit(c, agent, s.s, other.s, "x-1");
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
	commit(c, "curl/8", s.s, d.s, "x-1");
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
}

static void a_wrong_digest_is_refused_twice(void **state)
{
	struct text wrong = sha256_of("other");
	struct cgi *c = *state;
	struct text s;

	open_session(c, generations[1], "");
	s = next_session(c);
	send_part(c, generations[1], s.s, "0-4", "hello", 0);
	commit(c, generations[1], s.s, wrong.s, "x-1");
	expect_error(c, 400, "DIGEST_INVALID");
	commit(c, generations[1], s.s, wrong.s, "x-1");
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
}

/* No part is sent of an empty layer. */
static void an_empty_layer(void **state)
{
	struct text d = sha256_of("");
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(generations) / sizeof(*generations); i++) {
		struct text s;

		open_session(c, generations[i], "");
		s = next_session(c);
		commit(c, generations[i], s.s, d.s,
		        "d41d8cd98f00b204e9800998ecf8427e-0");
		expect_committed(c, d.s);
	}
	expect_blob(c, d.s, "");
}

/* from= is a repository, or the name of a file, or whatever. */
static void any_from_is_good(void **state)
{
	static const char *const from[] = {
	        "library%2Fmodel-00001-of-00002.gguf",
	        "library%2FMy+Model+Q4_K_M.gguf",
	        "library%2F..%2F..%2Fetc",
	        "registry.ollama.ai%2Flibrary%2Fllama3",
	        "C%3A%5Cmodels%5Cx.gguf",
	        "%",
	        "%00",
	        "",
	};
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "library/base", "weights");
	char longest[2000];

	for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++) {
		open_session(c, generations[2],
		        text_of("?from=%s&mount=sha256%%3A%s", from[i], d.s + 7).s);
		expect_status(c, 202);
		next_session(c);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	cgi_post(c, "", "/v2/" REPO "/blobs/uploads/?from=%s&mount=%s", longest, d.s);
	expect_status(c, 202);
	open_session(c, generations[2],
	        text_of("?from=library%%2Fbase&mount=sha256%%3A%s", d.s + 7).s);
	expect_committed(c, d.s);
}

static void announce(struct cgi *c, const char *digest, const char *agent)
{
	struct text uri = text_of(
	        "/v2/" REPO "/blobs/uploads/?digest=sha256%%3A%s", digest + 7);

	CGI_SEND(c, .method = "POST", .uri = uri.s, .body = VIEW_LIT(""),
	        .fields = {"HTTP_HOST", HOST, "HTTP_USER_AGENT", agent,
	                "HTTP_X_REDIRECT_UPLOADS", "2", "HTTP_X_CONTENT_LENGTH", "12"});
}

/* Tensor models: the digest comes with the POST, whose body is empty. */
static void a_tensor_is_pushed(void **state)
{
	struct text d = sha256_of("tensor bytes"), empty = sha256_of("");
	struct cgi *c = *state;
	struct text s;

	announce(c, d.s, TRANSFER);
	expect_status(c, 202);
	s = next_session(c);
	send_part(c, TRANSFER, s.s, "0-6", "tensor ", 0);
	expect_part(c, s.s);
	send_part(c, TRANSFER, s.s, "7-11", "bytes", 3);
	send_part(c, TRANSFER, s.s, "7-11", "bytes", 0);
	expect_part(c, s.s);
	commit(c, TRANSFER, s.s, d.s, "x-2");
	expect_committed(c, d.s);
	/* It is there: nothing is to be sent. */
	announce(c, d.s, TRANSFER);
	expect_committed(c, d.s);
	/* The empty one is whole with the POST. */
	announce(c, empty.s, TRANSFER);
	expect_committed(c, empty.s);
	expect_blob(c, empty.s, "");
	/* From others the body of such a POST is the blob. */
	cgi_post(c, "", "/v2/" REPO "/blobs/uploads/?digest=%s", sha256_of("x").s);
	expect_error(c, 400, "DIGEST_INVALID");
}

static void put_whole(struct cgi *c, const char *session, const char *digest, size_t breaks)
{
	struct text uri = text_of("%s?digest=%s", session, digest);

	CGI_SEND(c, .method = "PUT", .uri = uri.s, .body = VIEW_LIT("tensor bytes"),
	        .breaks = breaks > 0, .break_after = breaks,
	        .fields = {"HTTP_HOST", HOST, "HTTP_USER_AGENT", TRANSFER});
}

/* The first of them sent a tensor with the end, and the whole of it again. */
static void a_tensor_is_pushed_whole(void **state)
{
	struct text d = sha256_of("tensor bytes");
	struct cgi *c = *state;
	struct text s;

	announce(c, d.s, TRANSFER);
	s = next_session(c);
	put_whole(c, s.s, d.s, 5);
	put_whole(c, s.s, d.s, 0);
	expect_committed(c, d.s);
	expect_blob(c, d.s, "tensor bytes");
	put_whole(c, s.s, d.s, 0);
	expect_committed(c, d.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(every_generation_pushes_a_model),
	        CGI_TEST(a_part_is_sent_again_from_its_beginning),
	        CGI_TEST(from_others_a_part_comes_once),
	        CGI_TEST(a_bad_part_takes_nothing_back),
	        CGI_TEST(a_commit_is_sent_again),
	        CGI_TEST(a_wrong_digest_is_refused_twice),
	        CGI_TEST(an_empty_layer),
	        CGI_TEST(any_from_is_good),
	        CGI_TEST(a_tensor_is_pushed),
	        CGI_TEST(a_tensor_is_pushed_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
