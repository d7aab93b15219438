/* What a model is made from: the layers of another, or files, and fewer bits of them. */
#include "service/model_create_parts.h"

#include "format/human.h"
#include "format/json.h"
#include "service/model_quantize.h"
#include "store/blobs.h"

#include <string.h>

int model_has_blob(
        struct model_creation *c, const struct repo_name *repo, const struct digest *d)
{
	struct blob blob;

	if (blobs_find(c->store, repo, d, &blob, c->err) == 0)
		return 1;
	if (c->err->code != ERR_BLOB_UNKNOWN)
		return -1;
	err_release(c->err);
	return 0;
}

static int add_base_layers(struct model_creation *c)
{
	const struct model_manifest *from = &c->base.manifest;
	char name[MODEL_TEXT_SIZE];

	model_name_text(&c->base.name, name);
	for (size_t i = 0; i < from->nlayers; i++) {
		const struct model_layer *l = &from->layers[i];
		struct model_layer *added =
		        model_manifest_add(&c->manifest, l->kind, &l->digest, l->size);

		if (!added)
			return model_no_memory(c);
		*added = *l;
		(void)view_copy(view_of(name), added->from, sizeof(added->from));
	}
	return models_link(c->store, from, &c->base.repo, &c->repo, c->err);
}

/* The fields of the config that a model hands on. */
static int inherit_config(struct model_creation *c)
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
			return model_no_memory(c);
		}
	}
	return 0;
}

static int begin_from_model(struct model_creation *c)
{
	if (model_open(c->store, &c->request->from, &c->base, c->err) != 0)
		return -1;
	return inherit_config(c) == 0 ? add_base_layers(c) : -1;
}

static int not_uploaded(struct model_creation *c, const struct model_upload *u)
{
	char text[DIGEST_TEXT_MAX + 1];

	return err_set(c->err, ERR_BAD_REQUEST, "file \"%.*s\": %s has not been uploaded",
	        u->name.len > 80 ? 80 : (int)u->name.len, u->name.len ? u->name.ptr : "",
	        digest_text(&u->digest, text));
}

/* Where the uploaded file is: the repository of the model, or that of uploads. */
static int find_upload(struct model_creation *c, const struct model_upload *u,
        const struct repo_name **where)
{
	int has;

	*where = &c->repo;
	has = model_has_blob(c, *where, &u->digest);
	if (has == 0) {
		*where = c->staging;
		has = model_has_blob(c, *where, &u->digest);
	}
	if (has == 0)
		return not_uploaded(c, u);
	return has < 0 ? -1 : 0;
}

static int link_upload(struct model_creation *c, const struct model_upload *u,
        const struct repo_name *from)
{
	bool mounted;

	if (from == &c->repo)
		return 0;
	if (blobs_mount(c->store, &c->repo, &u->digest, from, &mounted, c->err) != 0)
		return -1;
	return mounted ? 0 : not_uploaded(c, u);
}

/* Of the config: what no layer before has said. */
static int note_gguf(struct model_creation *c, const struct gguf *g)
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
	return rc == 0 ? 0 : model_no_memory(c);
}

static bool is_safetensors(const struct model_upload *u)
{
	return view_ends(u->name, ".safetensors");
}

static int add_opened(struct model_creation *c, const struct model_upload *u,
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
			rc = model_no_memory(c);
		else if (kind == GGUF_MODEL)
			rc = note_gguf(c, &g);
	}
	gguf_release(&g);
	return rc;
}

static int add_upload(
        struct model_creation *c, const struct model_upload *u, bool adapter)
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

static int begin_from_files(struct model_creation *c)
{
	if (model_config_set(&c->config, "model_format", VIEW_LIT("gguf")) != 0)
		return model_no_memory(c);
	for (size_t i = 0; i < c->request->nfiles; i++)
		if (add_upload(c, &c->request->files[i], false) != 0)
			return -1;
	return 0;
}

int model_add_sources(struct model_creation *c)
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

/* ---- quantization ---- */

static int quantize_layer(
        struct model_creation *c, struct model_layer *l, const char *type)
{
	struct digest made;
	uint64_t size;

	if (model_quantize(c->store, &c->repo, &l->digest, type, c->job, &made, &size,
	            c->err) != 0)
		return -1;
	l->digest = made;
	l->size = size;
	l->fresh = true;
	l->from[0] = '\0';
	return 0;
}

/* Every layer of weights, and what the config says of them. */
int model_quantize_layers(struct model_creation *c)
{
	char type[QUANTIZE_TYPE_SIZE];

	if (c->request->quantize.len == 0)
		return 0;
	if (model_quantize_type(c->request->quantize, type, c->err) != 0)
		return -1;
	for (size_t i = 0; i < c->manifest.nlayers; i++)
		if (c->manifest.layers[i].kind == LAYER_MODEL &&
		        quantize_layer(c, &c->manifest.layers[i], type) != 0)
			return -1;
	return model_config_set(&c->config, "file_type", view_of(type)) == 0
	               ? 0
	               : model_no_memory(c);
}
