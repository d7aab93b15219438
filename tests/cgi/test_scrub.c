/* What clients meet after a scrub has taken something corrupt away: their next push mends it. */
#include "support/cgi.h"
#include "support/damage.h"
#include "support/invariants.h"

#include "store/account.h"
#include "support/values.h"

#include <string.h>

#define LAYER "the blob b"

static void scrub(struct states *s, bool repair, const char *found)
{
	struct scrub_options o = {.repair = repair};
	struct scrub_result r;
	char text[DAMAGE_TEXT];

	assert_string_equal(damage_scrub(s, &o, &r, text), found);
}

static struct account account_of(struct cgi *c)
{
	struct repo_name r = as_repo("a/b");
	struct err err = ERR_INIT;
	struct account a;

	assert_int_equal(account_read(&c->fixture.store, &r, &a, &err), 0);
	return a;
}

static void a_blob_that_was_taken_away_can_be_pushed_again(void **state)
{
	struct cgi *c = *state;
	struct states s = {.f = &c->fixture, .repo = "a/b"};
	struct text layer = sha256_of(LAYER);
	struct account before, after;

	states_make(&s, "blob a; blob b; image I a b; tag t I");
	damage_share(&s, "b", "c/d");
	before = account_of(c);
	damage_flip_entry(&s, "b");
	scrub(&s, true, "blob b; reference b of I; affected t b");
	after = account_of(c);
	assert_int_equal(after.bytes, before.bytes - strlen(LAYER));
	assert_int_equal(after.blobs, before.blobs - 1);

	/* A client looks first, and finds that it has to push. */
	cgi_head(c, "/v2/a/b/blobs/%s", layer.s);
	expect_status(c, 404);
	cgi_head(c, "/v2/c/d/blobs/%s", layer.s);
	expect_status(c, 404);
	/* Nobody can mount it, not even from anywhere. */
	cgi_post(c, "", "/v2/a/b/blobs/uploads/?mount=%s&from=c/d", layer.s);
	expect_status(c, 202);
	cgi_delete(c, "%s", cgi_header(c, "Location"));
	cgi_push_blob(c, "a/b", LAYER);
	cgi_get(c, "/v2/a/b/manifests/t");
	expect_status(c, 200);
	cgi_get(c, "/v2/a/b/blobs/%s", layer.s);
	expect_status(c, 200);
	expect_body(c, LAYER);
	cgi_post(c, "", "/v2/c/d/blobs/uploads/?mount=%s&from=a/b", layer.s);
	expect_status(c, 201);

	after = account_of(c);
	assert_true(account_equal(&after, &before));
	scrub(&s, false, "");
	assert_int_equal(invariants_check(c->fixture.dir), 0);
}


static void a_manifest_that_was_taken_away_can_be_pushed_again(void **state)
{
	struct cgi *c = *state;
	struct states s = {.f = &c->fixture, .repo = "a/b"};
	struct text image = cgi_push_image(c, "a/b", "t", image_json("x").s), signature;
	struct states_name *n = &s.names[s.count++];
	struct account before = account_of(c), after;

	strcpy(n->text, "I");
	n->kind = STATES_MANIFEST;
	n->digest = as_digest(DIGEST_SHA256, image_json("x").s);
	signature = cgi_push_image(
		c, "a/b", "s", referrer_json("r", image.s, "text/plain").s);
	damage_flip_own(&s, "I");
	scrub(&s, true, "manifest I; affected t I; tag t+");
	cgi_get(c, "/v2/a/b/manifests/t");
	expect_error(c, 404, "MANIFEST_UNKNOWN");
	cgi_get(c, "/v2/a/b/tags/list");
	expect_body(c, "{\"name\":\"a/b\",\"tags\":[\"s\"]}");
	/* What it is the subject of is listed still. */
	cgi_get(c, "/v2/a/b/referrers/%s", image.s);
	assert_non_null(strstr(cgi_body(c), signature.s));

	cgi_push_image(c, "a/b", "t", image_json("x").s);
	cgi_get(c, "/v2/a/b/manifests/t");
	expect_status(c, 200);
	expect_body(c, image_json("x").s);
	after = account_of(c);
	assert_int_equal(after.manifests, before.manifests + 1);
	scrub(&s, false, "");
	assert_int_equal(invariants_check(c->fixture.dir), 0);
}

/* What clients do, whole, is nothing that a scrub has anything to say of. */
static void what_clients_push_and_delete_is_in_order(void **state)
{
	struct cgi *c = *state;
	struct states s = {.f = &c->fixture, .repo = "a/b"};
	struct text image = cgi_push_image(c, "a/b", "one", image_json("1").s);
	struct text other = cgi_push_image(c, "a/b", "two", image_json("2").s);

	cgi_push_image(c, "a/b/c", "one", image_json("1").s);
	cgi_push_image(c, "a/b", "sig", referrer_json("r", image.s, NULL).s);
	cgi_push_blob(c, "x", "nobody needs it");
	cgi_open_session(c, "x");
	scrub(&s, false, "");
	cgi_delete(c, "/v2/a/b/manifests/%s", other.s);
	expect_status(c, 202);
	cgi_delete(c, "/v2/a/b/manifests/%s", image.s);
	expect_status(c, 202);
	cgi_delete(c, "/v2/x/blobs/%s", sha256_of("nobody needs it").s);
	expect_status(c, 202);
	scrub(&s, false, "");
	scrub(&s, true, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CGI_TEST(a_blob_that_was_taken_away_can_be_pushed_again),
		CGI_TEST(a_manifest_that_was_taken_away_can_be_pushed_again),
		CGI_TEST(what_clients_push_and_delete_is_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
