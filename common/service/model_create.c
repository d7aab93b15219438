/* Making models: models_create. */
#include "service/model_create_parts.h"

#include "format/gojson.h"
#include "format/hash.h"
#include "store/blobs.h"
#include "store/uploads.h"

#include <stdlib.h>
#include <string.h>

#define MANIFEST_MAX ((size_t)64 << 20)

int model_no_memory(struct model_creation *c)
{
	return err_set(c->err, ERR_FAULT, "no memory to make a model");
}

/* ---- blobs ---- */

struct text_body {
	struct body_source source;
	struct view rest;
};

static ssize_t pull_text(void *arg, void *bytes, size_t len, struct err *err)
{
	struct text_body *b = arg;
	size_t n = b->rest.len < len ? b->rest.len : len;

	(void)err;
	if (n > 0)
		memcpy(bytes, b->rest.ptr, n);
	b->rest = (struct view){b->rest.ptr + n, b->rest.len - n};
	return (ssize_t)n;
}

/* Writes a small blob, unless it is there. *fresh tells whether it was written. */
static int write_blob(
        struct model_creation *c, struct view bytes, struct digest *d, bool *fresh)
{
	struct text_body body = {{pull_text, &body}, bytes};
	int has;

	hash_bytes(DIGEST_SHA256, bytes.ptr, bytes.len, d);
	has = model_has_blob(c, &c->repo, d);
	*fresh = has == 0;
	if (has != 0)
		return has < 0 ? -1 : 0;
	return upload_single(c->store, &c->repo, d, &body.source, bytes.len, c->err);
}

static int add_layer(
        struct model_creation *c, enum model_layer_kind kind, struct view bytes)
{
	struct model_layer *layer;
	struct digest d;
	bool fresh;

	if (write_blob(c, bytes, &d, &fresh) != 0)
		return -1;
	layer = model_manifest_add(&c->manifest, kind, &d, bytes.len);
	if (!layer)
		return model_no_memory(c);
	layer->fresh = fresh;
	return 0;
}

/* ---- small layers ---- */

static int replace_text(
        struct model_creation *c, enum model_layer_kind kind, struct view text)
{
	if (text.len == 0)
		return 0;
	model_manifest_remove(&c->manifest, kind);
	return add_layer(c, kind, text);
}

static int add_json_layer(
        struct model_creation *c, enum model_layer_kind kind, struct json_object *value)
{
	struct buf text = BUF_INIT(MODEL_LAYER_MAX);
	int rc;

	gojson_add_value(&text, value);
	buf_add_char(&text, '\n');
	model_manifest_remove(&c->manifest, kind);
	if (buf_failed(&text))
		rc = err_set(c->err, ERR_TOO_LARGE, "a layer of text is too long");
	else
		rc = add_layer(c, kind, buf_view(&text));
	buf_release(&text);
	return rc;
}

/* Those of the request over those of the base. */
static int add_parameters(struct model_creation *c)
{
	struct json_object *all = NULL;
	int rc = 0;

	if (c->request->has_from &&
	        model_read_json(c->store, &c->base, LAYER_PARAMS, &all, c->err) < 0)
		return -1;
	if (!all && !(all = json_object_new_object()))
		return model_no_memory(c);
	if (c->request->parameters) {
		json_object_object_foreach(c->request->parameters, name, value)
		{
			if (json_object_object_add(all, name, json_object_get(value)) !=
			        0) {
				json_object_put(value);
				rc = model_no_memory(c);
			}
		}
	}
	if (rc == 0 && json_object_object_length(all) > 0)
		rc = add_json_layer(c, LAYER_PARAMS, all);
	json_object_put(all);
	return rc;
}

/* Messages with their members in the order in which Ollama has them. */
static int add_messages(struct model_creation *c)
{
	struct json_object *list = c->request->messages;
	size_t n = list ? json_object_array_length(list) : 0;
	struct buf text = BUF_INIT(MODEL_LAYER_MAX);
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		buf_add_str(&text, i == 0 ? "[{\"role\":" : ",{\"role\":");
		gojson_add_value(&text, json_object_object_get(o, "role"));
		buf_add_str(&text, ",\"content\":");
		gojson_add_value(&text, json_object_object_get(o, "content"));
		buf_add_char(&text, '}');
	}
	buf_add_str(&text, "]\n");
	if (buf_failed(&text))
		rc = err_set(c->err, ERR_TOO_LARGE, "the messages are too long");
	else if (n > 0) {
		model_manifest_remove(&c->manifest, LAYER_MESSAGES);
		rc = add_layer(c, LAYER_MESSAGES, buf_view(&text));
	}
	buf_release(&text);
	return rc;
}

