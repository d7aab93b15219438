/* Media types (RFC 9110 section 8.3.1, RFC 6838) and those that the registry knows. */
#ifndef FORMAT_MEDIA_H
#define FORMAT_MEDIA_H

#include "base/attr.h"
#include "base/view.h"

#define MEDIA_TYPE_MAX 255

#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

/*
 * The type/subtype of a Content-Type value, without parameters, in
 * out[MEDIA_TYPE_MAX + 1]; case is kept. 0, or -1 when it is not of the grammar or too
 * long; out is then empty.
 */
MUST_USE int media_type_parse(struct view value, char out[MEDIA_TYPE_MAX + 1]);
/* Layers that are fetched from elsewhere and need not be pushed. */
bool media_type_is_nondistributable(struct view type);

#endif
