#include "format/glob.h"

#include <string.h>

static bool component_valid(struct view c)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789._-*";
	size_t i;

	for (i = 0; i < c.len; i++)
		if (!c.ptr[i] || !strchr(set, c.ptr[i]))
			return false;
	return c.len > 0 && !memmem(c.ptr, c.len, "***", 3);
}

bool glob_valid(struct view glob)
{
	struct view component, rest = glob;
	bool more;

	do {
		more = view_cut(rest, '/', &component, &rest);
		if (!component_valid(component))
			return false;
	} while (more);
	return glob.len <= GLOB_MAX;
}

/*
 * Where matching goes on when it fails: the last star, and how much of the name it
 * took.
 */
struct star {
	bool set;
	size_t glob; /* behind the star */
	size_t name; /* where what follows the star was tried last */
};

/* Lets a star take one character more and goes back to it; false when it cannot. */
static bool star_grow(struct star *s, bool across, struct view name, size_t *g, size_t *n)
{
	if (!s->set || s->name >= name.len || (!across && name.ptr[s->name] == '/'))
		return false;
	*n = ++s->name;
	*g = s->glob;
	return true;
}

bool glob_fits(struct view glob, struct view name)
{
	struct star one = {0}, across = {0};
	size_t g = 0, n = 0;

	while (g < glob.len || n < name.len) {
		struct view rest = {glob.ptr + g, glob.len - g};

		if (view_starts(rest, "**")) {
			g += 2;
			across = (struct star){true, g, n};
			one.set = false;
		} else if (view_starts(rest, "*")) {
			one = (struct star){true, ++g, n};
		} else if (rest.len > 0 && n < name.len && rest.ptr[0] == name.ptr[n]) {
			g++;
			n++;
		} else if (!star_grow(&one, false, name, &g, &n)) {
			one.set = false;
			if (!star_grow(&across, true, name, &g, &n))
				return false;
		}
	}
	return true;
}
