/* Reading small JSON documents from outside (RFC 8259): the whole text or nothing. */
#ifndef FORMAT_JSON_STRICT_H
#define FORMAT_JSON_STRICT_H

#include "base/view.h"

#include <json-c/json_types.h>

/*
 * The object that text is, at most depth levels deep; NULL when text is anything else, is
 * followed by anything, is not UTF-8, or without memory. Release with json_object_put.
 */
json_object *json_strict_object(struct view text, int depth);
/*
 * A member's text: 1 and *out, a view into o; 0 and the empty view when there is no such
 * member; -1 when it is no string or holds a NUL.
 */
int json_strict_text(json_object *o, const char *name, struct view *out);

#endif
