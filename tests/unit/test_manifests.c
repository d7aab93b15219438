/* Manifests: what is checked before they are stored, and what is left after a failure. */
#include "store/manifests.h"

#include "base/io.h"
#include "format/hash.h"
#include "store/path.h"
#include "support/documents.h"
#include "support/fixture.h"
#include "support/invariants.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TYPE_OTHER "application/vnd.example+json"

static struct repo_name repo;

static int setup(void **state)
{
	static struct fixture f;

	fixture_open(&f);
	f.config.lock_wait = 1;
	repo = as_repo("a/b");
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	unsigned violations = invariants_check_but(f->dir, INVARIANTS_SPARSE);

	fixture_close(f);
	return violations == 0 ? 0 : -1;
}

static void plant_content(struct fixture *f)
{
	plant_blob(f, repo.text, "{}");
	plant_blob(f, repo.text, "layer");
}

static void what_is_pushed_is_read_back(void **state)
{
	struct fixture *f = *state;
	struct document doc = document_image("layer", NULL);
	struct document again = doc;

	plant_content(f);
	doc.tags[0] = "1.0";
	doc.tags[1] = "latest";
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
	assert_int_equal(document_get_digest(f, &repo, &doc), ERR_NONE);
	assert_int_equal(document_get(f, &repo, by_tag("1.0"), &doc), ERR_NONE);
	assert_int_equal(document_get(f, &repo, by_tag("latest"), &doc), ERR_NONE);
	again.algorithm = DIGEST_SHA512;
	again.tags[0] = "latest";
	assert_int_equal(document_push_code(f, &repo, &again), ERR_NONE);
	assert_int_equal(document_get_digest(f, &repo, &again), ERR_NONE);
	assert_int_equal(document_get(f, &repo, by_tag("latest"), &again), ERR_NONE);
	/* The tag has moved, what it stood for is still there. */
	assert_int_equal(document_get_digest(f, &repo, &doc), ERR_NONE);
	fixture_reopen(f);
	assert_int_equal(document_get(f, &repo, by_tag("1.0"), &doc), ERR_NONE);
}

