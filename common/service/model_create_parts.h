/* What the parts of models_create share; for model_create.c and model_sources.c only. */
#ifndef SERVICE_MODEL_CREATE_PARTS_H
#define SERVICE_MODEL_CREATE_PARTS_H

#include "service/models.h"

struct model_creation {
	struct store *store;
	const struct model_request *request;
	const struct repo_name *staging;
	const struct job *job;
	struct repo_name repo;
	struct tag tag;
	struct model base; /* unless it is from files */
	struct model_manifest manifest;
	struct model_config config;
	struct err *err;
};

/* All of these fail with *c->err. */
int model_no_memory(struct model_creation *c);
/* 1 when the repository has the blob, 0 when it has not, -1. */
int model_has_blob(
        struct model_creation *c, const struct repo_name *repo, const struct digest *d);
/* The layers of the base or of the files, and what the config says of them. */
int model_add_sources(struct model_creation *c);
/* Puts layers of fewer bits in the place of all layers of weights, if that is asked for.
 */
int model_quantize_layers(struct model_creation *c);

#endif
