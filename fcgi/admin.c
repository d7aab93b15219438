/*
 * /v2/_lighter/: what namespaces hold and may hold, and the jobs that keep the store in
 * order.
 */
#include "handlers.h"

#include "gateway/access.h"
#include "gateway/exchange.h"
#include "gateway/ndjson.h"
#include "gateway/options.h"
#include "gateway/page.h"
#include "gateway/reply.h"
#include "service/cleanup.h"
#include "service/collect.h"
#include "service/recount.h"
#include "service/scrub.h"
#include "service/usage.h"
#include "store/repo_remove.h"

#include <inttypes.h>

#define RESULT_MAX 4096

/* ---- accounts ----------------------------------------------------------------------- */

/* The accounts of one page as they are written. */
struct accounts {
	struct exchange *x;
	struct buf json;
	struct repo_name last;
	uint64_t count, n;
	bool more;
};

/* 1 when the page is full. */
static int add_account(void *arg, const struct repo_name *ns, struct err *err)
{
	struct accounts *a = arg;

	if (!access_sees_account(a->x, ns))
		return 0;
	if (a->count == a->n) {
		a->more = true;
		return 1;
	}
	if (a->count++ > 0)
		buf_add_char(&a->json, ',');
	a->last = *ns;
	return usage_add(a->x->store, ns, &a->json, err);
}

/* GET /v2/_lighter/usage?n=&last=: the accounts that the caller may see. */
int usage_list(struct exchange *x)
{
	struct page p = PAGE_INIT;
	struct accounts a = {.x = x};
	int rc = page_read(x, &p);

	a.n = p.n;
	a.json = BUF_INIT(64 + (size_t)p.n * USAGE_JSON_MAX);
	buf_add_str(&a.json, "{\"namespaces\":[");
	if (rc == 0 && p.n > 0)
		rc = account_list(x->store, buf_str(&p.last), add_account, &a, &x->err);
	buf_add_str(&a.json, "]}");
	if (rc >= 0) {
		if (a.more)
			page_link_next(x, &p, "/v2/_lighter/usage", "", a.last.text);
		rc = reply_json(x, 200, &a.json);
	}
	buf_release(&a.json);
	page_release(&p);
	return rc;
}

/* Answers with what add() has to say of the namespace. */
static int reply_namespace(
        struct exchange *x, int (*add)(struct store *s, const struct repo_name *ns,
                                    struct buf *out, struct err *err))
{
	struct buf json = BUF_INIT(USAGE_JSON_MAX);
	int rc = add(x->store, &x->ns, &json, &x->err);

	if (rc == 0)
		rc = reply_json(x, 200, &json);
	buf_release(&json);
	return rc;
}

/* GET /v2/_lighter/usage/<namespace> */
int usage_get(struct exchange *x)
{
	if (usage_find(x->store, &x->ns, &x->err) != 0)
		return -1;
	return reply_namespace(x, usage_add);
}

/* GET /v2/_lighter/quota/<namespace> */
int quota_get(struct exchange *x)
{
	if (usage_find(x->store, &x->ns, &x->err) != 0)
		return -1;
	return reply_namespace(x, quota_add);
}

/* PUT /v2/_lighter/quota/<namespace>, which need not hold anything yet. */
int quota_put(struct exchange *x)
{
	struct account_limits own;

	if (options_read(x, NULL, 0) != 0 ||
	        quota_parse(buf_view(&x->body), &own, &x->err) != 0 ||
	        account_limits_set(x->store, &x->ns, &own, &x->err) != 0)
		return -1;
	return reply_namespace(x, quota_add);
}

/* DELETE /v2/_lighter/quota/<namespace>: back to the defaults. */
int quota_delete(struct exchange *x)
{
	const struct account_limits none = {ACCOUNT_LIMIT_DEFAULT, ACCOUNT_LIMIT_DEFAULT,
	        ACCOUNT_LIMIT_DEFAULT};

	if (options_read(x, NULL, 0) != 0 ||
	        usage_find(x->store, &x->ns, &x->err) != 0 ||
	        account_limits_set(x->store, &x->ns, &none, &x->err) != 0)
		return -1;
	return reply_namespace(x, quota_add);
}