static int add_texts(struct model_creation *c)
{
	const struct model_request *r = c->request;

	if (replace_text(c, LAYER_TEMPLATE, r->template_text) != 0 ||
	        replace_text(c, LAYER_SYSTEM, r->system) != 0)
		return -1;
	for (size_t i = 0; i < r->nlicenses; i++)
		if (add_layer(c, LAYER_LICENSE, r->licenses[i]) != 0)
			return -1;
	return add_parameters(c) == 0 ? add_messages(c) : -1;
}

/* ---- config and manifest ---- */

static int set_field(struct model_creation *c, const char *name, struct view text)
{
	if (text.len == 0 || model_config_set(&c->config, name, text) == 0)
		return 0;
	return model_no_memory(c);
}

static int write_config(struct model_creation *c, const char *const *digests, bool *fresh)
{
	struct buf text = BUF_INIT(MANIFEST_MAX);
	int rc = model_config_write(&c->config, digests, c->manifest.nlayers, &text);

	c->manifest.config_size = text.len;
	rc = rc == 0 ? write_blob(c, buf_view(&text), &c->manifest.config, fresh)
	             : model_no_memory(c);
	buf_release(&text);
	return rc;
}

/* The digests of the layers as texts, for configs that list them. */
static int add_config(struct model_creation *c, bool *fresh)
{
	const struct model_request *r = c->request;
	size_t n = c->manifest.nlayers;
	char(*texts)[DIGEST_TEXT_MAX + 1] = calloc(n + 1, sizeof(texts[0]));
	const char **list = calloc(n + 1, sizeof(list[0]));
	int rc = -1;

	if (!texts || !list) {
		model_no_memory(c);
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		list[i] = digest_text(&c->manifest.layers[i].digest, texts[i]);
	if (set_field(c, "renderer", r->renderer) == 0 &&
	        set_field(c, "parser", r->parser) == 0 &&
	        set_field(c, "requires", r->requires) == 0)
		rc = write_config(c, list, fresh);
out:
	free(texts);
	free(list);
	return rc;
}

static void tell_layer(struct model_creation *c, const struct digest *d, bool fresh)
{
	char text[DIGEST_TEXT_MAX + 1];

	models_tell(c->job, "%s layer %s", fresh ? "creating new" : "using existing",
	        digest_text(d, text));
}

static int write_manifest(struct model_creation *c)
{
	struct buf text = BUF_INIT(MANIFEST_MAX);
	int rc;

	models_tell(c->job, "writing manifest");
	if (model_manifest_write(&c->manifest, &text) != 0)
		rc = model_no_memory(c);
	else
		rc = models_put(c->store, &c->repo, &c->tag, buf_view(&text),
		        MEDIA_DOCKER_MANIFEST, c->err);
	buf_release(&text);
	return rc;
}

/* They are in the repository of the model now. What stays is collected one day. */
static void drop_uploads(
        struct model_creation *c, const struct model_upload *list, size_t n)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < n; i++) {
		(void)blobs_delete(c->store, c->staging, &list[i].digest, &ignored);
		err_release(&ignored);
	}
}

static int create(struct model_creation *c)
{
	const struct model_request *r = c->request;
	bool fresh = false;

	if (model_name_repo(&r->name, c->store->config->ollama_names, &c->repo, &c->tag,
	            c->err) != 0 ||
	        model_config_new(&c->config, c->err) != 0 || model_add_sources(c) != 0 ||
	        model_quantize_layers(c) != 0 || add_texts(c) != 0 ||
	        add_config(c, &fresh) != 0)
		return -1;
	for (size_t i = 0; i < c->manifest.nlayers; i++)
		tell_layer(c, &c->manifest.layers[i].digest, c->manifest.layers[i].fresh);
	tell_layer(c, &c->manifest.config, fresh);
	if (write_manifest(c) != 0)
		return -1;
	if (strcmp(c->staging->text, c->repo.text) != 0) {
		drop_uploads(c, r->files, r->nfiles);
		drop_uploads(c, r->adapters, r->nadapters);
	}
	return 0;
}

int models_create(struct store *s, const struct model_request *r,
        const struct repo_name *staging, const struct job *job, struct err *err)
{
	struct model_creation c = {.store = s,
	        .request = r,
	        .staging = staging,
	        .job = job,
	        .base = MODEL_INIT,
	        .manifest = MODEL_MANIFEST_INIT,
	        .config = MODEL_CONFIG_INIT,
	        .err = err};
	int rc = create(&c);

	model_release(&c.base);
	model_manifest_release(&c.manifest);
	model_config_release(&c.config);
	return rc;
}
