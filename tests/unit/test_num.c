/* Numbers, sizes and durations: the canonical form and nothing else. */
#include "base/num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define UNTOUCHED 12345

struct row {
	const char *text;
	int want;
	uint64_t value;
};

static void check(const struct row *rows, size_t n, int (*parse)(struct view, uint64_t *))
{
	for (size_t i = 0; i < n; i++) {
		uint64_t got = UNTOUCHED;
		int rc = parse(view_of(rows[i].text), &got);

		if (rc != rows[i].want || got != (rc == 0 ? rows[i].value : UNTOUCHED))
			fail_msg("\"%s\": %d, %llu", rows[i].text, rc,
				(unsigned long long)got);
	}
}

static void numbers(void **state)
{
	static const struct row rows[] = {
		{"0", 0, 0},
		{"7", 0, 7},
		{"1234567890", 0, 1234567890},
		{"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", -1, 0},
		{"9999999999999999999", -1, 0},
		{"18446744073709551616", -1, 0},
		{"99999999999999999999999999", -1, 0},
		{"", -1, 0},
		{"00", -1, 0},
		{"01", -1, 0},
		{"+1", -1, 0},
		{"-1", -1, 0},
		{" 1", -1, 0},
		{"1 ", -1, 0},
		{"1\n", -1, 0},
		{"0x10", -1, 0},
		{"1e3", -1, 0},
		{"1.0", -1, 0},
		{"1,000", -1, 0},
		{"K", -1, 0},
		{"\xd9\xa1", -1, 0},
	};

	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]), num_parse);
}

static void sizes(void **state)
{
	static const struct row rows[] = {
		{"0", 0, 0},
		{"512", 0, 512},
		{"1K", 0, 1024},
		{"1KiB", 0, 1024},
		{"3M", 0, 3 << 20},
		{"4MiB", 0, 4 << 20},
		{"2G", 0, 2ULL << 30},
		{"2GiB", 0, 2ULL << 30},
		{"1T", 0, 1ULL << 40},
		{"8388607TiB", 0, 8388607ULL << 40},
		{"8388608TiB", -1, 0},
		{"9223372036854775807K", -1, 0},
		{"", -1, 0},
		{"K", -1, 0},
		{"MiB", -1, 0},
		{"1k", -1, 0},
		{"1KB", -1, 0},
		{"1B", -1, 0},
		{"1 K", -1, 0},
		{"1KK", -1, 0},
		{"1iB", -1, 0},
		{"01K", -1, 0},
		{"1.5M", -1, 0},
		{"-1K", -1, 0},
	};

	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]), num_parse_size);
}

static void durations(void **state)
{
	static const struct row rows[] = {
		{"0", 0, 0},
		{"90", 0, 90},
		{"90s", 0, 90},
		{"2m", 0, 120},
		{"3h", 0, 10800},
		{"1d", 0, 86400},
		{"106751991167300d", 0, 106751991167300ULL * 86400},
		{"106751991167301d", -1, 0},
		{"", -1, 0},
		{"s", -1, 0},
		{"1ms", -1, 0},
		{"1M", -1, 0},
		{"1w", -1, 0},
		{"1h30m", -1, 0},
		{"1 s", -1, 0},
		{"-1s", -1, 0},
	};

	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]), num_parse_duration);
}

static void addition_does_not_wrap(void **state)
{
	uint64_t sum = UNTOUCHED;

	(void)state;
	assert_int_equal(num_add(INT64_MAX, 1, &sum), -1);
	assert_int_equal(num_add(1, INT64_MAX, &sum), -1);
	assert_int_equal(num_add(UINT64_MAX, 0, &sum), -1);
	assert_int_equal(num_add(0, UINT64_MAX, &sum), -1);
	assert_int_equal(num_add(UINT64_MAX, UINT64_MAX, &sum), -1);
	assert_int_equal(num_add(0, 0, &sum), 0);
	assert_int_equal(sum, 0);
	assert_int_equal(num_add(INT64_MAX - 1, 1, &sum), 0);
	assert_int_equal(sum, INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
		cmocka_unit_test(addition_does_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
