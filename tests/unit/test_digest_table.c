/* A set of digests that numbers them. */
#include "format/digest_table.h"

#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct digest digest_number(unsigned i)
{
	char text[32];

	snprintf(text, sizeof(text), "digest %u", i);
	return as_digest(i % 3 == 0 ? DIGEST_SHA512 : DIGEST_SHA256, text);
}

static void add_all(struct digest_table *t, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct digest d = digest_number(i);
		uint32_t number;

		assert_int_equal(digest_table_find(t, &d), DIGEST_TABLE_NONE);
		assert_int_equal(digest_table_add(t, &d, &number), 0);
		assert_int_equal(number, i);
	}
}

static void numbers_stay(void **state)
{
	struct digest_table t = DIGEST_TABLE_INIT(7);

	(void)state;
	add_all(&t, 5000);
	for (unsigned i = 0; i < 5000; i++) {
		struct digest d = digest_number(i);
		uint32_t number;

		assert_int_equal(digest_table_find(&t, &d), i);
		assert_int_equal(digest_table_add(&t, &d, &number), 0);
		assert_int_equal(number, i);
		assert_true(digest_equal(&t.digests[i], &d));
	}
	assert_int_equal(t.count, 5000);
	digest_table_release(&t);
}

static void algorithms_are_told_apart(void **state)
{
	struct digest_table t = DIGEST_TABLE_INIT(0);
	struct digest a = as_digest(DIGEST_SHA512, "x"), b = as_digest(DIGEST_SHA256, "x");
	uint32_t first, second;

	(void)state;
	assert_int_equal(digest_table_add(&t, &a, &first), 0);
	assert_int_equal(digest_table_add(&t, &b, &second), 0);
	assert_int_not_equal(first, second);
	digest_table_release(&t);
}

static void a_cleared_table_is_empty(void **state)
{
	static const unsigned sizes[] = {10, 3000, 5, 2, 3000};
	struct digest_table t = DIGEST_TABLE_INIT(99);

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		add_all(&t, sizes[i]);
		digest_table_clear(&t);
		assert_int_equal(t.count, 0);
	}
	/* After a few small ones the memory of the large one has been given back. */
	add_all(&t, 2);
	digest_table_clear(&t);
	add_all(&t, 2);
	assert_true(t.nslots <= 1024);
	assert_int_equal(t.seed, 99);
	digest_table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stay),
		cmocka_unit_test(algorithms_are_told_apart),
		cmocka_unit_test(a_cleared_table_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
