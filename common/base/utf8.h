/* UTF-8 (RFC 3629), one sequence at a time. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/view.h"

/*
 * Length of the well-formed sequence at the start of v, 1 to 4, or 0 when there is none:
 * v is empty, cut short, overlong, a surrogate or beyond U+10FFFF.
 */
size_t utf8_length(struct view v);

#endif
