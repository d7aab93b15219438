/* Pulling from another registry: what is asked, what is kept, and what is not taken. */
#include "service/remote_pull.h"

#include "base/io.h"
#include "store/account_limits.h"
#include "store/blobs.h"
#include "support/documents.h"
#include "support/invariants.h"
#include "support/upstream.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BIG ((size_t)3 << 20)
/*
 * It is asked whether to stop before every manifest and blob, and before every read of at
 * most 256 KiB: by then some of the layer has come, and not all of it.
 */
#define IN_THE_LAYER 10

struct stage {
	struct fixture f;
	struct upstream up;
	bool any_mount;
	char log[4096];     /* what was reported */
	unsigned asked;     /* whether to stop */
	unsigned cancel_at; /* that question; 0: never */
	struct remotes rules;
	struct ssh_private key;
	struct repo_name repo;
	struct tag tag;
	struct err err;
};

static struct stage st;

static void report(void *arg, const char *step, uint64_t done, uint64_t total)
{
	size_t n = strlen(st.log);

	(void)arg;
	assert_true(done <= total);
	if (done == total)
		snprintf(st.log + n, sizeof(st.log) - n, "%s\n", step);
}

static bool is_cancelled(void *arg)
{
	(void)arg;
	return st.cancel_at > 0 && ++st.asked >= st.cancel_at;
}

static int pull_as(const char *user, const char *reference)
{
	const struct job job = {report, NULL, is_cancelled, NULL};
	const struct remote_settings settings = {
	        &st.rules, NULL, NULL, NULL, false, 5, NULL, NULL};
	const struct remote_pull p = {&st.f.store, &st.repo, &st.tag, user,
	        st.any_mount, &st.key, &job};
	struct remote r = REMOTE_INIT;
	char name[256];
	struct remote_name n;
	int rc;

	err_release(&st.err);
	st.log[0] = st.up.ranges[0] = '\0';
	st.up.blobs = st.asked = 0;
	snprintf(name, sizeof(name), "%s/up/model%s", st.up.web.host, reference);
	assert_int_equal(remote_name_parse(view_of(name), NULL, &n), 0);
	rc = remote_open(&r, &settings, &n, &st.err);
	if (rc == 0)
		rc = remote_pull(&r, &p, &st.err);
	remote_close(&r);
	return rc;
}

static int pull(const char *reference)
{
	return pull_as("alice", reference);
}

static bool has_blob(const struct digest *d)
{
	struct err err = ERR_INIT;
	struct blob b;
	int rc = blobs_find(&st.f.store, &st.repo, d, &b, &err);

	err_release(&err);
	return rc == 0;
}

static bool has_manifest(struct reference ref)
{
	struct stored_manifest m = STORED_MANIFEST_INIT;
	struct err err = ERR_INIT;
	int rc = manifests_get(&st.f.store, &st.repo, &ref, &m, &err);

	stored_manifest_release(&m);
	err_release(&err);
	return rc == 0;
}

static char big[BIG];

/* An image of the config {} and one big layer; its digests. */
struct image {
	struct digest config, layer, manifest;
	char json[2048];
	uint64_t size;
};

static struct image make_image(const char *tag, const void *layer, size_t len)
{
	struct image im;
	char config_json[DESCRIPTOR_SIZE], layer_json[DESCRIPTOR_SIZE];

	im.config = upstream_add_blob(&st.up, "{}", 2);
	im.layer = upstream_add_blob(&st.up, layer, len);
	document_descriptor(config_json, "application/vnd.oci.image.config.v1+json",
	        &im.config, 2);
	document_descriptor(layer_json, "application/vnd.oci.image.layer.v1.tar",
	        &im.layer, len);
	im.size = (uint64_t)snprintf(im.json, sizeof(im.json),
	        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST
	        "\",\"config\":%s,\"layers\":[%s]}",
	        config_json, layer_json);
	im.manifest = upstream_add_manifest(&st.up, tag, MEDIA_OCI_MANIFEST, im.json);
	return im;
}

