#include "format/model_request.h"

#include "format/json.h"
#include "format/json_text.h"
#include "format/model_params.h"

#include <string.h>

static int no_memory(struct err *err)
{
	return err_set(err, ERR_FAULT, "no memory for a request");
}

static int wrong_type(const char *name, const char *type, struct err *err)
{
	return err_set(err, ERR_BAD_REQUEST, "\"%s\" is no %s", name, type);
}

static int read_text(
        struct json_object *body, const char *name, struct view *out, struct err *err)
{
	return json_member_text(body, name, out) < 0 ? wrong_type(name, "text", err) : 0;
}

static int read_name(struct view text, struct model_name *out, struct err *err)
{
	if (model_name_parse(text, out) == 0)
		return 0;
	return err_set(err, ERR_BAD_REQUEST, "invalid model name");
}

/* ---- parts of both forms ---- */

static int set_requires(struct model_request *r, struct view text, struct err *err)
{
	if (text.len == 0 || model_requires_parse(text, &r->requires) == 0)
		return 0;
	return err_set(
	        err, ERR_BAD_REQUEST, "requires is no version (MAJOR.MINOR.PATCH)");
}

/* Only that the braces are in pairs: templates are kept and never run. */
static int set_template(struct model_request *r, struct view text, struct err *err)
{
	bool open = false;

	for (size_t i = 0; i + 1 < text.len; i++) {
		const char *two = text.ptr + i;
		bool opens = two[0] == '{' && two[1] == '{' && !open;
		bool closes = two[0] == '}' && two[1] == '}' && open;

		if (opens || closes) {
			open = opens;
			i++;
		}
	}
	if (open)
		return err_set(err, ERR_BAD_REQUEST, "template error: {{ without }}");
	r->template_text = text;
	return 0;
}

static int add_license(struct model_request *r, struct view text, struct err *err)
{
	if (text.len == 0)
		return 0;
	if (r->nlicenses == MODEL_LICENSES_MAX)
		return err_set(err, ERR_BAD_REQUEST, "too many licenses");
	r->licenses[r->nlicenses++] = text;
	return 0;
}

