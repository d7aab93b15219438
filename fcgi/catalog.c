/* /v2/_catalog: the repositories of the registry. */
#include "handlers.h"

#include "gateway/access.h"
#include "gateway/exchange.h"
#include "gateway/page.h"
#include "gateway/reply.h"
#include "store/repos.h"

/* The names of one page as they are written. */
struct catalog {
	const struct exchange *x;
	struct buf json;
	struct repo_name last;
	uint64_t count;
};

static bool is_listed(void *arg, const struct repo_name *r)
{
	const struct catalog *c = arg;

	return access_lists_for(c->x, r);
}

static int add_name(void *arg, const struct repo_name *r, struct err *err)
{
	struct catalog *c = arg;

	buf_addf(&c->json, "%s\"%s\"", c->count++ ? "," : "", r->text);
	c->last = *r;
	if (buf_failed(&c->json))
		return err_set(err, ERR_FAULT, "no memory for a page of the catalog");
	return 0;
}

static int list_names(
        struct exchange *x, const struct page *p, struct catalog *c, bool *more)
{
	struct repos_page query = {
	        .last = buf_str(&p->last),
	        .n = p->n,
	        .visible = x->auth ? is_listed : NULL,
	        .emit = add_name,
	        .arg = c,
	};

	if (p->n == 0)
		return 0;
	return repos_list(x->store, &query, more, &x->err);
}

/* GET /v2/_catalog?n=&last=: in byte order of the whole name, with a Link when more
 * follow. */
int catalog_list(struct exchange *x)
{
	struct page p = PAGE_INIT;
	struct catalog c = {.x = x};
	bool more = false;
	int rc = page_read(x, &p);

	c.json = BUF_INIT(64 + (size_t)p.n * (REPO_NAME_MAX + 3));
	buf_add_str(&c.json, "{\"repositories\":[");
	if (rc == 0)
		rc = list_names(x, &p, &c, &more);
	buf_add_str(&c.json, "]}");
	if (rc == 0) {
		if (more)
			page_link_next(x, &p, "/v2/_catalog", "", c.last.text);
		rc = reply_json(x, 200, &c.json);
	}
	buf_release(&c.json);
	page_release(&p);
	return rc;
}
