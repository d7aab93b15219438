/*
 * A page of a listing: the parameters n and last of the request, and the Link to the page
 * that follows (distribution-spec, "Listing tags", end-8b; RFC 8288).
 */
#ifndef GATEWAY_PAGE_H
#define GATEWAY_PAGE_H

#include "base/buf.h"
#include "gateway/exchange.h"

#include <stdbool.h>
#include <stdint.h>

#define PAGE_LAST_MAX 1024

struct page {
	bool has_n;      /* the client gave n */
	uint64_t n;      /* entries to list; at most the page limit */
	struct buf last; /* list what follows it; empty from the start */
};

#define PAGE_INIT ((struct page){false, 0, BUF_INIT(PAGE_LAST_MAX)})

/*
 * Reads n and last. ERR_BAD_REQUEST when n is no number, or last is malformed or longer
 * than PAGE_LAST_MAX. *p must be PAGE_INIT and is to be released in any case.
 */
int page_read(struct exchange *x, struct page *p);
void page_release(struct page *p);
/*
 * Adds Link: <path?[n=n&]last=last>; rel="next". query is "" or further parameters,
 * encoded, each followed by '&'.
 */
void page_link_next(struct exchange *x, const struct page *p, const char *path,
	const char *query, const char *last);

#endif
