/* /v2/<name>/manifests/<tag-or-digest>: manifests of a repository. */
#include "handlers.h"

#include "format/hash.h"
#include "format/manifest.h"
#include "gateway/exchange.h"
#include "gateway/reply.h"
#include "store/manifests.h"
#include "store/tags.h"

#include <stdio.h>
#include <string.h>

/* Tags that one push by digest may set; the specification asks for 10 at least. */
#define TAGS_MAX 32

/* What a push asks for, read from its request before anything is stored. */
struct push {
	struct digest digest;
	struct manifest doc;
	struct tag tags[TAGS_MAX];
	size_t ntags;
};

/*
 * end-3. Pulling manifests and checking for them: the bytes and the type that were
 * pushed, whatever Accept says.
 */
int manifest_get(struct exchange *x)
{
	struct stored_manifest m = STORED_MANIFEST_INIT;
	int rc = manifests_get(x->store, &x->name, &x->reference, &m, &x->err);

	if (rc == 0) {
		reply_digest(x, &m.digest);
		if (reply_not_modified(x, &m.digest))
			rc = reply_empty(x, 304);
		else
			rc = reply_body(x, 200, m.media_type, m.content);
	}
	stored_manifest_release(&m);
	return rc;
}

/* The digest of the body, which must be the one it is pushed by. */
static int hash_body(struct exchange *x, struct digest *out)
{
	const struct reference *ref = &x->reference;
	enum digest_algorithm a = ref->is_digest ? ref->digest.algorithm : DIGEST_SHA256;
	char text[DIGEST_TEXT_MAX + 1];

	hash_bytes(a, buf_str(&x->body), x->body.len, out);
	if (ref->is_digest && !digest_equal(out, &ref->digest))
		return err_set(&x->err, ERR_DIGEST_INVALID,
		        "the manifest sent has the digest %s", digest_text(out, text));
	return 0;
}

static int parse_body(struct exchange *x, struct manifest *out)
{
	struct view header = request_header(&x->request, "CONTENT_TYPE");
	char type[MEDIA_TYPE_MAX + 1] = "";

	if (header.len > 0 && media_type_parse(header, type) != 0)
		return err_set(&x->err, ERR_MANIFEST_INVALID,
		        "Content-Type is not a media type");
	return manifest_parse(buf_view(&x->body), type, out, &x->err);
}

/* The n-th ?tag= into p: 1, 0 when there is none, -1. */
static int read_tag(struct exchange *x, unsigned n, struct buf *text, struct push *p)
{
	int found = request_query(&x->request, "tag", n, text, &x->err);

	if (found != 1)
		return found;
	if (!x->reference.is_digest)
		return err_set(&x->err, ERR_MANIFEST_INVALID,
		        "the parameter tag goes with a push by digest only");
	if (n >= TAGS_MAX)
		return err_set(&x->err, ERR_URI_TOO_LONG, "more than %d tags in one push",
		        TAGS_MAX);
	if (tag_parse(buf_view(text), &p->tags[p->ntags]) != 0)
		return err_set(
		        &x->err, ERR_MANIFEST_INVALID, "the parameter tag is not a tag");
	p->ntags++;
	return 1;
}

/* end-7b. The tags to set: the one in the path, or every ?tag= beside a digest. */
static int read_tags(struct exchange *x, struct push *p)
{
	struct buf text = BUF_INIT(REQUEST_URI_MAX);
	unsigned n = 0;
	int found;

	while ((found = read_tag(x, n, &text, p)) == 1)
		n++;
	buf_release(&text);
	if (!x->reference.is_digest)
		p->tags[p->ntags++] = x->reference.tag;
	return found;
}

static int store_manifest(struct exchange *x, const struct push *p)
{
	struct manifest_push push = {
	        .repo = &x->name,
	        .digest = p->digest,
	        .doc = &p->doc,
	        .bytes = buf_view(&x->body),
	        .tags = p->tags,
	        .ntags = p->ntags,
	        .accept_sparse = x->config->accept_sparse,
	};

	return manifests_put(x->store, &push, &x->err);
}

static int reply_tags(struct exchange *x, const struct push *p)
{
	struct buf list = BUF_INIT(TAGS_MAX * (TAG_MAX + 2) + 1);
	int rc = 0;

	for (size_t i = 0; i < p->ntags; i++)
		buf_addf(&list, "%s%s", i > 0 ? ", " : "", p->tags[i].text);
	if (buf_failed(&list))
		rc = err_set(&x->err, ERR_FAULT, "no memory for the list of tags");
	else
		reply_header(x, "OCI-Tag", "%s", buf_str(&list));
	buf_release(&list);
	return rc;
}

static int reply_pushed(struct exchange *x, const struct push *p)
{
	char digest[DIGEST_TEXT_MAX + 1];
	char path[REPO_NAME_MAX + DIGEST_TEXT_MAX + 32];

	digest_text(&p->digest, digest);
	snprintf(path, sizeof(path), "/v2/%s/manifests/%s", x->name.text, digest);
	reply_location(x, path);
	reply_header(x, "Docker-Content-Digest", "%s", digest);
	if (p->doc.has_subject)
		reply_header(
		        x, "OCI-Subject", "%s", digest_text(&p->doc.subject, digest));
	if (x->reference.is_digest && p->ntags > 0 && reply_tags(x, p) != 0)
		return -1;
	return reply_empty(x, 201);
}

/* end-7a, end-7b. Pushing manifests: checked whole, then stored byte for byte. */
int manifest_put(struct exchange *x)
{
	struct push p;
	int rc;

	memset(&p, 0, sizeof(p));
	p.doc = MANIFEST_INIT;
	rc = hash_body(x, &p.digest);
	if (rc == 0)
		rc = read_tags(x, &p);
	if (rc == 0)
		rc = parse_body(x, &p.doc);
	if (rc == 0)
		rc = store_manifest(x, &p);
	if (rc == 0)
		rc = reply_pushed(x, &p);
	manifest_release(&p.doc);
	return rc;
}

/* end-9. Deleting: a tag alone, or a manifest with every tag that points to it. */
int manifest_delete(struct exchange *x)
{
	const struct reference *ref = &x->reference;
	int rc = ref->is_digest
	                 ? manifests_delete(x->store, &x->name, &ref->digest, &x->err)
	                 : tags_delete(x->store, &x->name, &ref->tag, &x->err);

	if (rc != 0)
		return -1;
	return reply_empty(x, 202);
}
