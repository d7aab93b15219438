/*
 * /api/: the registry answers as an Ollama host, so that Ollama's own clients list, show,
 * copy, delete and make models in it. It runs none.
 */
#include "handlers.h"

#include "base/num.h"
#include "format/json.h"
#include "format/json_text.h"
#include "format/modelfile_lint.h"
#include "gateway/access.h"
#include "gateway/exchange.h"
#include "gateway/ndjson.h"
#include "gateway/ollama.h"
#include "gateway/reply.h"
#include "service/collect.h"
#include "service/model_list.h"
#include "service/model_show.h"
#include "service/model_verify.h"
#include "service/models.h"

#include <inttypes.h>
#include <string.h>

/* The interface that is spoken; what follows the '+' does not count in comparisons. */
#define API_VERSION "0.33.0+lighter"
/* Seconds: what is younger may belong to a push that has not ended. */
#define PRUNE_AGE_MIN 3600

/* ---- what needs no model ---- */

int api_root(struct exchange *x)
{
	return reply_body(
	        x, 200, "text/plain; charset=utf-8", VIEW_LIT("Ollama is running"));
}

static int reply_text(struct exchange *x, struct view json)
{
	return reply_body(x, 200, "application/json", json);
}

int api_version(struct exchange *x)
{
	return reply_text(x, VIEW_LIT("{\"version\":\"" API_VERSION "\"}"));
}

int api_ps(struct exchange *x)
{
	return reply_text(x, VIEW_LIT("{\"models\":[]}"));
}

/*
 * Who is logged in here: newer clients ask before they push to registry.ollama.ai, whose
 * own login is that of the registry.
 */
int api_me(struct exchange *x)
{
	struct buf json = BUF_INIT(8 * sizeof(x->user));
	int rc;

	x->is_private = x->auth != NULL;
	buf_add_str(&json, "{\"name\":");
	buf_add_json(&json, view_of(x->user));
	buf_add_char(&json, '}');
	rc = reply_json(x, 200, &json);
	buf_release(&json);
	return rc;
}

/* "not found" keeps the client quiet that unloads a model before it deletes it. */
int api_runs_nothing(struct exchange *x)
{
	return err_set(&x->err, ERR_NOT_FOUND,
	        "model not found: this is a registry, which runs none");
}

/* ---- list and show ---- */

static bool is_visible(void *arg, const struct repo_name *r)
{
	return access_pulls(arg, r);
}

/* Of everything only what the caller may pull. */
int api_tags(struct exchange *x)
{
	const struct model_list list = {is_visible, x};
	struct buf json = BUF_INIT(2 * MODEL_LIST_MAX);
	int rc = model_list(x->store, &list, &json, &x->err);

	x->is_private = x->auth != NULL;
	if (rc == 0)
		rc = reply_json(x, 200, &json);
	buf_release(&json);
	return rc;
}

static int read_show(struct exchange *x, struct json_object *body, struct model_show *out)
{
	if (json_member_text(body, "system", &out->system) < 0)
		return err_set(&x->err, ERR_BAD_REQUEST, "\"system\" is no text");
	if (!json_member(body, "options", json_type_object, &out->options))
		return err_set(&x->err, ERR_BAD_REQUEST, "\"options\" is no object");
	return ollama_flag(x, body, "verbose", &out->verbose);
}

static int show(struct exchange *x, const struct model_name *name,
        const struct model_show *options)
{
	struct buf json = BUF_INIT(MODEL_SHOW_MAX);
	struct model m = MODEL_INIT;
	int rc = model_open(x->store, name, &m, &x->err);

	if (rc == 0)
		rc = model_show(x->store, &m, options, &json, &x->err);
	if (rc == 0)
		rc = reply_json(x, 200, &json);
	model_release(&m);
	buf_release(&json);
	return rc;
}

int api_show(struct exchange *x)
{
	struct model_show options = {.verbose = false};
	struct json_object *body = NULL;
	struct model_name name;
	int rc = ollama_body(x, &body);

	if (rc == 0)
		rc = ollama_model(x, body, &name);
	if (rc == 0)
		rc = read_show(x, body, &options);
	if (rc == 0)
		rc = ollama_access(x, &name, ACCESS_PULL);
	if (rc == 0)
		rc = show(x, &name, &options);
	json_object_put(body);
	return rc;
}

/* ---- copy and delete ---- */

