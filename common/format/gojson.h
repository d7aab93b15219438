/*
 * JSON as the encoder of Go's standard library writes it, to the byte: the digests of the
 * small blobs of an Ollama model depend on it. Compact; '<', '>', '&', U+2028 and U+2029
 * escaped; members of maps in byte order; numbers in the shortest form that reads back as
 * the same. A blob ends with a line feed, which the caller adds.
 */
#ifndef FORMAT_GOJSON_H
#define FORMAT_GOJSON_H

#include "base/buf.h"
#include "base/view.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* Room for any number in the forms below, with its NUL. */
#define GOJSON_NUMBER_SIZE 32

/* A string with its quotes; each byte that is not UTF-8 becomes the escape of U+FFFD. */
int gojson_add_string(struct buf *out, struct view s);
/*
 * A number that came as a 64-bit or a 32-bit float: digits without exponent from 1e-6 up
 * to below 1e21. Null for one that is not finite, for which Go has no JSON.
 */
int gojson_add_double(struct buf *out, double v);
int gojson_add_float(struct buf *out, float v);
/* The same as text; the empty string for what is not finite. */
void gojson_float_text(float v, char out[GOJSON_NUMBER_SIZE]);
/*
 * A tree (format/json.h). Integers are written as such up to 2^53 and beyond that as Go
 * does after reading them as a float.
 */
int gojson_add_value(struct buf *out, struct json_object *value);
/*
 * The value as fmt prints it with %#v: floats in the 'g' form, strings quoted as in Go
 * source. Of a list or an object its JSON.
 */
int gojson_add_literal(struct buf *out, struct json_object *value);

#endif
