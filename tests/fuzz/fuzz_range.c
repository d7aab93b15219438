/* Byte ranges. The input is the size of the whole, a line feed, and the field's value. */
#include "fuzz/fuzz.h"

#include "base/num.h"
#include "format/range.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static void check_request(struct view value, uint64_t size)
{
	struct range r, again;
	char text[64];

	if (range_parse(value, size, &r) != RANGE_OK)
		return;
	assert(r.first <= r.last && r.last < size);
	snprintf(text, sizeof(text), "bytes=%" PRIu64 "-%" PRIu64, r.first, r.last);
	assert(range_parse(view_of(text), size, &again) == RANGE_OK);
	assert(again.first == r.first && again.last == r.last);
}

static void check_chunk(struct view value)
{
	struct range r, again;
	char text[64];

	if (range_parse_chunk(value, &r) != 0)
		return;
	assert(r.first <= r.last && r.last <= INT64_MAX);
	snprintf(text, sizeof(text), "%" PRIu64 "-%" PRIu64, r.first, r.last);
	assert(range_parse_chunk(view_of(text), &again) == 0);
	assert(again.first == r.first && again.last == r.last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view line, value;
	uint64_t total;

	view_cut((struct view){(const char *)data, size}, '\n', &line, &value);
	if (num_parse(line, &total) != 0)
		total = 0;
	check_request(value, total);
	check_chunk(value);
	return 0;
}
