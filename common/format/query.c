#include "format/query.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Takes one decoded byte from the front of *text: the byte, or -1 on a broken escape. */
static int next_byte(struct view *text, bool plus)
{
	size_t used = 1;
	int c = (unsigned char)text->ptr[0];

	if (c == '%') {
		int high = text->len > 2 ? hex_value(text->ptr[1]) : -1;
		int low = text->len > 2 ? hex_value(text->ptr[2]) : -1;

		if (high < 0 || low < 0)
			return -1;
		c = high << 4 | low;
		used = 3;
	} else if (c == '+' && plus) {
		c = ' ';
	}
	text->ptr += used;
	text->len -= used;
	return c;
}

int percent_decode(struct view text, bool plus, struct buf *out)
{
	buf_clear(out);
	while (text.len > 0) {
		int c = next_byte(&text, plus);

		if (c < 0x20 || c == 0x7f)
			return -1;
		if (buf_add_char(out, (char)c) != 0)
			return -1;
	}
	return 0;
}

/* Whether the encoded name is the one asked for; one with a broken escape never is. */
static bool name_is(struct view encoded, const char *name)
{
	while (encoded.len > 0 && *name) {
		if (next_byte(&encoded, true) != (unsigned char)*name)
			return false;
		name++;
	}
	return encoded.len == 0 && *name == '\0';
}

int query_get(struct view query, const char *name, unsigned n, struct buf *out)
{
	struct view parameter, key, value;

	while (query.len > 0) {
		view_cut(query, '&', &parameter, &query);
		view_cut(parameter, '=', &key, &value);
		if (!name_is(key, name))
			continue;
		if (n-- > 0)
			continue;
		return percent_decode(value, true, out) == 0 ? 1 : -1;
	}
	return 0;
}

int query_next(struct view *rest, struct buf *name, struct buf *value)
{
	struct view parameter, key, text;

	do {
		if (rest->len == 0)
			return 0;
		view_cut(*rest, '&', &parameter, rest);
	} while (parameter.len == 0);
	view_cut(parameter, '=', &key, &text);
	if (percent_decode(key, true, name) != 0 ||
	        percent_decode(text, true, value) != 0)
		return -1;
	return 1;
}
