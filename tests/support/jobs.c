#include "support/jobs.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define LINES_MAX 65536

/* The key of a line's only member; *value, of *doc, is what it has. */
static const char *parse_line(
        struct view line, struct json_object **doc, struct json_object **value)
{
	struct json_tokener *tok = json_tokener_new();
	struct lh_entry *only;

	*doc = json_tokener_parse_ex(tok, line.ptr, (int)line.len);
	json_tokener_free(tok);
	if (!*doc || json_object_object_length(*doc) != 1)
		fail_msg("not an object with one member: %.*s", VIEW_ARG(line));
	only = json_object_get_object(*doc)->head;
	*value = (struct json_object *)lh_entry_v(only);
	assert_true(json_object_is_type(*value, json_type_object));
	return lh_entry_k(only);
}

const char *job_lines(const struct cgi *c)
{
	static char out[LINES_MAX];
	struct view line, rest = buf_view(&c->body);
	size_t at = 0;

	expect_status(c, 200);
	expect_header(c, "Content-Type", "application/x-ndjson");
	out[0] = '\0';
	assert_true(view_ends(rest, "\n"));
	while (view_cut(rest, '\n', &line, &rest)) {
		struct json_object *doc, *value;
		const char *key = parse_line(line, &doc, &value);
		bool is_end = strcmp(key, "result") == 0 || strcmp(key, "error") == 0;

		assert_int_equal(is_end, rest.len == 0);
		if (strcmp(key, "progress") != 0)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%.*s\n",
			        VIEW_ARG(line));
		assert_true(at < sizeof(out));
		json_object_put(doc);
	}
	return out;
}

unsigned job_items(const struct cgi *c, const char *kind)
{
	struct text start = text_of("{\"%s\":", kind);
	struct view line, rest = view_of(job_lines(c));
	unsigned n = 0;

	while (view_cut(rest, '\n', &line, &rest))
		n += view_starts(line, start.s);
	return n;
}

long long job_result(const struct cgi *c, const char *member)
{
	struct view line = {0}, rest = view_of(job_lines(c));
	struct json_object *doc, *value, *number;
	long long n;

	while (rest.len > 0)
		view_cut(rest, '\n', &line, &rest);
	assert_string_equal(parse_line(line, &doc, &value), "result");
	if (!json_object_object_get_ex(value, member, &number))
		fail_msg("no %s in %.*s", member, VIEW_ARG(line));
	n = json_object_is_type(number, json_type_boolean)
	            ? json_object_get_boolean(number)
	            : json_object_get_int64(number);
	json_object_put(doc);
	return n;
}
