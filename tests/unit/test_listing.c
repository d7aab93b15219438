/* Sorted listings of directories, and when a kept one may be used again. */
#include "store/listing.h"

#include "support/fixture.h"
#include "support/values.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const struct path dir = {"repos/d"};

static int setup(void **state)
{
	static struct fixture f;

	fixture_open(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_close(*state);
	return 0;
}

static struct listing *get(struct fixture *f, const struct path *p)
{
	struct err err = ERR_INIT;
	struct listing *l = NULL;

	assert_int_equal(listing_get(&f->store, p, &l, &err), 0);
	assert_non_null(l);
	return l;
}

/* n files "f0000" and so on in the directory. */
static void fill(struct fixture *f, const char *path, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char name[600];

		snprintf(name, sizeof(name), "%s/f%04u", path, i);
		plant_file(f, name, "");
	}
}

/* Gives the directory the time now - seconds, with a fraction unless whole. */
static void age(struct fixture *f, const char *path, time_t seconds, bool whole)
{
	struct timespec times[2];
	char at[600];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= seconds;
	times[0].tv_nsec = whole ? 0 : 123456789;
	times[1] = times[0];
	snprintf(at, sizeof(at), "%s/%s", f->dir, path);
	assert_int_equal(utimensat(AT_FDCWD, at, times, 0), 0);
}

static void names_come_in_byte_order(void **state)
{
	static const char *const want[] = {
		"-", "0", "A", "Z", "_", "a", "a-b", "a.b", "aa", "b"};
	struct fixture *f = *state;
	struct listing *l;

	plant_file(f, "repos/d/.hidden", "");
	for (size_t i = 0; i < 10; i++) {
		char name[64];

		snprintf(name, sizeof(name), "repos/d/%s", want[(i * 7) % 10]);
		plant_file(f, name, "");
	}
	l = get(f, &dir);
	assert_int_equal(l->count, 10);
	for (size_t i = 0; i < 10; i++)
		assert_string_equal(l->names[i], want[i]);
	listing_release(l);
}

static void what_is_absent_is_empty(void **state)
{
	struct fixture *f = *state;
	struct path file = {"repos/d/f0000"};
	struct listing *l = get(f, &dir);

	assert_int_equal(l->count, 0);
	listing_release(l);
	fill(f, "repos/d", 1);
	l = get(f, &file);
	assert_int_equal(l->count, 0);
	listing_release(l);
}

static void positions(void **state)
{
	static const struct {
		const char *after;
		size_t want;
	} rows[] = {{"", 0}, {"a", 0}, {"b", 1}, {"b0", 1}, {"d", 2}, {"e", 2}, {"f", 3},
		{"z", 3}};
	struct fixture *f = *state;
	struct listing *l;
	size_t at = 9;

	plant_file(f, "repos/d/b", "");
	plant_file(f, "repos/d/d", "");
	plant_file(f, "repos/d/f", "");
	l = get(f, &dir);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(listing_after(l, rows[i].after), rows[i].want);
	assert_true(listing_find(l, "d", &at));
	assert_int_equal(at, 1);
	assert_false(listing_find(l, "", &at));
	assert_false(listing_find(l, "a", &at));
	assert_false(listing_find(l, "g", &at));
	listing_release(l);
}

/* Whether two reads in a row of a directory with n entries give the very same listing. */
static bool is_kept(struct fixture *f, const char *path)
{
	struct path p;
	struct listing *one, *two;
	bool same;

	snprintf(p.text, sizeof(p.text), "%s", path);
	one = get(f, &p);
	two = get(f, &p);
	same = one == two;
	assert_int_equal(one->count, two->count);
	listing_release(one);
	listing_release(two);
	return same;
}

static void only_a_settled_time_proves_it_unchanged(void **state)
{
	static const struct {
		time_t seconds;
		bool whole;
		bool kept;
	} rows[] = {
		{-1000, false, false}, /* of the future */
		{-1, false, false},
		{-1, true, false},
		{4, true, true},
		{2, false, true},
		{100, false, true},
	};
	struct fixture *f = *state;

	fill(f, "repos/d", 200);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		age(f, "repos/d", rows[i].seconds, rows[i].whole);
		if (is_kept(f, "repos/d") != rows[i].kept)
			fail_msg("row %zu", i);
	}
}

static void a_change_is_seen_at_once(void **state)
{
	struct fixture *f = *state;
	struct listing *old, *l;

	fill(f, "repos/d", 200);
	age(f, "repos/d", 100, false);
	assert_true(is_kept(f, "repos/d"));
	old = get(f, &dir);
	plant_file(f, "repos/d/new", "");
	l = get(f, &dir);
	assert_int_equal(l->count, 201);
	listing_release(l);
	/* What is borrowed stays as it was. */
	assert_int_equal(old->count, 200);
	assert_string_equal(old->names[199], "f0199");
	listing_release(old);
}

static void another_directory_of_the_same_name_is_another(void **state)
{
	struct fixture *f = *state;
	struct listing *l;
	char from[128], to[128];

	fill(f, "repos/d", 100);
	fill(f, "repos/e", 101);
	age(f, "repos/d", 100, true);
	age(f, "repos/e", 100, true);
	assert_true(is_kept(f, "repos/d"));
	snprintf(from, sizeof(from), "%s/repos/d", f->dir);
	snprintf(to, sizeof(to), "%s/repos/old", f->dir);
	assert_int_equal(rename(from, to), 0);
	snprintf(to, sizeof(to), "%s/repos/e", f->dir);
	assert_int_equal(rename(to, from), 0);
	l = get(f, &dir);
	assert_int_equal(l->count, 101);
	listing_release(l);
}

static void more_directories_than_are_kept(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 12; i++) {
		char path[64];

		snprintf(path, sizeof(path), "repos/d%u", i);
		fill(f, path, 40 + i);
		age(f, path, 100, false);
	}
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 12; i++) {
			struct path p;
			struct listing *l;

			snprintf(p.text, sizeof(p.text), "repos/d%u", i);
			l = get(f, &p);
			assert_int_equal(l->count, 40 + i);
			listing_release(l);
		}
	}
	assert_true(is_kept(f, "repos/d11"));
}

static void a_small_directory_is_not_kept(void **state)
{
	struct fixture *f = *state;

	fill(f, "repos/d", 3);
	age(f, "repos/d", 100, false);
	assert_false(is_kept(f, "repos/d"));
}

static void a_borrowed_listing_outlives_the_cache(void **state)
{
	struct fixture *f = *state;
	struct listing *l;

	fill(f, "repos/d", 100);
	age(f, "repos/d", 100, false);
	assert_true(is_kept(f, "repos/d"));
	l = get(f, &dir);
	listing_cache_free(f->store.listings);
	f->store.listings = NULL;
	assert_int_equal(l->count, 100);
	assert_string_equal(l->names[99], "f0099");
	listing_release(l);
	listing_release(NULL);
	listing_cache_free(NULL);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_come_in_byte_order),
		TEST(what_is_absent_is_empty),
		TEST(positions),
		TEST(only_a_settled_time_proves_it_unchanged),
		TEST(a_change_is_seen_at_once),
		TEST(another_directory_of_the_same_name_is_another),
		TEST(more_directories_than_are_kept),
		TEST(a_small_directory_is_not_kept),
		TEST(a_borrowed_listing_outlives_the_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
