/* The check of the store that the other tests rely on finds what is wrong. */
#include "support/invariants.h"

#include "format/media.h"
#include "support/documents.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define EMPTY_OBJECT "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

/* Removes a file of the store. */
static void take(const struct fixture *f, const char *path)
{
	char at[512];

	snprintf(at, sizeof(at), "%s/%s", f->dir, path);
	assert_int_equal(remove(at), 0);
}

/* A blob in use, an image with a tag and a referrer: nothing to complain about. */
static struct document plant_sound_store(struct fixture *f)
{
	struct repo_name r = as_repo("a");
	struct digest subject = as_digest(DIGEST_SHA512, "subject");
	struct document doc = document_image("layer", &subject);

	fixture_open(f);
	plant_blob(f, "a", "{}");
	plant_blob(f, "a", "layer");
	doc.tags[0] = "latest";
	assert_int_equal(document_push_code(f, &r, &doc), ERR_NONE);
	assert_int_equal(invariants_check(f->dir), 0);
	/* What the tests do behind the store's back would make it wrong as well. */
	take(f, "quota/a/account");
	return doc;
}

static void each_damage_is_found(void **state)
{
	static const struct {
		const char *path;
		const char *link; /* target, or NULL for a file */
		const char *bytes;
	} rows[] = {
		{"blobs/sha256/00/" ZEROS, NULL, "not that"},
		{"blobs/sha256/01/" ZEROS, NULL, "not that"},
		{"blobs/md5/00", NULL, ""},
		{"repos/a/@blobs/sha256/" ZEROS, NULL, "not that"},
		{"repos/a/@manifests/sha256/" ZEROS, NULL, MEDIA_OCI_MANIFEST "\n{}"},
		{"repos/a/@tags/dangling", "../@manifests/sha256/" ZEROS, NULL},
		{"repos/a/@tags/outside", "/etc/passwd", NULL},
		{"repos/a/@tags/file", NULL, ""},
		{"repos/a/@referrers/sha256/" ZEROS "/" ZEROS, NULL, ""},
		{"repos/a/@referrers/sha256/short/x", NULL, ""},
		{"repos/a/@other", NULL, ""},
		{"repos/Upper/x", NULL, ""},
		{"repos/@lock", NULL, ""},
		{"uploads/short/data", NULL, ""},
		{"tmp/left", NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		plant_sound_store(&f);
		if (rows[i].link)
			plant_link(&f, rows[i].path, rows[i].link);
		else
			plant_file(&f, rows[i].path, rows[i].bytes);
		if (invariants_check(f.dir) == 0)
			fail_msg("%s passed", rows[i].path);
		fixture_close(&f);
	}
}

static void each_loss_is_found(void **state)
{
	struct fixture f;
	struct document doc;
	struct digest layer = as_digest(DIGEST_SHA256, "layer");
	struct digest subject = as_digest(DIGEST_SHA512, "subject");
	struct digest d;
	char path[400];

	(void)state;
	doc = plant_sound_store(&f);
	d = document_digest(&doc);
	snprintf(path, sizeof(path), "repos/a/@blobs/sha256/%s", layer.hex);
	take(&f, path);
	assert_int_equal(invariants_check(f.dir), 1);
	assert_int_equal(invariants_check_but(f.dir, INVARIANTS_SPARSE), 0);
	plant_file(&f, path, "layer");
	assert_int_equal(invariants_check(f.dir), 0);

	snprintf(path, sizeof(path), "repos/a/@referrers/sha512/%s/%s", subject.hex, d.hex);
	take(&f, path);
	assert_int_equal(invariants_check_but(f.dir, INVARIANTS_LISTED), 1);
	plant_file(&f, path, "");
	assert_int_equal(invariants_check(f.dir), 0);

	take(&f, "repos/a/@tags/latest");
	snprintf(path, sizeof(path), "repos/a/@manifests/sha256/%s", d.hex);
	take(&f, path);
	assert_int_equal(invariants_check(f.dir), 1);
	assert_int_equal(invariants_check_but(f.dir, INVARIANTS_LISTED), 0);
	fixture_close(&f);
}

static void a_wrong_account_is_found(void **state)
{
	static const char *const records[] = {
		/* Two blobs of 7 bytes, and what is left out is not there. */
		"lighter-account 1 epoch 7 blobs 2 manifests 0 bytes 6",
		"lighter-account 1 epoch 7 blobs 1 manifests 0 bytes 7",
		"lighter-account 1 epoch 7 blobs 2 manifests 1 bytes 7",
		"lighter-account 1 epoch 7 blobs 1 manifests 0 bytes 2 except blob a "
		"sha256:" ZEROS " check 0000000000000000",
		"nonsense",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct fixture f;

		fixture_open(&f);
		plant_blob(&f, "a", "{}");
		plant_blob(&f, "a/b", "layer");
		assert_int_equal(invariants_check(f.dir), 0);
		plant_link(&f, "quota/a/account", records[i]);
		if (invariants_check(f.dir) != 1)
			fail_msg("%s passed", records[i]);
		fixture_close(&f);
	}
}

/* A manifest under the digest of its bytes, but not what a push would have let in. */
static void each_bad_manifest_is_found(void **state)
{
	static const struct {
		const char *type;
		const char *bytes;
	} rows[] = {
		{"", "{}"},
		{"no type", "{}"},
		{MEDIA_OCI_MANIFEST, "[]"},
		{MEDIA_OCI_MANIFEST, "{\"config\":{\"digest\":\"sha256:00\",\"size\":1}}"},
		{MEDIA_OCI_MANIFEST, "{\"config\":{\"digest\":\"sha256:" ZEROS "\",\"size\":1}}"},
		{MEDIA_OCI_MANIFEST, "{\"config\":{\"digest\":\"sha256:" EMPTY_OBJECT "\",\"size\":3}}"},
		{MEDIA_OCI_MANIFEST, "{\"layers\":[{\"digest\":\"sha256:" ZEROS "\",\"size\":1}]}"},
		{"a/b", "{\"subject\":{\"digest\":\"sha256:" ZEROS "\",\"size\":1}}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		plant_sound_store(&f);
		plant_manifest(&f, "a", rows[i].type, rows[i].bytes);
		if (invariants_check(f.dir) == 0)
			fail_msg("row %zu passed", i);
		fixture_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_damage_is_found),
		cmocka_unit_test(each_loss_is_found),
		cmocka_unit_test(a_wrong_account_is_found),
		cmocka_unit_test(each_bad_manifest_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
