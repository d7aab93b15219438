/* Tags: links to manifests. */
#include "store/tags.h"

#include "base/io.h"
#include "format/media.h"
#include "support/fixture.h"
#include "support/states.h"
#include "support/values.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Something of another repository. */
#define ELSEWHERE                                                                        \
	("../../../c/@manifests/sha256/"                                                 \
	 "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")

static struct repo_name repo;

static int setup(void **state)
{
	static struct fixture f;

	fixture_open(&f);
	repo = as_repo("a/b");
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_close(*state);
	return 0;
}

static void set(struct fixture *f, const char *tag, const struct digest *d)
{
	struct tag t = as_tag(tag);
	struct err err = ERR_INIT;

	assert_int_equal(tags_set(&f->store, &repo, &t, d, &err), 0);
	assert_int_equal(names_in(f, "tmp"), 0);
}

static enum err_code code_of(struct err *err, int rc)
{
	enum err_code code = err->code;

	assert_int_equal(rc, code == ERR_NONE ? 0 : -1);
	err_release(err);
	return code;
}

static enum err_code resolve(struct fixture *f, const char *tag, struct digest *out)
{
	struct tag t = as_tag(tag);
	struct err err = ERR_INIT;
	int rc = tags_resolve(&f->store, &repo, &t, out, &err);

	return code_of(&err, rc);
}

static enum err_code delete (struct fixture *f, const char *tag) {
	struct tag t = as_tag(tag); struct err err = ERR_INIT;
	int rc = tags_delete(&f->store, &repo, &t, &err);

	return code_of(&err, rc);
}

static void expect_at(struct fixture *f, const char *tag, const struct digest *want)
{
	struct digest d;

	assert_int_equal(resolve(f, tag, &d), ERR_NONE);
	assert_true(digest_equal(&d, want));
}

