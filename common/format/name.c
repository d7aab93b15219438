#include "format/name.h"

#include <stdbool.h>

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Length of the separator at the start of v ('.', '_', '__' or '-'s), or 0. */
static size_t separator_length(struct view v)
{
	size_t n = 0;

	if (v.ptr[0] == '.')
		return 1;
	if (v.ptr[0] == '_')
		return v.len > 1 && v.ptr[1] == '_' ? 2 : 1;
	while (n < v.len && v.ptr[n] == '-')
		n++;
	return n;
}

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* */
bool repo_name_is_component(struct view text)
{
	bool after_alnum = false;
	size_t i = 0, n;

	while (i < text.len) {
		if (is_lower_alnum(text.ptr[i])) {
			after_alnum = true;
			i++;
			continue;
		}
		n = separator_length((struct view){text.ptr + i, text.len - i});
		if (n == 0 || !after_alnum)
			return false;
		after_alnum = false;
		i += n;
	}
	return after_alnum;
}

int repo_name_parse(struct view text, struct repo_name *out)
{
	struct view component, rest = text;
	bool more;

	out->text[0] = '\0';
	do {
		more = view_cut(rest, '/', &component, &rest);
		if (!repo_name_is_component(component))
			return -1;
	} while (more);
	return view_copy(text, out->text, sizeof(out->text));
}

struct view repo_name_namespace(const struct repo_name *name)
{
	struct view first, rest;

	view_cut(view_of(name->text), '/', &first, &rest);
	return first;
}

static bool is_tag_char(char c, bool first)
{
	if (is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '_')
		return true;
	return !first && (c == '.' || c == '-');
}

int tag_parse(struct view text, struct tag *out)
{
	out->text[0] = '\0';
	if (text.len == 0)
		return -1;
	for (size_t i = 0; i < text.len; i++)
		if (!is_tag_char(text.ptr[i], i == 0))
			return -1;
	return view_copy(text, out->text, sizeof(out->text));
}

int session_id_parse(struct view text, struct session_id *out)
{
	out->text[0] = '\0';
	if (text.len != SESSION_ID_LENGTH)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return -1;
	}
	return view_copy(text, out->text, sizeof(out->text));
}
