/* end-13, end-14. The state of a session, its end, and clients that leave in the middle.
 */
#include "support/cgi.h"

#include "store/uploads.h"

#include <stdlib.h>
#include <string.h>

static void expect_at(struct cgi *c, const char *session, const char *range)
{
	cgi_get(c, "%s", session);
	expect_status(c, 204);
	expect_header(c, "Location", session);
	expect_header(c, "Range", range);
	expect_header(c, "Docker-Upload-UUID", strrchr(session, '/') + 1);
}

static void status_is_204_with_range(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a/b");

	expect_at(c, s.s, "0-0");
	cgi_patch(c, "0-0", "h", "%s", s.s);
	expect_at(c, s.s, "0-0");
	cgi_patch(c, "1-4", "ello", "%s", s.s);
	expect_at(c, s.s, "0-4");
}

static void cancel_is_204_and_the_session_gone(void **state)
{
	struct cgi *c = *state;
	struct tree before = tree_of(c);
	struct text s = cgi_open_session(c, "a");

	cgi_patch(c, "0-4", "hello", "%s", s.s);
	cgi_delete(c, "%s", s.s);
	expect_status(c, 204);
	cgi_get(c, "%s", s.s);
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
	cgi_patch(c, "0-4", "hello", "%s", s.s);
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
	cgi_put(c, NULL, "hello", "%s?digest=%s", s.s, sha256_of("hello").s);
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
	cgi_delete(c, "%s", s.s);
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
	expect_untouched(c, &before);
}

static void unknown_and_malformed_sessions_are_404(void **state)
{
	static const char *const ids[] = {"00000000000000000000000000000000", "x",
	        "..%2e", "0000", "0000000000000000000000000000000G",
	        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	        "550e8400-e29b-41d4-a716-446655440000"};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		cgi_get(c, "/v2/a/blobs/uploads/%s", ids[i]);
		expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
		cgi_patch(c, NULL, "hello", "/v2/a/blobs/uploads/%s", ids[i]);
		expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
	}
}

/* The session is that of one repository. */
static void another_repository_does_not_have_it(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	const char *id = strrchr(s.s, '/') + 1;

	cgi_get(c, "/v2/b/blobs/uploads/%s", id);
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
	cgi_patch(c, NULL, "hello", "/v2/b/blobs/uploads/%s", id);
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
	cgi_delete(c, "/v2/b/blobs/uploads/%s", id);
	expect_error(c, 404, "BLOB_UPLOAD_UNKNOWN");
	expect_at(c, s.s, "0-0");
}

/* What arrived before the client vanished is kept, reported, and gone on from. */
static void a_vanished_client_goes_on_where_it_stopped(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	struct text d = sha256_of("hello, world");

	CGI_SEND(c, .method = "PATCH", .uri = s.s, .body = VIEW_LIT("hello, world"),
	        .breaks = true, .break_after = 5);
	assert_int_equal(c->status, 0);
	expect_at(c, s.s, "0-4");
	CGI_SEND(c, .method = "PATCH", .uri = s.s, .body = VIEW_LIT(", world"),
	        .length = "", .breaks = true, .break_after = 2);
	expect_at(c, s.s, "0-6");
	fixture_reopen(&c->fixture);
	cgi_patch(c, "7-11", "world", "%s", s.s);
	expect_status(c, 202);
	expect_header(c, "Range", "0-11");
	cgi_put(c, NULL, "", "%s?digest=%s", s.s, d.s);
	expect_status(c, 201);
	cgi_get(c, "/v2/a/blobs/%s", d.s);
	expect_body(c, "hello, world");
}

/* A body that ends early is no whole chunk: nothing is committed, what came is kept. */
static void a_short_last_chunk_does_not_end_the_upload(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	struct text short_digest = sha256_of("hello");
	struct text uri = text_of("%s?digest=%s", s.s, short_digest.s);

	CGI_SEND(c, .method = "PUT", .uri = uri.s, .body = VIEW_LIT("hello"),
	        .length = "12");
	expect_error(c, 400, "SIZE_INVALID");
	cgi_head(c, "/v2/a/blobs/%s", short_digest.s);
	expect_status(c, 404);
	expect_at(c, s.s, "0-4");
}

static void a_vanished_single_post_leaves_nothing(void **state)
{
	struct cgi *c = *state;
	struct tree before = tree_of(c);
	struct text uri = text_of("/v2/a/blobs/uploads/?digest=%s", sha256_of("hello").s);

	for (size_t k = 0; k <= 5; k++)
		CGI_SEND(c, .method = "POST", .uri = uri.s, .body = VIEW_LIT("hello"),
		        .breaks = true, .break_after = k);
	expect_untouched(c, &before);
}

/* A second writer is refused and told where the session stands. */
static void one_writer_at_a_time(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");
	struct upload u = UPLOAD_INIT;
	struct err err = ERR_INIT;
	struct repo_name repo;
	struct session_id id;

	cgi_patch(c, "0-4", "hello", "%s", s.s);
	assert_int_equal(repo_name_parse(VIEW_LIT("a"), &repo), 0);
	assert_int_equal(session_id_parse(view_of(strrchr(s.s, '/') + 1), &id), 0);
	assert_int_equal(upload_open(&c->fixture.store, &id, &repo, "", &u, &err), 0);
	cgi_patch(c, "5-5", "!", "%s", s.s);
	expect_error(c, 416, "BLOB_UPLOAD_INVALID");
	expect_header(c, "Location", s.s);
	expect_header(c, "Range", "0-4");
	/* The state can be asked for all the while. */
	expect_at(c, s.s, "0-4");
	upload_close(&u);
	cgi_patch(c, "5-5", "!", "%s", s.s);
	expect_status(c, 202);
	expect_header(c, "Range", "0-5");
}

/* The Location of an earlier answer is as good as that of the last. */
static void a_stale_location_still_serves(void **state)
{
	struct cgi *c = *state;
	struct text s = cgi_open_session(c, "a");

	cgi_patch(c, "0-4", "hello", "%s", s.s);
	cgi_patch(c, "0-4", "hello", "%s?x=y", s.s);
	expect_status(c, 416);
	expect_at(c, s.s, "0-4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(status_is_204_with_range),
	        CGI_TEST(cancel_is_204_and_the_session_gone),
	        CGI_TEST(unknown_and_malformed_sessions_are_404),
	        CGI_TEST(another_repository_does_not_have_it),
	        CGI_TEST(a_vanished_client_goes_on_where_it_stopped),
	        CGI_TEST(a_short_last_chunk_does_not_end_the_upload),
	        CGI_TEST(a_vanished_single_post_leaves_nothing),
	        CGI_TEST(one_writer_at_a_time),
	        CGI_TEST(a_stale_location_still_serves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