/* ---- jobs --------------------------------------------------------------------------- */

/* A member of an answer. */
struct member {
	const char *name;
	uint64_t n;
	bool is_flag, flag;
};

#define NUMBER(name, n) {(name), (n), false, false}
#define FLAG(name, flag) {(name), 0, true, (flag)}

static void add_members(struct buf *out, const struct member *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_addf(out, "%c\"%s\":", i ? ',' : '{', m[i].name);
		if (m[i].is_flag)
			buf_add_str(out, m[i].flag ? "true" : "false");
		else
			buf_addf(out, "%" PRIu64, m[i].n);
	}
	buf_add_char(out, '}');
}

/* The last line of a job. */
static int end_job(struct ndjson *n, const struct member *m, size_t count)
{
	struct buf json = BUF_INIT(RESULT_MAX);
	int rc;

	add_members(&json, m, count);
	rc = ndjson_end(n, &json);
	buf_release(&json);
	return rc;
}

#define END_JOB(n, ...)                                                                  \
	end_job((n), (const struct member[]){__VA_ARGS__},                               \
	        sizeof((const struct member[]){__VA_ARGS__}) / sizeof(struct member))

/*
 * The options of a job. A page that somebody looks at with a browser must not set one off:
 * where nobody has to log in, or the browser does it by itself, it could.
 */
static int take_job(struct exchange *x, const struct option *known, size_t n)
{
	if (request_header(&x->request, "HTTP_ORIGIN").len > 0)
		return err_set(&x->err, ERR_DENIED,
		        "a page in a browser may not ask for this");
	return options_read(x, known, n);
}

static const struct repo_name *or_null(const struct repo_name *name)
{
	return name->text[0] ? name : NULL;
}

/* POST /v2/_lighter/recount[/<namespace>]?repair= */
int recount_post(struct exchange *x)
{
	struct recount_options o = {.ns = or_null(&x->ns)};
	const struct option known[] = {{"repair", OPTION_FLAG, &o.repair}};
	struct recount_result r = {0};
	struct ndjson n;

	if (take_job(x, known, 1) != 0)
		return -1;
	ndjson_begin(&n, x);
	recount_run(x->store, &o, &n.job, &r, &n.err);
	return END_JOB(&n, NUMBER("namespaces", r.namespaces),
	        NUMBER("differing", r.differing), NUMBER("repaired", r.repaired),
	        NUMBER("problems", r.problems), FLAG("cancelled", r.cancelled));
}

static int reply_removed(struct exchange *x, const struct repo_removed *r)
{
	const struct member members[] = {
	        NUMBER("tags", r->tags),
	        NUMBER("manifests", r->manifests),
	        NUMBER("blobs", r->blobs),
	        NUMBER("bytes", r->bytes),
	        NUMBER("bytes-collectable", r->bytes_collectable),
	};
	struct buf json = BUF_INIT(RESULT_MAX);
	int rc;

	add_members(&json, members, sizeof(members) / sizeof(members[0]));
	rc = reply_json(x, 200, &json);
	buf_release(&json);
	return rc;
}

/* DELETE /v2/_lighter/repositories/<name>: all of it. */
int repository_delete(struct exchange *x)
{
	struct repo_removed r;

	/* Who asks for a dry run must not get a real one. */
	if (options_read(x, NULL, 0) != 0 ||
	        repo_remove(x->store, &x->name, &r, &x->err) != 0)
		return -1;
	return reply_removed(x, &r);
}

