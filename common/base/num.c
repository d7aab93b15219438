#include "base/num.h"

int num_parse(struct view v, uint64_t *out)
{
	uint64_t n = 0;

	if (v.len == 0 || v.len > 19 || (v.len > 1 && v.ptr[0] == '0'))
		return -1;
	for (size_t i = 0; i < v.len; i++) {
		if (v.ptr[i] < '0' || v.ptr[i] > '9')
			return -1;
		n = n * 10 + (uint64_t)(v.ptr[i] - '0');
	}
	/* 19 digits cannot wrap 64 bits, so one comparison at the end is enough. */
	if (n > INT64_MAX)
		return -1;
	*out = n;
	return 0;
}

int num_add(uint64_t a, uint64_t b, uint64_t *out)
{
	if (a > INT64_MAX || b > INT64_MAX - a)
		return -1;
	*out = a + b;
	return 0;
}

struct unit {
	const char *suffix;
	uint64_t factor;
};

/* The first suffix that fits wins, so longer ones stand before their own ends. */
static int parse_unit(struct view v, const struct unit *units, size_t n, uint64_t *out)
{
	uint64_t factor = 1, number;

	for (size_t i = 0; i < n; i++) {
		struct view suffix = view_of(units[i].suffix);

		if (!view_ends(v, units[i].suffix))
			continue;
		v.len -= suffix.len;
		factor = units[i].factor;
		break;
	}
	if (num_parse(v, &number) != 0 || number > INT64_MAX / factor)
		return -1;
	*out = number * factor;
	return 0;
}

int num_parse_size(struct view v, uint64_t *out)
{
	static const struct unit units[] = {
		{"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {"TiB", 1ULL << 40},
		{"K", 1ULL << 10},   {"M", 1ULL << 20},   {"G", 1ULL << 30},   {"T", 1ULL << 40},
	};

	return parse_unit(v, units, sizeof(units) / sizeof(units[0]), out);
}

int num_parse_duration(struct view v, uint64_t *out)
{
	static const struct unit units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};

	return parse_unit(v, units, sizeof(units) / sizeof(units[0]), out);
}
