/* Whether the blobs of models are what their digests say. */
#ifndef SERVICE_MODEL_VERIFY_H
#define SERVICE_MODEL_VERIFY_H

#include "service/job.h"
#include "service/model.h"

#include <stdbool.h>
#include <stdint.h>

struct model_verify_result {
	uint64_t models, blobs, bytes; /* looked at; a blob of several models once */
	uint64_t problems;
	bool cancelled;
};

/*
 * Hashes every blob of a model, or with name NULL of all models. Nothing is changed.
 * Progress is in bytes, its step ending with the digest; a blob that is damaged or absent
 * is an item "problem" {"status","digest","model"}, and so is a model that cannot be
 * opened. 0, whatever was found; ERR_NOT_FOUND and what model_open fails with for one
 * model; ERR_FAULT.
 */
int model_verify(struct store *s, const struct model_name *name, const struct job *job,
        struct model_verify_result *result, struct err *err);

#endif