/* Takes value over. */
static int put_text(struct json_object *o, const char *name, struct view text)
{
	struct json_object *value =
	        json_object_new_string_len(text.len ? text.ptr : "", (int)text.len);

	if (value && json_object_object_add(o, name, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

static int add_message(
        struct model_request *r, struct view role, struct view content, struct err *err)
{
	struct json_object *o;

	if (!view_is(role, "system") && !view_is(role, "user") &&
	        !view_is(role, "assistant") && !view_is(role, "tool"))
		return err_set(err, ERR_BAD_REQUEST,
		        "message role must be one of system, user, assistant, tool");
	if (!r->messages && !(r->messages = json_object_new_array()))
		return no_memory(err);
	o = json_object_new_object();
	if (o && put_text(o, "role", role) == 0 && put_text(o, "content", content) == 0 &&
	        json_object_array_add(r->messages, o) == 0)
		return 0;
	json_object_put(o);
	return no_memory(err);
}

static int add_upload(struct model_upload *list, size_t *n, size_t max, struct view name,
        struct view digest, struct err *err)
{
	if (*n == max)
		return err_set(err, ERR_BAD_REQUEST, "%s",
		        max == 1 ? "only one adapter is currently supported"
		                 : "too many files");
	if (digest_parse(digest, &list[*n].digest) != DIGEST_OK)
		return err_set(err, ERR_BAD_REQUEST, "invalid digest format: \"%.*s\"",
		        digest.len > 80 ? 80 : (int)digest.len,
		        digest.len ? digest.ptr : "");
	list[(*n)++].name = name;
	return 0;
}

/* ---- of today ---- */

/* A path on the client's side, which must not lead out of where it is. */
static bool is_local(struct view path)
{
	struct view part, rest = path;
	bool more;

	if (path.len == 0 || path.ptr[0] == '/' || path.ptr[0] == '\\')
		return false;
	do {
		more = view_cut(rest, '/', &part, &rest);
		if (view_is(part, ".."))
			return false;
	} while (more);
	return true;
}

static int read_uploads(struct json_object *body, const char *name,
        struct model_upload *list, size_t *n, size_t max, struct err *err)
{
	struct json_object *files;

	if (!json_member(body, name, json_type_object, &files))
		return wrong_type(name, "object", err);
	if (!files)
		return 0;
	json_object_object_foreach(files, path, digest)
	{
		if (!is_local(view_of(path)))
			return err_set(
			        err, ERR_BAD_REQUEST, "file path must be relative");
		if (!json_object_is_type(digest, json_type_string))
			return wrong_type(path, "digest", err);
		if (add_upload(list, n, max, view_of(path), json_text(digest), err) != 0)
			return -1;
	}
	return 0;
}

static int read_licenses(
        struct json_object *body, struct model_request *r, struct err *err)
{
	struct json_object *list;
	struct view text;

	if (json_member_text(body, "license", &text) >= 0)
		return add_license(r, text, err);
	if (!json_member(body, "license", json_type_array, &list))
		return wrong_type("license", "text and no list", err);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (!json_object_is_type(one, json_type_string))
			return wrong_type("license", "list of texts", err);
		if (add_license(r, json_text(one), err) != 0)
			return -1;
	}
	return 0;
}

static int read_messages(
        struct json_object *body, struct model_request *r, struct err *err)
{
	struct json_object *list;
	struct view role, content;

	if (!json_member(body, "messages", json_type_array, &list))
		return wrong_type("messages", "list", err);
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		if (!json_object_is_type(o, json_type_object))
			return wrong_type("messages", "list of objects", err);
		if (read_text(o, "role", &role, err) != 0 ||
		        read_text(o, "content", &content, err) != 0 ||
		        add_message(r, role, content, err) != 0)
			return -1;
	}
	return 0;
}

static int read_parameters(
        struct json_object *body, struct model_request *r, struct err *err)
{
	struct json_object *parameters;

	if (!json_member(body, "parameters", json_type_object, &parameters))
		return wrong_type("parameters", "object", err);
	r->parameters = json_object_get(parameters);
	return 0;
}

static int read_today(struct json_object *body, struct model_request *r, struct err *err)
{
	struct view from, text, requires;

	if (read_text(body, "from", &from, err) != 0 ||
	        read_text(body, "template", &text, err) != 0 ||
	        read_text(body, "requires", &requires, err) != 0 ||
	        read_text(body, "system", &r->system, err) != 0 ||
	        read_text(body, "renderer", &r->renderer, err) != 0 ||
	        read_text(body, "parser", &r->parser, err) != 0)
		return -1;
	r->has_from = from.len > 0;
	if (r->has_from && read_name(from, &r->from, err) != 0)
		return -1;
	if (read_uploads(body, "files", r->files, &r->nfiles, MODEL_FILES_MAX, err) !=
	                0 ||
	        read_uploads(body, "adapters", r->adapters, &r->nadapters, 1, err) != 0 ||
	        set_template(r, text, err) != 0 || set_requires(r, requires, err) != 0 ||
	        read_licenses(body, r, err) != 0 || read_messages(body, r, err) != 0)
		return -1;
	return read_parameters(body, r, err);
}

/* ---- as a Modelfile ---- */

static int add_parameter(
        struct model_request *r, const struct modelfile_command *c, struct err *err)
{
	if (!r->parameters && !(r->parameters = json_object_new_object()))
		return no_memory(err);
	return model_param_add(r->parameters, c->name, c->value, err) == MODEL_PARAM_WRONG
	               ? -1
	               : 0;
}

/* "@sha256:…" is an upload; a name is a model of the registry; else it is a file. */
static int add_source(
        struct model_request *r, const struct modelfile_command *c, struct err *err)
{
	struct view v = c->value;
	bool adapter = c->word == MODELFILE_ADAPTER;

	if (view_starts(v, "@")) {
		v = (struct view){v.ptr + 1, v.len - 1};
		return adapter ? add_upload(r->adapters, &r->nadapters, 1, VIEW_LIT(""),
		                         v, err)
		               : add_upload(r->files, &r->nfiles, MODEL_FILES_MAX,
		                         VIEW_LIT(""), v, err);
	}
	if (adapter || model_name_parse(v, &r->from) != 0)
		return err_set(err, ERR_BAD_REQUEST,
		        "(line %u): '%.*s' is on the client's side: upload the file, and "
		        "give "
		        "its digest with '@' before it",
		        c->line, v.len > 80 ? 80 : (int)v.len, v.len ? v.ptr : "");
	r->has_from = true;
	return 0;
}

static int add_command(
        struct model_request *r, const struct modelfile_command *c, struct err *err)
{
	switch (c->word) {
	case MODELFILE_FROM:
	case MODELFILE_ADAPTER:
		return add_source(r, c, err);
	case MODELFILE_LICENSE:
		return add_license(r, c->value, err);
	case MODELFILE_TEMPLATE:
		return set_template(r, c->value, err);
	case MODELFILE_SYSTEM:
		r->system = c->value;
		return 0;
	case MODELFILE_PARAMETER:
		return add_parameter(r, c, err);
	case MODELFILE_MESSAGE:
		return add_message(r, c->name, c->value, err);
	case MODELFILE_RENDERER:
		r->renderer = c->value;
		return 0;
	case MODELFILE_PARSER:
		r->parser = c->value;
		return 0;
	case MODELFILE_REQUIRES:
		return set_requires(r, c->value, err);
	default:
		return err_set(err, ERR_BAD_REQUEST,
		        "(line %u): %s is not supported here", c->line,
		        modelfile_word_text(c->word));
	}
}

static int read_modelfile(struct view text, struct model_request *r, struct err *err)
{
	if (modelfile_parse(text, &r->modelfile, err) != 0)
		return -1;
	for (size_t i = 0; i < r->modelfile.ncommands; i++)
		if (add_command(r, &r->modelfile.commands[i], err) != 0)
			return -1;
	return 0;
}

/* ---- the whole ---- */

static int read_stream(struct json_object *body, struct model_request *r, struct err *err)
{
	struct json_object *stream;

	if (!json_member(body, "stream", json_type_boolean, &stream))
		return wrong_type("stream", "boolean", err);
	r->stream = !stream || json_object_get_boolean(stream);
	return 0;
}

static int read_all(struct json_object *body, struct model_request *r, struct err *err)
{
	struct view name, modelfile, path;

	if (read_text(body, "model", &name, err) != 0 ||
	        (name.len == 0 && read_text(body, "name", &name, err) != 0) ||
	        read_text(body, "modelfile", &modelfile, err) != 0 ||
	        read_text(body, "path", &path, err) != 0 ||
	        read_text(body, "quantize", &r->quantize, err) != 0 ||
	        (r->quantize.len == 0 &&
	                read_text(body, "quantization", &r->quantize, err) != 0) ||
	        read_name(name, &r->name, err) != 0 || read_stream(body, r, err) != 0)
		return -1;
	if (modelfile.len > 0)
		return read_modelfile(modelfile, r, err);
	if (path.len > 0)
		return err_set(err, ERR_BAD_REQUEST,
		        "a path cannot be read here: send the text "
		        "as \"modelfile\"");
	return read_today(body, r, err);
}

int model_request_parse(
        struct json_object *body, struct model_request *out, struct err *err)
{
	out->body = json_object_get(body);
	if (read_all(body, out, err) != 0)
		return -1;
	if (!out->has_from && out->nfiles == 0)
		return err_set(
		        err, ERR_BAD_REQUEST, "neither 'from' or 'files' was specified");
	return 0;
}

void model_request_release(struct model_request *r)
{
	json_object_put(r->parameters);
	json_object_put(r->messages);
	json_object_put(r->body);
	modelfile_release(&r->modelfile);
	*r = MODEL_REQUEST_INIT;
}
