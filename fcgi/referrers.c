/* /v2/<name>/referrers/<digest>: the manifests that have the digest as their subject. */
#include "handlers.h"

#include "format/manifest.h"
#include "gateway/exchange.h"
#include "gateway/page.h"
#include "gateway/reply.h"
#include "store/manifests.h"
#include "store/referrers.h"

#include <inttypes.h>
#include <stdio.h>

/* Clients need not read a manifest larger than this, and the answer is one. */
#define ANSWER_MAX (4 << 20)
/* A descriptor holds the annotations of one manifest, in another spelling. */
#define DESCRIPTOR_MAX (64 << 20)

#define ANSWER_HEAD                                                                      \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":["
#define ANSWER_TAIL "]}"

/* The answer to one request as it is written. */
struct answer {
	struct page page;
	struct buf filter; /* the artifact type asked for; empty: all */
	struct buf json;
	struct buf entry;   /* the descriptor that is to be added next */
	uint64_t count;     /* descriptors in json */
	bool more;          /* the page is full and another entry follows */
	struct digest last; /* of the last descriptor in json */
};

#define ANSWER_INIT                                                                      \
	((struct answer){                                                                \
	        .page = PAGE_INIT,                                                       \
	        .filter = BUF_INIT(REQUEST_URI_MAX),                                     \
	        .json = BUF_INIT(DESCRIPTOR_MAX + ANSWER_MAX),                           \
	        .entry = BUF_INIT(DESCRIPTOR_MAX),                                       \
	})

static void answer_release(struct answer *a)
{
	page_release(&a->page);
	buf_release(&a->filter);
	buf_release(&a->json);
	buf_release(&a->entry);
}

static int read_filter(struct exchange *x, struct buf *filter)
{
	if (request_query(&x->request, "artifactType", 0, filter, &x->err) < 0)
		return -1;
	/* Some clients send the '+' of "…+json" raw; a media type holds no blank. */
	for (size_t i = 0; i < filter->len; i++) {
		if (filter->ptr[i] == ' ')
			filter->ptr[i] = '+';
	}
	return 0;
}

/* The digest after which the page starts, as the listing of entries spells it. */
static int read_start(struct exchange *x, const struct page *p, struct digest *out)
{
	out->hex[0] = '\0';
	if (p->last.len > 0 && digest_parse(buf_view(&p->last), out) != DIGEST_OK)
		return err_set(&x->err, ERR_DIGEST_INVALID, "last is not a digest");
	return 0;
}

static void write_descriptor(
        struct buf *out, const struct stored_manifest *m, const struct manifest *doc)
{
	char digest[DIGEST_TEXT_MAX + 1];

	buf_clear(out);
	buf_add_str(out, "{\"mediaType\":");
	buf_add_json(out, view_of(m->media_type));
	buf_addf(out, ",\"digest\":\"%s\",\"size\":%zu", digest_text(&m->digest, digest),
	        m->content.len);
	if (doc->artifact_type[0]) {
		buf_add_str(out, ",\"artifactType\":");
		buf_add_json(out, view_of(doc->artifact_type));
	}
	if (doc->annotations)
		buf_addf(out, ",\"annotations\":%s", doc->annotations);
	buf_add_char(out, '}');
}

/*
 * Reads one referrer into a->entry: 1, or 0 when it is not to be listed: its manifest is
 * absent (an interrupted push left the entry) or of another artifact type.
 */
static int read_entry(
        struct exchange *x, struct answer *a, const struct digest *d, struct err *err)
{
	struct reference ref = {.is_digest = true, .digest = *d};
	struct stored_manifest m = STORED_MANIFEST_INIT;
	struct manifest doc = MANIFEST_INIT;
	int rc = manifests_get(x->store, &x->name, &ref, &m, err);
	bool listed = false;

