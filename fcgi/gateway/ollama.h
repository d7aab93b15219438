/*
 * What requests to an Ollama host say: JSON bodies that name models. All fail with
 * *x->err, in Ollama's words where it has some.
 */
#ifndef GATEWAY_OLLAMA_H
#define GATEWAY_OLLAMA_H

#include "format/model_name.h"
#include "gateway/exchange.h"
#include "gateway/route.h"

#include <json-c/json.h>
#include <stdbool.h>

/* The body, which must be a JSON object; to be released with json_object_put. */
int ollama_body(struct exchange *x, struct json_object **out);
/*
 * The model of the member "model" or, from older clients, "name". Its host, if it has
 * one, must be the one that the client speaks to.
 */
int ollama_model(struct exchange *x, struct json_object *body, struct model_name *out);
/* The same of a member of another name ("source", "destination"). */
int ollama_name(struct exchange *x, struct json_object *body, const char *member,
        struct model_name *out);
/* That a name is one of this registry. */
int ollama_expect_here(struct exchange *x, const struct model_name *name);
/* Checks what the caller may do with a model, whose repository becomes x->name. */
int ollama_access(
        struct exchange *x, const struct model_name *name, enum access_need need);
/* A boolean member: false when it is absent. */
int ollama_flag(
        struct exchange *x, struct json_object *body, const char *name, bool *out);
/* The repository in which the caller's uploads wait (service/models.h). ERR_DENIED. */
int ollama_staging(struct exchange *x, struct repo_name *out);
/* The member "stream": true when it is absent. */
int ollama_stream(struct exchange *x, struct json_object *body, bool *out);

#endif
