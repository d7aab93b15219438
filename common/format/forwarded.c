#include "format/forwarded.h"

#include <ctype.h>
#include <string.h>

static void skip(struct view *v, size_t n)
{
	v->ptr += n;
	v->len -= n;
}

static void skip_blanks(struct view *v)
{
	while (v->len > 0 && (v->ptr[0] == ' ' || v->ptr[0] == '\t'))
		skip(v, 1);
}

/* tchar of RFC 9110, and what proxies write without the quotes it would need. */
static bool is_plain(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~:[]", c));
}

static int take_plain(struct view *v, struct view *out)
{
	size_t n = 0;

	while (n < v->len && is_plain(v->ptr[n]))
		n++;
	*out = (struct view){v->ptr, n};
	skip(v, n);
	return n > 0 ? 0 : -1;
}

static int take_quoted(struct view *v, struct view *out)
{
	skip(v, 1);
	if (!view_cut(*v, '"', out, v) || memchr(out->ptr, '\\', out->len))
		return -1;
	return 0;
}

/* One "name=value" of an element. */
static int take_pair(struct view *v, struct forwarded *out)
{
	struct view name, value;

	if (take_plain(v, &name) != 0 || v->len == 0 || v->ptr[0] != '=')
		return -1;
	skip(v, 1);
	if (v->len > 0 && v->ptr[0] == '"' ? take_quoted(v, &value)
					   : take_plain(v, &value))
		return -1;
	if (view_is_nocase(name, "for"))
		out->client = value;
	else if (view_is_nocase(name, "host"))
		out->host = value;
	else if (view_is_nocase(name, "proto"))
		out->proto = value;
	return 0;
}

static int take_element(struct view *v, struct forwarded *out)
{
	const struct view nothing = {v->ptr, 0};

	*out = (struct forwarded){nothing, nothing, nothing};
	for (;;) {
		skip_blanks(v);
		if (take_pair(v, out) != 0)
			return -1;
		skip_blanks(v);
		if (v->len == 0 || v->ptr[0] == ',')
			return 0;
		if (v->ptr[0] != ';')
			return -1;
		skip(v, 1);
	}
}

ssize_t forwarded_parse(struct view field, struct forwarded out[FORWARDED_MAX])
{
	struct view rest = field;
	ssize_t n = 0;

	while (rest.len > 0) {
		if (n == FORWARDED_MAX || take_element(&rest, &out[n]) != 0)
			return -1;
		n++;
		if (rest.len == 0)
			break;
		skip(&rest, 1);
		if (rest.len == 0)
			return -1;
	}
	return n;
}

int forwarded_address(struct view node, struct ip_address *out)
{
	struct view address, port;

	if (node.len > 0 && node.ptr[0] == '[') {
		skip(&node, 1);
		return view_cut(node, ']', &address, &port) ? ip_parse(address, out) : -1;
	}
	if (ip_parse(node, out) == 0)
		return 0;
	view_cut(node, ':', &address, &port);
	return ip_parse(address, out);
}

struct view forwarded_nth_last(struct view list, size_t n)
{
	struct view left = list, last;

	do
		view_cut_last(left, ',', &left, &last);
	while (n-- > 0 && left.len > 0);
	return view_trim(last);
}
