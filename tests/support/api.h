/* Models in a registry that is driven through the CGI seam, and requests to /api/. */
#ifndef SUPPORT_API_H
#define SUPPORT_API_H

#include "support/cgi.h"

#include <json-c/json.h>

#define API_TEMPLATE "{{ .System }} {{ .Prompt }} {{ .Tools }}"
#define API_PARAMS "{\"num_ctx\":4096,\"stop\":[\"<a>\",\"b\"],\"temperature\":0.8}"

/* Pushes bytes, which may hold NULs, as a blob; returns its digest. */
struct text api_push_blob(struct cgi *c, const char *repo, struct view bytes);
/* The GGUF file of gguf_file_model(architecture, seed) as a blob. */
struct text api_push_weights(
        struct cgi *c, const char *repo, const char *architecture, unsigned seed);
/*
 * Pushes a model over /v2/ as a client of Ollama does: weights, template, params,
 * license, config. The digest of its manifest.
 */
struct text api_push_model(struct cgi *c, const char *repo, const char *tag);
/* A request with a JSON body; its status is that which is expected. */
void api_send(struct cgi *c, const char *method, const char *path, int status,
        const char *fmt, ...) PRINTF(5, 6);
/* The JSON of the last reply: to be released with json_object_put. */
struct json_object *api_json(const struct cgi *c);
/* A member of it as text (strings) or JSON, by its path: "details/families"; "" if none.
 */
struct text api_member(const struct cgi *c, const char *path);

#endif
