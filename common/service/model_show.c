#include "service/model_show.h"

#include "format/gguf_info.h"
#include "format/gojson.h"
#include "format/json.h"
#include "format/json_text.h"
#include "format/modelfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TEMPLATE "{{ .Prompt }}"
#define PARAMETER_WIDTH 30
/* Texts of a model: licenses may be several. */
#define TEXTS_MAX (8 * MODEL_LAYER_MAX)

/* What is gathered before anything is written. */
struct shown {
	struct store *store;
	const struct model *model;
	struct buf license, template_text, system, modelfile, parameters;
	struct json_object *params, *messages;
	bool has_template;
	struct gguf_info info, projector_info;
	struct gguf weights, projector;
	bool has_weights, has_projector;
};

static void shown_init(
        struct shown *v, struct store *s, const struct model *m, bool verbose)
{
	*v = (struct shown){.store = s,
	        .model = m,
	        .license = BUF_INIT(TEXTS_MAX),
	        .template_text = BUF_INIT(MODEL_LAYER_MAX),
	        .system = BUF_INIT(MODEL_LAYER_MAX),
	        .modelfile = BUF_INIT(4 * TEXTS_MAX),
	        .parameters = BUF_INIT(TEXTS_MAX),
	        .weights = GGUF_INIT,
	        .projector = GGUF_INIT};
	gguf_info_init(&v->info, verbose);
	gguf_info_init(&v->projector_info, verbose);
}

static void shown_release(struct shown *v)
{
	buf_release(&v->license);
	buf_release(&v->template_text);
	buf_release(&v->system);
	buf_release(&v->modelfile);
	buf_release(&v->parameters);
	json_object_put(v->params);
	json_object_put(v->messages);
	gguf_info_release(&v->info);
	gguf_info_release(&v->projector_info);
	gguf_release(&v->weights);
	gguf_release(&v->projector);
}

/* ---- gathering ---- */

static int read_weights(struct shown *v, const struct model_layer *l,
        struct gguf_info *info, struct gguf *g, bool *has, struct err *err)
{
	struct model_file f = MODEL_FILE_INIT;
	int rc;

	if (*has)
		return 0;
	rc = model_file_open(v->store, &v->model->repo, &l->digest, &f, err);
	if (rc == 0)
		rc = gguf_info_read(info, &f.source, g, err);
	model_file_close(&f);
	*has = rc == 0;
	return rc;
}

static int read_text(
        struct shown *v, const struct model_layer *l, struct buf *out, struct err *err)
{
	return model_read_layer(v->store, &v->model->repo, &l->digest, out, err);
}

static int read_license(struct shown *v, const struct model_layer *l, struct err *err)
{
	struct buf one = BUF_INIT(MODEL_LAYER_MAX);
	int rc = read_text(v, l, &one, err);

	if (rc == 0) {
		if (v->license.len > 0)
			buf_add_char(&v->license, '\n');
		buf_add_view(&v->license, buf_view(&one));
		modelfile_write(
		        &v->modelfile, MODELFILE_LICENSE, VIEW_LIT(""), buf_view(&one));
	}
	buf_release(&one);
	return rc;
}

static int gather_layer(struct shown *v, const struct model_layer *l, struct err *err)
{
	switch (l->kind) {
	case LAYER_MODEL:
		if (!view_is(
		            model_config_text(&v->model->config, "model_format"), "gguf"))
			return 0;
		return read_weights(v, l, &v->info, &v->weights, &v->has_weights, err);
	case LAYER_PROJECTOR:
		return read_weights(
		        v, l, &v->projector_info, &v->projector, &v->has_projector, err);
	case LAYER_TEMPLATE:
		v->has_template = true;
		buf_clear(&v->template_text);
		return read_text(v, l, &v->template_text, err);
	case LAYER_SYSTEM:
		buf_clear(&v->system);
		return read_text(v, l, &v->system, err);
	case LAYER_LICENSE:
		return read_license(v, l, err);
	default:
		return 0;
	}
}

/* Puts what the caller asks for over the parameters of the model. */
static int add_options(struct shown *v, struct json_object *options, struct err *err)
{
	if (!v->params && options && !(v->params = json_object_new_object()))
		return err_set(err, ERR_FAULT, "no memory for parameters");
	if (!options)
		return 0;
	json_object_object_foreach(options, name, value)
	{
		if (json_object_object_add(v->params, name, json_object_get(value)) !=
		        0) {
			json_object_put(value);
			return err_set(err, ERR_FAULT, "no memory for parameters");
		}
	}
	return 0;
}

