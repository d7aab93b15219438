/* Making models: models_create. */
#include "service/models.h"

#include "format/gojson.h"
#include "format/hash.h"
#include "format/human.h"
#include "format/json.h"
#include "store/blobs.h"
#include "store/uploads.h"

#include <stdlib.h>
#include <string.h>

#define MANIFEST_MAX ((size_t)64 << 20)

struct creation {
	struct store *store;
	const struct model_request *request;
	const struct repo_name *staging;
	const struct job *job;
	struct repo_name repo;
	struct tag tag;
	struct model base; /* unless it is from files */
	struct model_manifest manifest;
	struct model_config config;
	struct err *err;
};

static int no_memory(struct creation *c)
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

/* 1 when the repository has the blob, 0 when it has not, -1. */
static int has_blob(
        struct creation *c, const struct repo_name *repo, const struct digest *d)
{
	struct blob blob;

	if (blobs_find(c->store, repo, d, &blob, c->err) == 0)
		return 1;
	if (c->err->code != ERR_BLOB_UNKNOWN)
		return -1;
	err_release(c->err);
	return 0;
}

/* Writes a small blob, unless it is there. *fresh tells whether it was written. */
static int write_blob(
        struct creation *c, struct view bytes, struct digest *d, bool *fresh)
{
	struct text_body body = {{pull_text, &body}, bytes};
	int has;

	hash_bytes(DIGEST_SHA256, bytes.ptr, bytes.len, d);
	has = has_blob(c, &c->repo, d);
	*fresh = has == 0;
	if (has != 0)
		return has < 0 ? -1 : 0;
	return upload_single(c->store, &c->repo, d, &body.source, bytes.len, c->err);
}

static int add_layer(struct creation *c, enum model_layer_kind kind, struct view bytes)
{
	struct model_layer *layer;
	struct digest d;
	bool fresh;

	if (write_blob(c, bytes, &d, &fresh) != 0)
		return -1;
	layer = model_manifest_add(&c->manifest, kind, &d, bytes.len);
	if (!layer)
		return no_memory(c);
	layer->fresh = fresh;
	return 0;
}

/* ---- what it is made from ---- */

static int add_base_layers(struct creation *c)
{
	const struct model_manifest *from = &c->base.manifest;
	char name[MODEL_TEXT_SIZE];

	model_name_text(&c->base.name, name);
	for (size_t i = 0; i < from->nlayers; i++) {
		const struct model_layer *l = &from->layers[i];
		struct model_layer *added =
		        model_manifest_add(&c->manifest, l->kind, &l->digest, l->size);

		if (!added)
			return no_memory(c);
		*added = *l;
		(void)view_copy(view_of(name), added->from, sizeof(added->from));
	}
	return models_link(c->store, from, &c->base.repo, &c->repo, c->err);
}

/* The fields of the config that a model hands on. */
static int inherit_config(struct creation *c)
{
	static const char *const handed_on[] = {"model_format", "model_family",
	        "model_families", "model_type", "file_type", "renderer", "parser",
	        "requires", "capabilities", "context_length", "embedding_length",
	        "rootfs"};

	for (size_t i = 0; i < sizeof(handed_on) / sizeof(handed_on[0]); i++) {
		struct json_object *value =
		        json_object_object_get(c->base.config.fields, handed_on[i]);

		if (value && json_object_object_add(c->config.fields, handed_on[i],
		                     json_object_get(value)) != 0) {
			json_object_put(value);
			return no_memory(c);
		}
	}
	return 0;
}

static int begin_from_model(struct creation *c)
{
	if (model_open(c->store, &c->request->from, &c->base, c->err) != 0)
		return -1;
	return inherit_config(c) == 0 ? add_base_layers(c) : -1;
}

static int not_uploaded(struct creation *c, const struct model_upload *u)
{
	char text[DIGEST_TEXT_MAX + 1];

	return err_set(c->err, ERR_BAD_REQUEST, "file \"%.*s\": %s has not been uploaded",
	        u->name.len > 80 ? 80 : (int)u->name.len, u->name.len ? u->name.ptr : "",
	        digest_text(&u->digest, text));
}

