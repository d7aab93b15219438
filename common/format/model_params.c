#include "format/model_params.h"

#include "format/gojson.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_INT, KIND_FLOAT, KIND_BOOL, KIND_LIST, KIND_OBSOLETE };

static const struct {
	const char *name;
	enum kind kind;
} params_known[] = {
        {"num_keep", KIND_INT},
        {"seed", KIND_INT},
        {"num_predict", KIND_INT},
        {"top_k", KIND_INT},
        {"repeat_last_n", KIND_INT},
        {"num_ctx", KIND_INT},
        {"num_batch", KIND_INT},
        {"num_gpu", KIND_INT},
        {"main_gpu", KIND_INT},
        {"num_thread", KIND_INT},
        {"draft_num_predict", KIND_INT},
        {"top_p", KIND_FLOAT},
        {"min_p", KIND_FLOAT},
        {"typical_p", KIND_FLOAT},
        {"temperature", KIND_FLOAT},
        {"repeat_penalty", KIND_FLOAT},
        {"presence_penalty", KIND_FLOAT},
        {"frequency_penalty", KIND_FLOAT},
        {"use_mmap", KIND_BOOL},
        {"stop", KIND_LIST},
        {"penalize_newline", KIND_OBSOLETE},
        {"low_vram", KIND_OBSOLETE},
        {"f16_kv", KIND_OBSOLETE},
        {"logits_all", KIND_OBSOLETE},
        {"vocab_only", KIND_OBSOLETE},
        {"use_mlock", KIND_OBSOLETE},
        {"mirostat", KIND_OBSOLETE},
        {"mirostat_tau", KIND_OBSOLETE},
        {"mirostat_eta", KIND_OBSOLETE},
};

#define PARAMS (sizeof(params_known) / sizeof(params_known[0]))

static int invalid(const char *type, struct view name, struct view value, struct err *err)
{
	return err_set(err, ERR_BAD_REQUEST, "invalid %s value '%.*s' for %.*s", type,
	        value.len > 40 ? 40 : (int)value.len, value.len ? value.ptr : "",
	        VIEW_ARG(name));
}

/* A C string of only these characters: 0 or -1. */
static int number_text(struct view v, const char *set, char out[64])
{
	if (v.len == 0 || view_copy(v, out, 64) != 0)
		return -1;
	return out[strspn(out, set)] == '\0' ? 0 : -1;
}

static int read_int(struct view v, int64_t *out)
{
	char text[64], *end;

	if (number_text(v, "0123456789+-", text) != 0)
		return -1;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno || *end || end == text ? -1 : 0;
}

static int read_float(struct view v, double *out)
{
	char text[64], *end;
	float single;

	if (number_text(v, "0123456789+-.eE", text) != 0)
		return -1;
	single = strtof(text, &end);
	if (*end || end == text || !isfinite(single))
		return -1;
	/* The double that is written as the float is. */
	gojson_float_text(single, text);
	*out = strtod(text, NULL);
	return 0;
}

static int read_bool(struct view v, bool *out)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		*out = view_is(v, yes[i]);
		if (*out || view_is(v, no[i]))
			return 0;
	}
	return -1;
}

/* The value as a new object, or NULL and *err. */
static struct json_object *read_value(
        enum kind kind, struct view name, struct view value, struct err *err)
{
	struct json_object *o = NULL;
	int64_t integer;
	double real;
	bool flag;

	switch (kind) {
	case KIND_INT:
		if (read_int(value, &integer) != 0)
			invalid("int", name, value, err);
		else
			o = json_object_new_int64(integer);
		break;
	case KIND_FLOAT:
		if (read_float(value, &real) != 0)
			invalid("float", name, value, err);
		else
			o = json_object_new_double(real);
		break;
	case KIND_BOOL:
		if (read_bool(value, &flag) != 0)
			invalid("bool", name, value, err);
		else
			o = json_object_new_boolean(flag);
		break;
	default:
		o = json_object_new_string_len(
		        value.ptr ? value.ptr : "", (int)value.len);
	}
	if (!o)
		err_set(err, ERR_FAULT, "no memory for a parameter");
	return o;
}

/* Takes value over. */
static int append(struct json_object *params, const char *name, struct json_object *value)
{
	struct json_object *list = json_object_object_get(params, name);

	if (!json_object_is_type(list, json_type_array)) {
		list = json_object_new_array();
		if (!list || json_object_object_add(params, name, list) != 0) {
			json_object_put(list);
			json_object_put(value);
			return -1;
		}
	}
	if (json_object_array_add(list, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

static int put(struct json_object *params, size_t which, struct json_object *value)
{
	const char *name = params_known[which].name;

	if (params_known[which].kind == KIND_LIST)
		return append(params, name, value);
	if (json_object_object_add(params, name, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

enum model_param model_param_add(
        struct json_object *params, struct view name, struct view value, struct err *err)
{
	struct json_object *o;
	size_t i = 0;

	while (i < PARAMS && !view_is(name, params_known[i].name))
		i++;
	if (i == PARAMS) {
		err_set(err, ERR_BAD_REQUEST, "unknown parameter '%.*s'",
		        name.len > 64 ? 64 : (int)name.len, name.len ? name.ptr : "");
		return MODEL_PARAM_WRONG;
	}
	if (params_known[i].kind == KIND_OBSOLETE)
		return MODEL_PARAM_OBSOLETE;
	o = read_value(params_known[i].kind, name, value, err);
	if (!o)
		return MODEL_PARAM_WRONG;
	if (!params) {
		json_object_put(o);
	} else if (put(params, i, o) != 0) {
		err_set(err, ERR_FAULT, "no memory for a parameter");
		return MODEL_PARAM_WRONG;
	}
	return MODEL_PARAM_OK;
}

/* A number without leading zeros at the start of v: its length or 0. */
static size_t number_length(struct view v)
{
	size_t n = 0;

	while (n < v.len && v.ptr[n] >= '0' && v.ptr[n] <= '9')
		n++;
	return n > 1 && v.ptr[0] == '0' ? 0 : n;
}

/* Identifiers of letters, digits and '-', joined by '.'. */
static bool are_identifiers(struct view v)
{
	size_t run = 0;

	for (size_t i = 0; i < v.len; i++) {
		char c = v.ptr[i];

		if (c == '.' && run > 0)
			run = 0;
		else if (c == '-' || (c >= '0' && c <= '9') ||
		         ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
			run++;
		else
			return false;
	}
	return run > 0;
}

int model_requires_parse(struct view text, struct view *out)
{
	struct view rest, build;
	bool has_build;
	size_t n;

	if (view_starts(text, "v"))
		text = (struct view){text.ptr + 1, text.len - 1};
	*out = rest = text;
	for (int part = 0; part < 3; part++) {
		if (part > 0 && !view_starts(rest, "."))
			return -1;
		if (part > 0)
			rest = (struct view){rest.ptr + 1, rest.len - 1};
		n = number_length(rest);
		if (n == 0)
			return -1;
		rest = (struct view){rest.ptr + n, rest.len - n};
	}
	if (rest.len == 0)
		return 0;
	has_build = view_cut(rest, '+', &rest, &build);
	if (has_build && !are_identifiers(build))
		return -1;
	if (rest.len == 0)
		return has_build ? 0 : -1;
	return view_starts(rest, "-") &&
	                       are_identifiers((struct view){rest.ptr + 1, rest.len - 1})
	               ? 0
	               : -1;
}
