#include "format/glob.h"

#include <string.h>

bool glob_valid(struct view glob)
{
	size_t i;
	char c;

	if (glob.len == 0 || glob.len > GLOB_MAX)
		return false;
	for (i = 0; i < glob.len; i++) {
		c = glob.ptr[i];
		if (c == '/' && (i == 0 || i + 1 == glob.len || glob.ptr[i - 1] == '/'))
			return false;
		if (c == '*' && i >= 2 && glob.ptr[i - 1] == '*' && glob.ptr[i - 2] == '*')
			return false;
		if (c == '\0' || !strchr("abcdefghijklmnopqrstuvwxyz0123456789._-/*", c))
			return false;
	}
	return true;
}

/* Where matching goes on when it fails: the last star, and how much of the name it took. */
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
		if (g + 1 < glob.len && glob.ptr[g] == '*' && glob.ptr[g + 1] == '*') {
			g += 2;
			across = (struct star){true, g, n};
			one.set = false;
		} else if (g < glob.len && glob.ptr[g] == '*') {
			one = (struct star){true, ++g, n};
		} else if (g < glob.len && n < name.len && glob.ptr[g] == name.ptr[n]) {
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
