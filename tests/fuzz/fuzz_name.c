/* Names, tags and session ids: whatever is accepted may stand in a path as it is. */
#include "fuzz/fuzz.h"

#include "format/name.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static void check_repo_name(struct view text)
{
	struct repo_name name, again;
	struct view component, rest;

	if (repo_name_parse(text, &name) != 0) {
		assert(name.text[0] == '\0');
		return;
	}
	assert(view_is(text, name.text) && text.len <= REPO_NAME_MAX);
	assert(repo_name_parse(view_of(name.text), &again) == 0);
	assert(!strstr(name.text, "..") && !strchr(name.text, '@'));
	assert(view_starts(text, "/") == false && view_ends(text, "/") == false);
	assert(repo_name_is_component(repo_name_namespace(&name)));
	for (rest = text; view_cut(rest, '/', &component, &rest);)
		assert(repo_name_is_component(component));
}

static void check_tag(struct view text)
{
	struct tag tag, again;

	if (tag_parse(text, &tag) != 0) {
		assert(tag.text[0] == '\0');
		return;
	}
	assert(view_is(text, tag.text) && text.len >= 1 && text.len <= TAG_MAX);
	assert(tag.text[0] != '.' && !strpbrk(tag.text, "/:@%\\ "));
	assert(tag_parse(view_of(tag.text), &again) == 0);
}

static void check_session_id(struct view text)
{
	struct session_id id;

	if (session_id_parse(text, &id) != 0) {
		assert(id.text[0] == '\0');
		return;
	}
	assert(view_is(text, id.text) && text.len == SESSION_ID_LENGTH);
	assert(strspn(id.text, "0123456789abcdef") == SESSION_ID_LENGTH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = {(const char *)data, size};

	check_repo_name(text);
	check_tag(text);
	check_session_id(text);
	return 0;
}