	if (rc == 0)
		rc = manifest_parse(m.content, m.media_type, &doc, err);
	if (rc == 0)
		listed = a->filter.len == 0 ||
		         view_is(buf_view(&a->filter), doc.artifact_type);
	if (listed)
		write_descriptor(&a->entry, &m, &doc);
	if (listed && buf_failed(&a->entry))
		rc = err_set(err, ERR_FAULT, "no memory for a descriptor");
	manifest_release(&doc);
	stored_manifest_release(&m);
	if (rc != 0)
		return err_is_refusal(err) ? 0 : -1;
	return listed;
}

/* Adds a->entry, unless the page is full: one descriptor is taken however long it is. */
static void add_entry(struct answer *a, const struct digest *d)
{
	size_t len = a->json.len + 1 + a->entry.len + sizeof(ANSWER_TAIL) - 1;

	a->more = a->count > 0 &&
	          (len > ANSWER_MAX || (a->page.has_n && a->count >= a->page.n));
	if (a->more)
		return;
	if (a->count++ > 0)
		buf_add_char(&a->json, ',');
	buf_add_view(&a->json, buf_view(&a->entry));
	a->last = *d;
}

static int visit(struct exchange *x, struct answer *a, const char *name)
{
	struct digest d;
	struct err err = ERR_INIT;
	int found = 0;

	if (referrers_entry_parse(name, &d) == 0)
		found = read_entry(x, a, &d, &err);
	if (found == 1)
		add_entry(a, &d);
	if (found < 0)
		err_set(&x->err, err.code, "%s", err.text);
	err_release(&err);
	return found < 0 ? -1 : 0;
}

/* The page of entries behind start. */
static int visit_page(struct exchange *x, struct answer *a, const struct digest *start)
{
	struct listing *entries = NULL;
	int rc = referrers_list(x->store, &x->name, &x->digest, &entries, &x->err);

	if (rc != 0)
		return -1;
	for (size_t i = listing_after(entries, start->hex); i < entries->count; i++) {
		rc = visit(x, a, entries->names[i]);
		if (rc != 0 || a->more)
			break;
	}
	listing_release(entries);
	return rc;
}

static int write_answer(struct exchange *x, struct answer *a)
{
	/* A digest of an algorithm that is not ours is no manifest's subject. */
	bool empty = x->digest_unsupported || (a->page.has_n && a->page.n == 0);
	struct digest start;

	if (read_start(x, &a->page, &start) != 0)
		return -1;
	buf_add_str(&a->json, ANSWER_HEAD);
	if (!empty && visit_page(x, a, &start) != 0)
		return -1;
	buf_add_str(&a->json, ANSWER_TAIL);
	if (buf_failed(&a->json))
		return err_set(&x->err, ERR_FAULT, "no memory for the referrers");
	return 0;
}

static void link_next(struct exchange *x, const struct answer *a)
{
	struct buf query = BUF_INIT(3 * REQUEST_URI_MAX);
	char digest[DIGEST_TEXT_MAX + 1];
	char path[REPO_NAME_MAX + DIGEST_TEXT_MAX + 32];

	snprintf(path, sizeof(path), "/v2/%s/referrers/%s", x->name.text,
	        digest_text(&x->digest, digest));
	if (a->filter.len > 0) {
		buf_add_str(&query, "artifactType=");
		buf_add_urlencoded(&query, buf_view(&a->filter));
		buf_add_char(&query, '&');
	}
	page_link_next(x, &a->page, path, buf_str(&query), digest_text(&a->last, digest));
	buf_release(&query);
}

/* end-12a, end-12b. Listing referrers: 200 for every well-formed digest, an image index.
 */
int referrers_get(struct exchange *x)
{
	struct answer a = ANSWER_INIT;
	int rc = page_read(x, &a.page);

	if (rc == 0)
		rc = read_filter(x, &a.filter);
	if (rc == 0)
		rc = write_answer(x, &a);
	if (rc == 0) {
		if (a.filter.len > 0)
			reply_header(x, "OCI-Filters-Applied", "artifactType");
		if (a.more)
			link_next(x, &a);
		rc = reply_body(x, 200, MEDIA_OCI_INDEX, buf_view(&a.json));
	}
	answer_release(&a);
	return rc;
}
