#include "format/json_strict.h"

#include <json-c/json.h>
#include <limits.h>
#include <string.h>

json_object *json_strict_object(struct view text, int depth)
{
	json_tokener *tok = text.len <= INT_MAX ? json_tokener_new_ex(depth) : NULL;
	json_object *root;

	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tok, text.ptr, (int)text.len);
	/* It takes a NUL for the end of the text, so the end is compared as well. */
	if (json_tokener_get_error(tok) != json_tokener_success ||
		json_tokener_get_parse_end(tok) != text.len ||
		!json_object_is_type(root, json_type_object)) {
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tok);
	return root;
}

int json_strict_text(json_object *o, const char *name, struct view *out)
{
	json_object *v;

	*out = VIEW_LIT("");
	if (!json_object_object_get_ex(o, name, &v))
		return 0;
	if (!json_object_is_type(v, json_type_string))
		return -1;
	*out = (struct view){json_object_get_string(v), (size_t)json_object_get_string_len(v)};
	return memchr(out->ptr, '\0', out->len) ? -1 : 1;
}
