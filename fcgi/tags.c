/* /v2/<name>/tags/list: the tags of a repository. */
#include "handlers.h"

#include "gateway/exchange.h"
#include "gateway/page.h"
#include "gateway/reply.h"
#include "store/tags.h"

#include <stdio.h>

/* The tags from index first to before end. */
static void write_page(struct buf *json, const struct exchange *x,
        const struct listing *tags, size_t first, size_t end)
{
	buf_addf(json, "{\"name\":\"%s\",\"tags\":[", x->name.text);
	for (size_t i = first; i < end; i++)
		buf_addf(json, "%s\"%s\"", i > first ? "," : "", tags->names[i]);
	buf_add_str(json, "]}");
}

static int reply_page(
        struct exchange *x, const struct page *p, const struct listing *tags)
{
	size_t first = listing_after(tags, buf_str(&p->last));
	size_t left = tags->count - first;
	size_t end = first + (left > p->n ? (size_t)p->n : left);
	struct buf json = BUF_INIT(REPO_NAME_MAX + 64 + (end - first) * (TAG_MAX + 3));
	char path[REPO_NAME_MAX + 32];
	int rc;

	write_page(&json, x, tags, first, end);
	snprintf(path, sizeof(path), "/v2/%s/tags/list", x->name.text);
	if (end > first && end < tags->count)
		page_link_next(x, p, path, "", tags->names[end - 1]);
	rc = reply_json(x, 200, &json);
	buf_release(&json);
	return rc;
}

/* end-8a, end-8b. Listing tags: in byte order, with a Link when more follow; n=0 lists
 * none. */
int tags_list_page(struct exchange *x)
{
	struct page p = PAGE_INIT;
	struct listing *tags = NULL;
	int rc = page_read(x, &p);

	if (rc == 0)
		rc = tags_list(x->store, &x->name, &tags, &x->err);
	if (rc == 0)
		rc = reply_page(x, &p, tags);
	if (tags)
		listing_release(tags);
	page_release(&p);
	return rc;
}
