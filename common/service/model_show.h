/* Everything about one model, as Ollama shows it. */
#ifndef SERVICE_MODEL_SHOW_H
#define SERVICE_MODEL_SHOW_H

#include "base/buf.h"
#include "service/model.h"

#define MODEL_SHOW_MAX ((size_t)192 << 20)

struct model_show {
	bool verbose;       /* arrays of the metadata, and the tensors */
	struct view system; /* shown in the place of the model's own, unless empty */
	struct json_object *options; /* go over the parameters; or NULL */
};

/*
 * Appends one JSON object: license, modelfile, parameters, template, system, details,
 * messages, model_info, projector_info, tensors, capabilities, modified_at, requires. Of
 * the weights only the header is read. Its Modelfile begins from the model's own name;
 * the template is text, which is never run. Fails as model_open, model_read_layer and
 * gguf_read do.
 */
int model_show(struct store *s, const struct model *m, const struct model_show *options,
        struct buf *out, struct err *err);

#endif
