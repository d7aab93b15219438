/*
 * The name of a user: [A-Za-z0-9] and then up to 127 of [A-Za-z0-9._@+-]. It fits into a
 * path, a header and a log line as it is, and is compared byte for byte. "anonymous" and
 * "authenticated" are words of the access file and name no user.
 */
#ifndef FORMAT_USER_H
#define FORMAT_USER_H

#include "base/attr.h"
#include "base/view.h"

#include <stdbool.h>

#define USER_NAME_MAX 128
/* The subject of a token that was given to nobody in particular. */
#define USER_ANONYMOUS "anonymous"

struct user_name {
	char text[USER_NAME_MAX + 1]; /* "" for nobody */
};

#define USER_NOBODY ((struct user_name){{0}})

/* 0, or -1 when text is not of the grammar; *out is then nobody. */
MUST_USE int user_name_parse(struct view text, struct user_name *out);
bool user_name_is(const struct user_name *name, struct view text);

#endif
