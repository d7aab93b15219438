#include "format/json.h"

#include "base/utf8.h"

#include <limits.h>
#include <string.h>

static bool is_digit(struct view v, size_t i)
{
	return i < v.len && v.ptr[i] >= '0' && v.ptr[i] <= '9';
}

static bool is_one_of(struct view v, size_t i, const char *set)
{
	return i < v.len && v.ptr[i] != '\0' && strchr(set, v.ptr[i]);
}

static size_t skip_digits(struct view v, size_t i)
{
	while (is_digit(v, i))
		i++;
	return i;
}

/* Length of the number at the start of v, or 0 (RFC 8259 section 6). */
static size_t number_length(struct view v)
{
	size_t i = v.ptr[0] == '-', from = i;

	i = skip_digits(v, i);
	if (i == from || (v.ptr[from] == '0' && i > from + 1))
		return 0;
	if (is_one_of(v, i, ".")) {
		from = i + 1;
		i = skip_digits(v, from);
		if (i == from)
			return 0;
	}
	if (is_one_of(v, i, "eE")) {
		from = i + (is_one_of(v, i + 1, "+-") ? 2 : 1);
		i = skip_digits(v, from);
		if (i == from)
			return 0;
	}
	return is_one_of(v, i, "+-.") ? 0 : i;
}

/* Length of the string at the start of v with its quotes, or 0; json-c reads escapes. */
static size_t string_length(struct view v)
{
	size_t i = 1;

	while (i < v.len && v.ptr[i] != '"') {
		unsigned char c = (unsigned char)v.ptr[i];
		size_t n = 1;

		if (c < 0x20)
			return 0;
		if (c == '\\')
			n = 2;
		else if (c >= 0x80)
			n = utf8_length((struct view){v.ptr + i, v.len - i});
		if (n == 0)
			return 0;
		i += n;
	}
	return i < v.len ? i + 1 : 0;
}

/* Length of the token at the start of v, or 0 when no JSON text holds it. */
static size_t token_length(struct view v)
{
	if (v.ptr[0] == '"')
		return string_length(v);
	if (v.ptr[0] == '-' || is_digit(v, 0))
		return number_length(v);
	/* The letters are those of true, false and null. */
	return is_one_of(v, 0, "{}[]:, \t\r\naeflnrstu") ? 1 : 0;
}

/* Checks every token and counts what the tree will hold; structure is json-c's part. */
static const char *check_tokens(struct view text)
{
	unsigned long containers = 0, values = 0;

	while (text.len > 0) {
		size_t n = token_length(text);

		if (n == 0)
			return "malformed string, number or literal";
		containers += is_one_of(text, 0, "{[");
		values += is_one_of(text, 0, "{[,");
		text.ptr += n;
		text.len -= n;
	}
	if (containers > JSON_CONTAINERS_MAX || values > JSON_VALUES_MAX)
		return "too many values";
	return NULL;
}

struct json_object *json_parse_object(struct view text, const char **why)
{
	struct json_tokener *tokener = NULL;
	struct json_object *root = NULL;

	*why = text.len > INT_MAX ? "too long" : check_tokens(text);
	if (*why)
		return NULL;
	tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	if (!tokener) {
		*why = "no memory";
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, text.len ? text.ptr : "", (int)text.len);
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		*why = "unexpected end";
	else if (!root)
		*why = json_tokener_error_desc(json_tokener_get_error(tokener));
	else if (!json_object_is_type(root, json_type_object))
		*why = "no object";
	json_tokener_free(tokener);
	if (*why) {
		json_object_put(root);
		root = NULL;
	}
	return root;
}

bool json_member(struct json_object *object, const char *name, enum json_type type,
	struct json_object **value)
{
	*value = NULL;
	if (!json_object_object_get_ex(object, name, value) || !*value)
		return true;
	if (json_object_is_type(*value, type))
		return true;
	*value = NULL;
	return false;
}

struct view json_text(struct json_object *string)
{
	if (!string)
		return VIEW_LIT("");
	return (struct view){json_object_get_string(string),
		(size_t)json_object_get_string_len(string)};
}
