#include "format/remote_name.h"

#include "base/num.h"

#include <stdio.h>
#include <string.h>

#define TAG_DEFAULT "latest"
#define PATH_DEFAULT "library/"

static struct view skip(struct view v, size_t n)
{
	return (struct view){v.ptr + n, v.len - n};
}

static bool is_of(struct view v, const char *set)
{
	for (size_t i = 0; i < v.len; i++)
		if (!v.ptr[i] || !strchr(set, v.ptr[i]))
			return false;
	return v.len > 0;
}

static bool is_component(struct view c)
{
	return is_of(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                "0123456789._-") &&
	       c.ptr[0] != '.' && c.ptr[0] != '-';
}

static bool is_path(struct view path)
{
	struct view component;
	bool more;

	do {
		more = view_cut(path, '/', &component, &path);
		if (!is_component(component))
			return false;
	} while (more);
	return true;
}

static struct view take_scheme(struct view text, enum remote_scheme *out)
{
	*out = REMOTE_ANY;
	if (view_starts(text, "https://")) {
		*out = REMOTE_HTTPS;
		return skip(text, 8);
	}
	if (view_starts(text, "http://")) {
		*out = REMOTE_HTTP;
		return skip(text, 7);
	}
	return text;
}

static bool is_host_name(struct view name)
{
	if (view_starts(name, "["))
		return name.len >= 4 && view_ends(name, "]") &&
		       is_of((struct view){name.ptr + 1, name.len - 2},
		               "0123456789abcdef:.");
	return is_of(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") &&
	       name.ptr[0] != '.' && name.ptr[0] != '-' &&
	       !memmem(name.ptr, name.len, "..", 2);
}

static int parse_host(struct view text, struct remote_name *out)
{
	struct view name, port, whole;
	uint64_t n = 0;

	if (view_cut_last(text, ':', &name, &port) && !memchr(port.ptr, ']', port.len)) {
		if (num_parse(port, &n) != 0 || n == 0 || n > 65535)
			return -1;
		text = name;
	}
	if (view_copy(text, out->host, sizeof(out->host)) != 0)
		return -1;
	for (char *c = out->host; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	out->port = (unsigned)n;
	whole = view_of(out->host);
	return is_host_name(whole) ? 0 : -1;
}

static int parse_digest(struct view *text, struct remote_name *out)
{
	struct view head, tail;

	out->has_digest = view_cut(*text, '@', &head, &tail);
	if (!out->has_digest)
		return 0;
	*text = head;
	return digest_parse(tail, &out->digest) == DIGEST_OK ? 0 : -1;
}

/* The tag stands behind the last colon, unless a slash follows that. */
static int parse_tag(struct view *text, struct remote_name *out)
{
	struct view head, tail;

	out->has_tag = view_cut_last(*text, ':', &head, &tail) &&
	               !memchr(tail.ptr, '/', tail.len);
	if (!out->has_tag)
		return tag_parse(VIEW_LIT(TAG_DEFAULT), &out->tag);
	*text = head;
	return tag_parse(tail, &out->tag);
}

static int set_path(struct view path, const char *before, struct remote_name *out)
{
	int n;

	if (!is_path(path))
		return -1;
	n = snprintf(out->path, sizeof(out->path), "%s%.*s", before, VIEW_ARG(path));
	return n > 0 && (size_t)n < sizeof(out->path) ? 0 : -1;
}

static bool looks_like_host(struct view word)
{
	return memchr(word.ptr, '.', word.len) || memchr(word.ptr, ':', word.len) ||
	       view_is_nocase(word, "localhost");
}

int remote_name_parse(
        struct view text, const char *host_default, struct remote_name *out)
{
	struct view host, path;
	bool slash;

	memset(out, 0, sizeof(*out));
	if (text.len == 0)
		return -1;
	text = take_scheme(text, &out->scheme);
	if (parse_digest(&text, out) != 0 || parse_tag(&text, out) != 0)
		return -1;
	slash = view_cut(text, '/', &host, &path);
	if (out->scheme != REMOTE_ANY || (slash && looks_like_host(host)))
		return parse_host(host, out) == 0 ? set_path(path, "", out) : -1;
	if (!host_default || parse_host(view_of(host_default), out) != 0)
		return -1;
	return set_path(text, slash ? "" : PATH_DEFAULT, out);
}
