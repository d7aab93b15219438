/*
 * A manifest read from its bytes: media type, subject, artifact type, annotations and
 * every descriptor it refers to. The bytes themselves are never changed.
 *
 * OCI image manifests and indexes, Docker schema 2 manifests and lists are understood
 * whole. A document of another media type is kept as it is: it must be a JSON object,
 * a well-formed subject is honoured, and it has no checked references.
 */
#ifndef FORMAT_MANIFEST_H
#define FORMAT_MANIFEST_H

#include "base/err.h"
#include "base/view.h"
#include "format/digest.h"
#include "format/media.h"

#include <stdbool.h>
#include <stdint.h>

enum manifest_kind { MANIFEST_IMAGE, MANIFEST_INDEX, MANIFEST_OTHER };

struct manifest_ref {
	struct digest digest;
	uint64_t size;
	bool is_manifest; /* stands in "manifests"; otherwise it is a blob */
	bool optional;    /* non-distributable or with "urls": may be absent */
};

struct manifest {
	enum manifest_kind kind;
	char media_type[MEDIA_TYPE_MAX + 1];
	bool has_subject;
	struct digest subject;
	char artifact_type[MEDIA_TYPE_MAX + 1]; /* as the referrers API shows it; "" when none */
	char *annotations;                      /* the "annotations" object as JSON text, or NULL */
	struct manifest_ref *refs;              /* owned, each digest once per kind */
	size_t nrefs;
};

#define MANIFEST_INIT ((struct manifest){0})

/*
 * Reads bytes that were pushed with the Content-Type content_type ("" when the client
 * sent none: then "mediaType" of the document decides). Failures, all refusals:
 * ERR_MANIFEST_INVALID when it is no JSON object, nests too deep, has a mediaType that
 * contradicts content_type, or a descriptor without digest or size; ERR_DIGEST_INVALID
 * when a descriptor's digest is malformed or of an unsupported algorithm.
 * *out must be MANIFEST_INIT and is to be released in any case.
 */
int manifest_parse(struct view bytes, const char *content_type, struct manifest *out,
	struct err *err);
void manifest_release(struct manifest *m);

#endif