static void a_tag_is_set_and_moves(void **state)
{
	struct digest one = as_digest(DIGEST_SHA256, "one");
	struct digest two = as_digest(DIGEST_SHA512, "two");
	struct fixture *f = *state;
	struct stat before, after;

	set(f, "latest", &one);
	expect_at(f, "latest", &one);
	set(f, "latest", &two);
	expect_at(f, "latest", &two);
	/* Set to what it is, the link stays the same file. */
	assert_int_equal(io_stat(f->store.root, "repos/a/b/@tags/latest", &before), 0);
	set(f, "latest", &two);
	assert_int_equal(io_stat(f->store.root, "repos/a/b/@tags/latest", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	/* but its time is that of the last push */
	states_touch(f, "repos/a/b/@tags/latest", before.st_mtim.tv_sec - 1000);
	set(f, "latest", &two);
	assert_int_equal(io_stat(f->store.root, "repos/a/b/@tags/latest", &after), 0);
	assert_true(after.st_mtim.tv_sec >= before.st_mtim.tv_sec);
	/* Tags are case-sensitive. */
	set(f, "Latest", &one);
	expect_at(f, "latest", &two);
	expect_at(f, "Latest", &one);
	fixture_reopen(f);
	expect_at(f, "latest", &two);
}

static void an_unknown_tag(void **state)
{
	struct digest one = as_digest(DIGEST_SHA256, "one");
	struct fixture *f = *state;
	struct digest d;

	assert_int_equal(resolve(f, "latest", &d), ERR_MANIFEST_UNKNOWN);
	assert_int_equal(delete (f, "latest"), ERR_MANIFEST_UNKNOWN);
	set(f, "other", &one);
	assert_int_equal(resolve(f, "latest", &d), ERR_MANIFEST_UNKNOWN);
	assert_int_equal(delete (f, "latest"), ERR_MANIFEST_UNKNOWN);
}

static void a_damaged_tag_is_unknown_and_can_be_set(void **state)
{
	static const char *const targets[] = {
		"../@manifests/sha256/00",
		"/etc/passwd",
		ELSEWHERE,
	};
	struct digest one = as_digest(DIGEST_SHA256, "one");
	struct fixture *f = *state;
	struct digest d;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		plant_link(f, "repos/a/b/@tags/latest", targets[i]);
		assert_int_equal(resolve(f, "latest", &d), ERR_MANIFEST_UNKNOWN);
		set(f, "latest", &one);
		expect_at(f, "latest", &one);
	}
}

static void a_deleted_tag_is_gone_at_once(void **state)
{
	struct digest one = as_digest(DIGEST_SHA256, "one");
	struct fixture *f = *state;
	struct digest d;

	set(f, "latest", &one);
	set(f, "other", &one);
	assert_int_equal(delete (f, "latest"), ERR_NONE);
	assert_int_equal(resolve(f, "latest", &d), ERR_MANIFEST_UNKNOWN);
	assert_int_equal(delete (f, "latest"), ERR_MANIFEST_UNKNOWN);
	expect_at(f, "other", &one);
}

static void all_tags_of_one_manifest(void **state)
{
	struct digest one = as_digest(DIGEST_SHA256, "one");
	struct digest two = as_digest(DIGEST_SHA256, "two");
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct digest d;

	assert_int_equal(tags_delete_all(&f->store, &repo, &one, &err), 0);
	set(f, "1", &one);
	set(f, "2", &two);
	set(f, "1.0", &one);
	assert_int_equal(tags_delete_all(&f->store, &repo, &one, &err), 0);
	assert_int_equal(resolve(f, "1", &d), ERR_MANIFEST_UNKNOWN);
	assert_int_equal(resolve(f, "1.0", &d), ERR_MANIFEST_UNKNOWN);
	expect_at(f, "2", &two);
}

static enum err_code list(struct fixture *f, struct listing **l)
{
	struct err err = ERR_INIT;
	int rc = tags_list(&f->store, &repo, l, &err);

	return code_of(&err, rc);
}

static void the_list(void **state)
{
	static const char *const want[] = {"1.0", "A", "_", "a", "latest"};
	struct digest one = as_digest(DIGEST_SHA256, "one");
	struct fixture *f = *state;
	struct listing *l = NULL;

	assert_int_equal(list(f, &l), ERR_NAME_UNKNOWN);
	plant_blob(f, "a/b", "layer");
	assert_int_equal(list(f, &l), ERR_NAME_UNKNOWN);
	plant_manifest(f, "a/b", MEDIA_OCI_INDEX, "{}");
	assert_int_equal(list(f, &l), ERR_NONE);
	assert_int_equal(l->count, 0);
	listing_release(l);
	for (size_t i = 0; i < 5; i++)
		set(f, want[(i * 2) % 5], &one);
	assert_int_equal(list(f, &l), ERR_NONE);
	assert_int_equal(l->count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(l->names[i], want[i]);
	listing_release(l);
}

#ifdef IO_FAULTS
/* One way of changing the tag "t", which stands at one. */
typedef int change_fn(struct fixture *f, const struct tag *t, struct err *err);

static int move(struct fixture *f, const struct tag *t, struct err *err)
{
	struct digest two = as_digest(DIGEST_SHA256, "two");

	return tags_set(&f->store, &repo, t, &two, err);
}

static int drop(struct fixture *f, const struct tag *t, struct err *err)
{
	return tags_delete(&f->store, &repo, t, err);
}

static int drop_all(struct fixture *f, const struct tag *t, struct err *err)
{
	struct digest one = as_digest(DIGEST_SHA256, "one");

	(void)t;
	return tags_delete_all(&f->store, &repo, &one, err);
}

/* Whether the change has come to pass; anything else must be as it was. */
static bool is_changed(struct fixture *f, change_fn *change)
{
	struct digest one = as_digest(DIGEST_SHA256, "one");
	struct digest two = as_digest(DIGEST_SHA256, "two");
	struct digest d;
	enum err_code code = resolve(f, "t", &d);

	if (code == ERR_MANIFEST_UNKNOWN) {
		assert_true(change != move);
		return true;
	}
	assert_int_equal(code, ERR_NONE);
	if (digest_equal(&d, &one))
		return false;
	assert_true(change == move);
	assert_true(digest_equal(&d, &two));
	return true;
}

/* The k-th call fails; false when there were fewer. */
static bool fail_once(struct fixture *f, change_fn *change, unsigned k, int errnum)
{
	struct digest one = as_digest(DIGEST_SHA256, "one");
	struct tag t = as_tag("t");
	struct err err = ERR_INIT;
	unsigned before = open_descriptors();
	unsigned calls;
	int rc;

	set(f, "t", &one);
	io_fault_arm(k, errnum);
	rc = change(f, &t, &err);
	calls = io_fault_calls();
	io_fault_arm(0, 0);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(names_in(f, "tmp"), 0);
	if (rc == 0) {
		assert_true(is_changed(f, change));
	} else {
		assert_int_not_equal(errnum, EINTR);
		assert_int_equal(err.code, errnum == ENOSPC ? ERR_FULL : ERR_FAULT);
		is_changed(f, change);
	}
	err_release(&err);
	return calls >= k;
}

static void every_fault_leaves_one_or_the_other(void **state)
{
	static change_fn *const changes[] = {move, drop, drop_all};
	static const int errnums[] = {EIO, ENOSPC, EINTR};
	struct fixture *f = *state;
	unsigned cases = 0;

	for (size_t c = 0; c < 3; c++) {
		for (size_t e = 0; e < 3; e++) {
			for (unsigned k = 1; fail_once(f, changes[c], k, errnums[e]); k++)
				cases++;
		}
	}
	assert_true(cases > 40);
}
#endif

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tag_is_set_and_moves),
		TEST(an_unknown_tag),
		TEST(a_damaged_tag_is_unknown_and_can_be_set),
		TEST(a_deleted_tag_is_gone_at_once),
		TEST(all_tags_of_one_manifest),
		TEST(the_list),
#ifdef IO_FAULTS
		TEST(every_fault_leaves_one_or_the_other),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
