/* The referrers of a subject. */
#include "store/referrers.h"

#include "base/io.h"
#include "support/fixture.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct repo_name repo;
static struct digest subject;

static int setup(void **state)
{
	static struct fixture f;

	fixture_open(&f);
	repo = as_repo("a/b");
	subject = as_digest(DIGEST_SHA256, "subject");
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_close(*state);
	return 0;
}

static void add(struct fixture *f, const struct digest *of, const struct digest *d)
{
	struct err err = ERR_INIT;

	assert_int_equal(referrers_add(&f->store, &repo, of, d, &err), 0);
}

static void remove_entry(struct fixture *f, const struct digest *of,
	const struct digest *d)
{
	struct err err = ERR_INIT;

	assert_int_equal(referrers_remove(&f->store, &repo, of, d, &err), 0);
}

static struct listing *list(struct fixture *f, const struct digest *of)
{
	struct err err = ERR_INIT;
	struct listing *l = NULL;

	assert_int_equal(referrers_list(&f->store, &repo, of, &l, &err), 0);
	return l;
}

static void expect_count(struct fixture *f, const struct digest *of, size_t want)
{
	struct listing *l = list(f, of);

	assert_int_equal(l->count, want);
	listing_release(l);
}

static bool lists(struct fixture *f, const struct digest *of, const struct digest *d)
{
	struct listing *l = list(f, of);
	struct digest entry;
	bool found = false;

	for (size_t i = 0; i < l->count; i++) {
		assert_int_equal(referrers_entry_parse(l->names[i], &entry), 0);
		found = found || digest_equal(&entry, d);
	}
	listing_release(l);
	return found;
}

static void a_subject_lists_its_referrers(void **state)
{
	struct digest one = as_digest(DIGEST_SHA256, "one");
	struct digest two = as_digest(DIGEST_SHA512, "two");
	struct digest other = as_digest(DIGEST_SHA512, "subject");
	struct fixture *f = *state;

	expect_count(f, &subject, 0);
	add(f, &subject, &one);
	add(f, &subject, &two);
	add(f, &subject, &one);
	add(f, &other, &two);
	expect_count(f, &subject, 2);
	assert_true(lists(f, &subject, &one));
	assert_true(lists(f, &subject, &two));
	/* The same content under another algorithm is another subject. */
	expect_count(f, &other, 1);
	remove_entry(f, &subject, &one);
	assert_false(lists(f, &subject, &one));
	assert_true(lists(f, &subject, &two));
	assert_true(lists(f, &other, &two));
}

static void what_is_not_listed_can_be_removed(void **state)
{
	struct digest one = as_digest(DIGEST_SHA256, "one");
	struct digest two = as_digest(DIGEST_SHA256, "two");
	struct fixture *f = *state;

	remove_entry(f, &subject, &one);
	add(f, &subject, &one);
	remove_entry(f, &subject, &two);
	expect_count(f, &subject, 1);
}

static void the_last_entry_takes_its_directory_along(void **state)
{
	struct digest one = as_digest(DIGEST_SHA256, "one");
	struct fixture *f = *state;

	add(f, &subject, &one);
	assert_int_equal(names_in(f, "repos/a/b/@referrers/sha256"), 1);
	remove_entry(f, &subject, &one);
	assert_int_equal(names_in(f, "repos/a/b/@referrers/sha256"), 0);
	add(f, &subject, &one);
	assert_true(lists(f, &subject, &one));
}

static void names_of_entries(void **state)
{
	char hex[140];
	struct digest d;
	static const struct {
		size_t len;
		char fill;
		int want;
	} rows[] = {{64, 'a', 0}, {128, '0', 0}, {0, 'a', -1}, {63, 'a', -1},
		{65, 'a', -1}, {129, 'a', -1}, {64, 'A', -1}, {64, 'g', -1},
		{128, '/', -1}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(hex, rows[i].fill, rows[i].len);
		hex[rows[i].len] = '\0';
		if (referrers_entry_parse(hex, &d) != rows[i].want)
			fail_msg("row %zu", i);
		if (rows[i].want == 0)
			assert_string_equal(d.hex, hex);
	}
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_subject_lists_its_referrers),
		TEST(what_is_not_listed_can_be_removed),
		TEST(the_last_entry_takes_its_directory_along),
		TEST(names_of_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
