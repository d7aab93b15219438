/* A walk over the models of the store. */
#ifndef SERVICE_MODEL_EACH_H
#define SERVICE_MODEL_EACH_H

#include "service/model.h"

#include <stdbool.h>

struct model_each {
	/* Whether a repository is looked at; NULL: all. */
	bool (*visible)(void *arg, const struct repo_name *r);
	/* Called for each model, which is released behind it. Non-zero ends the walk. */
	int (*visit)(void *arg, const struct model *m, struct err *err);
	/* What is no model that can be opened, though it may be one; NULL to pass over
	 * it. */
	void (*damaged)(void *arg, const struct model_name *name, const struct err *why);
	void *arg;
};

/*
 * Every tag of every repository whose name can be that of a model is looked at. 0 at the
 * end, what visit() returned, or -1 when the store cannot be read.
 */
int model_each(struct store *s, const struct model_each *each, struct err *err);

#endif
