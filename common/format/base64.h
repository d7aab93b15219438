/*
 * Base64 and base64url (RFC 4648, sections 4 and 5), strict: exactly one text stands for
 * given bytes. Blanks, line ends, foreign characters, missing or surplus padding and
 * non-zero bits behind the last byte are refused.
 */
#ifndef FORMAT_BASE64_H
#define FORMAT_BASE64_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/view.h"

#include <stddef.h>

/* Enough room for what a text of n characters decodes to. */
#define BASE64_DECODED_MAX(n) (((n) / 4 + 1) * 3)

/* Appends the text with padding; 0, or -1 when out is full. */
int base64_encode(const void *bytes, size_t len, struct buf *out);
/* Appends the URL-safe text without padding; 0, or -1 when out is full. */
int base64url_encode(const void *bytes, size_t len, struct buf *out);
/*
 * Decodes all of text, padding required, into out[size] and sets *len. 0, or -1 when text
 * is not canonical or does not fit.
 */
MUST_USE int base64_decode(struct view text, void *out, size_t size, size_t *len);
/* The same for the URL-safe alphabet, padding refused. */
MUST_USE int base64url_decode(struct view text, void *out, size_t size, size_t *len);

#endif
