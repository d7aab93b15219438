#include "format/media.h"

#include <string.h>

/* tchar of RFC 9110 section 5.6.2. */
static bool is_token_char(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (!is_token_char(v.ptr[i]))
			return false;
	return v.len > 0;
}

int media_type_parse(struct view value, char out[MEDIA_TYPE_MAX + 1])
{
	struct view type, subtype, parameters;

	out[0] = '\0';
	view_cut(value, ';', &value, &parameters);
	value = view_trim(value);
	if (!view_cut(value, '/', &type, &subtype))
		return -1;
	if (!is_token(type) || !is_token(subtype))
		return -1;
	return view_copy(value, out, MEDIA_TYPE_MAX + 1);
}

bool media_type_is_nondistributable(struct view type)
{
	return view_starts(type, "application/vnd.oci.image.layer.nondistributable.") ||
	       view_starts(type, "application/vnd.docker.image.rootfs.foreign.");
}
