/* Recounting: whether the accounts of namespaces are what their repositories hold. */
#ifndef SERVICE_RECOUNT_H
#define SERVICE_RECOUNT_H

#include "format/name.h"
#include "service/job.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct recount_options {
	const struct repo_name *ns; /* only this one; NULL: all */
	bool repair;                /* replace accounts that differ */
};

struct recount_result {
	uint64_t namespaces; /* counted */
	uint64_t differing;
	uint64_t repaired;
	uint64_t problems; /* namespaces that could not be counted */
	bool cancelled;
};

/*
 * Counts each namespace while pushes and pulls go on (store/account_recount.h). Items are
 * "namespace" {"namespace", "bytes", "blobs", "manifests", "agrees", "repaired"}, with what
 * was counted, and "problem" {"namespace", "problem"} for one that could not be.
 *
 * 0, whatever was found. ERR_NAME_UNKNOWN when there is no namespace of the name in the
 * options; ERR_FAULT when the namespaces cannot be listed.
 */
int recount_run(struct store *s, const struct recount_options *options,
	const struct job *job, struct recount_result *result, struct err *err);

#endif
