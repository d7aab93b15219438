#include "format/model_config.h"

#include "format/gojson.h"
#include "format/json.h"

enum rule {
	RULE_TEXT,         /* always written */
	RULE_LIST,         /* null when there is none */
	RULE_TEXT_OR_NONE, /* left out when empty */
	RULE_LIST_OR_NONE,
	RULE_NUMBER_OR_NONE,
	RULE_DRAFT,
};

struct field {
	const char *name;
	enum rule rule;
	const char *fixed; /* always this */
};

/* In the order in which they are written. */
static const struct field fields[] = {
        {"model_format", RULE_TEXT, NULL},
        {"model_family", RULE_TEXT, NULL},
        {"model_families", RULE_LIST, NULL},
        {"model_type", RULE_TEXT, NULL},
        {"file_type", RULE_TEXT, NULL},
        {"renderer", RULE_TEXT_OR_NONE, NULL},
        {"parser", RULE_TEXT_OR_NONE, NULL},
        {"requires", RULE_TEXT_OR_NONE, NULL},
        {"remote_host", RULE_TEXT_OR_NONE, NULL},
        {"remote_model", RULE_TEXT_OR_NONE, NULL},
        {"capabilities", RULE_LIST_OR_NONE, NULL},
        {"context_length", RULE_NUMBER_OR_NONE, NULL},
        {"embedding_length", RULE_NUMBER_OR_NONE, NULL},
        {"base_name", RULE_TEXT_OR_NONE, NULL},
        {"draft", RULE_DRAFT, NULL},
        {"architecture", RULE_TEXT, "amd64"},
        {"os", RULE_TEXT, "linux"},
};

static const struct field draft_fields[] = {
        {"model_format", RULE_TEXT_OR_NONE, NULL},
        {"architecture", RULE_TEXT_OR_NONE, NULL},
        {"tensor_prefix", RULE_TEXT_OR_NONE, NULL},
        {"config", RULE_TEXT_OR_NONE, NULL},
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))
#define DRAFT_FIELDS (sizeof(draft_fields) / sizeof(draft_fields[0]))

/* ---- reading ---- */

static enum json_type type_of(enum rule rule)
{
	switch (rule) {
	case RULE_LIST:
	case RULE_LIST_OR_NONE:
		return json_type_array;
	case RULE_NUMBER_OR_NONE:
		return json_type_int;
	case RULE_DRAFT:
		return json_type_object;
	default:
		return json_type_string;
	}
}

static int check_list(const char *name, struct json_object *list, struct err *err)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!json_object_is_type(
		            json_object_array_get_idx(list, i), json_type_string))
			return err_set(err, ERR_BAD_REQUEST,
			        "\"%s\" in the config of the model is no list of strings",
			        name);
	return 0;
}

static int check_fields(
        struct json_object *o, const struct field *table, size_t n, struct err *err)
{
	struct json_object *value;

	for (size_t i = 0; i < n; i++) {
		enum json_type type = type_of(table[i].rule);

		if (!json_member(o, table[i].name, type, &value))
			return err_set(err, ERR_BAD_REQUEST,
			        "\"%s\" in the config of the model is no %s",
			        table[i].name, json_type_to_name(type));
		if (value && type == json_type_array &&
		        check_list(table[i].name, value, err) != 0)
			return -1;
		if (value && type == json_type_object &&
		        check_fields(value, draft_fields, DRAFT_FIELDS, err) != 0)
			return -1;
	}
	return 0;
}

int model_config_new(struct model_config *c, struct err *err)
{
	c->fields = json_object_new_object();
	return c->fields ? 0 : err_set(err, ERR_FAULT, "no memory for a model's config");
}

int model_config_parse(struct view text, struct model_config *c, struct err *err)
{
	const char *why;

	c->fields = json_parse_object(text, &why);
	if (!c->fields)
		return err_set(err, ERR_BAD_REQUEST,
		        "the config of the model is no JSON object: %s", why);
	return check_fields(c->fields, fields, FIELDS, err);
}

void model_config_release(struct model_config *c)
{
	json_object_put(c->fields);
	*c = MODEL_CONFIG_INIT;
}

/* ---- fields ---- */

struct view model_config_text(const struct model_config *c, const char *name)
{
	struct json_object *value;

	return json_member(c->fields, name, json_type_string, &value) ? json_text(value)
	                                                              : VIEW_LIT("");
}

struct json_object *model_config_list(const struct model_config *c, const char *name)
{
	struct json_object *value;

	return json_member(c->fields, name, json_type_array, &value) ? value : NULL;
}

static struct json_object *new_text(struct view text)
{
	return json_object_new_string_len(text.len ? text.ptr : "", (int)text.len);
}

int model_config_set(struct model_config *c, const char *name, struct view text)
{
	struct json_object *value = new_text(text);

	if (value && json_object_object_add(c->fields, name, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

static bool holds(struct json_object *list, struct view text)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (view_equal(json_text(json_object_array_get_idx(list, i)), text))
			return true;
	return false;
}

int model_config_append(struct model_config *c, const char *name, struct view text)
{
	struct json_object *list = model_config_list(c, name), *value;

	if (!list) {
		list = json_object_new_array();
		if (!list || json_object_object_add(c->fields, name, list) != 0) {
			json_object_put(list);
			return -1;
		}
	}
	if (holds(list, text))
		return 0;
	value = new_text(text);
	if (value && json_object_array_add(list, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

void model_config_unset(struct model_config *c, const char *name)
{
	json_object_object_del(c->fields, name);
}

bool model_config_has_layers(const struct model_config *c)
{
	return json_object_object_get(c->fields, "rootfs") != NULL;
}

/* ---- writing ---- */

static bool is_left_out(const struct field *f, struct json_object *value)
{
	switch (f->rule) {
	case RULE_TEXT_OR_NONE:
		return json_text(value).len == 0;
	case RULE_LIST_OR_NONE:
		return !value || json_object_array_length(value) == 0;
	case RULE_NUMBER_OR_NONE:
		return !value || json_object_get_int64(value) == 0;
	case RULE_DRAFT:
		return !value;
	default:
		return false;
	}
}

static void write_fields(
        struct json_object *o, const struct field *table, size_t n, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		struct json_object *value = json_object_object_get(o, table[i].name);

		if (is_left_out(&table[i], value))
			continue;
		buf_addf(out, "%s\"%s\":", first ? "" : ",", table[i].name);
		first = false;
		if (table[i].fixed) {
			buf_addf(out, "\"%s\"", table[i].fixed);
		} else if (table[i].rule == RULE_DRAFT) {
			buf_add_char(out, '{');
			write_fields(value, draft_fields, DRAFT_FIELDS, out);
			buf_add_char(out, '}');
		} else if (table[i].rule == RULE_TEXT) {
			gojson_add_string(out, json_text(value));
		} else {
			gojson_add_value(out, value);
		}
	}
}

int model_config_write(const struct model_config *c, const char *const *layers, size_t n,
        struct buf *out)
{
	buf_add_char(out, '{');
	write_fields(c->fields, fields, FIELDS, out);
	if (model_config_has_layers(c)) {
		buf_add_str(out, ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
		for (size_t i = 0; i < n; i++)
			buf_addf(out, "%s\"%s\"", i ? "," : "", layers[i]);
		buf_add_str(out, "]}");
	}
	return buf_add_str(out, "}\n");
}
