/*
 * JSON texts from outside (RFC 8259). The tree is json-c's; what json-c lets pass though
 * the grammar does not is refused here: single quotes, NaN, Infinity, control bytes in
 * strings, numbers such as "00" and "1.", bytes that are not UTF-8.
 */
#ifndef FORMAT_JSON_H
#define FORMAT_JSON_H

#include "base/view.h"

#include <json-c/json.h>

#define JSON_DEPTH_MAX 64
/*
 * A tree takes many times the memory of its text ("[{},{},{}]": over two hundred), so
 * the objects and arrays, and all values, of one text are limited.
 */
#define JSON_CONTAINERS_MAX (1UL << 17)
#define JSON_VALUES_MAX (1UL << 20)

/*
 * Reads a text that is one JSON object and nothing else. The tree, to be released with
 * json_object_put; or NULL, and *why says in a few words what is wrong with the text.
 * Of members with the same name the last one counts.
 */
struct json_object *json_parse_object(struct view text, const char **why);
/*
 * A member of an object. True when it is of the type, and *value borrows it; true with
 * NULL when it is absent or null; false when it is of another type.
 */
bool json_member(struct json_object *object, const char *name, enum json_type type,
	struct json_object **value);
/* The bytes of a string, which may hold NUL bytes; the empty view for NULL. */
struct view json_text(struct json_object *string);

#endif
