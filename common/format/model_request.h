/*
 * What a client asks to be made: the JSON of Ollama's create, of today ("from", "files",
 * "parameters") and of clients up to 0.5.4 ("name", "modelfile").
 */
#ifndef FORMAT_MODEL_REQUEST_H
#define FORMAT_MODEL_REQUEST_H

#include "base/err.h"
#include "base/view.h"
#include "format/digest.h"
#include "format/model_name.h"
#include "format/modelfile.h"

#include <json-c/json.h>
#include <stdbool.h>

#define MODEL_FILES_MAX 64
#define MODEL_LICENSES_MAX 64

struct model_upload {
	struct view name; /* of the file on the client's side, may be empty */
	struct digest digest;
};

/* Views look at what the request itself holds. */
struct model_request {
	struct model_name name;
	bool has_from;
	struct model_name from;
	struct model_upload files[MODEL_FILES_MAX];
	size_t nfiles;
	struct model_upload adapters[1];
	size_t nadapters;
	struct view template_text, system, renderer, parser, requires, quantize;
	struct view licenses[MODEL_LICENSES_MAX];
	size_t nlicenses;
	struct json_object *parameters; /* an object, or NULL; owned */
	struct json_object *messages;   /* [{"role","content"}], or NULL; owned */
	bool stream;
	struct json_object *body; /* owned */
	struct modelfile modelfile;
};

#define MODEL_REQUEST_INIT ((struct model_request){.modelfile = MODELFILE_INIT})

/*
 * Reads one. ERR_BAD_REQUEST in Ollama's words where it has some; ERR_FAULT without
 * memory. *out must be MODEL_REQUEST_INIT and is to be released in any case.
 */
int model_request_parse(
        struct json_object *body, struct model_request *out, struct err *err);
void model_request_release(struct model_request *r);

#endif
