/* end-9, end-10. Deleting tags, manifests and blobs. */
#include "support/cgi.h"

#include "format/media.h"

#include <string.h>

static void a_tag_alone(void **state)
{
	struct cgi *c = *state;
	struct text json = image_json("one");
	struct text d = cgi_push_image(c, "a", "v1", json.s);

	cgi_push_image(c, "a", "v2", json.s);
	cgi_delete(c, "/v2/a/manifests/v1");
	expect_status(c, 202);
	cgi_head(c, "/v2/a/manifests/v1");
	expect_status(c, 404);
	cgi_head(c, "/v2/a/manifests/v2");
	expect_status(c, 200);
	cgi_get(c, "/v2/a/manifests/%s", d.s);
	expect_status(c, 200);
	expect_body(c, json.s);
	cgi_delete(c, "/v2/a/manifests/v1");
	expect_error(c, 404, "MANIFEST_UNKNOWN");
}

static void a_manifest_with_all_its_tags(void **state)
{
	struct cgi *c = *state;
	struct text one = image_json("one");
	struct text two = image_json("two");
	struct text d = cgi_push_image(c, "a", "v1", one.s);

	cgi_push_image(c, "a", "v2", one.s);
	cgi_push_image(c, "a", "other", two.s);
	cgi_push_image(c, "b", "v1", one.s);
	cgi_delete(c, "/v2/a/manifests/%s", d.s);
	expect_status(c, 202);
	cgi_head(c, "/v2/a/manifests/%s", d.s);
	expect_status(c, 404);
	cgi_head(c, "/v2/a/manifests/v1");
	expect_status(c, 404);
	cgi_head(c, "/v2/a/manifests/v2");
	expect_status(c, 404);
	cgi_get(c, "/v2/a/tags/list");
	expect_body(c, "{\"name\":\"a\",\"tags\":[\"other\"]}");
	cgi_get(c, "/v2/b/manifests/v1");
	expect_status(c, 200);
	cgi_delete(c, "/v2/a/manifests/%s", d.s);
	expect_error(c, 404, "MANIFEST_UNKNOWN");
	/* It can be pushed again. */
	cgi_push_image(c, "a", "v1", one.s);
	cgi_get(c, "/v2/a/manifests/v1");
	expect_status(c, 200);
}

static void in_an_unknown_repository(void **state)
{
	struct cgi *c = *state;

	cgi_delete(c, "/v2/none/manifests/v1");
	assert_int_equal(c->status, 404);
	cgi_delete(c, "/v2/none/manifests/%s", sha256_of("x").s);
	assert_int_equal(c->status, 404);
	cgi_delete(c, "/v2/none/blobs/%s", sha256_of("x").s);
	assert_int_equal(c->status, 404);
}

static void a_referrer_leaves_the_list_and_a_subject_does_not(void **state)
{
	struct cgi *c = *state;
	struct text subject = cgi_push_image(c, "a", "v1", image_json("subject").s);
	struct text one =
	        cgi_push_image(c, "a", "r1", referrer_json("1", subject.s, "a/b").s);
	struct text two =
	        cgi_push_image(c, "a", "r2", referrer_json("2", subject.s, "a/b").s);

	cgi_delete(c, "/v2/a/manifests/%s", one.s);
	expect_status(c, 202);
	cgi_get(c, "/v2/a/referrers/%s", subject.s);
	assert_null(strstr(cgi_body(c), one.s));
	assert_non_null(strstr(cgi_body(c), two.s));
	cgi_delete(c, "/v2/a/manifests/%s", subject.s);
	expect_status(c, 202);
	cgi_get(c, "/v2/a/referrers/%s", subject.s);
	expect_status(c, 200);
	assert_non_null(strstr(cgi_body(c), two.s));
}

/* The order in which a client takes an image away: tags, manifests, blobs. */
static void a_blob_that_is_needed_stays(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_image(c, "a", "v1", image_json("one").s);
	struct text blob = sha256_of("{}");

	cgi_delete(c, "/v2/a/blobs/%s", blob.s);
	expect_error(c, 405, "UNSUPPORTED");
	assert_non_null(strstr(cgi_body(c), d.s));
	cgi_head(c, "/v2/a/blobs/%s", blob.s);
	expect_status(c, 200);
	cgi_delete(c, "/v2/a/manifests/v1");
	expect_status(c, 202);
	cgi_delete(c, "/v2/a/blobs/%s", blob.s);
	expect_error(c, 405, "UNSUPPORTED");
	cgi_delete(c, "/v2/a/manifests/%s", d.s);
	expect_status(c, 202);
	cgi_delete(c, "/v2/a/blobs/%s", blob.s);
	expect_status(c, 202);
	cgi_head(c, "/v2/a/blobs/%s", blob.s);
	expect_status(c, 404);
}

static void the_catalog_forgets_an_empty_repository(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_image(c, "a", "v1", image_json("one").s);

	cgi_push_image(c, "b", "v1", image_json("one").s);
	cgi_delete(c, "/v2/a/manifests/%s", d.s);
	cgi_get(c, "/v2/_catalog");
	expect_body(c, "{\"repositories\":[\"b\"]}");
	cgi_get(c, "/v2/a/tags/list");
	expect_error(c, 404, "NAME_UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(a_tag_alone),
	        CGI_TEST(a_manifest_with_all_its_tags),
	        CGI_TEST(in_an_unknown_repository),
	        CGI_TEST(a_referrer_leaves_the_list_and_a_subject_does_not),
	        CGI_TEST(a_blob_that_is_needed_stays),
	        CGI_TEST(the_catalog_forgets_an_empty_repository),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
