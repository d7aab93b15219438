#include "format/gojson.h"

#include "base/utf8.h"
#include "format/json.h"
#include "format/printable.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Up to here every integer is a float of 64 bits. */
#define EXACT_INTEGER (INT64_C(1) << 53)
/* Digits that tell any two floats apart. */
#define DIGITS_DOUBLE 17
#define DIGITS_FLOAT 9
/* fmt writes numbers of more digits before the point with an exponent. */
#define LITERAL_DIGITS 6

/* ---- strings ---- */

static uint32_t code_point(const char *bytes, size_t len)
{
	static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (unsigned char)bytes[0] & first[len];

	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)bytes[i] & 0x3f);
	return c;
}

/* The letter of a two-character escape, or 0. */
static char short_escape(char c, const char *from, const char *to)
{
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : '\0';
}

static void add_json_char(struct buf *out, const char *bytes, size_t len)
{
	uint32_t c = code_point(bytes, len);
	char letter =
	        len == 1 ? short_escape(bytes[0], "\"\\\b\f\n\r\t", "\"\\bfnrt") : 0;

	if (letter)
		buf_addf(out, "\\%c", letter);
	else if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x2028 ||
	         c == 0x2029)
		buf_addf(out, "\\u%04" PRIx32, c);
	else
		buf_add(out, bytes, len);
}

int gojson_add_string(struct buf *out, struct view s)
{
	size_t n;

	buf_add_char(out, '"');
	for (size_t i = 0; i < s.len; i += n ? n : 1) {
		n = utf8_length((struct view){s.ptr + i, s.len - i});
		if (n == 0)
			buf_add_str(out, "\\ufffd");
		else
			add_json_char(out, s.ptr + i, n);
	}
	return buf_add_char(out, '"');
}

static void add_source_char(struct buf *out, const char *bytes, size_t len)
{
	uint32_t c = code_point(bytes, len);
	char letter =
	        len == 1 ? short_escape(bytes[0], "\"\\\a\b\f\n\r\t\v", "\"\\abfnrtv")
	                 : 0;

	if (letter)
		buf_addf(out, "\\%c", letter);
	else if (code_point_is_printable(c))
		buf_add(out, bytes, len);
	else if (c < 0x80)
		buf_addf(out, "\\x%02" PRIx32, c);
	else
		buf_addf(out, c < 0x10000 ? "\\u%04" PRIx32 : "\\U%08" PRIx32, c);
}

/* A string as in Go source. */
static int add_source_string(struct buf *out, struct view s)
{
	size_t n;

	buf_add_char(out, '"');
	for (size_t i = 0; i < s.len; i += n ? n : 1) {
		n = utf8_length((struct view){s.ptr + i, s.len - i});
		if (n == 0)
			buf_addf(out, "\\x%02x", (unsigned char)s.ptr[i]);
		else
			add_source_char(out, s.ptr + i, n);
	}
	return buf_add_char(out, '"');
}

/* ---- numbers ---- */

/* A number as digits d.ddd…e<exponent>, the fewest that read back as the same. */
struct decimal {
	char digits[DIGITS_DOUBLE + 1];
	int exponent;
	bool negative;
};

static bool reads_back(const char *text, double v, bool single)
{
	if (single)
		return strtof(text, NULL) == (float)v;
	return strtod(text, NULL) == v;
}

static void shortest(double v, bool single, struct decimal *out)
{
	int most = single ? DIGITS_FLOAT : DIGITS_DOUBLE;
	char text[GOJSON_NUMBER_SIZE];
	size_t n = 0;
	char *e;

	for (int digits = 1; digits <= most; digits++) {
		snprintf(text, sizeof(text), "%.*e", digits - 1, v);
		if (reads_back(text, v, single))
			break;
	}
	e = strchr(text, 'e');
	for (const char *p = text; p < e; p++)
		if (*p >= '0' && *p <= '9')
			out->digits[n++] = *p;
	while (n > 1 && out->digits[n - 1] == '0')
		n--;
	out->digits[n] = '\0';
	out->exponent = (int)strtol(e + 1, NULL, 10);
	out->negative = text[0] == '-';
}

/* d.ddde±x, with at least width digits in the exponent. */
static void add_exponent_form(struct buf *out, const struct decimal *d, int width)
{
	buf_addf(out, "%c%s%se%c%0*d", d->digits[0], d->digits[1] ? "." : "",
	        d->digits + 1, d->exponent < 0 ? '-' : '+', width, abs(d->exponent));
}