/* Where the uploaded file is: the repository of the model, or that of uploads. */
static int find_upload(
        struct creation *c, const struct model_upload *u, const struct repo_name **where)
{
	int has;

	*where = &c->repo;
	has = has_blob(c, *where, &u->digest);
	if (has == 0) {
		*where = c->staging;
		has = has_blob(c, *where, &u->digest);
	}
	if (has == 0)
		return not_uploaded(c, u);
	return has < 0 ? -1 : 0;
}

static int link_upload(
        struct creation *c, const struct model_upload *u, const struct repo_name *from)
{
	bool mounted;

	if (from == &c->repo)
		return 0;
	if (blobs_mount(c->store, &c->repo, &u->digest, from, &mounted, c->err) != 0)
		return -1;
	return mounted ? 0 : not_uploaded(c, u);
}

/* Of the config: what no layer before has said. */
static int note_gguf(struct creation *c, const struct gguf *g)
{
	struct view arch = view_of(g->architecture);
	char size[HUMAN_SIZE];
	int rc;

	human_number(g->parameters, size);
	rc = model_config_append(&c->config, "model_families", arch);
	if (rc == 0 && model_config_text(&c->config, "model_family").len == 0)
		rc = model_config_set(&c->config, "model_family", arch) != 0 ||
		     model_config_set(&c->config, "model_type", view_of(size)) != 0 ||
		     model_config_set(
		             &c->config, "file_type", view_of(gguf_file_type(g))) != 0;
	return rc == 0 ? 0 : no_memory(c);
}

static bool is_safetensors(const struct model_upload *u)
{
	return view_ends(u->name, ".safetensors");
}

static int add_opened(struct creation *c, const struct model_upload *u,
        const struct model_file *f, bool adapter)
{
	struct gguf g = GGUF_INIT;
	enum gguf_kind kind;
	int rc = gguf_read(&f->source, NULL, &g, c->err);

	if (rc == 0) {
		kind = adapter ? GGUF_ADAPTER : gguf_kind(&g);
		if (!model_manifest_add(&c->manifest,
		            kind == GGUF_ADAPTER     ? LAYER_ADAPTER
		            : kind == GGUF_PROJECTOR ? LAYER_PROJECTOR
		                                     : LAYER_MODEL,
		            &u->digest, f->source.size))
			rc = no_memory(c);
		else if (kind == GGUF_MODEL)
			rc = note_gguf(c, &g);
	}
	gguf_release(&g);
	return rc;
}

static int add_upload(struct creation *c, const struct model_upload *u, bool adapter)
{
	struct model_file f = MODEL_FILE_INIT;
	const struct repo_name *where;
	int rc;

	if (is_safetensors(u))
		return err_set(c->err, ERR_BAD_REQUEST,
		        "safetensors are not converted here: convert the model to GGUF, "
		        "or push "
		        "what ollama made of it");
	models_tell(c->job, "parsing GGUF");
	rc = find_upload(c, u, &where);
	if (rc == 0)
		rc = model_file_open(c->store, where, &u->digest, &f, c->err);
	if (rc == 0)
		rc = add_opened(c, u, &f, adapter);
	model_file_close(&f);
	if (rc == 0)
		rc = link_upload(c, u, where);
	return rc;
}

static int begin_from_files(struct creation *c)
{
	if (model_config_set(&c->config, "model_format", VIEW_LIT("gguf")) != 0)
		return no_memory(c);
	for (size_t i = 0; i < c->request->nfiles; i++)
		if (add_upload(c, &c->request->files[i], false) != 0)
			return -1;
	return 0;
}

static int add_sources(struct creation *c)
{
	const struct model_request *r = c->request;

	if ((r->has_from ? begin_from_model(c) : begin_from_files(c)) != 0)
		return -1;
	for (size_t i = 0; i < r->nadapters; i++)
		if (add_upload(c, &r->adapters[i], true) != 0)
			return -1;
	if (!r->has_from && !model_manifest_find(&c->manifest, LAYER_MODEL))
		return err_set(c->err, ERR_BAD_REQUEST, "no file of these is a model");
	return 0;
}

