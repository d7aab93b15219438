/*
 * POST /api/pull and /api/push: from another registry into this one and the other way,
 * with the requests and the lines of progress of Ollama. What fails before the first line
 * is an ordinary error, afterwards a line {"error":"..."}.
 */
#include "handlers.h"

#include "format/json.h"
#include "format/json_text.h"
#include "format/model_name.h"
#include "format/remote_name.h"
#include "gateway/access.h"
#include "gateway/ndjson.h"
#include "service/remote_list.h"
#include "service/remote_pull.h"
#include "service/remote_push.h"

#include <openssl/crypto.h>
#include <string.h>

#define OLLAMA_HOST "registry.ollama.ai" /* of names without a host */
#define NO_HOST "localhost"              /* stands for none: no other registry */
#define NAME_MAX_BYTES 1023

/* What is wanted. */
struct order {
	char model[NAME_MAX_BYTES + 1];
	char destination[NAME_MAX_BYTES + 1]; /* "" when it follows from the model */
	char user[REMOTE_SECRET_MAX + 1], password[REMOTE_SECRET_MAX + 1];
	bool insecure, stream;
	struct remote_name there;
	struct repo_name repo; /* here */
	struct tag tag;
	bool has_tag; /* what is asked for by its digest alone gets none */
};

/* How it goes. */
struct transfer {
	struct exchange *x;
	struct order order;
	struct remote_list list;
	struct remote remote;
	struct ndjson lines;
};

/* ---- the request ---- */

static int read_text(struct json_object *root, const char *name, char *out, size_t size,
        struct err *err)
{
	struct view text;

	if (json_member_text(root, name, &text) < 0 || view_copy(text, out, size) != 0)
		return err_set(err, ERR_BAD_REQUEST,
		        "\"%s\" is no text, or too long", name);
	return 0;
}

static int read_flag(
        struct json_object *root, const char *name, bool *out, struct err *err)
{
	struct json_object *value;

	if (!json_member(root, name, json_type_boolean, &value))
		return err_set(err, ERR_BAD_REQUEST, "\"%s\" is neither true nor false",
		        name);
	if (value)
		*out = json_object_get_boolean(value);
	return 0;
}

static int read_members(struct json_object *root, struct order *o, struct err *err)
{
	o->stream = true;
	if (read_text(root, "model", o->model, sizeof(o->model), err) != 0)
		return -1;
	/* The name that older clients have for it. */
	if (!o->model[0] && read_text(root, "name", o->model, sizeof(o->model), err) != 0)
		return -1;
	if (read_text(root, "destination", o->destination, sizeof(o->destination), err) !=
	                0 ||
	        read_text(root, "username", o->user, sizeof(o->user), err) != 0 ||
	        read_text(root, "password", o->password, sizeof(o->password), err) != 0)
		return -1;
	if (read_flag(root, "insecure", &o->insecure, err) != 0)
		return -1;
	return read_flag(root, "stream", &o->stream, err);
}

static int read_order(struct exchange *x, struct order *o)
{
	const char *why = "";
	struct json_object *root;
	int rc;

	if (x->body.len == 0)
		return err_set(&x->err, ERR_BAD_REQUEST, "missing request body");
	root = json_parse_object(buf_view(&x->body), &why);
	if (!root)
		return err_set(&x->err, ERR_BAD_REQUEST, "the body is no JSON object: %s",
		        why);
	rc = read_members(root, o, &x->err);
	json_object_put(root);
	return rc;
}

static int bad_name(struct exchange *x, const char *what)
{
	return err_set(&x->err, ERR_NAME_INVALID, "invalid %s name", what);
}

/* The repository and the tag of ours that path and tag stand for. */
static int set_here(struct exchange *x, struct order *o, const struct remote_name *n)
{
	o->tag = n->tag;
	o->has_tag = n->has_tag || !n->has_digest;
	return model_repo_parse(view_of(n->path), x->config->ollama_names, &o->repo);
}

/* A name of ours: without a host, and by a tag. */
static int parse_here(struct exchange *x, struct order *o, const char *text)
{
	struct remote_name here;

	if (remote_name_parse(view_of(text), NO_HOST, &here) != 0 || here.has_digest ||
	        strcmp(here.host, NO_HOST) != 0)
		return -1;
	return set_here(x, o, &here);
}