/* POST /v2/_lighter/gc?dry-run=&grace=&untagged=&idle=&repository= */
int gc_post(struct exchange *x)
{
	struct repo_name repo = {""};
	struct collect_options o = {
	        .grace = x->config->gc_grace,
	        .session_idle = x->config->upload_idle,
	        .untagged_age = x->config->gc_untagged,
	};
	const struct option known[] = {
	        {"dry-run", OPTION_FLAG, &o.dry_run},
	        {"grace", OPTION_DURATION, &o.grace},
	        {"untagged", OPTION_DURATION, &o.untagged_age},
	        {"idle", OPTION_DURATION, &o.session_idle},
	        {"repository", OPTION_REPOSITORY, &repo},
	};
	struct collect_result r = {0};
	struct ndjson n;

	if (take_job(x, known, sizeof(known) / sizeof(known[0])) != 0)
		return -1;
	o.repo = or_null(&repo);
	ndjson_begin(&n, x);
	collect_run(x->store, &o, &n.job, &r, &n.err);
	return END_JOB(&n, NUMBER("repositories", r.repositories),
	        NUMBER("manifests", r.manifests), NUMBER("blobs", r.blobs),
	        NUMBER("referrers", r.referrers), NUMBER("entries", r.entries),
	        NUMBER("sessions", r.sessions), NUMBER("files", r.files),
	        NUMBER("bytes-unlinked", r.bytes_unlinked),
	        NUMBER("bytes-freed", r.bytes_freed), NUMBER("problems", r.problems),
	        FLAG("dry-run", o.dry_run), FLAG("cancelled", r.cancelled),
	        FLAG("resumed", r.resumed));
}

/* POST /v2/_lighter/scrub?repair=&bandwidth=&repository= */
int scrub_post(struct exchange *x)
{
	struct repo_name repo = {""};
	struct scrub_options o = {0};
	const struct option known[] = {
	        {"repair", OPTION_FLAG, &o.repair},
	        {"bandwidth", OPTION_SIZE, &o.bytes_per_second},
	        {"repository", OPTION_REPOSITORY, &repo},
	};
	struct scrub_result r = {0};
	struct ndjson n;

	if (take_job(x, known, sizeof(known) / sizeof(known[0])) != 0)
		return -1;
	o.repo = or_null(&repo);
	ndjson_begin(&n, x);
	scrub_run(x->store, &o, &n.job, &r, &n.err);
	return END_JOB(&n, NUMBER("repositories", r.repositories),
	        NUMBER("blobs", r.blobs), NUMBER("manifests", r.manifests),
	        NUMBER("tags", r.tags), NUMBER("bytes", r.bytes),
	        NUMBER("problems", r.problems), NUMBER("repaired", r.repaired),
	        NUMBER("quarantined", r.quarantined), FLAG("cancelled", r.cancelled),
	        FLAG("resumed", r.resumed));
}

static int run_cleanup(struct exchange *x, const struct cleanup_options *o)
{
	struct cleanup_result r = {0};
	struct ndjson n;

	ndjson_begin(&n, x);
	cleanup_run(x->store, o, &n.job, &r, &n.err);
	return END_JOB(&n, NUMBER("repositories", r.repositories), NUMBER("tags", r.tags),
	        NUMBER("manifests", r.manifests), NUMBER("bytes", r.bytes),
	        NUMBER("kept-tags", r.kept_tags), NUMBER("problems", r.problems),
	        FLAG("dry-run", o->dry_run), FLAG("cancelled", r.cancelled),
	        FLAG("resumed", r.resumed));
}

/* POST /v2/_lighter/cleanup?dry-run=&all=&repository= */
int cleanup_post(struct exchange *x)
{
	struct cleanup_rules rules = CLEANUP_RULES_INIT;
	struct repo_name repo = {""};
	struct cleanup_options o = {.rules = &rules};
	const struct option known[] = {
	        {"dry-run", OPTION_FLAG, &o.dry_run},
	        {"all", OPTION_FLAG, &o.all},
	        {"repository", OPTION_REPOSITORY, &repo},
	};
	int rc = take_job(x, known, sizeof(known) / sizeof(known[0]));

	o.repo = or_null(&repo);
	if (rc == 0)
		rc = cleanup_rules_load(x->config, &rules, &x->err);
	if (rc == 0)
		rc = run_cleanup(x, &o);
	cleanup_rules_release(&rules);
	return rc;
}
