#include "service/model.h"

#include "base/io.h"
#include "format/gojson.h"
#include "format/json.h"
#include "store/blobs.h"

#include <time.h>

/* ---- blobs ---- */

static int read_at(void *arg, void *bytes, size_t len, uint64_t offset, struct err *err)
{
	const struct model_file *f = arg;
	ssize_t got = io_pread_full(f->fd, bytes, len, offset);

	if (got < 0)
		return err_io(err, "cannot read a blob");
	if ((size_t)got < len)
		return err_set(err, ERR_FAULT, "a blob is shorter than it was");
	return 0;
}

int model_file_open(struct store *s, const struct repo_name *repo, const struct digest *d,
        struct model_file *f, struct err *err)
{
	struct blob blob;

	if (blobs_find(s, repo, d, &blob, err) != 0 ||
	        blobs_open(s, &blob, &f->fd, err) != 0)
		return -1;
	f->source = (struct gguf_source){read_at, f, blob.size};
	return 0;
}

void model_file_close(struct model_file *f)
{
	io_close(&f->fd);
}

static int read_file(struct model_file *f, struct buf *out, struct err *err)
{
	uint64_t size = f->source.size;

	if (size > MODEL_LAYER_MAX)
		return err_set(err, ERR_TOO_LARGE, "a layer of text is over %zu bytes",
		        MODEL_LAYER_MAX);
	if (buf_reserve(out, (size_t)size) != 0)
		return err_set(err, ERR_FAULT, "no memory for a layer");
	if (f->source.read(f, out->ptr + out->len, (size_t)size, 0, err) != 0)
		return -1;
	out->len += (size_t)size;
	out->ptr[out->len] = '\0';
	return 0;
}

int model_read_layer(struct store *s, const struct repo_name *repo,
        const struct digest *d, struct buf *out, struct err *err)
{
	struct model_file f = MODEL_FILE_INIT;
	int rc = model_file_open(s, repo, d, &f, err);

	if (rc == 0)
		rc = read_file(&f, out, err);
	model_file_close(&f);
	return rc;
}

/* ---- opening ---- */

int model_not_found(const struct model_name *name, struct err *err)
{
	char text[MODEL_TEXT_SIZE];

	model_name_text(name, text);
	return err_set(err, ERR_NOT_FOUND, "model '%s' not found", text);
}

static int read_config(struct store *s, struct model *m, struct err *err)
{
	struct buf text = BUF_INIT(MODEL_LAYER_MAX);
	int rc = model_read_layer(s, &m->repo, &m->manifest.config, &text, err);

	if (rc == 0)
		rc = model_config_parse(buf_view(&text), &m->config, err);
	buf_release(&text);
	return rc;
}

static bool is_absent(const struct err *err)
{
	return err->code == ERR_MANIFEST_UNKNOWN || err->code == ERR_NAME_UNKNOWN;
}

int model_open(struct store *s, const struct model_name *name, struct model *out,
        struct err *err)
{
	struct reference ref = {.is_digest = false};
	int found;

	out->name = *name;
	if (model_name_repo(name, s->config->ollama_names, &out->repo, &out->tag, err) !=
	        0)
		return -1;
	ref.tag = out->tag;
	if (manifests_get(s, &out->repo, &ref, &out->stored, err) != 0) {
		if (!is_absent(err))
			return -1;
		err_release(err);
		return model_not_found(name, err);
	}
	found = model_manifest_parse(out->stored.content, &out->manifest, err);
	if (found < 0)
		return -1;
	return found == 1 ? read_config(s, out, err) : model_not_found(name, err);
}

void model_release(struct model *m)
{
	stored_manifest_release(&m->stored);
	model_manifest_release(&m->manifest);
	model_config_release(&m->config);
	*m = MODEL_INIT;
}

/* A text that is one JSON value, which json_parse_object reads as a member. */
static struct json_object *parse_value(struct view text, enum json_type type)
{
	struct buf wrapped = BUF_INIT(MODEL_LAYER_MAX + 16);
	struct json_object *object, *value = NULL;
	const char *why;

	buf_add_str(&wrapped, "{\"value\":");
	buf_add_view(&wrapped, text);
	buf_add_char(&wrapped, '}');
	object = json_parse_object(buf_view(&wrapped), &why);
	if (object && json_object_object_length(object) == 1 &&
	        json_member(object, "value", type, &value) && value)
		json_object_get(value);
	json_object_put(object);
	buf_release(&wrapped);
	return value;
}

int model_read_json(struct store *s, const struct model *m, enum model_layer_kind kind,
        struct json_object **out, struct err *err)
{
	enum json_type type = kind == LAYER_PARAMS ? json_type_object : json_type_array;
	const struct model_layer *layer = model_manifest_find(&m->manifest, kind);
	struct buf text = BUF_INIT(MODEL_LAYER_MAX);
	int rc;

	*out = NULL;
	if (!layer)
		return 0;
	rc = model_read_layer(s, &m->repo, &layer->digest, &text, err);
	if (rc == 0)
		*out = parse_value(buf_view(&text), type);
	if (rc == 0 && !*out)
		rc = err_set(err, ERR_BAD_REQUEST,
		        "a layer of the model (%s) is no JSON %s", layer->media_type,
		        json_type_to_name(type));
	buf_release(&text);
	return rc == 0 ? 1 : -1;
}

/* ---- what is told of it ---- */

const char *model_parent(const struct model *m)
{
	const struct model_layer *layer = model_manifest_find(&m->manifest, LAYER_MODEL);

	return layer ? layer->from : "";
}

static void add_text(struct buf *out, const char *name, struct view text)
{
	buf_addf(out, "\"%s\":", name);
	gojson_add_string(out, text);
}

void model_add_details(const struct model *m, struct buf *out)
{
	const struct model_config *c = &m->config;

	buf_add_char(out, '{');
	add_text(out, "parent_model", view_of(model_parent(m)));
	buf_add_char(out, ',');
	add_text(out, "format", model_config_text(c, "model_format"));
	buf_add_char(out, ',');
	add_text(out, "family", model_config_text(c, "model_family"));
	buf_add_str(out, ",\"families\":");
	gojson_add_value(out, model_config_list(c, "model_families"));
	buf_add_char(out, ',');
	add_text(out, "parameter_size", model_config_text(c, "model_type"));
	buf_add_char(out, ',');
	add_text(out, "quantization_level", model_config_text(c, "file_type"));
	buf_add_char(out, '}');
}

void model_add_time(int64_t seconds, struct buf *out)
{
	char text[64] = "";
	time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_addf(out, "\"%s\"", text);
}
