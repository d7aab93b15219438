#include "base/view.h"

#include <string.h>
#include <strings.h>

struct view view_of(const char *s)
{
	return (struct view){s ? s : "", s ? strlen(s) : 0};
}

bool view_equal(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool view_is(struct view v, const char *s)
{
	return view_equal(v, view_of(s));
}

bool view_is_nocase(struct view v, const char *s)
{
	return v.len == strlen(s) && (v.len == 0 || strncasecmp(v.ptr, s, v.len) == 0);
}

bool view_starts(struct view v, const char *prefix)
{
	size_t n = strlen(prefix);

	return v.len >= n && (n == 0 || memcmp(v.ptr, prefix, n) == 0);
}

bool view_ends(struct view v, const char *suffix)
{
	size_t n = strlen(suffix);

	return v.len >= n && (n == 0 || memcmp(v.ptr + v.len - n, suffix, n) == 0);
}

int view_compare(struct view a, struct view b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

	if (c != 0)
		return c;
	return (a.len > b.len) - (a.len < b.len);
}

bool view_cut(struct view v, char c, struct view *head, struct view *tail)
{
	const char *at = v.len ? memchr(v.ptr, c, v.len) : NULL;
	size_t n = at ? (size_t)(at - v.ptr) : v.len;

	*head = (struct view){v.ptr, n};
	*tail = at ? (struct view){at + 1, v.len - n - 1} : (struct view){"", 0};
	return at != NULL;
}

bool view_cut_last(struct view v, char c, struct view *head, struct view *tail)
{
	const char *at = v.len ? memrchr(v.ptr, c, v.len) : NULL;
	size_t n = at ? (size_t)(at - v.ptr) : 0;

	*head = (struct view){v.ptr, n};
	*tail = at ? (struct view){at + 1, v.len - n - 1} : v;
	return at != NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct view view_trim(struct view v)
{
	while (v.len > 0 && is_blank(v.ptr[0])) {
		v.ptr++;
		v.len--;
	}
	while (v.len > 0 && is_blank(v.ptr[v.len - 1]))
		v.len--;
	return v;
}

int view_copy(struct view v, char *dst, size_t size)
{
	dst[0] = '\0';
	if (v.len >= size || (v.len > 0 && memchr(v.ptr, '\0', v.len) != NULL))
		return -1;
	if (v.len > 0)
		memcpy(dst, v.ptr, v.len);
	dst[v.len] = '\0';
	return 0;
}
