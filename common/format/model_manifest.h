/*
 * The manifest of a model: a Docker manifest whose layers are told apart by their media
 * types. Unlike format/manifest.h this keeps the layers in their order, each with all
 * that Ollama puts into it.
 */
#ifndef FORMAT_MODEL_MANIFEST_H
#define FORMAT_MODEL_MANIFEST_H

#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"
#include "format/digest.h"
#include "format/media.h"

#include <stdbool.h>
#include <stdint.h>

#define MODEL_MEDIA "application/vnd.ollama.image."
#define MODEL_MEDIA_CONFIG "application/vnd.docker.container.image.v1+json"
#define MODEL_FROM_MAX 255
#define MODEL_LAYERS_MAX 65536

enum model_layer_kind {
	LAYER_MODEL,
	LAYER_PROJECTOR,
	LAYER_ADAPTER,
	LAYER_TEMPLATE, /* "prompt" too, which is its old name */
	LAYER_SYSTEM,
	LAYER_PARAMS,
	LAYER_MESSAGES,
	LAYER_LICENSE,
	LAYER_TENSOR,
	LAYER_OTHER, /* kept as it is */
};

struct model_layer {
	enum model_layer_kind kind;
	char media_type[MEDIA_TYPE_MAX + 1];
	struct digest digest;
	uint64_t size;
	char from[MODEL_FROM_MAX + 1]; /* the model that it was taken from, "" for none */
	char name[MODEL_FROM_MAX + 1]; /* of a tensor or a file, "" for none */
	bool fresh;                    /* the caller's own */
};

struct model_manifest {
	struct digest config;
	uint64_t config_size;
	struct model_layer *layers;
	size_t nlayers, size;
};

#define MODEL_MANIFEST_INIT ((struct model_manifest){.layers = NULL})

/*
 * Reads one that format/manifest.h has accepted: 1; 0 when it is no manifest of a model,
 * having no config of MODEL_MEDIA_CONFIG or no layer of MODEL_MEDIA; -1 when a member is
 * not what it should be (ERR_MANIFEST_INVALID), or without memory. *out must be
 * MODEL_MANIFEST_INIT and is to be released in any case.
 */
int model_manifest_parse(struct view bytes, struct model_manifest *out, struct err *err);
void model_manifest_release(struct model_manifest *m);
/* "application/vnd.ollama.image.model" of the kinds that have one. */
const char *model_layer_media(enum model_layer_kind kind);
/* Appends a layer of a kind and returns it, or NULL without memory or at the limit. */
struct model_layer *model_manifest_add(struct model_manifest *m,
        enum model_layer_kind kind, const struct digest *d, uint64_t size);
/* Takes all layers of a kind away. */
void model_manifest_remove(struct model_manifest *m, enum model_layer_kind kind);
/* The first layer of a kind, or NULL. */
const struct model_layer *model_manifest_find(
        const struct model_manifest *m, enum model_layer_kind kind);
/* Bytes of the config and all layers. */
uint64_t model_manifest_bytes(const struct model_manifest *m);
/* Writes it as Ollama pushes it. 0 or -1. */
int model_manifest_write(const struct model_manifest *m, struct buf *out);

#endif
