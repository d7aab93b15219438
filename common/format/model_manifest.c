#include "format/model_manifest.h"

#include "format/gojson.h"
#include "format/json.h"
#include "format/json_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *suffix;
	enum model_layer_kind kind;
} kinds[] = {
        {"model", LAYER_MODEL},
        {"projector", LAYER_PROJECTOR},
        {"adapter", LAYER_ADAPTER},
        {"template", LAYER_TEMPLATE},
        {"system", LAYER_SYSTEM},
        {"params", LAYER_PARAMS},
        {"messages", LAYER_MESSAGES},
        {"license", LAYER_LICENSE},
        {"tensor", LAYER_TENSOR},
        {"prompt", LAYER_TEMPLATE},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static enum model_layer_kind kind_of(struct view media_type)
{
	const size_t prefix = sizeof(MODEL_MEDIA) - 1;

	if (!view_starts(media_type, MODEL_MEDIA))
		return LAYER_OTHER;
	media_type = (struct view){media_type.ptr + prefix, media_type.len - prefix};
	for (size_t i = 0; i < KINDS; i++)
		if (view_is(media_type, kinds[i].suffix))
			return kinds[i].kind;
	return LAYER_OTHER;
}

const char *model_layer_media(enum model_layer_kind kind)
{
	static const char *const media[] = {
	        [LAYER_MODEL] = MODEL_MEDIA "model",
	        [LAYER_PROJECTOR] = MODEL_MEDIA "projector",
	        [LAYER_ADAPTER] = MODEL_MEDIA "adapter",
	        [LAYER_TEMPLATE] = MODEL_MEDIA "template",
	        [LAYER_SYSTEM] = MODEL_MEDIA "system",
	        [LAYER_PARAMS] = MODEL_MEDIA "params",
	        [LAYER_MESSAGES] = MODEL_MEDIA "messages",
	        [LAYER_LICENSE] = MODEL_MEDIA "license",
	        [LAYER_TENSOR] = MODEL_MEDIA "tensor",
	};

	return kind < LAYER_OTHER ? media[kind] : "";
}

static int bad(const char *what, struct err *err)
{
	return err_set(err, ERR_MANIFEST_INVALID, "the manifest of the model: %s", what);
}

/* A text that fits; absent is empty. */
static int read_text(
        struct json_object *o, const char *name, char *out, size_t size, struct err *err)
{
	struct view text;

	if (json_member_text(o, name, &text) < 0 || view_copy(text, out, size) != 0)
		return err_set(err, ERR_MANIFEST_INVALID,
		        "the manifest of the model: \"%s\" is no text of at most %zu "
		        "bytes",
		        name, size - 1);
	return 0;
}

static int read_descriptor(
        struct json_object *o, struct digest *digest, uint64_t *size, struct err *err)
{
	struct json_object *value;
	struct view text;

	if (!json_object_is_type(o, json_type_object))
		return bad("no descriptor", err);
	if (json_member_text(o, "digest", &text) != 1 ||
	        digest_parse(text, digest) != DIGEST_OK)
		return bad("no digest", err);
	if (!json_member(o, "size", json_type_int, &value) || !value ||
	        json_object_get_int64(value) < 0)
		return bad("no size", err);
	*size = (uint64_t)json_object_get_int64(value);
	return 0;
}

static int read_layer(struct json_object *o, struct model_manifest *out, struct err *err)
{
	struct model_layer l = {.kind = LAYER_OTHER};
	struct model_layer *added;

	if (read_descriptor(o, &l.digest, &l.size, err) != 0 ||
	        read_text(o, "mediaType", l.media_type, sizeof(l.media_type), err) != 0 ||
	        read_text(o, "from", l.from, sizeof(l.from), err) != 0 ||
	        read_text(o, "name", l.name, sizeof(l.name), err) != 0)
		return -1;
	l.kind = kind_of(view_of(l.media_type));
	added = model_manifest_add(out, l.kind, &l.digest, l.size);
	if (!added)
		return err_set(err, ERR_FAULT, "no memory for the layers of a model");
	*added = l;
	return 0;
}

/* Whether this is a model at all. */
static bool is_model(struct json_object *config, struct json_object *layers)
{
	struct view type;
	size_t n = layers ? json_object_array_length(layers) : 0;

	if (!config || json_member_text(config, "mediaType", &type) != 1 ||
	        !view_is(type, MODEL_MEDIA_CONFIG))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct json_object *layer = json_object_array_get_idx(layers, i);

		if (json_object_is_type(layer, json_type_object) &&
		        json_member_text(layer, "mediaType", &type) == 1 &&
		        view_starts(type, MODEL_MEDIA))
			return true;
	}
	return false;
}

