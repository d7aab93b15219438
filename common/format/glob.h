/*
 * Globs over repository names: '*' stands for any characters of one component, none
 * included, "**" for any characters at all. A glob has to fit the whole name.
 */
#ifndef FORMAT_GLOB_H
#define FORMAT_GLOB_H

#include "base/view.h"

#define GLOB_MAX 255

/*
 * Non-empty components of the characters of repository names and stars, at most
 * GLOB_MAX.
 */
bool glob_valid(struct view glob);
/* Whether a valid glob fits the name. Time is bounded by the product of the lengths. */
bool glob_fits(struct view glob, struct view name);

#endif
