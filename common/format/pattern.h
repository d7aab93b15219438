/*
 * Patterns for tags: regular expressions that have to fit the whole text, as if they stood
 * between ^( and )$. Upper and lower case differ.
 *
 *     x           itself; \ before any character but a letter or a digit makes it stand for
 *                 itself
 *     .           any character
 *     [a-z_] [^.] one of these, none of these
 *     \d \D       a digit, none; \w \W: a letter, digit or '_', none of those
 *     (r) (?:r)   r
 *     r|s         r or s
 *     r* r+ r?    any number of r, at least one, at most one
 *     r{2} r{2,} r{2,5}
 *
 * ^ at the start and $ at the end may be there. There is nothing else: no references back,
 * no flags, no looking around, so that the time of a look at a text is bounded by the
 * product of the lengths.
 */
#ifndef FORMAT_PATTERN_H
#define FORMAT_PATTERN_H

#include "base/attr.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>

#define PATTERN_MAX 512        /* bytes of its text */
#define PATTERN_STEPS_MAX 1000 /* what it comes to with its repetitions written out */

struct pattern {
	struct pattern_step *steps; /* owned; NULL for none */
	size_t n;
};

#define PATTERN_INIT ((struct pattern){0, 0})

/*
 * Reads a pattern; release it with pattern_release. -1, with out empty and *why a sentence
 * of plain text, when it is not of the grammar above, empty, too long or too large, or when
 * there is no memory.
 */
MUST_USE int pattern_parse(struct view text, struct pattern *out, const char **why);
void pattern_release(struct pattern *p);
/* Whether it fits the whole of text. */
bool pattern_fits(const struct pattern *p, struct view text);

#endif
