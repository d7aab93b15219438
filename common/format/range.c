#include "format/range.h"

#include "base/num.h"

/* 1*DIGIT (RFC 9110): with leading zeros; a number too large to count is the largest. */
static int parse_position(struct view v, uint64_t *out)
{
	uint64_t n = 0;

	if (v.len == 0)
		return -1;
	for (size_t i = 0; i < v.len; i++) {
		if (v.ptr[i] < '0' || v.ptr[i] > '9')
			return -1;
		n = n > (UINT64_MAX - 9) / 10 ? UINT64_MAX
					      : n * 10 + (uint64_t)(v.ptr[i] - '0');
	}
	*out = n;
	return 0;
}

/* "-n": the last n bytes. */
static enum range_class parse_suffix(struct view digits, uint64_t size, struct range *out)
{
	uint64_t n;

	if (parse_position(digits, &n) != 0)
		return RANGE_NONE;
	if (n == 0)
		return RANGE_UNSATISFIABLE;
	/* Satisfiable, but Content-Range has no way to name zero bytes. */
	if (size == 0)
		return RANGE_NONE;
	out->first = n < size ? size - n : 0;
	out->last = size - 1;
	return RANGE_OK;
}

enum range_class range_parse(struct view value, uint64_t size, struct range *out)
{
	struct view unit, spec, left, right;
	uint64_t first, last = UINT64_MAX;

	view_cut(view_trim(value), '=', &unit, &spec);
	if (!view_is_nocase(unit, "bytes") || !view_cut(spec, '-', &left, &right))
		return RANGE_NONE;
	if (left.len == 0)
		return parse_suffix(right, size, out);
	if (parse_position(left, &first) != 0)
		return RANGE_NONE;
	if (right.len > 0 && parse_position(right, &last) != 0)
		return RANGE_NONE;
	if (first >= size || last < first)
		return RANGE_UNSATISFIABLE;
	out->first = first;
	out->last = last < size ? last : size - 1;
	return RANGE_OK;
}

/* The total after the slash: unknown, or beyond the chunk. */
static bool is_total(struct view v, uint64_t last)
{
	uint64_t total;

	return view_is(v, "*") || (num_parse(v, &total) == 0 && total > last);
}

int range_parse_chunk(struct view value, struct range *out)
{
	struct view unit, spec, positions, total, left, right;
	uint64_t first, last;
	bool has_total;

	value = view_trim(value);
	if (view_cut(value, ' ', &unit, &spec)) {
		if (!view_is_nocase(unit, "bytes"))
			return -1;
		value = view_trim(spec);
	}
	has_total = view_cut(value, '/', &positions, &total);
	view_cut(positions, '-', &left, &right);
	if (num_parse(left, &first) != 0 || num_parse(right, &last) != 0 || last < first)
		return -1;
	if (has_total && !is_total(total, last))
		return -1;
	*out = (struct range){first, last};
	return 0;
}
