/*
 * A manifest read from its bytes: media type, subject, artifact type, annotations and
 * every descriptor it refers to. The bytes themselves are never changed.
 *
 * OCI image manifests and indexes, Docker schema 2 manifests and lists are understood
 * whole. A document of another media type is kept as it is: it must be a JSON object, it
 * has no checked references, and its subject, artifact type and annotations count where
 * they have the form that image-spec gives them.
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
	bool optional;    /* a layer, non-distributable or with "urls": may be absent */
};

struct manifest {
	enum manifest_kind kind;
	char media_type[MEDIA_TYPE_MAX + 1];
	bool has_subject;
	struct digest subject;
	char artifact_type[MEDIA_TYPE_MAX + 1]; /* of the referrers API; "" when none */
	char *annotations;                      /* the object as JSON text, or NULL */
	struct manifest_ref *refs;              /* each digest once, in order of digest */
	size_t nrefs;
};

#define MANIFEST_INIT ((struct manifest){0})

/*
 * Reads bytes that were pushed with the Content-Type content_type ("" when the client
 * sent none: then "mediaType" of the document decides, and without that its members
 * do: "manifests" makes an OCI index, "config" or "layers" an OCI image manifest).
 *
 * The artifact type is "artifactType" when that is not empty, else for an image the
 * media type of its config (distribution-spec, "Listing Referrers"). Members that are
 * null count as absent. A digest that occurs twice is required when one of them is.
 *
 * Failures, all refusals but the last:
 * ERR_MANIFEST_INVALID when it is no JSON object, nests too deep or holds too many values
 * (format/json.h), has a mediaType that contradicts content_type, no media type that is
 * given or can be told, members of an image and of an index at the same time, an image
 * without config, a schemaVersion other than 2, an artifact type of more than
 * MEDIA_TYPE_MAX bytes, annotations that are not strings, or a descriptor without digest
 * or size; ERR_DIGEST_INVALID when a descriptor's digest is malformed or of an
 * unsupported algorithm; ERR_SIZE_INVALID when two descriptors of one digest differ in
 * size; ERR_FAULT without memory.
 * *out must be MANIFEST_INIT and is to be released in any case.
 */
int manifest_parse(struct view bytes, const char *content_type, struct manifest *out,
	struct err *err);
void manifest_release(struct manifest *m);

#endif