static int name_pull(struct exchange *x, struct order *o)
{
	if (remote_name_parse(view_of(o->model), OLLAMA_HOST, &o->there) != 0)
		return bad_name(x, "model");
	if (o->destination[0])
		return parse_here(x, o, o->destination) == 0 ? 0
		                                             : bad_name(x, "destination");
	return set_here(x, o, &o->there) == 0 ? 0 : bad_name(x, "model");
}

static int name_push(struct exchange *x, struct order *o)
{
	const char *there = o->destination[0] ? o->destination : o->model;
	int rc;

	if (remote_name_parse(view_of(there), OLLAMA_HOST, &o->there) != 0 ||
	        o->there.has_digest)
		return bad_name(x, o->destination[0] ? "destination" : "model");
	rc = o->destination[0] ? parse_here(x, o, o->model)
	                       : set_here(x, o, &o->there);
	return rc == 0 ? 0 : bad_name(x, "model");
}

/* ---- the transfer ---- */

static int open_remote(struct transfer *t, bool push)
{
	struct exchange *x = t->x;
	struct remote_settings settings = {
	        .rules = &t->list.rules,
	        .user = t->order.user,
	        .password = t->order.password,
	        .push = push,
	        .stall = x->config->receive_timeout,
	        .cancelled = t->lines.job.cancelled,
	        .arg = t->lines.job.arg,
	};

	if (remote_list_open(&t->list, x->store->root, x->config->remotes_file, &x->err) !=
	        0)
		return -1;
	settings.key = remote_list_key(&t->list, &x->err);
	if (!settings.key ||
	        remote_open(&t->remote, &settings, &t->order.there, &x->err) != 0)
		return -1;
	if (t->order.insecure && !t->remote.rule->insecure)
		return err_set(&x->err, ERR_DENIED, "%.150s is not listed here as insecure",
		        t->order.there.host);
	return 0;
}

static void pull(struct transfer *t)
{
	const struct remote_pull p = {
	        .store = t->x->store,
	        .repo = &t->order.repo,
	        .tag = t->order.has_tag ? &t->order.tag : NULL,
	        .user = t->x->user,
	        .any_mount = !t->x->auth,
	        .key = &t->list.key,
	        .job = &t->lines.job,
	};

	(void)remote_pull(&t->remote, &p, &t->lines.err);
}

static void push(struct transfer *t)
{
	const struct reference ref = {.tag = t->order.tag};
	const struct remote_push p = {
	        .store = t->x->store,
	        .repo = &t->order.repo,
	        .reference = &ref,
	        .job = &t->lines.job,
	};

	(void)remote_push(&t->remote, &p, &t->lines.err);
}

/* What the two directions differ in. */
struct direction {
	int (*name)(struct exchange *x, struct order *o);
	enum access_need need; /* on our repository */
	bool push;
	void (*work)(struct transfer *t);
};

static int begin(struct transfer *t, const struct direction *d)
{
	struct exchange *x = t->x;

	if (read_order(x, &t->order) != 0 || d->name(x, &t->order) != 0 ||
	        access_for(x, &t->order.repo, d->need) != 0)
		return -1;
	ndjson_begin_ollama(&t->lines, x, t->order.stream);
	return open_remote(t, d->push);
}

static int serve(struct exchange *x, const struct direction *d)
{
	struct transfer t = {
	        .x = x, .list = REMOTE_LIST_INIT, .remote = REMOTE_INIT};
	struct buf result = BUF_INIT(64);
	int rc = begin(&t, d);

	if (rc == 0) {
		d->work(&t);
		buf_add_str(&result, "{\"status\":\"success\"}");
		rc = ndjson_end(&t.lines, &result);
	}
	remote_close(&t.remote);
	remote_list_close(&t.list);
	OPENSSL_cleanse(t.order.password, sizeof(t.order.password));
	buf_release(&result);
	return rc;
}

int remotes_pull(struct exchange *x)
{
	static const struct direction d = {name_pull, ACCESS_PUSH, false, pull};

	return serve(x, &d);
}

int remotes_push(struct exchange *x)
{
	static const struct direction d = {name_push, ACCESS_PULL, true, push};

	return serve(x, &d);
}
