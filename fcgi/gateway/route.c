#include "gateway/route.h"

#include "format/model_name.h"

#include <string.h>

/* The parts of a path that stand for values. */
struct match {
	struct view name;
	const char *kind; /* "<digest>" and so on, NULL when there is none */
	struct view value;
};

/*
 * A component that begins with '_' is an extension's and never part of a name, but for
 * names of models, of which these stay free.
 */
static bool is_extension(struct view name, bool models)
{
	static const char *const reserved[] = {"_oci", "_lighter", "_catalog"};
	struct repo_name repo;
	struct view first, rest;

	if (!view_starts(name, "_") && memmem(name.ptr, name.len, "/_", 2) == NULL)
		return false;
	view_cut(name, '/', &first, &rest);
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (view_is(first, reserved[i]))
			return true;
	return !models || model_repo_parse(name, true, &repo) != 0;
}

static struct view without_last(struct view v)
{
	return (struct view){v.ptr, v.len - 1};
}

/*
 * The components behind the name, from the right: what is left of *path then is the
 * name.
 */
static bool match_tail(struct view tail, struct view *path, struct match *m)
{
	struct view want, got;

	if (view_ends(tail, "/")) {
		tail = without_last(tail);
		if (view_ends(*path, "/"))
			*path = without_last(*path);
	}
	while (tail.len > 0) {
		view_cut_last(tail, '/', &tail, &want);
		view_cut_last(*path, '/', path, &got);
		if (view_starts(want, "<") && got.len > 0) {
			m->kind = want.ptr;
			m->value = got;
		} else if (!view_equal(want, got)) {
			return false;
		}
	}
	return true;
}

/* A path without a repository. */
static bool match_whole(struct view pattern, struct view path, struct match *m)
{
	if (memchr(pattern.ptr, '<', pattern.len))
		return match_tail(pattern, &path, m) && path.len == 0;
	if (view_equal(path, pattern))
		return true;
	return view_ends(pattern, "/") && view_equal(path, without_last(pattern));
}

static bool match(const char *pattern, struct view path, bool models, struct match *m)
{
	const char *name = strstr(pattern, "<name>");
	size_t prefix;

	*m = (struct match){{0}, NULL, {0}};
	if (!name)
		return match_whole(view_of(pattern), path, m);
	prefix = (size_t)(name - pattern);
	if (strncmp(path.ptr, pattern, prefix) != 0)
		return false;
	if (!match_tail(view_of(name + strlen("<name>")), &path, m) || path.len <= prefix)
		return false;
	m->name = (struct view){path.ptr + prefix, path.len - prefix};
	return !is_extension(m->name, models);
}

static bool is_put(const struct exchange *x)
{
	return view_is(x->request.method, "PUT");
}

/*
 * No tag holds a ':'. What can name no manifest is a mistake in a push, and in a pull
 * it is only a manifest that is not there.
 */
static int take_reference(struct exchange *x, struct view v, struct err *err)
{
	x->reference.is_digest = memchr(v.ptr, ':', v.len) != NULL;
	if (x->reference.is_digest) {
		if (digest_parse(v, &x->reference.digest) == DIGEST_OK)
			return 0;
		return err_set(err, is_put(x) ? ERR_DIGEST_INVALID : ERR_MANIFEST_UNKNOWN,
		        "'%.*s' is not a digest of sha256 or sha512", VIEW_ARG(v));
	}
	if (tag_parse(v, &x->reference.tag) == 0)
		return 0;
	return err_set(err, is_put(x) ? ERR_MANIFEST_INVALID : ERR_MANIFEST_UNKNOWN,
	        "'%.*s' is not a tag", VIEW_ARG(v));
}

static int take_digest(struct exchange *x, struct view v, struct err *err)
{
	switch (digest_parse(v, &x->digest)) {
	case DIGEST_OK:
		return 0;
	case DIGEST_UNSUPPORTED:
		return err_set(err, ERR_BLOB_UNKNOWN,
		        "no blob has the digest '%.*s': the algorithms are sha256 and "
		        "sha512",
		        VIEW_ARG(v));
	default:
		return err_set(
		        err, ERR_DIGEST_INVALID, "'%.*s' is not a digest", VIEW_ARG(v));
	}
}