static void pushed_again_nothing_is_written_but_the_tags(void **state)
{
	struct fixture *f = *state;
	struct document doc = document_image("layer", NULL);
	struct stat before, after;
	struct digest d = document_digest(&doc);
	struct path path = path_manifest(&repo, &d);

	plant_content(f);
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
	assert_int_equal(io_stat(f->store.root, path.text, &before), 0);
	doc.tags[0] = "new";
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
	assert_int_equal(io_stat(f->store.root, path.text, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(document_get(f, &repo, by_tag("new"), &doc), ERR_NONE);
}

static void another_media_type_replaces_the_first(void **state)
{
	struct fixture *f = *state;
	struct digest subject = as_digest(DIGEST_SHA256, "subject");
	struct document doc = document_image("layer", &subject);

	plant_content(f);
	doc.type = TYPE_OTHER;
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
	assert_int_equal(document_get_digest(f, &repo, &doc), ERR_NONE);
	doc.type = MEDIA_DOCKER_MANIFEST;
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
	assert_int_equal(document_get_digest(f, &repo, &doc), ERR_NONE);
	assert_int_equal(document_listed(f, &repo, &subject), 1);
}

static void what_is_unknown(void **state)
{
	struct fixture *f = *state;
	struct document doc = document_image("layer", NULL),
			other = document_image("{}", NULL);

	assert_int_equal(document_get_digest(f, &repo, &doc), ERR_MANIFEST_UNKNOWN);
	assert_int_equal(document_get(f, &repo, by_tag("latest"), &doc),
		ERR_MANIFEST_UNKNOWN);
	assert_int_equal(document_delete_code(f, &repo, &doc), ERR_NAME_UNKNOWN);
	plant_content(f);
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
	assert_int_equal(document_get_digest(f, &repo, &other), ERR_MANIFEST_UNKNOWN);
	assert_int_equal(document_get(f, &repo, by_tag("latest"), &doc),
		ERR_MANIFEST_UNKNOWN);
	assert_int_equal(document_delete_code(f, &repo, &other), ERR_MANIFEST_UNKNOWN);
}

/* The "digest" of each missing thing, as the client sees it. */
static void expect_missing(struct fixture *f, const struct document *doc,
	const char *want)
{
	struct err err = ERR_INIT;

	assert_int_equal(document_push(f, &repo, doc, &err), -1);
	assert_int_equal(err.code, ERR_MANIFEST_BLOB_UNKNOWN);
	assert_non_null(err.detail);
	assert_string_equal(err.detail, want);
	err_release(&err);
}

static void what_is_missing_is_named(void **state)
{
	struct fixture *f = *state;
	struct digest subject = as_digest(DIGEST_SHA256, "subject");
	struct document doc = document_image("layer", &subject);
	struct digest config = as_digest(DIGEST_SHA256, "{}");
	struct digest layer = as_digest(DIGEST_SHA256, "layer");
	char want[400];

	doc.tags[0] = "latest";
	snprintf(want, sizeof(want),
		"[{\"digest\":\"sha256:%s\"},{\"digest\":\"sha256:%s\"}]", config.hex,
		layer.hex);
	expect_missing(f, &doc, want);
	/* No repository comes of a push that is refused, and no lock file. */
	assert_int_equal(names_in(f, "repos"), 0);
	plant_blob(f, repo.text, "{}");
	snprintf(want, sizeof(want), "[{\"digest\":\"sha256:%s\"}]", layer.hex);
	expect_missing(f, &doc, want);
	assert_int_equal(names_in(f, "repos/a/b"), 1);
	assert_int_equal(document_listed(f, &repo, &subject), 0);
	/* A blob of another repository does not count. */
	plant_blob(f, "a/c", "layer");
	expect_missing(f, &doc, want);
	plant_blob(f, repo.text, "layer!");
	doc.sparse = true;
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
	assert_int_equal(document_get(f, &repo, by_tag("latest"), &doc), ERR_NONE);
}

static void a_missing_child_is_named(void **state)
{
	struct fixture *f = *state;
	struct document child = document_image("layer", NULL);
	struct digest d = document_digest(&child);
	struct document index = document_index(&d, strlen(child.text));
	char want[200];

	plant_content(f);
	snprintf(want, sizeof(want), "[{\"digest\":\"sha256:%s\"}]", d.hex);
	expect_missing(f, &index, want);
	assert_int_equal(document_push_code(f, &repo, &child), ERR_NONE);
	assert_int_equal(document_push_code(f, &repo, &index), ERR_NONE);
	/* A child may be deleted; then the index cannot be pushed again. */
	assert_int_equal(document_delete_code(f, &repo, &child), ERR_NONE);
	assert_int_equal(document_get_digest(f, &repo, &index), ERR_NONE);
	expect_missing(f, &index, want);
}

static void a_wrong_size_is_refused(void **state)
{
	struct fixture *f = *state;
	struct document child = document_image("layer", NULL);
	struct digest d = document_digest(&child);
	struct document index = document_index(&d, strlen(child.text) + 1);
	struct document wrong = child;
	char *size;

	plant_content(f);
	assert_int_equal(document_push_code(f, &repo, &child), ERR_NONE);
	assert_int_equal(document_push_code(f, &repo, &index), ERR_SIZE_INVALID);
	/* Accepting what is missing does not mean accepting what is wrong. */
	index.sparse = true;
	assert_int_equal(document_push_code(f, &repo, &index), ERR_SIZE_INVALID);
	size = strstr(wrong.text, "\"size\":5");
	assert_non_null(size);
	size[7] = '6';
	assert_int_equal(document_push_code(f, &repo, &wrong), ERR_SIZE_INVALID);
	assert_int_equal(document_get_digest(f, &repo, &wrong), ERR_MANIFEST_UNKNOWN);
}

static void foreign_layers_may_be_missing(void **state)
{
	struct fixture *f = *state;
	struct document doc = {.type = MEDIA_OCI_MANIFEST};
	struct digest absent = as_digest(DIGEST_SHA256, "elsewhere");
	struct digest config = as_digest(DIGEST_SHA256, "{}");
	char c[DESCRIPTOR_SIZE], l[DESCRIPTOR_SIZE];

	plant_blob(f, repo.text, "{}");
	document_descriptor(c, "application/vnd.oci.image.config.v1+json", &config, 2);
	document_descriptor(l, "application/vnd.oci.image.layer.nondistributable.v1.tar",
		&absent, 9);
	snprintf(doc.text, sizeof(doc.text),
		"{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", c, l);
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
}

static void a_very_long_list_of_missing_things_is_cut(void **state)
{
	enum { MANY = 20000 };
	static struct manifest_ref refs[MANY];
	struct fixture *f = *state;
	struct manifest doc = {.kind = MANIFEST_INDEX,
		.media_type = MEDIA_OCI_INDEX,
		.refs = refs,
		.nrefs = MANY};
	struct manifest_push p = {.repo = &repo, .doc = &doc, .bytes = VIEW_LIT("{}")};
	struct err err = ERR_INIT;
	size_t len;

	p.digest = as_digest(DIGEST_SHA256, "{}");
	for (size_t i = 0; i < MANY; i++) {
		refs[i].is_manifest = true;
		hash_bytes(DIGEST_SHA256, &i, sizeof(i), &refs[i].digest);
	}
	assert_int_equal(manifests_put(&f->store, &p, &err), -1);
	assert_int_equal(err.code, ERR_MANIFEST_BLOB_UNKNOWN);
	assert_non_null(err.detail);
	len = strlen(err.detail);
	assert_true(len > 900000 && len <= 1 << 20);
	assert_string_equal(err.detail + len - 3, "\"}]");
	err_release(&err);
}

static void a_damaged_manifest_is_not_served(void **state)
{
	struct fixture *f = *state;
	struct document doc = document_image("layer", NULL);
	struct digest d = document_digest(&doc);
	struct path path = path_manifest(&repo, &d);
	char typed[4096];
	const char *const damage[] = {"", "no media type", MEDIA_OCI_MANIFEST "\n{}",
		"\n{}", MEDIA_OCI_MANIFEST "\n", typed};

	plant_content(f);
	doc.tags[0] = "latest";
	/* The content is whole, but its type could not stand in a header field. */
	snprintf(typed, sizeof(typed), "text/\x01\r\n%s", doc.text);
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		plant_file(f, path.text, damage[i]);
		assert_int_equal(document_get_digest(f, &repo, &doc),
			ERR_MANIFEST_UNKNOWN);
		/* Pushed again it is whole again. */
		assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
		assert_int_equal(document_get(f, &repo, by_tag("latest"), &doc),
			ERR_NONE);
		plant_file(f, path.text, damage[i]);
		assert_int_equal(document_get(f, &repo, by_tag("latest"), &doc),
			ERR_MANIFEST_UNKNOWN);
		assert_int_equal(document_delete_code(f, &repo, &doc), ERR_NONE);
		assert_int_equal(document_delete_code(f, &repo, &doc),
			ERR_MANIFEST_UNKNOWN);
	}
}

static void a_deleted_manifest_takes_its_tags_and_entry_along(void **state)
{
	struct fixture *f = *state;
	struct digest subject = as_digest(DIGEST_SHA256, "subject");
	struct document doc = document_image("layer", &subject),
			other = document_image("{}", &subject);

	plant_content(f);
	doc.tags[0] = "1";
	doc.tags[1] = "2";
	other.tags[0] = "3";
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
	assert_int_equal(document_push_code(f, &repo, &other), ERR_NONE);
	assert_int_equal(document_listed(f, &repo, &subject), 2);
	assert_int_equal(document_delete_code(f, &repo, &doc), ERR_NONE);
	assert_int_equal(document_listed(f, &repo, &subject), 1);
	assert_int_equal(document_get_digest(f, &repo, &doc), ERR_MANIFEST_UNKNOWN);
	assert_int_equal(document_get(f, &repo, by_tag("1"), &doc), ERR_MANIFEST_UNKNOWN);
	assert_int_equal(document_get(f, &repo, by_tag("2"), &doc), ERR_MANIFEST_UNKNOWN);
	assert_int_equal(document_get(f, &repo, by_tag("3"), &other), ERR_NONE);
	assert_int_equal(document_delete_code(f, &repo, &doc), ERR_MANIFEST_UNKNOWN);
	assert_int_equal(document_delete_code(f, &repo, &other), ERR_NONE);
	assert_int_equal(document_listed(f, &repo, &subject), 0);
}

static int count_some(void *arg, const struct digest *d, struct err *err)
{
	unsigned *left = arg;

	(void)d;
	(void)err;
	return --*left == 0 ? 7 : 0;
}

static void each_manifest_once(void **state)
{
	struct fixture *f = *state;
	struct document doc = document_image("layer", NULL),
			other = document_image("{}", NULL);
	struct err err = ERR_INIT;
	unsigned left = 100;

	plant_content(f);
	assert_int_equal(manifests_each(&f->store, &repo, count_some, &left, &err), 0);
	assert_int_equal(left, 100);
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
	assert_int_equal(document_push_code(f, &repo, &other), ERR_NONE);
	doc.algorithm = DIGEST_SHA512;
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
	assert_int_equal(manifests_each(&f->store, &repo, count_some, &left, &err), 0);
	assert_int_equal(left, 97);
	left = 2;
	assert_int_equal(manifests_each(&f->store, &repo, count_some, &left, &err), 7);
	assert_int_equal(left, 0);
}

/* In a process of its own: pushes the image under two tags, or deletes it. */
static int hammer(struct fixture *f, bool deletes)
{
	struct digest subject = as_digest(DIGEST_SHA256, "subject");
	struct document doc = document_image("layer", &subject);
	enum err_code code;

	f->config.lock_wait = 60;
	doc.tags[0] = "1";
	doc.tags[1] = deletes ? NULL : "2";
	for (unsigned i = 0; i < 60; i++) {
		code = deletes ? document_delete_code(f, &repo, &doc)
			       : document_push_code(f, &repo, &doc);
		if (code != ERR_NONE && !(deletes && code == ERR_MANIFEST_UNKNOWN))
			return 1;
		/* Never half a manifest, whatever the others do. */
		code = document_get(f, &repo, by_tag("1"), &doc);
		if (code != ERR_NONE && code != ERR_MANIFEST_UNKNOWN)
			return 2;
	}
	return 0;
}

static void pushes_and_deletions_at_once(void **state)
{
	struct fixture *f = *state;
	struct document doc = document_image("{}", NULL);
	pid_t children[4];
	int status;

	plant_content(f);
	f->config.durability = DURABILITY_RELAXED;
	assert_int_equal(document_push_code(f, &repo, &doc), ERR_NONE);
	for (size_t i = 0; i < 4; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(hammer(f, i % 2 == 1));
		assert_true(children[i] > 0);
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	assert_int_equal(invariants_check(f->dir), 0);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_pushed_is_read_back),
		TEST(pushed_again_nothing_is_written_but_the_tags),
		TEST(another_media_type_replaces_the_first),
		TEST(what_is_unknown),
		TEST(what_is_missing_is_named),
		TEST(a_missing_child_is_named),
		TEST(a_wrong_size_is_refused),
		TEST(foreign_layers_may_be_missing),
		TEST(a_very_long_list_of_missing_things_is_cut),
		TEST(a_damaged_manifest_is_not_served),
		TEST(a_deleted_manifest_takes_its_tags_and_entry_along),
		TEST(each_manifest_once),
		TEST(pushes_and_deletions_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
