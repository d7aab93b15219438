/* Byte ranges of requests (RFC 9110 section 14) and of upload chunks (OCI end-5). */
#include "format/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HUGE_NUMBER "99999999999999999999999999999999999999999"

static void request_ranges(void **state)
{
	static const struct {
		const char *value;
		uint64_t size;
		enum range_class want;
		uint64_t first, last;
	} rows[] = {
		{"bytes=0-0", 2048, RANGE_OK, 0, 0},
		{"bytes=500-1499", 2048, RANGE_OK, 500, 1499},
		{"bytes=500-", 2048, RANGE_OK, 500, 2047},
		{"bytes=-500", 2048, RANGE_OK, 1548, 2047},
		{"bytes=2000-5000", 2048, RANGE_OK, 2000, 2047},
		{"bytes=2047-2047", 2048, RANGE_OK, 2047, 2047},
		{"bytes=-2048", 2048, RANGE_OK, 0, 2047},
		{"bytes=-5000", 2048, RANGE_OK, 0, 2047},
		{"bytes=0-" HUGE_NUMBER, 2048, RANGE_OK, 0, 2047},
		{"bytes=-" HUGE_NUMBER, 2048, RANGE_OK, 0, 2047},
		{"bytes=007-08", 2048, RANGE_OK, 7, 8},
		{"BYTES=1-2", 2048, RANGE_OK, 1, 2},
		{" bytes=1-2 ", 2048, RANGE_OK, 1, 2},
		{"bytes=500-0", 2048, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=5000-10000", 2048, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=2048-", 2048, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-0", 2048, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=" HUGE_NUMBER "-", 2048, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=0-0", 0, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-5", 0, RANGE_NONE, 0, 0},
		{"", 2048, RANGE_NONE, 0, 0},
		{"bytes", 2048, RANGE_NONE, 0, 0},
		{"bytes=", 2048, RANGE_NONE, 0, 0},
		{"bytes=-", 2048, RANGE_NONE, 0, 0},
		{"bytes=5", 2048, RANGE_NONE, 0, 0},
		{"bytes=a-b", 2048, RANGE_NONE, 0, 0},
		{"bytes=1-b", 2048, RANGE_NONE, 0, 0},
		{"bytes=--5", 2048, RANGE_NONE, 0, 0},
		{"bytes=1-2-3", 2048, RANGE_NONE, 0, 0},
		{"bytes=+1-2", 2048, RANGE_NONE, 0, 0},
		{"bytes=0x1-2", 2048, RANGE_NONE, 0, 0},
		{"bytes=0-1,5-6", 2048, RANGE_NONE, 0, 0},
		{"bytes=-1,-2", 2048, RANGE_NONE, 0, 0},
		{"items=0-1", 2048, RANGE_NONE, 0, 0},
		{"bytes 0-1", 2048, RANGE_NONE, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct range r = {0, 0};
		enum range_class got =
			range_parse(view_of(rows[i].value), rows[i].size, &r);

		if (got != rows[i].want)
			fail_msg("\"%s\": class %d", rows[i].value, (int)got);
		if (r.first != rows[i].first || r.last != rows[i].last)
			fail_msg("\"%s\": %llu-%llu", rows[i].value,
				(unsigned long long)r.first, (unsigned long long)r.last);
	}
}

static void chunk_ranges(void **state)
{
	static const struct {
		const char *value;
		int want;
		uint64_t first, last;
	} rows[] = {
		{"0-0", 0, 0, 0},
		{"0-1023", 0, 0, 1023},
		{"1024-2047", 0, 1024, 2047},
		{" 0-9 ", 0, 0, 9},
		{"bytes 0-9", 0, 0, 9},
		{"Bytes 0-9/10", 0, 0, 9},
		{"bytes 0-9/*", 0, 0, 9},
		{"0-9/10", 0, 0, 9},
		{"0-9223372036854775807", 0, 0, INT64_MAX},
		{"0-9223372036854775808", -1, 0, 0},
		{"0-" HUGE_NUMBER, -1, 0, 0},
		{"5-4", -1, 0, 0},
		{"", -1, 0, 0},
		{"-", -1, 0, 0},
		{"0-", -1, 0, 0},
		{"-9", -1, 0, 0},
		{"9", -1, 0, 0},
		{"00-09", -1, 0, 0},
		{"+0-9", -1, 0, 0},
		{"0 -9", -1, 0, 0},
		{"0- 9", -1, 0, 0},
		{"0-9-10", -1, 0, 0},
		{"a-b", -1, 0, 0},
		{"bytes 0-9/9", -1, 0, 0},
		{"bytes 0-9/", -1, 0, 0},
		{"bytes 0-9/x", -1, 0, 0},
		{"bytes */10", -1, 0, 0},
		{"bytes=0-9", -1, 0, 0},
		{"items 0-9", -1, 0, 0},
		{"0-9,10-19", -1, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct range r = {0, 0};
		int got = range_parse_chunk(view_of(rows[i].value), &r);

		if (got != rows[i].want)
			fail_msg("\"%s\": %d", rows[i].value, got);
		if (r.first != rows[i].first || r.last != rows[i].last)
			fail_msg("\"%s\": %llu-%llu", rows[i].value,
				(unsigned long long)r.first, (unsigned long long)r.last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_ranges),
		cmocka_unit_test(chunk_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
