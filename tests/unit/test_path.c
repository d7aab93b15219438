/* Where things are in the store. */
#include "store/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX8 "0123abcd"
#define HEX64 HEX8 HEX8 HEX8 HEX8 HEX8 HEX8 HEX8 HEX8
#define HEX128 HEX64 HEX64

static const struct digest d256 = {DIGEST_SHA256, HEX64};
static const struct digest d512 = {DIGEST_SHA512, HEX128};
static const struct repo_name repo = {"library/debian"};
static const struct tag tag = {"v1.0"};
static const struct session_id session = {"00112233445566778899aabbccddeeff"};

static void paths_are_those_of_the_layout(void **state)
{
	const struct {
		struct path got;
		const char *want;
	} rows[] = {
		{path_blob(&d256), "blobs/sha256/01/" HEX64},
		{path_blob(&d512), "blobs/sha512/01/" HEX128},
		{path_blob_dir(&d256), "blobs/sha256/01"},
		{path_repo(&repo), "repos/library/debian"},
		{path_repo_lock(&repo), "repos/library/debian/@lock"},
		{path_repo_blob(&repo, &d256),
			"repos/library/debian/@blobs/sha256/" HEX64},
		{path_repo_blobs(&repo, DIGEST_SHA512),
			"repos/library/debian/@blobs/sha512"},
		{path_manifest(&repo, &d256),
			"repos/library/debian/@manifests/sha256/" HEX64},
		{path_manifests(&repo, DIGEST_SHA256),
			"repos/library/debian/@manifests/sha256"},
		{path_tag(&repo, &tag), "repos/library/debian/@tags/v1.0"},
		{path_tags(&repo), "repos/library/debian/@tags"},
		{path_referrers(&repo, &d256),
			"repos/library/debian/@referrers/sha256/" HEX64},
		{path_referrer(&repo, &d512, &d256),
			"repos/library/debian/@referrers/sha512/" HEX128 "/" HEX64},
		{path_upload(&session), "uploads/00112233445566778899aabbccddeeff"},
		{path_upload_file(&session, "data"),
			"uploads/00112233445566778899aabbccddeeff/data"},
		{path_tmp(&session), "tmp/00112233445566778899aabbccddeeff"},
		{path_tag_target(&d256), "../@manifests/sha256/" HEX64},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(rows[i].got.text, rows[i].want);
}

static void the_longest_path_is_not_cut(void **state)
{
	struct repo_name longest;
	struct path p;

	(void)state;
	memset(longest.text, 'a', REPO_NAME_MAX);
	longest.text[REPO_NAME_MAX] = '\0';
	p = path_referrer(&longest, &d512, &d512);
	assert_int_equal(strlen(p.text), strlen("repos/") + REPO_NAME_MAX +
						 strlen("/@referrers/sha512/") + 128 + 1 +
						 128);
}

static void a_parent_is_all_but_the_last_name(void **state)
{
	struct path deep = path_blob(&d256);
	struct path flat = {"format"};

	(void)state;
	assert_string_equal(path_parent(&deep).text, "blobs/sha256/01");
	assert_string_equal(path_parent(&flat).text, ".");
}

static void a_tag_target_is_read_back(void **state)
{
	struct digest out;

	(void)state;
	assert_int_equal(path_tag_target_parse(path_tag_target(&d256).text, &out), 0);
	assert_true(digest_equal(&out, &d256));
	assert_int_equal(path_tag_target_parse(path_tag_target(&d512).text, &out), 0);
	assert_true(digest_equal(&out, &d512));
}

static void other_links_are_no_tags(void **state)
{
	static const char *const rows[] = {
		"",
		"/etc/passwd",
		"../@manifests/",
		"../@manifests/sha256",
		"../@manifests/sha256/",
		"../@manifests/md5/" HEX64,
		"../@manifests/sha256/" HEX128,
		"../@manifests/sha512/" HEX64,
		"../@manifests/sha256/" HEX64 "/",
		"../@blobs/sha256/" HEX64,
		"@manifests/sha256/" HEX64,
	};
	struct digest out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (path_tag_target_parse(rows[i], &out) == 0)
			fail_msg("%s was taken for a tag", rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_those_of_the_layout),
		cmocka_unit_test(the_longest_path_is_not_cut),
		cmocka_unit_test(a_parent_is_all_but_the_last_name),
		cmocka_unit_test(a_tag_target_is_read_back),
		cmocka_unit_test(other_links_are_no_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
