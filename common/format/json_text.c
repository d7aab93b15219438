#include "format/json_text.h"

#include <string.h>

int json_member_text(struct json_object *o, const char *name, struct view *out)
{
	struct json_object *v;

	*out = VIEW_LIT("");
	if (!json_member(o, name, json_type_string, &v))
		return -1;
	if (!v)
		return 0;
	*out = json_text(v);
	return memchr(out->ptr, '\0', out->len) ? -1 : 1;
}
