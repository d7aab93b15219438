#include "format/user.h"

#include <string.h>

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_user_name(struct view text)
{
	size_t i;

	if (text.len == 0 || text.len > USER_NAME_MAX || !is_alphanumeric(text.ptr[0]))
		return false;
	for (i = 1; i < text.len; i++) {
		if (text.ptr[i] == '\0')
			return false;
		if (!is_alphanumeric(text.ptr[i]) && !strchr("._@+-", text.ptr[i]))
			return false;
	}
	return !view_is(text, USER_ANONYMOUS) && !view_is(text, "authenticated");
}

int user_name_parse(struct view text, struct user_name *out)
{
	*out = USER_NOBODY;
	return is_user_name(text) ? view_copy(text, out->text, sizeof(out->text)) : -1;
}

bool user_name_is(const struct user_name *name, struct view text)
{
	return view_is(text, name->text);
}
