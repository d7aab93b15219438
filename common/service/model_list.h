/* All models of the store, as Ollama lists them. */
#ifndef SERVICE_MODEL_LIST_H
#define SERVICE_MODEL_LIST_H

#include "base/buf.h"
#include "service/model.h"

/* Bytes of a list: some hundred thousand models. */
#define MODEL_LIST_MAX ((size_t)64 << 20)

struct model_list {
	/* Whether the caller may see a repository; NULL: all. */
	bool (*visible)(void *arg, const struct repo_name *r);
	void *arg;
};

/*
 * Appends {"models":[…]}, the newest first. Every tag of every repository whose name can
 * be that of a model is looked at; what is no model, or damaged (that is logged), is left
 * out. ERR_TOO_LARGE when the list outgrows out.
 */
int model_list(
        struct store *s, const struct model_list *l, struct buf *out, struct err *err);

#endif