static int gather(struct shown *v, const struct model_show *options, struct err *err)
{
	const struct model_manifest *m = &v->model->manifest;

	for (size_t i = 0; i < m->nlayers; i++)
		if (gather_layer(v, &m->layers[i], err) != 0)
			return -1;
	if (options->system.len > 0) {
		buf_clear(&v->system);
		buf_add_view(&v->system, options->system);
	}
	if (!v->has_template)
		buf_add_str(&v->template_text, DEFAULT_TEMPLATE);
	if (model_read_json(v->store, v->model, LAYER_PARAMS, &v->params, err) < 0 ||
	        model_read_json(v->store, v->model, LAYER_MESSAGES, &v->messages, err) <
	                0)
		return -1;
	return add_options(v, options->options, err);
}

/* ---- parameters ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_parameter(struct shown *v, const char *name, struct json_object *value)
{
	struct buf text = BUF_INIT(MODEL_LAYER_MAX);

	if (v->parameters.len > 0)
		buf_add_char(&v->parameters, '\n');
	buf_addf(&v->parameters, "%-*s ", PARAMETER_WIDTH, name);
	gojson_add_literal(&v->parameters, value);
	if (json_object_is_type(value, json_type_string))
		buf_add_view(&text, json_text(value));
	else
		gojson_add_value(&text, value);
	modelfile_write(
	        &v->modelfile, MODELFILE_PARAMETER, view_of(name), buf_view(&text));
	buf_release(&text);
}

/* Each element of a list on a line of its own. */
static void add_parameter_lines(struct shown *v, const char *name)
{
	struct json_object *value = json_object_object_get(v->params, name);

	if (!json_object_is_type(value, json_type_array)) {
		add_parameter(v, name, value);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(value); i++)
		add_parameter(v, name, json_object_array_get_idx(value, i));
}

static int write_parameters(struct shown *v, struct err *err)
{
	size_t n = v->params ? (size_t)json_object_object_length(v->params) : 0, at = 0;
	const char **names;

	if (n == 0)
		return 0;
	names = calloc(n, sizeof(names[0]));
	if (!names)
		return err_set(err, ERR_FAULT, "no memory for parameters");
	json_object_object_foreach(v->params, name, value)
	{
		(void)value;
		names[at++] = name;
	}
	qsort(names, n, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < n; i++)
		add_parameter_lines(v, names[i]);
	free(names);
	return 0;
}

/* ---- the Modelfile ---- */

static void write_messages(struct shown *v)
{
	size_t n = v->messages ? json_object_array_length(v->messages) : 0;
	struct view role, content;

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(v->messages, i);

		if (json_object_is_type(o, json_type_object) &&
		        json_member_text(o, "role", &role) == 1 &&
		        json_member_text(o, "content", &content) >= 0)
			modelfile_write(&v->modelfile, MODELFILE_MESSAGE, role, content);
	}
}

static void write_text_command(
        struct shown *v, enum modelfile_word word, struct view text)
{
	if (text.len > 0)
		modelfile_write(&v->modelfile, word, VIEW_LIT(""), text);
}

/* Licenses have been written as they were read: they go behind the rest. */
static int write_modelfile(struct shown *v, struct err *err)
{
	struct buf licenses = v->modelfile;
	const struct model_config *c = &v->model->config;
	char name[MODEL_TEXT_SIZE];
	int rc;

	v->modelfile = BUF_INIT(licenses.ceiling);
	model_name_text(&v->model->name, name);
	buf_addf(&v->modelfile, "# Modelfile of %s\n\n", name);
	modelfile_write(&v->modelfile, MODELFILE_FROM, VIEW_LIT(""), view_of(name));
	write_text_command(v, MODELFILE_TEMPLATE, buf_view(&v->template_text));
	write_text_command(v, MODELFILE_SYSTEM, buf_view(&v->system));
	write_text_command(v, MODELFILE_RENDERER, model_config_text(c, "renderer"));
	write_text_command(v, MODELFILE_PARSER, model_config_text(c, "parser"));
	write_text_command(v, MODELFILE_REQUIRES, model_config_text(c, "requires"));
	rc = write_parameters(v, err);
	write_messages(v);
	buf_add_view(&v->modelfile, buf_view(&licenses));
	buf_release(&licenses);
	return rc;
}

/* ---- what it can do ---- */

static bool holds(const struct buf *text, const char *word)
{
	return memmem(buf_str(text), text->len, word, strlen(word)) != NULL;
}

