#include "service/model_verify.h"

#include "base/io.h"
#include "format/digest_table.h"
#include "format/hash.h"
#include "service/model_each.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCK ((size_t)256 << 10)
#define STEP_SIZE (DIGEST_TEXT_MAX + 32)

struct verifier {
	struct store *store;
	const struct job *job;
	struct model_verify_result *result;
	struct digest_table seen;
	char *block;
};

static void report(struct verifier *v, const struct model_name *name, const char *digest,
        const char *problem)
{
	char text[MODEL_TEXT_SIZE];

	v->result->problems++;
	model_name_text(name, text);
	job_item(v->job, "problem",
	        (const struct job_field[]){JOB_TEXT("status", problem),
	                JOB_TEXT("digest", digest), JOB_TEXT("model", text), JOB_END});
}

/* Hashes an open blob. 1, 0 when it was cancelled, -1. */
static int hash_file(struct verifier *v, const struct model_file *f, const char *step,
        struct hash *hash, struct err *err)
{
	uint64_t size = f->source.size;

	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < BLOCK ? (size_t)(size - at) : BLOCK;

		job_progress(v->job, step, at, size);
		if (job_cancelled(v->job))
			return 0;
		if (f->source.read(f->source.arg, v->block, n, at, err) != 0)
			return -1;
		hash_update(hash, v->block, n);
		at += n;
		v->result->bytes += n;
	}
	job_progress(v->job, step, size, size);
	return 1;
}

static void compare(struct verifier *v, const struct model_name *name,
        const struct digest *want, struct hash *hash)
{
	char wanted[DIGEST_TEXT_MAX + 1], got[DIGEST_TEXT_MAX + 1];
	char problem[2 * DIGEST_TEXT_MAX + 80];
	struct digest d;

	hash_final(hash, &d);
	v->result->blobs++;
	if (digest_equal(&d, want))
		return;
	snprintf(problem, sizeof(problem), "digest mismatch: want %s, got %s",
	        digest_text(want, wanted), digest_text(&d, got));
	report(v, name, wanted, problem);
}

static int verify_blob(struct verifier *v, const struct model *m, const struct digest *d,
        struct err *err)
{
	struct model_file f = MODEL_FILE_INIT;
	char digest[DIGEST_TEXT_MAX + 1], step[STEP_SIZE];
	struct hash hash;
	int rc;

	digest_text(d, digest);
	snprintf(step, sizeof(step), "verifying %s digest %s",
	        digest_algorithm_name(d->algorithm), digest);
	if (model_file_open(v->store, &m->repo, d, &f, err) != 0) {
		if (err->code != ERR_BLOB_UNKNOWN)
			return -1;
		err_release(err);
		report(v, &m->name, digest, "the blob is missing");
		return 0;
	}
	hash_init(&hash, d->algorithm);
	rc = hash_file(v, &f, step, &hash, err);
	if (rc == 1)
		compare(v, &m->name, d, &hash);
	v->result->cancelled = rc == 0;
	model_file_close(&f);
	return rc < 0 ? -1 : 0;
}

/* A blob that several models have is hashed once. */
static int verify_once(struct verifier *v, const struct model *m, const struct digest *d,
        struct err *err)
{
	uint32_t number;

	if (v->result->cancelled || digest_table_find(&v->seen, d) != DIGEST_TABLE_NONE)
		return 0;
	if (digest_table_add(&v->seen, d, &number) != 0)
		return err_set(err, ERR_FAULT, "no memory to verify models");
	return verify_blob(v, m, d, err);
}

static int verify_model(void *arg, const struct model *m, struct err *err)
{
	struct verifier *v = arg;

	v->result->models++;
	for (size_t i = 0; i < m->manifest.nlayers; i++)
		if (verify_once(v, m, &m->manifest.layers[i].digest, err) != 0)
			return -1;
	if (verify_once(v, m, &m->manifest.config, err) != 0)
		return -1;
	return v->result->cancelled;
}

static void report_damaged(
        void *arg, const struct model_name *name, const struct err *why)
{
	report(arg, name, NULL, why->text);
}

static int verify_named(
        struct verifier *v, const struct model_name *name, struct err *err)
{
	struct model m = MODEL_INIT;
	int rc = model_open(v->store, name, &m, err);

	if (rc == 0)
		rc = verify_model(v, &m, err);
	model_release(&m);
	return rc;
}

int model_verify(struct store *s, const struct model_name *name, const struct job *job,
        struct model_verify_result *result, struct err *err)
{
	struct verifier v = {.store = s, .job = job, .result = result};
	const struct model_each each = {NULL, verify_model, report_damaged, &v};
	uint64_t seed;
	int rc;

	*result = (struct model_verify_result){0};
	if (io_random(&seed, sizeof(seed)) != 0)
		return err_io(err, "cannot get random bytes");
	v.seen = DIGEST_TABLE_INIT(seed);
	v.block = malloc(BLOCK);
	if (!v.block)
		return err_set(err, ERR_FAULT, "no memory to verify models");
	rc = name ? verify_named(&v, name, err) : model_each(s, &each, err);
	digest_table_release(&v.seen);
	free(v.block);
	return rc < 0 ? -1 : 0;
}
