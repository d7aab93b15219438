/* Strict numbers: canonical decimal only, no sign, no blanks, no leading zeros. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include "base/attr.h"
#include "base/view.h"

#include <stdint.h>

/* The whole of v as a decimal number up to INT64_MAX. 0, or -1 and *out untouched. */
MUST_USE int num_parse(struct view v, uint64_t *out);
/* A size: a number with an optional KiB, MiB, GiB, TiB, K, M, G or T (powers of 1024). */
MUST_USE int num_parse_size(struct view v, uint64_t *out);
/* A duration in seconds: a number with an optional s, m, h or d. */
MUST_USE int num_parse_duration(struct view v, uint64_t *out);
/* *out = a + b, or -1 when that exceeds INT64_MAX. */
MUST_USE int num_add(uint64_t a, uint64_t b, uint64_t *out);

#endif
