/*
 * A content digest (OCI image-spec, descriptor): "sha256:" + 64 or "sha512:" + 128
 * lower-case hexadecimal digits. A struct digest is always one of those two, so it
 * can be put into a path, a header or a log line as it is.
 */
#ifndef FORMAT_DIGEST_H
#define FORMAT_DIGEST_H

#include "base/attr.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>

enum digest_algorithm { DIGEST_SHA256, DIGEST_SHA512 };
#define DIGEST_ALGORITHMS 2
#define DIGEST_HEX_MAX 128
#define DIGEST_TEXT_MAX (7 + DIGEST_HEX_MAX) /* "sha512:" and the digits, without NUL */

struct digest {
	enum digest_algorithm algorithm;
	char hex[DIGEST_HEX_MAX + 1]; /* NUL-terminated */
};

enum digest_class {
	DIGEST_OK,          /* supported and well formed: *out is set */
	DIGEST_UNSUPPORTED, /* fits the grammar, but the algorithm is not ours */
	DIGEST_MALFORMED,
};

/* Reads all of text. *out is set with DIGEST_OK only. */
enum digest_class digest_parse(struct view text, struct digest *out);
/* "sha256" or "sha512"; 0 or -1. */
MUST_USE int digest_algorithm_parse(struct view text, enum digest_algorithm *out);
const char *digest_algorithm_name(enum digest_algorithm a);
/* Hexadecimal digits of the algorithm: 64 or 128. */
size_t digest_hex_length(enum digest_algorithm a);
/* "sha256:…" in out[DIGEST_TEXT_MAX + 1]; returns out. */
char *digest_text(const struct digest *d, char out[DIGEST_TEXT_MAX + 1]);
bool digest_equal(const struct digest *a, const struct digest *b);
/* Only hexadecimal digits of the right number (a file name in the store): 0 or -1. */
MUST_USE int digest_from_hex(
	enum digest_algorithm a, struct view hex, struct digest *out);

#endif
