/* Weights of fewer bits, made by a program that the setting quantize-command names. */
#ifndef SERVICE_MODEL_QUANTIZE_H
#define SERVICE_MODEL_QUANTIZE_H

#include "service/job.h"
#include "service/model.h"

#define QUANTIZE_TYPE_SIZE 16

/*
 * The type in upper case ("Q4_K" is Q4_K_M) of the types that a GGUF file can be of. 0,
 * or -1 with ERR_BAD_REQUEST.
 */
int model_quantize_type(struct view text, char out[QUANTIZE_TYPE_SIZE], struct err *err);
/*
 * Runs the program with the paths of the source and of the result, and the type, as its
 * arguments; makes the result a blob of the repository. The source must be GGUF of F16,
 * F32 or BF16. Both files have names in tmp/ for as long as it runs. What it writes about
 * "[ 3/ 9]" becomes progress. ERR_BAD_REQUEST when there is no such setting, the source
 * is of another type, or the result is no GGUF file; ERR_GONE when the job was cancelled;
 * ERR_FAULT when the program fails.
 */
int model_quantize(struct store *s, const struct repo_name *repo,
        const struct digest *source, const char *type, const struct job *job,
        struct digest *result, uint64_t *size, struct err *err);

#endif
