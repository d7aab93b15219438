#include "format/scope.h"

#include <string.h>

static const struct {
	const char *word;
	unsigned bit;
} actions[] = {
        {"pull", ACTION_PULL},
        {"push", ACTION_PUSH},
        {"delete", ACTION_DELETE},
        {"admin", ACTION_ADMIN},
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static const char *const types[] = {
        [SCOPE_REPOSITORY] = "repository",
        [SCOPE_REGISTRY] = "registry",
};

unsigned action_parse(struct view word)
{
	size_t i;

	if (view_is(word, "*"))
		return ACTION_ALL;
	for (i = 0; i < ACTIONS; i++)
		if (view_is(word, actions[i].word))
			return actions[i].bit;
	return 0;
}

int actions_text(unsigned bits, struct buf *out)
{
	const char *comma = "";
	size_t i;

	if (bits == ACTION_ALL)
		return buf_add_char(out, '*');
	for (i = 0; i < ACTIONS; i++) {
		if (!(bits & actions[i].bit))
			continue;
		buf_addf(out, "%s%s", comma, actions[i].word);
		comma = ",";
	}
	return buf_failed(out) ? -1 : 0;
}

int scope_type_parse(struct view word, enum scope_type *out)
{
	if (view_is(word, types[SCOPE_REPOSITORY]))
		*out = SCOPE_REPOSITORY;
	else if (view_is(word, types[SCOPE_REGISTRY]))
		*out = SCOPE_REGISTRY;
	else
		return -1;
	return 0;
}

const char *scope_type_name(enum scope_type type)
{
	return types[type];
}

static unsigned parse_actions(struct view list)
{
	struct view word;
	unsigned bits = 0;

	while (list.len > 0) {
		view_cut(list, ',', &word, &list);
		bits |= action_parse(word);
	}
	return bits;
}

int scope_parse(struct view text, struct scope *out)
{
	struct view type, rest, name, list;

	if (!view_cut(text, ':', &type, &rest) || !view_cut_last(rest, ':', &name, &list))
		return -1;
	if (scope_type_parse(type, &out->type) != 0 ||
	        repo_name_parse(name, &out->name) != 0)
		return -1;
	out->actions = parse_actions(list);
	return 0;
}

int scope_text(const struct scope *s, struct buf *out)
{
	buf_addf(out, "%s:%s:", types[s->type], s->name.text);
	return actions_text(s->actions, out);
}

/* Where it is listed; list->n when it is not. */
static size_t find(const struct scope_list *list, enum scope_type type, const char *name)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->items[i].type == type &&
		        strcmp(list->items[i].name.text, name) == 0)
			break;
	return i;
}

int scope_list_add(struct scope_list *list, const struct scope *s)
{
	size_t at = find(list, s->type, s->name.text);

	if (at < list->n) {
		list->items[at].actions |= s->actions;
		return 0;
	}
	if (list->n == SCOPE_LIST_MAX)
		return -1;
	list->items[list->n++] = *s;
	return 0;
}

int scope_list_parse(struct scope_list *list, struct view parameter)
{
	struct view text;
	struct scope s;

	if (parameter.len > SCOPE_PARAMETER_MAX)
		return -1;
	while (parameter.len > 0) {
		view_cut(parameter, ' ', &text, &parameter);
		if (scope_parse(text, &s) == 0 && scope_list_add(list, &s) != 0)
			return -1;
	}
	return 0;
}

unsigned scope_list_actions(
        const struct scope_list *list, enum scope_type type, const char *name)
{
	size_t at = find(list, type, name);

	return at < list->n ? list->items[at].actions : 0;
}