int api_copy(struct exchange *x)
{
	struct json_object *body = NULL;
	struct model_name from, to;
	int rc = ollama_body(x, &body);

	if (rc == 0)
		rc = ollama_name(x, body, "source", &from);
	if (rc == 0)
		rc = ollama_name(x, body, "destination", &to);
	if (rc == 0)
		rc = ollama_access(x, &from, ACCESS_PULL);
	if (rc == 0)
		rc = ollama_access(x, &to, ACCESS_PUSH);
	if (rc == 0)
		rc = models_copy(x->store, &from, &to, &x->err);
	json_object_put(body);
	return rc == 0 ? reply_empty(x, 200) : -1;
}

int api_delete(struct exchange *x)
{
	struct json_object *body = NULL;
	struct model_name name;
	int rc = ollama_body(x, &body);

	if (rc == 0)
		rc = ollama_model(x, body, &name);
	if (rc == 0)
		rc = ollama_access(x, &name, ACCESS_DELETE);
	if (rc == 0)
		rc = models_delete(x->store, &name, &x->err);
	json_object_put(body);
	return rc == 0 ? reply_empty(x, 200) : -1;
}

/* ---- create ---- */

static int expect_create(struct exchange *x, const struct model_request *r)
{
	if (ollama_expect_here(x, &r->name) != 0 ||
	        (r->has_from && ollama_expect_here(x, &r->from) != 0))
		return -1;
	if (r->quantize.len > 0 && !x->config->quantize_command[0])
		return err_set(&x->err, ERR_BAD_REQUEST,
		        "quantization is not done here: quantize the model before it is "
		        "uploaded");
	if (r->has_from && ollama_access(x, &r->from, ACCESS_PULL) != 0)
		return -1;
	return ollama_access(x, &r->name, ACCESS_PUSH);
}

static int create(struct exchange *x, const struct model_request *r)
{
	struct buf result = BUF_INIT(64);
	struct repo_name staging = x->name;
	struct ndjson lines;
	int rc;

	if ((r->nfiles > 0 || r->nadapters > 0) && ollama_staging(x, &staging) != 0)
		return -1;
	ndjson_begin_ollama(&lines, x, r->stream);
	buf_add_str(&result, "{\"status\":\"success\"}");
	(void)models_create(x->store, r, &staging, &lines.job, &lines.err);
	rc = ndjson_end(&lines, &result);
	buf_release(&result);
	return rc;
}

int api_create(struct exchange *x)
{
	struct model_request r = MODEL_REQUEST_INIT;
	struct json_object *body = NULL;
	int rc = ollama_body(x, &body);

	if (rc == 0)
		rc = model_request_parse(body, &r, &x->err);
	if (rc == 0)
		rc = expect_create(x, &r);
	if (rc == 0)
		rc = create(x, &r);
	model_request_release(&r);
	json_object_put(body);
	return rc;
}

/* ---- verify ---- */

static int verify(struct exchange *x, const struct model_name *name, bool stream)
{
	struct model_verify_result result;
	struct buf text = BUF_INIT(256);
	struct ndjson lines;
	int rc;

	ndjson_begin_ollama(&lines, x, stream);
	(void)model_verify(x->store, name, &lines.job, &result, &lines.err);
	buf_addf(&text,
	        "{\"status\":\"%s\",\"models\":%" PRIu64 ",\"blobs\":%" PRIu64
	        ",\"bytes\":%" PRIu64 ",\"problems\":%" PRIu64 "}",
	        result.cancelled  ? "cancelled"
	        : result.problems ? "problems were found"
	                          : "success",
	        result.models, result.blobs, result.bytes, result.problems);
	rc = ndjson_end(&lines, &text);
	buf_release(&text);
	return rc;
}

/* Hashes what a model, or with "all" every model, is made of. */
int api_verify(struct exchange *x)
{
	struct json_object *body = NULL;
	struct model_name name;
	bool all = false, stream = true;
	int rc = ollama_body(x, &body);

	if (rc == 0)
		rc = ollama_flag(x, body, "all", &all);
	if (rc == 0)
		rc = ollama_stream(x, body, &stream);
	if (rc == 0 && !all)
		rc = ollama_model(x, body, &name);
	if (rc == 0)
		rc = all ? access_for(x, NULL, ACCESS_ADMIN)
		         : ollama_access(x, &name, ACCESS_PULL);
	if (rc == 0)
		rc = verify(x, all ? NULL : &name, stream);
	json_object_put(body);
	return rc;
}

