/* Quotas: what is refused, when, how, and that nothing of it is counted. */
#include "support/cgi.h"

#include "store/account.h"
#include "support/invariants.h"
#include "support/values.h"

#include <stdlib.h>
#include <string.h>

static void expect_bytes(struct cgi *c, uint64_t bytes)
{
	struct repo_name ns = as_repo("a");
	struct err err = ERR_INIT;
	struct account now;

	assert_int_equal(account_read(&c->fixture.store, &ns, &now, &err), 0);
	assert_int_equal(now.bytes, bytes);
	assert_int_equal(invariants_check(c->fixture.dir), 0);
}

static void expect_refused(struct cgi *c, const char *detail)
{
	expect_error(c, 403, "DENIED");
	if (!strstr(cgi_body(c), detail))
		fail_msg("%s is not in %s", detail, cgi_body(c));
}

#define DETAIL(used, limit, requested, unit)                                              \
	"\"detail\":{\"used\":" #used ",\"limit\":" #limit ",\"requested\":" #requested   \
	",\"unit\":\"" unit "\"}"

/* Ten bytes of the namespace a are in use. */
static int setup(void **state)
{
	cgi_setup(state);
	cgi_push_blob(*state, "a/b", "0123456789");
	return 0;
}

static void a_session_is_not_opened_without_room(void **state)
{
	struct cgi *c = *state;

	c->fixture.config.quota_bytes = 10;
	cgi_post(c, "", "/v2/a/b/blobs/uploads/");
	expect_refused(c, DETAIL(10, 10, 1, "bytes"));
	assert_int_equal(names_in(&c->fixture, "uploads"), 0);
	cgi_post(c, "", "/v2/b/c/blobs/uploads/");
	expect_status(c, 202);
	c->fixture.config.quota_bytes = 11;
	cgi_post(c, "", "/v2/a/b/blobs/uploads/");
	expect_status(c, 202);
}

static void a_declared_chunk_is_refused_unread(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a/b");

	c->fixture.config.quota_bytes = 15;
	/* The client would break off, if it were read. */
	CGI_SEND(c, .method = "PATCH", .uri = s.s, .body = view_of("abcdef"),
		.breaks = true, .break_after = 0);
	expect_refused(c, DETAIL(10, 15, 6, "bytes"));
	cgi_patch(c, "0-4", "abcde", "%s", s.s);
	expect_status(c, 202);
	cgi_patch(c, "5-5", "f", "%s", s.s);
	expect_refused(c, DETAIL(10, 15, 6, "bytes"));
	cgi_put(c, NULL, "", "%s?digest=%s", s.s, sha256_of("abcde").s);
	expect_status(c, 201);
	expect_bytes(c, 15);
}

static void a_chunk_of_unknown_length_is_counted(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a/b");

	c->fixture.config.quota_bytes = 15;
	CGI_SEND(c, .method = "PATCH", .uri = s.s, .body = view_of("abcdefgh"), .length = "",
		.piece = 3);
	expect_refused(c, DETAIL(10, 15, 6, "bytes"));
	/* The session stands where it stood. */
	cgi_get(c, "%s", s.s);
	expect_header(c, "Range", "0-0");
	cgi_delete(c, "%s", s.s);
	expect_status(c, 204);
	expect_bytes(c, 10);
}

static void the_last_chunk_and_the_single_post_are_refused(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a/b");
	struct text d = sha256_of("abcdef");

	c->fixture.config.quota_bytes = 15;
	cgi_put(c, NULL, "abcdef", "%s?digest=%s", s.s, d.s);
	expect_refused(c, DETAIL(10, 15, 6, "bytes"));
	cgi_post(c, "abcdef", "/v2/a/b/blobs/uploads/?digest=%s", d.s);
	expect_refused(c, DETAIL(10, 15, 6, "bytes"));
	cgi_get(c, "/v2/a/b/blobs/%s", d.s);
	expect_status(c, 404);
	expect_bytes(c, 10);
	/* Another repository of the namespace, where a refused push leaves nothing. */
	cgi_post(c, "abcdef", "/v2/a/new/blobs/uploads/?digest=%s", d.s);
	expect_refused(c, DETAIL(10, 15, 6, "bytes"));
	assert_int_equal(names_in(&c->fixture, "repos/a"), 1);
}