static struct image big_image(void)
{
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i * 7 + i / 4096);
	return make_image("1", big, BIG);
}

static void everything_arrives(void **state)
{
	struct image im = big_image();

	(void)state;
	assert_int_equal(pull(":1"), 0);
	assert_true(has_blob(&im.config) && has_blob(&im.layer));
	assert_true(has_manifest(by_digest(&im.manifest)));
	assert_true(has_manifest(by_tag("t")));
	assert_non_null(strstr(st.log, "pulling manifest\npulling "));
	assert_non_null(strstr(st.log, "verifying sha256 digest\nwriting manifest\n"));
	assert_int_equal(st.up.blobs, 2);
	/* What is here is not fetched. */
	assert_int_equal(pull(":1"), 0);
	assert_int_equal(st.up.blobs, 0);
	assert_int_equal(pull("@sha256:0000000000000000000000000000000000000000000000000"
	                      "000000000000000"),
	        -1);
	assert_int_equal(st.err.code, ERR_MANIFEST_UNKNOWN);
}

static void an_index_brings_its_children(void **state)
{
	struct image im = big_image();
	struct image other = make_image(NULL, "small", 5);
	char a[DESCRIPTOR_SIZE], b[DESCRIPTOR_SIZE], json[2048];
	struct digest index;

	(void)state;
	document_descriptor(a, MEDIA_OCI_MANIFEST, &im.manifest, im.size);
	document_descriptor(b, MEDIA_OCI_MANIFEST, &other.manifest, other.size);
	snprintf(json, sizeof(json),
	        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX
	        "\",\"manifests\":[%s,%s]}",
	        a, b);
	index = upstream_add_manifest(&st.up, "multi", MEDIA_OCI_INDEX, json);
	assert_int_equal(pull(":multi"), 0);
	assert_true(has_manifest(by_tag("t")));
	assert_true(has_manifest(by_digest(&index)));
	assert_true(has_manifest(by_digest(&im.manifest)));
	assert_true(has_manifest(by_digest(&other.manifest)));
	assert_true(has_blob(&im.layer) && has_blob(&other.layer));
}

static void a_type_that_says_nothing(void **state)
{
	struct image im = big_image();

	(void)state;
	strcpy(upstream_at(&st.up, "/v2/up/model/manifests/1")->type, "text/plain; charset=utf-8");
	assert_int_equal(pull(":1"), 0);
	assert_true(has_manifest(by_digest(&im.manifest)));
}

static void a_cut_is_gone_on_from(void **state)
{
	struct image im = big_image();

	(void)state;
	/* The layer is the first, by its digest, and breaks off twice. */
	assert_true(strcmp(im.layer.hex, im.config.hex) < 0);
	st.up.cuts[0] = 1000000;
	st.up.cuts[1] = 500000;
	st.up.ncuts = 2;
	assert_int_equal(pull(":1"), 0);
	assert_true(has_blob(&im.layer));
	assert_non_null(strstr(st.up.ranges, "[bytes=1000000-][bytes=1500000-]"));
}

static void what_arrived_is_kept_for_the_next_try(void **state)
{
	struct image im = big_image();

	(void)state;
	st.cancel_at = IN_THE_LAYER;
	assert_int_equal(pull(":1"), -1);
	assert_int_equal(st.err.code, ERR_GONE);
	assert_false(has_blob(&im.layer) || has_manifest(by_tag("t")));
	assert_int_equal(names_in(&st.f, "uploads"), 1);
	st.cancel_at = 0;
	assert_int_equal(pull(":1"), 0);
	assert_true(has_blob(&im.layer));
	assert_non_null(strstr(st.up.ranges, "[bytes="));
	assert_null(strstr(st.up.ranges, "[bytes=0-"));
	assert_int_equal(names_in(&st.f, "uploads"), 0);
}

