#include "support/documents.h"

#include "store/referrers.h"
#include "support/values.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void document_descriptor(char out[DESCRIPTOR_SIZE], const char *type,
	const struct digest *d, uint64_t size)
{
	char text[DIGEST_TEXT_MAX + 1];

	snprintf(out, DESCRIPTOR_SIZE,
		"{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%" PRIu64 "}", type,
		digest_text(d, text), size);
}

struct document document_image(const char *layer, const struct digest *subject)
{
	struct document doc = {.type = MEDIA_OCI_MANIFEST};
	struct digest c = as_digest(DIGEST_SHA256, "{}");
	struct digest l = as_digest(DIGEST_SHA256, layer);
	char config[DESCRIPTOR_SIZE], layers[DESCRIPTOR_SIZE], of[DESCRIPTOR_SIZE];

	document_descriptor(config, "application/vnd.oci.image.config.v1+json", &c, 2);
	document_descriptor(layers, "application/vnd.oci.image.layer.v1.tar", &l,
		strlen(layer));
	if (subject)
		document_descriptor(of, MEDIA_OCI_MANIFEST, subject, 7);
	snprintf(doc.text, sizeof(doc.text),
		"{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]%s%s}", config, layers,
		subject ? ",\"subject\":" : "", subject ? of : "");
	return doc;
}

struct document document_index(const struct digest *child, uint64_t size)
{
	struct document doc = {.type = MEDIA_OCI_INDEX};
	char one[DESCRIPTOR_SIZE];

	document_descriptor(one, MEDIA_OCI_MANIFEST, child, size);
	snprintf(doc.text, sizeof(doc.text), "{\"schemaVersion\":2,\"manifests\":[%s]}",
		one);
	return doc;
}

struct digest document_digest(const struct document *doc)
{
	return as_digest(doc->algorithm, doc->text);
}

int document_push(struct fixture *f, const struct repo_name *r,
	const struct document *doc, struct err *err)
{
	struct manifest parsed = MANIFEST_INIT;
	struct tag tags[4];
	struct manifest_push p = {.repo = r,
		.digest = document_digest(doc),
		.doc = &parsed,
		.bytes = view_of(doc->text),
		.tags = tags,
		.accept_sparse = doc->sparse};
	struct err parse_err = ERR_INIT;
	int rc;

	while (p.ntags < 4 && doc->tags[p.ntags]) {
		tags[p.ntags] = as_tag(doc->tags[p.ntags]);
		p.ntags++;
	}
	assert_int_equal(manifest_parse(p.bytes, doc->type, &parsed, &parse_err), 0);
	rc = manifests_put(&f->store, &p, err);
	manifest_release(&parsed);
	assert_int_equal(rc, err->code == ERR_NONE ? 0 : -1);
	return rc;
}

enum err_code document_push_code(struct fixture *f, const struct repo_name *r,
	const struct document *doc)
{
	struct err err = ERR_INIT;
	enum err_code code;

	document_push(f, r, doc, &err);
	code = err.code;
	err_release(&err);
	return code;
}

struct reference by_digest(const struct digest *d)
{
	return (struct reference){.is_digest = true, .digest = *d};
}

struct reference by_tag(const char *tag)
{
	return (struct reference){.is_digest = false, .tag = as_tag(tag)};
}

enum err_code document_get(struct fixture *f, const struct repo_name *r,
	struct reference ref, const struct document *doc)
{
	struct stored_manifest m = STORED_MANIFEST_INIT;
	struct digest want = document_digest(doc);
	struct err err = ERR_INIT;
	int rc = manifests_get(&f->store, r, &ref, &m, &err);
	enum err_code code = err.code;

	assert_int_equal(rc, code == ERR_NONE ? 0 : -1);
	if (rc == 0) {
		assert_true(digest_equal(&m.digest, &want));
		assert_true(view_is(m.content, doc->text));
		assert_string_equal(m.media_type, doc->type);
		assert_true(m.mtime > 0);
	}
	stored_manifest_release(&m);
	err_release(&err);
	return code;
}

enum err_code document_get_digest(struct fixture *f, const struct repo_name *r,
	const struct document *doc)
{
	struct digest d = document_digest(doc);

	return document_get(f, r, by_digest(&d), doc);
}

enum err_code document_delete_code(struct fixture *f, const struct repo_name *r,
	const struct document *doc)
{
	struct digest d = document_digest(doc);
	struct err err = ERR_INIT;
	int rc = manifests_delete(&f->store, r, &d, &err);
	enum err_code code = err.code;

	assert_int_equal(rc, code == ERR_NONE ? 0 : -1);
	err_release(&err);
	return code;
}

size_t document_listed(struct fixture *f, const struct repo_name *r,
	const struct digest *subject)
{
	struct err err = ERR_INIT;
	struct listing *l = NULL;
	size_t count;

	assert_int_equal(referrers_list(&f->store, r, subject, &l, &err), 0);
	count = l->count;
	listing_release(l);
	return count;
}