/* Both sessions had room when they began; the account decides at the end. */
static void the_commit_is_what_counts(void **state)
{
	struct cgi *c = *state;
	struct text one = cgi_open_session(c, "a/b"), two = cgi_open_session(c, "a/c");

	c->fixture.config.quota_bytes = 15;
	cgi_patch(c, "0-4", "first", "%s", one.s);
	expect_status(c, 202);
	cgi_patch(c, "0-4", "other", "%s", two.s);
	expect_status(c, 202);
	cgi_put(c, NULL, "", "%s?digest=%s", one.s, sha256_of("first").s);
	expect_status(c, 201);
	cgi_put(c, NULL, "", "%s?digest=%s", two.s, sha256_of("other").s);
	expect_refused(c, DETAIL(15, 15, 5, "bytes"));
	expect_bytes(c, 15);
	cgi_delete(c, "/v2/a/b/blobs/%s", sha256_of("0123456789").s);
	expect_status(c, 202);
	cgi_put(c, NULL, "", "%s?digest=%s", two.s, sha256_of("other").s);
	expect_status(c, 201);
	expect_bytes(c, 10);
}

static void what_is_there_may_be_pushed_again(void **state)
{
	struct cgi *c = *state;

	c->fixture.config.quota_bytes = 10;
	cgi_post(c, "0123456789", "/v2/a/b/blobs/uploads/?digest=%s",
		sha256_of("0123456789").s);
	expect_status(c, 201);
	cgi_post(c, "", "/v2/a/b/blobs/uploads/?mount=%s&from=a/b",
		sha256_of("0123456789").s);
	expect_status(c, 201);
	expect_bytes(c, 10);
}

static void a_mount_and_a_manifest_are_refused(void **state)
{
	struct cgi *c = *state;
	struct text image = image_json("one");

	c->fixture.config.quota_bytes = 15;
	cgi_post(c, "", "/v2/a/c/blobs/uploads/?mount=%s&from=a/b",
		sha256_of("0123456789").s);
	expect_refused(c, DETAIL(10, 15, 10, "bytes"));
	cgi_push_blob(c, "a/b", "{}");
	cgi_put(c, "application/vnd.oci.image.manifest.v1+json", image.s,
		"/v2/a/b/manifests/1");
	expect_error(c, 403, "DENIED");
	cgi_get(c, "/v2/a/b/manifests/1");
	expect_error(c, 404, "MANIFEST_UNKNOWN");
	expect_bytes(c, 12);
}

static void manifests_are_limited_by_number(void **state)
{
	struct cgi *c = *state;
	struct text first = image_json("one"), second = image_json("two");

	c->fixture.config.quota_manifests = 1;
	cgi_push_image(c, "a/b", "1", first.s);
	cgi_put(c, "application/vnd.oci.image.manifest.v1+json", second.s,
		"/v2/a/b/manifests/2");
	expect_refused(c, DETAIL(1, 1, 1, "manifests"));
	/* Another tag of the same is none more. */
	cgi_push_image(c, "a/b", "2", first.s);
	cgi_delete(c, "/v2/a/b/manifests/%s", sha256_of(first.s).s);
	expect_status(c, 202);
	cgi_push_image(c, "a/b", "2", second.s);
	assert_int_equal(invariants_check(c->fixture.dir), 0);
}

static void one_blob_is_limited_in_size(void **state)
{
	struct cgi *c = *state;

	plant_file(&c->fixture, "quota/a/limits", "blob-size = 4\n");
	c->fixture.config.blob_limit = 5;
	cgi_post(c, "abcde", "/v2/a/b/blobs/uploads/?digest=%s", sha256_of("abcde").s);
	expect_refused(c, DETAIL(0, 4, 5, "blob"));
	cgi_push_blob(c, "a/b", "abcd");
	/* The registry's own limit is another matter. */
	cgi_post(c, "abcdef", "/v2/b/blobs/uploads/?digest=%s", sha256_of("abcdef").s);
	expect_error(c, 413, "SIZE_INVALID");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, cgi_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_is_not_opened_without_room),
		TEST(a_declared_chunk_is_refused_unread),
		TEST(a_chunk_of_unknown_length_is_counted),
		TEST(the_last_chunk_and_the_single_post_are_refused),
		TEST(the_commit_is_what_counts),
		TEST(what_is_there_may_be_pushed_again),
		TEST(a_mount_and_a_manifest_are_refused),
		TEST(manifests_are_limited_by_number),
		TEST(one_blob_is_limited_in_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
