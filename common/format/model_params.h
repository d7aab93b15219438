/*
 * Parameters of a model: the values that a Modelfile gives as text, with the types that
 * Ollama gives them.
 */
#ifndef FORMAT_MODEL_PARAMS_H
#define FORMAT_MODEL_PARAMS_H

#include "base/err.h"
#include "base/view.h"

#include <json-c/json.h>

enum model_param {
	MODEL_PARAM_OK,
	MODEL_PARAM_OBSOLETE, /* once had a meaning, is ignored now */
	MODEL_PARAM_WRONG,    /* *err says why: ERR_BAD_REQUEST, or ERR_FAULT */
};

/*
 * Puts a parameter into an object: a number, a boolean, or for "stop" one more string of
 * a list. Of the others the last value counts. Floats are of 32 bits. With params NULL it
 * only checks.
 */
enum model_param model_param_add(
        struct json_object *params, struct view name, struct view value, struct err *err);
/*
 * A version as REQUIRES has it, MAJOR.MINOR.PATCH with an optional "v" before it and
 * whatever Semantic Versioning allows after it: without the "v" in *out. 0 or -1.
 */
int model_requires_parse(struct view text, struct view *out);

#endif