static void add_capability(struct buf *out, const char *name)
{
	buf_addf(out, "%s\"%s\"", out->ptr[out->len - 1] == '[' ? "" : ",", name);
}

static bool has_tools(const struct shown *v)
{
	return holds(&v->template_text, ".Tools") ||
	       holds(&v->weights.chat_template, "tools") ||
	       holds(&v->weights.chat_template, "tool_call");
}

static bool thinks(const struct shown *v)
{
	struct view family = model_config_text(&v->model->config, "model_family");

	return holds(&v->template_text, ".Thinking") ||
	       holds(&v->template_text, "</think>") || view_is(family, "gptoss") ||
	       view_is(family, "gpt-oss");
}

/* Those that the config names and that have not been told already. */
static void add_named_capabilities(struct shown *v, struct buf *out, size_t from)
{
	struct json_object *list = model_config_list(&v->model->config, "capabilities");
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++) {
		struct buf name = BUF_INIT(MODEL_CONFIG_MAX);

		gojson_add_value(&name, json_object_array_get_idx(list, i));
		if (!memmem(out->ptr + from, out->len - from, buf_str(&name), name.len)) {
			if (out->ptr[out->len - 1] != '[')
				buf_add_char(out, ',');
			buf_add_view(out, buf_view(&name));
		}
		buf_release(&name);
	}
}

static void add_capabilities(struct shown *v, struct buf *out)
{
	size_t from = out->len;

	if (buf_add_char(out, '[') != 0)
		return;
	add_capability(out, v->weights.has_pooling ? "embedding" : "completion");
	if (v->weights.vision_blocks > 0 ||
	        (v->has_projector &&
	                (v->projector.has_vision || !v->projector.has_audio)))
		add_capability(out, "vision");
	if (v->weights.audio_blocks > 0 || v->projector.has_audio)
		add_capability(out, "audio");
	if (has_tools(v))
		add_capability(out, "tools");
	if (holds(&v->template_text, ".Suffix"))
		add_capability(out, "insert");
	if (thinks(v))
		add_capability(out, "thinking");
	if (!buf_failed(out))
		add_named_capabilities(v, out, from);
	buf_add_char(out, ']');
}

/* ---- the answer ---- */

static void add_member(struct buf *out, const char *name, struct view text)
{
	if (text.len == 0)
		return;
	buf_addf(out, "\"%s\":", name);
	gojson_add_string(out, text);
	buf_add_char(out, ',');
}

static void add_json(struct buf *out, const char *name, struct view json)
{
	buf_addf(out, ",\"%s\":", name);
	buf_add_view(out, json);
}

static void write_answer(struct shown *v, struct buf *out)
{
	buf_add_char(out, '{');
	add_member(out, "license", buf_view(&v->license));
	add_member(out, "modelfile", buf_view(&v->modelfile));
	add_member(out, "parameters", buf_view(&v->parameters));
	add_member(out, "template", buf_view(&v->template_text));
	add_member(out, "system", buf_view(&v->system));
	buf_add_str(out, "\"details\":");
	model_add_details(v->model, out);
	if (v->messages && json_object_array_length(v->messages) > 0) {
		buf_add_str(out, ",\"messages\":");
		gojson_add_value(out, v->messages);
	}
	add_json(out, "model_info",
	        v->has_weights ? buf_view(&v->info.values) : VIEW_LIT("{}"));
	if (v->has_projector)
		add_json(out, "projector_info", buf_view(&v->projector_info.values));
	if (v->info.verbose && v->has_weights)
		add_json(out, "tensors", buf_view(&v->info.tensors));
	buf_add_str(out, ",\"capabilities\":");
	add_capabilities(v, out);
	buf_add_str(out, ",\"modified_at\":");
	model_add_time(v->model->stored.mtime, out);
	if (model_config_text(&v->model->config, "requires").len > 0) {
		buf_add_str(out, ",\"requires\":");
		gojson_add_string(out, model_config_text(&v->model->config, "requires"));
	}
	buf_add_char(out, '}');
}

int model_show(struct store *s, const struct model *m, const struct model_show *options,
        struct buf *out, struct err *err)
{
	struct shown v;
	int rc;

	shown_init(&v, s, m, options->verbose);
	rc = gather(&v, options, err);
	if (rc == 0)
		rc = write_modelfile(&v, err);
	if (rc == 0) {
		write_answer(&v, out);
		if (buf_failed(out) || buf_failed(&v.modelfile) || buf_failed(&v.license))
			rc = err_set(
			        err, ERR_TOO_LARGE, "the model has too much to show");
	}
	shown_release(&v);
	return rc;
}
