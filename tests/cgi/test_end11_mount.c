/* end-11. Mounting a blob from another repository. */
#include "support/cgi.h"

#include <string.h>

/* A session as for a plain POST, which then takes the blob. */
static void expect_session(struct cgi *c, const char *repo, const char *bytes)
{
	struct text d = sha256_of(bytes);
	struct text prefix = text_of("/v2/%s/blobs/uploads/", repo);
	struct text s;

	expect_status(c, 202);
	s = text_of("%s", cgi_header(c, "Location"));
	assert_int_equal(strncmp(s.s, prefix.s, strlen(prefix.s)), 0);
	expect_header(c, "Range", "0-0");
	cgi_head(c, "/v2/%s/blobs/%s", repo, d.s);
	expect_status(c, 404);
	cgi_put(c, NULL, bytes, "%s?digest=%s", s.s, d.s);
	expect_status(c, 201);
}

static void mount_from_gives_the_blob(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "one/src", "hello");

	cgi_post(c, "", "/v2/two/dst/blobs/uploads/?mount=%s&from=one/src", d.s);
	expect_status(c, 201);
	expect_header(c, "Location", text_of("/v2/two/dst/blobs/%s", d.s).s);
	expect_header(c, "Docker-Content-Digest", d.s);
	cgi_get(c, "/v2/two/dst/blobs/%s", d.s);
	expect_status(c, 200);
	expect_body(c, "hello");
	/* Again, and with everything escaped as Go does. */
	cgi_post(c, "", "/v2/two/dst/blobs/uploads/?from=one%%2Fsrc&mount=sha256%%3A%s",
	        d.s + 7);
	expect_status(c, 201);
	/* What is deleted in one repository stays in the other. */
	cgi_delete(c, "/v2/one/src/blobs/%s", d.s);
	expect_status(c, 202);
	cgi_get(c, "/v2/two/dst/blobs/%s", d.s);
	expect_status(c, 200);
	expect_body(c, "hello");
}

static void mount_of_sha512(void **state)
{
	struct cgi *c = *state;
	struct text d = sha512_of("hello");

	cgi_post(c, "hello", "/v2/src/blobs/uploads/?digest=%s", d.s);
	cgi_post(c, "", "/v2/dst/blobs/uploads/?mount=%s&from=src", d.s);
	expect_status(c, 201);
	expect_header(c, "Docker-Content-Digest", d.s);
	cgi_get(c, "/v2/dst/blobs/%s", d.s);
	expect_body(c, "hello");
	/* A session opened for want of the blob expects that digest. */
	d = sha512_of("other");
	cgi_post(c, "", "/v2/dst/blobs/uploads/?mount=%s&from=src", d.s);
	expect_status(c, 202);
	cgi_put(c, NULL, "other", "%s?digest=%s",
	        text_of("%s", cgi_header(c, "Location")).s, d.s);
	expect_status(c, 201);
}

/* from says where to look: that another repository holds the blob is no business of the
 * client. */
static void from_is_the_only_place_looked_at(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "src", "hello");

	cgi_push_blob(c, "bystander", "other");
	cgi_post(c, "", "/v2/dst/blobs/uploads/?mount=%s&from=bystander", d.s);
	expect_session(c, "dst", "hello");
}

static void mount_without_from_looks_everywhere(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "src", "hello");

	cgi_post(c, "", "/v2/dst/blobs/uploads/?mount=%s", d.s);
	expect_status(c, 201);
	cgi_get(c, "/v2/dst/blobs/%s", d.s);
	expect_status(c, 200);
	expect_body(c, "hello");
}

/* No mount is ever an error: the client is to upload. */
static void what_cannot_be_mounted_is_a_session(void **state)
{
	static const char *const queries[] = {
	        "mount=sha256:zz",
	        "mount=",
	        "mount",
	        "mount=sha256:abc&from=src",
	        "mount=SHA256:abc&from=src",
	        "mount=blake3:"
	        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a&from="
	        "src",
	        "mount=../../etc/passwd&from=src",
	};
	struct cgi *c = *state;
	struct text unknown = sha256_of("never pushed");

	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		struct text repo = text_of("dst%zu", i);

		cgi_post(c, "", "/v2/%s/blobs/uploads/?%s", repo.s, queries[i]);
		expect_session(c, repo.s, "hello");
	}
	cgi_post(c, "", "/v2/x/blobs/uploads/?mount=%s", unknown.s);
	expect_session(c, "x", "never pushed, either");
	cgi_post(c, "", "/v2/y/blobs/uploads/?mount=%s&from=none", sha256_of("no").s);
	expect_session(c, "y", "x");
}

static void a_from_that_is_no_name_is_a_session(void **state)
{
	static const char *const names[] = {
	        "", "UPPER", "..", "../x", "a//b", "/src", "src/", "a%00b"};
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "src", "hello");

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		cgi_post(c, "", "/v2/dst/blobs/uploads/?mount=%s&from=%s", d.s, names[i]);
		expect_status(c, 202);
		cgi_head(c, "/v2/dst/blobs/%s", d.s);
		expect_status(c, 404);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(mount_from_gives_the_blob),
	        CGI_TEST(mount_of_sha512),
	        CGI_TEST(from_is_the_only_place_looked_at),
	        CGI_TEST(mount_without_from_looks_everywhere),
	        CGI_TEST(what_cannot_be_mounted_is_a_session),
	        CGI_TEST(a_from_that_is_no_name_is_a_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