static void what_is_left_of_a_session_is_made_anew(void **state)
{
	struct image im = big_image();
	struct dirent *entry;
	struct path path;
	DIR *d;

	(void)state;
	st.cancel_at = IN_THE_LAYER;
	assert_int_equal(pull(":1"), -1);
	st.cancel_at = 0;
	d = io_dir_open(st.f.store.root, "uploads");
	assert_non_null(d);
	entry = io_dir_next(d);
	assert_non_null(entry);
	snprintf(path.text, sizeof(path.text), "uploads/%.64s/state", entry->d_name);
	io_dir_close(&d);
	assert_int_equal(io_unlink(st.f.store.root, path.text), 0);
	assert_int_equal(pull(":1"), 0);
	assert_null(strstr(st.up.ranges, "bytes="));
	assert_true(has_blob(&im.layer));
	assert_int_equal(names_in(&st.f, "uploads"), 0);
}

static void another_user_begins_anew(void **state)
{
	struct image im = big_image();

	(void)state;
	st.cancel_at = IN_THE_LAYER;
	assert_int_equal(pull(":1"), -1);
	st.cancel_at = 0;
	assert_int_equal(pull_as("bob", ":1"), 0);
	assert_null(strstr(st.up.ranges, "bytes="));
	assert_true(has_blob(&im.layer));
	assert_int_equal(names_in(&st.f, "uploads"), 1);
}

static void a_server_without_ranges(void **state)
{
	struct image im = big_image();

	(void)state;
	st.up.no_ranges = true;
	st.cancel_at = IN_THE_LAYER;
	assert_int_equal(pull(":1"), -1);
	st.cancel_at = 0;
	assert_int_equal(pull(":1"), 0);
	assert_true(has_blob(&im.layer));
}

static void another_range_than_asked_for(void **state)
{
	struct image im = big_image();

	(void)state;
	st.cancel_at = IN_THE_LAYER;
	assert_int_equal(pull(":1"), -1);
	st.cancel_at = 0;
	st.up.wrong_range = true;
	assert_int_equal(pull(":1"), -1);
	assert_int_equal(st.err.code, ERR_REMOTE);
	assert_non_null(strstr(st.err.text, "another range"));
	st.up.wrong_range = false;
	assert_int_equal(pull(":1"), 0);
	assert_true(has_blob(&im.layer));
}

static void wrong_content_is_thrown_away(void **state)
{
	struct image im = big_image();

	(void)state;
	st.up.spoilt = true;
	assert_int_equal(pull(":1"), -1);
	assert_int_equal(st.err.code, ERR_DIGEST_INVALID);
	assert_false(has_manifest(by_tag("t")));
	assert_int_equal(names_in(&st.f, "uploads"), 0);
	st.up.spoilt = false;
	assert_int_equal(pull(":1"), 0);
	assert_true(has_blob(&im.layer));
}

static void manifests_that_are_not_taken(void **state)
{
	struct image im = big_image();
	struct upstream_thing *t = upstream_at(&st.up, "/v2/up/model/manifests/1");
	char reference[DIGEST_TEXT_MAX + 2] = "@", path[256];

	(void)state;
	/* By a digest that it does not have. */
	digest_text(&im.manifest, reference + 1);
	snprintf(path, sizeof(path), "/v2/up/model/manifests/%s", reference + 1);
	buf_add_char(&upstream_at(&st.up, path)->bytes, ' ');
	assert_int_equal(pull(reference), -1);
	assert_int_equal(st.err.code, ERR_DIGEST_INVALID);
	buf_clear(&t->bytes);
	buf_add_str(&t->bytes, "[]");
	assert_int_equal(pull(":1"), -1);
	assert_int_equal(st.err.code, ERR_MANIFEST_INVALID);
	while (t->bytes.len <= st.f.config.manifest_limit)
		buf_addf(&t->bytes, "%01000d", 1);
	assert_int_equal(pull(":1"), -1);
	assert_int_equal(st.err.code, ERR_TOO_LARGE);
	assert_int_equal(pull(":none"), -1);
	assert_int_equal(st.err.code, ERR_MANIFEST_UNKNOWN);
	assert_int_equal(st.up.blobs, 0);
}