/* ---- small layers ---- */

static int replace_text(struct creation *c, enum model_layer_kind kind, struct view text)
{
	if (text.len == 0)
		return 0;
	model_manifest_remove(&c->manifest, kind);
	return add_layer(c, kind, text);
}

static int add_json_layer(
        struct creation *c, enum model_layer_kind kind, struct json_object *value)
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
static int add_parameters(struct creation *c)
{
	struct json_object *all = NULL;
	int rc = 0;

	if (c->request->has_from &&
	        model_read_json(c->store, &c->base, LAYER_PARAMS, &all, c->err) < 0)
		return -1;
	if (!all && !(all = json_object_new_object()))
		return no_memory(c);
	if (c->request->parameters) {
		json_object_object_foreach(c->request->parameters, name, value)
		{
			if (json_object_object_add(all, name, json_object_get(value)) !=
			        0) {
				json_object_put(value);
				rc = no_memory(c);
			}
		}
	}
	if (rc == 0 && json_object_object_length(all) > 0)
		rc = add_json_layer(c, LAYER_PARAMS, all);
	json_object_put(all);
	return rc;
}

/* Messages with their members in the order in which Ollama has them. */
static int add_messages(struct creation *c)
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

static int add_texts(struct creation *c)
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

static int set_field(struct creation *c, const char *name, struct view text)
{
	if (text.len == 0 || model_config_set(&c->config, name, text) == 0)
		return 0;
	return no_memory(c);
}

static int write_config(struct creation *c, const char *const *digests, bool *fresh)
{
	struct buf text = BUF_INIT(MANIFEST_MAX);
	int rc = model_config_write(&c->config, digests, c->manifest.nlayers, &text);

	c->manifest.config_size = text.len;
	rc = rc == 0 ? write_blob(c, buf_view(&text), &c->manifest.config, fresh)
	             : no_memory(c);
	buf_release(&text);
	return rc;
}

/* The digests of the layers as texts, for configs that list them. */
static int add_config(struct creation *c, bool *fresh)
{
	const struct model_request *r = c->request;
	size_t n = c->manifest.nlayers;
	char(*texts)[DIGEST_TEXT_MAX + 1] = calloc(n + 1, sizeof(texts[0]));
	const char **list = calloc(n + 1, sizeof(list[0]));
	int rc = -1;

	if (!texts || !list) {
		no_memory(c);
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

static void tell_layer(struct creation *c, const struct digest *d, bool fresh)
{
	char text[DIGEST_TEXT_MAX + 1];

	models_tell(c->job, "%s layer %s", fresh ? "creating new" : "using existing",
	        digest_text(d, text));
}

static int write_manifest(struct creation *c)
{
	struct buf text = BUF_INIT(MANIFEST_MAX);
	int rc;

	models_tell(c->job, "writing manifest");
	if (model_manifest_write(&c->manifest, &text) != 0)
		rc = no_memory(c);
	else
		rc = models_put(c->store, &c->repo, &c->tag, buf_view(&text),
		        MEDIA_DOCKER_MANIFEST, c->err);
	buf_release(&text);
	return rc;
}

/* They are in the repository of the model now. What stays is collected one day. */
static void drop_uploads(struct creation *c, const struct model_upload *list, size_t n)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < n; i++) {
		(void)blobs_delete(c->store, c->staging, &list[i].digest, &ignored);
		err_release(&ignored);
	}
}

static int create(struct creation *c)
{
	const struct model_request *r = c->request;
	bool fresh = false;

	if (model_name_repo(&r->name, c->store->config->ollama_names, &c->repo, &c->tag,
	            c->err) != 0 ||
	        model_config_new(&c->config, c->err) != 0 || add_sources(c) != 0 ||
	        add_texts(c) != 0 || add_config(c, &fresh) != 0)
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
	struct creation c = {.store = s,
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
