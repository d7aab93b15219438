/* Texts of a JSON object from outside that have to fit into C strings. */
#ifndef FORMAT_JSON_TEXT_H
#define FORMAT_JSON_TEXT_H

#include "base/view.h"
#include "format/json.h"

/*
 * A member's text: 1 and *out, a view into o; 0 and the empty view when it is absent or
 * null; -1 when it is no string or holds a NUL.
 */
int json_member_text(struct json_object *o, const char *name, struct view *out);

#endif