/* ---- prune ---- */

/* "older_than": seconds, or a text like "12h"; what is younger may be of a push. */
static int read_age(struct exchange *x, struct json_object *body, uint64_t *out)
{
	struct json_object *value = json_object_object_get(body, "older_than");

	*out = x->config->gc_grace > PRUNE_AGE_MIN ? x->config->gc_grace : PRUNE_AGE_MIN;
	if (!value)
		return 0;
	if (json_object_is_type(value, json_type_int) &&
	        json_object_get_int64(value) >= 0)
		*out = (uint64_t)json_object_get_int64(value);
	else if (!json_object_is_type(value, json_type_string) ||
	         num_parse_duration(json_text(value), out) != 0)
		return err_set(&x->err, ERR_BAD_REQUEST,
		        "\"older_than\" is no duration: seconds, or a text like \"12h\"");
	if (*out >= PRUNE_AGE_MIN)
		return 0;
	return err_set(&x->err, ERR_BAD_REQUEST, "\"older_than\" is less than an hour");
}

static int prune(struct exchange *x, const struct collect_options *options, bool stream)
{
	struct collect_result r;
	struct buf text = BUF_INIT(512);
	struct ndjson lines;
	int rc;

	ndjson_begin_ollama(&lines, x, stream);
	(void)collect_run(x->store, options, &lines.job, &r, &lines.err);
	buf_addf(&text,
	        "{\"status\":\"%s\",\"dry_run\":%s,\"manifests\":%" PRIu64
	        ",\"blobs\":%" PRIu64 ",\"bytes_unlinked\":%" PRIu64
	        ",\"bytes_freed\":%" PRIu64 ",\"problems\":%" PRIu64 "}",
	        r.cancelled ? "cancelled" : "success",
	        options->dry_run ? "true" : "false", r.manifests, r.blobs,
	        r.bytes_unlinked, r.bytes_freed, r.problems);
	rc = ndjson_end(&lines, &text);
	buf_release(&text);
	return rc;
}

/* The repository of "model", or none for the whole store; then access to it. */
static int read_pruned(struct exchange *x, struct json_object *body, bool *one)
{
	struct model_name name;

	*one = json_object_object_get(body, "model") ||
	       json_object_object_get(body, "name");
	if (!*one)
		return access_for(x, NULL, ACCESS_ADMIN);
	return ollama_model(x, body, &name) == 0 ? ollama_access(x, &name, ACCESS_DELETE)
	                                         : -1;
}

/*
 * Takes away what nothing refers to: of the repository of a model also manifests that
 * have lost their last tag, of the whole registry these only with "untagged", because
 * images may be pulled by digest.
 */
int api_prune(struct exchange *x)
{
	struct collect_options options = {.session_idle = x->config->upload_idle};
	struct json_object *body = NULL;
	bool one = false, untagged = false, stream = true;
	int rc = ollama_body(x, &body);

	if (rc == 0)
		rc = ollama_flag(x, body, "dry_run", &options.dry_run);
	if (rc == 0)
		rc = ollama_flag(x, body, "untagged", &untagged);
	if (rc == 0)
		rc = ollama_stream(x, body, &stream);
	if (rc == 0)
		rc = read_age(x, body, &options.grace);
	if (rc == 0)
		rc = read_pruned(x, body, &one);
	if (rc == 0) {
		options.repo = one ? &x->name : NULL;
		options.untagged_age = one || untagged ? options.grace : 0;
		rc = prune(x, &options, stream);
	}
	json_object_put(body);
	return rc;
}

/* ---- Modelfiles ---- */

/* Reads a Modelfile and tells what is in it and what is wrong with it. */
int api_parse(struct exchange *x)
{
	struct buf json = BUF_INIT(MODELFILE_LINT_MAX);
	struct json_object *body = NULL;
	struct view text;
	int rc = ollama_body(x, &body);

	if (rc == 0 && json_member_text(body, "modelfile", &text) != 1)
		rc = err_set(&x->err, ERR_BAD_REQUEST, "\"modelfile\" is no text");
	if (rc == 0)
		rc = modelfile_lint(text, &json, &x->err);
	if (rc == 0)
		rc = reply_json(x, 200, &json);
	buf_release(&json);
	json_object_put(body);
	return rc;
}
