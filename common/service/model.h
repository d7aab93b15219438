/*
 * A model in the store: the manifest that a tag points to, when its layers are those of a
 * model, and its config. Everything here knows the store and not HTTP.
 */
#ifndef SERVICE_MODEL_H
#define SERVICE_MODEL_H

#include "format/gguf.h"
#include "format/model_config.h"
#include "format/model_manifest.h"
#include "format/model_name.h"
#include "store/manifests.h"
#include "store/store.h"

#include <stdbool.h>

/* Bytes of a layer that is read whole: template, system, params, messages, license. */
#define MODEL_LAYER_MAX ((size_t)4 << 20)

struct model {
	struct model_name name;
	struct repo_name repo;
	struct tag tag;
	struct stored_manifest stored;
	struct model_manifest manifest;
	struct model_config config;
};

#define MODEL_INIT                                                                       \
	((struct model){.stored = STORED_MANIFEST_INIT,                                  \
	        .manifest = MODEL_MANIFEST_INIT,                                         \
	        .config = MODEL_CONFIG_INIT})

/*
 * Opens the model of a name, whose host does not count. ERR_NOT_FOUND, "model 'x' not
 * found", when there is no such tag or it is something else; ERR_NAME_INVALID when no
 * repository can be of the name; ERR_BAD_REQUEST when its config is none. *out must be
 * MODEL_INIT and is to be released in any case.
 */
int model_open(struct store *s, const struct model_name *name, struct model *out,
        struct err *err);
void model_release(struct model *m);
/* Says that there is no such model; always returns -1. */
int model_not_found(const struct model_name *name, struct err *err);
/*
 * The layer as it is, appended to out: ERR_TOO_LARGE when it is longer than
 * MODEL_LAYER_MAX, ERR_BLOB_UNKNOWN when it is not there.
 */
int model_read_layer(struct store *s, const struct repo_name *repo,
        const struct digest *d, struct buf *out, struct err *err);
/*
 * The object or array that the first layer of a kind holds (parameters, messages), to be
 * released with json_object_put: 1; 0 when there is no such layer; -1, with
 * ERR_BAD_REQUEST when it is not what it should be.
 */
int model_read_json(struct store *s, const struct model *m, enum model_layer_kind kind,
        struct json_object **out, struct err *err);
/* The name of the model that the weights were taken from, or "". */
const char *model_parent(const struct model *m);
/* Appends "details" of list and show. */
void model_add_details(const struct model *m, struct buf *out);
/* Appends a time as JSON. */
void model_add_time(int64_t seconds, struct buf *out);

/* A blob that is read in places. */
struct model_file {
	int fd;
	struct gguf_source source;
};

#define MODEL_FILE_INIT ((struct model_file){.fd = -1})

/* Must stay where it is until it is closed. ERR_BLOB_UNKNOWN. */
int model_file_open(struct store *s, const struct repo_name *repo, const struct digest *d,
        struct model_file *f, struct err *err);
void model_file_close(struct model_file *f);

#endif
