#include "format/digest.h"

#include <string.h>

static const struct {
	const char *name;
	size_t hex_length;
} algorithms[DIGEST_ALGORITHMS] = {
	[DIGEST_SHA256] = {"sha256", 64},
	[DIGEST_SHA512] = {"sha512", 128},
};

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* algorithm ::= component (separator component)*, separator ::= [+._-] */
static bool is_algorithm(struct view v)
{
	bool component = false;

	for (size_t i = 0; i < v.len; i++) {
		if (is_lower_alnum(v.ptr[i]))
			component = true;
		else if (component && is_one_of(v.ptr[i], "+._-"))
			component = false;
		else
			return false;
	}
	return component;
}

/* encoded ::= [a-zA-Z0-9=_-]+ */
static bool is_encoded(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.ptr[i];

		if (!is_lower_alnum(c) && !(c >= 'A' && c <= 'Z') && !is_one_of(c, "=_-"))
			return false;
	}
	return v.len > 0;
}

enum digest_class digest_parse(struct view text, struct digest *out)
{
	struct view algorithm, encoded;
	enum digest_algorithm a;

	if (!view_cut(text, ':', &algorithm, &encoded))
		return DIGEST_MALFORMED;
	if (!is_algorithm(algorithm) || !is_encoded(encoded))
		return DIGEST_MALFORMED;
	if (digest_algorithm_parse(algorithm, &a) != 0)
		return DIGEST_UNSUPPORTED;
	return digest_from_hex(a, encoded, out) == 0 ? DIGEST_OK : DIGEST_MALFORMED;
}

int digest_algorithm_parse(struct view text, enum digest_algorithm *out)
{
	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		if (view_is(text, algorithms[a].name)) {
			*out = (enum digest_algorithm)a;
			return 0;
		}
	}
	return -1;
}

const char *digest_algorithm_name(enum digest_algorithm a)
{
	return algorithms[a].name;
}

size_t digest_hex_length(enum digest_algorithm a)
{
	return algorithms[a].hex_length;
}

char *digest_text(const struct digest *d, char out[DIGEST_TEXT_MAX + 1])
{
	size_t name = strlen(algorithms[d->algorithm].name);

	memcpy(out, algorithms[d->algorithm].name, name);
	out[name] = ':';
	memcpy(out + name + 1, d->hex, algorithms[d->algorithm].hex_length);
	out[name + 1 + algorithms[d->algorithm].hex_length] = '\0';
	return out;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->algorithm == b->algorithm && strcmp(a->hex, b->hex) == 0;
}

int digest_from_hex(enum digest_algorithm a, struct view hex, struct digest *out)
{
	if (hex.len != algorithms[a].hex_length)
		return -1;
	for (size_t i = 0; i < hex.len; i++) {
		char c = hex.ptr[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return -1;
	}
	out->algorithm = a;
	return view_copy(hex, out->hex, sizeof(out->hex));
}