static void add_plain_form(struct buf *out, const struct decimal *d)
{
	int n = (int)strlen(d->digits);

	if (d->exponent < 0)
		buf_add_str(out, "0.");
	for (int i = d->exponent + 1; i < 0; i++)
		buf_add_char(out, '0');
	for (int i = 0; i < n || i <= d->exponent; i++) {
		if (i > 0 && i == d->exponent + 1)
			buf_add_char(out, '.');
		buf_add_char(out, i < n ? d->digits[i] : '0');
	}
}

static int add_number(struct buf *out, double v, bool single)
{
	struct decimal d;
	double size = fabs(v);

	if (!isfinite(v))
		return buf_add_str(out, "null");
	shortest(v, single, &d);
	if (d.negative)
		buf_add_char(out, '-');
	/* The limits are floats of the same width. */
	if (size != 0 && (size < (single ? (double)1e-6f : 1e-6) ||
	                         size >= (single ? (double)1e21f : 1e21)))
		add_exponent_form(out, &d, d.exponent < 0 ? 1 : 2);
	else
		add_plain_form(out, &d);
	return buf_failed(out) ? -1 : 0;
}

int gojson_add_double(struct buf *out, double v)
{
	return add_number(out, v, false);
}

int gojson_add_float(struct buf *out, float v)
{
	return add_number(out, (double)v, true);
}

void gojson_float_text(float v, char out[GOJSON_NUMBER_SIZE])
{
	struct buf text = BUF_INIT(GOJSON_NUMBER_SIZE - 1);

	out[0] = '\0';
	if (isfinite(v) && gojson_add_float(&text, v) == 0)
		(void)view_copy(buf_view(&text), out, GOJSON_NUMBER_SIZE);
	buf_release(&text);
}

static int add_literal_number(struct buf *out, double v)
{
	struct decimal d;

	if (!isfinite(v))
		return buf_add_str(out, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
	shortest(v, false, &d);
	if (d.negative)
		buf_add_char(out, '-');
	if (d.exponent < -4 || d.exponent >= LITERAL_DIGITS)
		add_exponent_form(out, &d, 2);
	else
		add_plain_form(out, &d);
	return buf_failed(out) ? -1 : 0;
}

/* ---- trees ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_object(struct buf *out, struct json_object *object)
{
	size_t count = (size_t)json_object_object_length(object), n = 0;
	const char **names = calloc(count ? count : 1, sizeof(names[0]));

	if (!names) {
		out->failed = true;
		return -1;
	}
	json_object_object_foreach(object, name, value)
	{
		(void)value;
		names[n++] = name;
	}
	qsort(names, n, sizeof(names[0]), compare_names);
	buf_add_char(out, '{');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		gojson_add_string(out, view_of(names[i]));
		buf_add_char(out, ':');
		gojson_add_value(out, json_object_object_get(object, names[i]));
	}
	free(names);
	return buf_add_char(out, '}');
}

static int add_array(struct buf *out, struct json_object *array)
{
	size_t n = json_object_array_length(array);

	buf_add_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		gojson_add_value(out, json_object_array_get_idx(array, i));
	}
	return buf_add_char(out, ']');
}

static int add_integer(struct buf *out, struct json_object *value)
{
	int64_t n = json_object_get_int64(value);

	if (n >= -EXACT_INTEGER && n <= EXACT_INTEGER)
		return buf_addf(out, "%" PRId64, n);
	return gojson_add_double(out, json_object_get_double(value));
}

int gojson_add_value(struct buf *out, struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_boolean:
		return buf_add_str(
		        out, json_object_get_boolean(value) ? "true" : "false");
	case json_type_int:
		return add_integer(out, value);
	case json_type_double:
		return gojson_add_double(out, json_object_get_double(value));
	case json_type_string:
		return gojson_add_string(out, json_text(value));
	case json_type_array:
		return add_array(out, value);
	case json_type_object:
		return add_object(out, value);
	default:
		return buf_add_str(out, "null");
	}
}

int gojson_add_literal(struct buf *out, struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_int:
	case json_type_double:
		return add_literal_number(out, json_object_get_double(value));
	case json_type_string:
		return add_source_string(out, json_text(value));
	case json_type_null:
		return buf_add_str(out, "<nil>");
	default:
		return gojson_add_value(out, value);
	}
}
