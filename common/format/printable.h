/*
 * Which characters a Modelfile keeps and a quoted Go string shows as they are: Unicode's
 * letters, marks, numbers, punctuation and symbols, and of the spaces only U+0020.
 */
#ifndef FORMAT_PRINTABLE_H
#define FORMAT_PRINTABLE_H

#include <stdbool.h>
#include <stdint.h>

bool code_point_is_printable(uint32_t c);

#endif
