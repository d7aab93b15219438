#include "gateway/page.h"

#include "base/num.h"
#include "gateway/reply.h"
#include "gateway/request.h"

#include <inttypes.h>
#include <stdio.h>

static int read_n(struct exchange *x, struct page *p)
{
	struct buf text = BUF_INIT(PAGE_LAST_MAX);
	int found = request_query(&x->request, "n", 0, &text, &x->err);
	int rc = found < 0 ? -1 : 0;

	p->n = x->config->page_limit;
	if (found == 1) {
		uint64_t n = 0;
		if (num_parse(buf_view(&text), &n) != 0)
			rc = err_set(&x->err, ERR_BAD_REQUEST, "n is not a number");
		p->has_n = true;
		if (n < p->n)
			p->n = n;
	}
	buf_release(&text);
	return rc;
}

int page_read(struct exchange *x, struct page *p)
{
	if (read_n(x, p) != 0)
		return -1;
	return request_query(&x->request, "last", 0, &p->last, &x->err) < 0 ? -1 : 0;
}

void page_release(struct page *p)
{
	buf_release(&p->last);
}

void page_link_next(struct exchange *x, const struct page *p, const char *path,
        const char *query, const char *last)
{
	struct buf encoded = BUF_INIT(3 * PAGE_LAST_MAX);
	char n[32] = "";

	if (p->has_n)
		snprintf(n, sizeof(n), "n=%" PRIu64 "&", p->n);
	buf_add_urlencoded(&encoded, view_of(last));
	reply_header(x, "Link", "<%s?%s%slast=%s>; rel=\"next\"", path, query, n,
	        buf_str(&encoded));
	buf_release(&encoded);
}