static void blobs_that_are_not_taken(void **state)
{
	struct image im = big_image();
	char path[256], text[DIGEST_TEXT_MAX + 1];
	struct upstream_thing *t;

	(void)state;
	snprintf(path, 256, "/v2/up/model/blobs/%s", digest_text(&im.layer, text));
	t = upstream_at(&st.up, path);
	buf_add_char(&t->bytes, 'x');
	assert_int_equal(pull(":1"), -1);
	assert_int_equal(st.err.code, ERR_SIZE_INVALID);
	t->path[0] = '\0';
	assert_int_equal(pull(":1"), -1);
	assert_int_equal(st.err.code, ERR_REMOTE);
	assert_non_null(strstr(st.err.text, "does not have the blob"));
	assert_int_equal(names_in(&st.f, "uploads"), 0);
	st.f.config.blob_limit = BIG - 1;
	strcpy(t->path, path);
	t->bytes.len--;
	assert_int_equal(pull(":1"), -1);
	assert_int_equal(st.err.code, ERR_TOO_LARGE);
	assert_false(has_manifest(by_tag("t")));
}

static void what_the_store_has_need_not_be_fetched(void **state)
{
	struct image im = big_image();

	(void)state;
	assert_int_equal(pull(":1"), 0);
	st.repo = as_repo("another/model");
	/* Whether the caller may see the other repository is not for us to say. */
	assert_int_equal(pull(":1"), 0);
	assert_int_equal(st.up.blobs, 2);
	st.repo = as_repo("third/model");
	st.any_mount = true;
	assert_int_equal(pull(":1"), 0);
	assert_int_equal(st.up.blobs, 0);
	assert_true(has_blob(&im.layer) && has_manifest(by_tag("t")));
}

static void what_there_is_no_room_for_is_not_fetched(void **state)
{
	const struct account_limits limits = {
	        BIG - 1, ACCOUNT_LIMIT_DEFAULT, ACCOUNT_LIMIT_DEFAULT};
	struct image im = big_image();

	(void)state;
	assert_int_equal(account_limits_set(&st.f.store, &st.repo, &limits, &st.err), 0);
	assert_int_equal(pull(":1"), -1);
	assert_int_equal(st.err.code, ERR_DENIED);
	assert_int_equal(st.up.blobs, 0);
	assert_false(has_blob(&im.layer));
}

static int set_up(void **state)
{
	unsigned char seed[SSH_SEED_BYTES] = "known to everybody";
	char text[128];

	(void)state;
	memset(&st, 0, sizeof(st));
	fixture_open(&st.f);
	st.repo = as_repo("mirror/model");
	st.tag = as_tag("t");
	assert_int_equal(ssh_private_make(seed, &st.key), 0);
	upstream_start(&st.up);
	snprintf(text, sizeof(text), "%s insecure private\n", st.up.web.host);
	return remotes_parse(view_of(text), "remotes", &st.rules, &st.err);
}

static int tear_down(void **state)
{
	unsigned bad;

	(void)state;
	upstream_stop(&st.up);
	remotes_release(&st.rules);
	err_release(&st.err);
	bad = invariants_check(st.f.dir) + names_in(&st.f, "tmp");
	fixture_close(&st.f);
	return bad ? -1 : 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(everything_arrives),
	        TEST(an_index_brings_its_children),
	        TEST(a_type_that_says_nothing),
	        TEST(a_cut_is_gone_on_from),
	        TEST(what_arrived_is_kept_for_the_next_try),
	        TEST(what_is_left_of_a_session_is_made_anew),
	        TEST(another_user_begins_anew),
	        TEST(a_server_without_ranges),
	        TEST(another_range_than_asked_for),
	        TEST(wrong_content_is_thrown_away),
	        TEST(manifests_that_are_not_taken),
	        TEST(blobs_that_are_not_taken),
	        TEST(what_the_store_has_need_not_be_fetched),
	        TEST(what_there_is_no_room_for_is_not_fetched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
