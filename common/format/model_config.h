/*
 * The config blob of a model, to the byte as Ollama writes it: its fields in its order,
 * and a line feed. Fields that it does not know are dropped, as it does.
 */
#ifndef FORMAT_MODEL_CONFIG_H
#define FORMAT_MODEL_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"

#include <json-c/json.h>
#include <stdbool.h>

#define MODEL_CONFIG_MAX ((size_t)1 << 20)

struct model_config {
	struct json_object *fields;
};

#define MODEL_CONFIG_INIT ((struct model_config){0})

/* Empty, for a new model. To be released in any case; 0, or -1 with ERR_FAULT. */
int model_config_new(struct model_config *c, struct err *err);
/*
 * Reads one. ERR_BAD_REQUEST when it is no JSON object or a field is of another type than
 * it should be. *c must be MODEL_CONFIG_INIT and is to be released in any case.
 */
int model_config_parse(struct view text, struct model_config *c, struct err *err);
void model_config_release(struct model_config *c);
/* A text ("model_family"), or the empty view. */
struct view model_config_text(const struct model_config *c, const char *name);
/* A list of texts ("model_families", "capabilities"), or NULL. */
struct json_object *model_config_list(const struct model_config *c, const char *name);
/* 0, or -1 without memory. */
int model_config_set(struct model_config *c, const char *name, struct view text);
/* Appends to a list, unless it holds the text already. 0, or -1 without memory. */
int model_config_append(struct model_config *c, const char *name, struct view text);
/* Takes a field away. */
void model_config_unset(struct model_config *c, const char *name);
/*
 * Whether it is of the kind that lists the layers (up to 0.32.6): then model_config_write
 * does that with these digests, n of them.
 */
bool model_config_has_layers(const struct model_config *c);
int model_config_write(const struct model_config *c, const char *const *layers, size_t n,
        struct buf *out);

#endif