static int take_subject(struct exchange *x, struct view v, struct err *err)
{
	enum digest_class class = digest_parse(v, &x->digest);

	x->digest_unsupported = class == DIGEST_UNSUPPORTED;
	if (class == DIGEST_MALFORMED)
		return err_set(
		        err, ERR_DIGEST_INVALID, "'%.*s' is not a digest", VIEW_ARG(v));
	return 0;
}

static int take_session(struct exchange *x, struct view v, struct err *err)
{
	if (session_id_parse(v, &x->session) != 0)
		return err_set(err, ERR_BLOB_UPLOAD_UNKNOWN, "there is no such upload");
	return 0;
}

static int take_namespace(struct exchange *x, struct view v, struct err *err)
{
	if (repo_name_is_component(v) && repo_name_parse(v, &x->ns) == 0)
		return 0;
	return err_set(err, ERR_NAME_INVALID, "'%.*s' is not a namespace", VIEW_ARG(v));
}

static int take_value(struct exchange *x, const struct match *m, struct err *err)
{
	static const struct {
		const char *kind;
		int (*take)(struct exchange *x, struct view v, struct err *err);
	} kinds[] = {
	        {"<reference>", take_reference},
	        {"<digest>", take_digest},
	        {"<subject>", take_subject},
	        {"<session>", take_session},
	        {"<namespace>", take_namespace},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(m->kind, kinds[i].kind) == 0)
			return kinds[i].take(x, m->value, err);
	return err_set(
	        err, ERR_FAULT, "the route table has an unknown word: %s", m->kind);
}

static int take_values(struct exchange *x, const struct match *m, struct err *err)
{
	if (m->name.len > 0 &&
	        model_repo_parse(m->name, x->config->ollama_names, &x->name) != 0)
		return err_set(err, ERR_NAME_INVALID, "'%.*s' is not a repository name",
		        VIEW_ARG(m->name));
	return m->kind ? take_value(x, m, err) : 0;
}

static bool serves(const struct route *r, struct view method)
{
	return view_is(method, r->method) ||
	       (view_is(method, "HEAD") && strcmp(r->method, "GET") == 0);
}

/*
 * The methods that this program serves for the path; none is a path of another program.
 */
static int refuse_method(const struct route *table, size_t rows, const char *path,
        struct exchange *x, struct err *err)
{
	struct buf allow = BUF_INIT(256);
	int rc;

	for (size_t i = 0; i < rows; i++) {
		if (!table[i].handler || strcmp(table[i].path, path) != 0)
			continue;
		buf_addf(&allow, "%s%s%s", allow.len ? ", " : "", table[i].method,
		        strcmp(table[i].method, "GET") == 0 ? ", HEAD" : "");
	}
	if (allow.len == 0) {
		rc = err_set(err, ERR_NOT_FOUND, "this program does not serve the path");
	} else {
		reply_header(x, "Allow", "%s", buf_str(&allow));
		rc = err_set(
		        err, ERR_METHOD, "the path has the methods %s", buf_str(&allow));
	}
	buf_release(&allow);
	return rc;
}

int route_find(
        const struct route *table, size_t rows, struct exchange *x, struct err *err)
{
	struct view path = view_of(x->request.path);
	const char *found = NULL;
	struct match m;

	for (size_t i = 0; i < rows; i++) {
		if (found ? strcmp(table[i].path, found) != 0
		          : !match(table[i].path, path, x->config->ollama_names, &m))
			continue;
		found = table[i].path;
		if (table[i].handler && serves(&table[i], x->request.method)) {
			x->route = &table[i];
			return take_values(x, &m, err);
		}
	}
	if (found)
		return refuse_method(table, rows, found, x, err);
	return err_set(err, ERR_NOT_FOUND, "there is nothing at this path");
}
