#include "service/model_quantize.h"

#include "base/io.h"
#include "base/num.h"
#include "format/hash.h"
#include "service/run.h"
#include "store/blobs.h"
#include "store/publish.h"
#include "store/pump.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_SIZE 64
#define BLOCK ((size_t)256 << 10)

struct work {
	struct store *store;
	const struct job *job;
	char step[STEP_SIZE];
	uint64_t done, total;
	struct staged source, result;
};

int model_quantize_type(struct view text, char out[QUANTIZE_TYPE_SIZE], struct err *err)
{
	const char *name;

	if (view_is_nocase(text, "F32") || view_is_nocase(text, "Q4_K")) {
		snprintf(out, QUANTIZE_TYPE_SIZE, "%s",
		        view_is_nocase(text, "F32") ? "F32" : "Q4_K_M");
		return 0;
	}
	for (uint32_t i = 1; i < 64; i++) {
		name = gguf_file_type_name(i);
		if (name && view_is_nocase(text, name)) {
			snprintf(out, QUANTIZE_TYPE_SIZE, "%s", name);
			return 0;
		}
	}
	return err_set(err, ERR_BAD_REQUEST, "unsupported quantization type %.*s",
	        text.len > 32 ? 32 : (int)text.len, text.len ? text.ptr : "");
}

/* ---- the program ---- */

/* "[  12/ 291] …": how far it has come. */
static void take_line(void *arg, struct view line)
{
	struct work *w = arg;
	struct view done, total, rest;
	uint64_t a, b;

	if (!view_starts(line, "[") || !view_cut(line, ']', &line, &rest) ||
	        !view_cut(line, '/', &done, &total))
		return;
	done = view_trim((struct view){done.ptr + 1, done.len - 1});
	if (num_parse(done, &a) != 0 || num_parse(view_trim(total), &b) != 0 || a > b)
		return;
	w->done = a;
	w->total = b;
	job_progress(w->job, w->step, a, b);
}

static bool is_cancelled(void *arg)
{
	struct work *w = arg;

	job_progress(w->job, w->step, w->done, w->total);
	return job_cancelled(w->job);
}

static int run(struct work *w, const char *type, struct err *err)
{
	const struct config *c = w->store->config;
	struct buf from = BUF_INIT(8192), to = BUF_INIT(8192);
	int rc = -1;

	buf_addf(&from, "%s/%s", c->root, w->source.path.text);
	buf_addf(&to, "%s/%s", c->root, w->result.path.text);
	if (buf_failed(&from) || buf_failed(&to)) {
		err_set(err, ERR_FAULT, "the path of the store is too long");
	} else {
		const char *const argv[] = {
		        c->quantize_command, buf_str(&from), buf_str(&to), type, NULL};
		const struct run r = {argv, take_line, is_cancelled, w};

		rc = run_program(&r, err);
	}
	buf_release(&from);
	buf_release(&to);
	if (rc == 0)
		return err_set(err, ERR_GONE, "the quantization was cancelled");
	return rc < 0 ? -1 : 0;
}

/* ---- the files ---- */

/* That the source can be quantized; what it is of goes into the step. */
static int check_source(struct work *w, const struct repo_name *repo,
        const struct digest *source, const char *type, struct err *err)
{
	struct model_file f = MODEL_FILE_INIT;
	struct gguf g = GGUF_INIT;
	const char *name = NULL;
	int rc = model_file_open(w->store, repo, source, &f, err);

	if (rc == 0)
		rc = gguf_read(&f.source, NULL, &g, err);
	if (rc == 0 && g.has_file_type)
		name = gguf_file_type_name(g.file_type);
	if (rc == 0 && (!name || (strcmp(name, "F16") != 0 && strcmp(name, "F32") != 0 &&
	                                 strcmp(name, "BF16") != 0)))
		rc = err_set(err, ERR_BAD_REQUEST,
		        "quantization is only supported for F16 and F32 models");
	if (rc == 0)
		snprintf(w->step, sizeof(w->step), "quantizing %s model to %s", name,
		        type);
	model_file_close(&f);
	gguf_release(&g);
	return rc;
}

/* The program may have put another file in the place of ours. */
static int reopen(struct work *w, struct err *err)
{
	struct staged *f = &w->result;

	io_close(&f->fd);
	f->fd = io_open(w->store->root, f->path.text, O_RDONLY | O_NOFOLLOW, 0);
	return f->fd == -1 ? err_io(err, "cannot open what quantize-command has made")
	                   : 0;
}

static int hash_result(struct work *w, struct digest *d, uint64_t *size, struct err *err)
{
	char *block = malloc(BLOCK);
	struct hash hash;
	ssize_t n = 1;

	if (!block)
		return err_set(err, ERR_FAULT, "no memory to hash a file");
	hash_init(&hash, DIGEST_SHA256);
	*size = 0;
	while (n > 0) {
		n = io_read(w->result.fd, block, BLOCK);
		if (n > 0)
			hash_update(&hash, block, (size_t)n);
		*size += n > 0 ? (uint64_t)n : 0;
	}
	free(block);
	if (n < 0)
		return err_io(err, "cannot read what quantize-command has made");
	hash_final(&hash, d);
	return 0;
}

int model_quantize(struct store *s, const struct repo_name *repo,
        const struct digest *source, const char *type, const struct job *job,
        struct digest *result, uint64_t *size, struct err *err)
{
	struct work w = {
	        .store = s, .job = job, .source = STAGED_INIT, .result = STAGED_INIT};
	struct path from = path_repo_blob(repo, source);
	int rc = -1;

	if (!s->config->quantize_command[0])
		return err_set(err, ERR_BAD_REQUEST,
		        "quantization is not done here: quantize the model before it is "
		        "uploaded");
	if (check_source(&w, repo, source, type, err) == 0 &&
	        staged_link(s, &w.source, &from, err) == 0 &&
	        staged_open(s, &w.result, err) == 0 && run(&w, type, err) == 0 &&
	        reopen(&w, err) == 0 && hash_result(&w, result, size, err) == 0 &&
	        staged_finish(s, &w.result, err) == 0)
		rc = blobs_publish(s, repo, result, *size, &w.result.path, err);
	staged_discard(s, &w.source);
	staged_discard(s, &w.result);
	return rc;
}