static int read_all(struct json_object *root, struct model_manifest *out, struct err *err)
{
	struct json_object *config, *layers;
	size_t n;

	json_member(root, "config", json_type_object, &config);
	json_member(root, "layers", json_type_array, &layers);
	if (!is_model(config, layers))
		return 0;
	if (read_descriptor(config, &out->config, &out->config_size, err) != 0)
		return -1;
	n = json_object_array_length(layers);
	if (n > MODEL_LAYERS_MAX)
		return bad("too many layers", err);
	for (size_t i = 0; i < n; i++)
		if (read_layer(json_object_array_get_idx(layers, i), out, err) != 0)
			return -1;
	return 1;
}

int model_manifest_parse(struct view bytes, struct model_manifest *out, struct err *err)
{
	const char *why;
	struct json_object *root = json_parse_object(bytes, &why);
	int rc;

	if (!root)
		return bad(why, err);
	rc = read_all(root, out, err);
	json_object_put(root);
	return rc;
}

void model_manifest_release(struct model_manifest *m)
{
	free(m->layers);
	*m = MODEL_MANIFEST_INIT;
}

struct model_layer *model_manifest_add(struct model_manifest *m,
        enum model_layer_kind kind, const struct digest *d, uint64_t size)
{
	struct model_layer *l;

	if (m->nlayers == MODEL_LAYERS_MAX)
		return NULL;
	if (m->nlayers == m->size) {
		size_t more = m->size ? 2 * m->size : 8;
		void *grown = realloc(m->layers, more * sizeof(m->layers[0]));

		if (!grown)
			return NULL;
		m->layers = grown;
		m->size = more;
	}
	l = &m->layers[m->nlayers++];
	*l = (struct model_layer){.kind = kind, .digest = *d, .size = size};
	(void)view_copy(
	        view_of(model_layer_media(kind)), l->media_type, sizeof(l->media_type));
	return l;
}

void model_manifest_remove(struct model_manifest *m, enum model_layer_kind kind)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->nlayers; i++)
		if (m->layers[i].kind != kind)
			m->layers[kept++] = m->layers[i];
	m->nlayers = kept;
}

const struct model_layer *model_manifest_find(
        const struct model_manifest *m, enum model_layer_kind kind)
{
	for (size_t i = 0; i < m->nlayers; i++)
		if (m->layers[i].kind == kind)
			return &m->layers[i];
	return NULL;
}

uint64_t model_manifest_bytes(const struct model_manifest *m)
{
	uint64_t sum = m->config_size;

	for (size_t i = 0; i < m->nlayers; i++)
		if (__builtin_add_overflow(sum, m->layers[i].size, &sum))
			return UINT64_MAX;
	return sum;
}

static void write_descriptor(
        struct buf *out, const char *media_type, const struct digest *d, uint64_t size)
{
	char text[DIGEST_TEXT_MAX + 1];

	buf_add_str(out, "{\"mediaType\":");
	gojson_add_string(out, view_of(media_type));
	buf_addf(out, ",\"digest\":\"%s\",\"size\":%" PRIu64, digest_text(d, text), size);
}

static void write_optional(struct buf *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	buf_addf(out, ",\"%s\":", name);
	gojson_add_string(out, view_of(value));
}

int model_manifest_write(const struct model_manifest *m, struct buf *out)
{
	buf_add_str(out, "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_MANIFEST
	                 "\",\"config\":");
	write_descriptor(out, MODEL_MEDIA_CONFIG, &m->config, m->config_size);
	buf_add_str(out, "},\"layers\":[");
	for (size_t i = 0; i < m->nlayers; i++) {
		const struct model_layer *l = &m->layers[i];

		if (i > 0)
			buf_add_char(out, ',');
		write_descriptor(out, l->media_type, &l->digest, l->size);
		write_optional(out, "from", l->from);
		write_optional(out, "name", l->name);
		buf_add_char(out, '}');
	}
	return buf_add_str(out, "]}");
}
