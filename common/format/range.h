/* Byte ranges: of a request (RFC 9110 section 14.2), of an upload chunk (OCI end-5). */
#ifndef FORMAT_RANGE_H
#define FORMAT_RANGE_H

#include "base/attr.h"
#include "base/view.h"

#include <stdint.h>

struct range {
	uint64_t first; /* inclusive */
	uint64_t last;  /* inclusive */
};

enum range_class {
	RANGE_NONE, /* absent, not understood or several: answer with the whole */
	RANGE_OK,   /* one range, cut to the size */
	RANGE_UNSATISFIABLE, /* 416 */
};

/*
 * The Range header field's value against a representation of size bytes. *out is set
 * with RANGE_OK only. A last position before the first is unsatisfiable: that is what
 * the conformance suite expects.
 */
enum range_class range_parse(struct view value, uint64_t size, struct range *out);
/*
 * Content-Range of a chunk: "first-last", and leniently "bytes first-last" with an
 * optional total after a slash. 0, or -1 when malformed or last < first.
 */
MUST_USE int range_parse_chunk(struct view value, struct range *out);

#endif
