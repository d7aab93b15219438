#include "service/repo_walk.h"

#include "base/io.h"
#include "store/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Names of a directory that are kept at a time; a larger one is read several times. */
#define WINDOW 8192

static const struct {
	const char *name;
	enum repo_has has;
} own[] = {
	{"@lock", REPO_HAS_LOCK},
	{"@blobs", REPO_HAS_BLOBS},
	{"@manifests", REPO_HAS_MANIFESTS},
	{"@tags", REPO_HAS_TAGS},
	{"@referrers", REPO_HAS_REFERRERS},
};

struct walk {
	struct store *store;
	const struct repo_walk *to;
	struct repo_name name; /* of the directory the walk is at; "" for repos/ */
	struct err *err;
};

/* The smallest names of a directory that are greater than a given one. */
struct window {
	char **names; /* room for twice WINDOW */
	size_t count;
	bool more;   /* there are greater ones still */
	bool absent; /* there is no such directory */
	unsigned has;
};

static void window_release(struct window *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->names[i]);
	free(w->names);
	*w = (struct window){0};
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void window_sort(struct window *w)
{
	if (w->count > 1)
		qsort(w->names, w->count, sizeof(w->names[0]), compare);
	while (w->count > WINDOW) {
		free(w->names[--w->count]);
		w->more = true;
	}
}

static int window_add(struct window *w, const char *name)
{
	size_t full = (size_t)2 * WINDOW;

	if (w->count == full)
		window_sort(w);
	/* Once it has been full, only what is smaller than its greatest can get in. */
	if (w->more && w->count >= WINDOW && strcmp(name, w->names[WINDOW - 1]) > 0)
		return 0;
	if ((w->count & (w->count - 1)) == 0) {
		size_t size = w->count > 0 ? w->count * 2 : 1;
		char **names = realloc(w->names, size * sizeof(*names));

		if (!names)
			return -1;
		w->names = names;
	}
	w->names[w->count] = strdup(name);
	return w->names[w->count++] ? 0 : -1;
}

static unsigned own_name(const char *name)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(name, own[i].name) == 0)
			return own[i].has;
	return 0;
}

static struct path dir_of(const struct walk *w)
{
	struct path top = {PATH_REPOS};

	return w->name.text[0] != '\0' ? path_repo(&w->name) : top;
}

static void report_stray(const struct walk *w, const char *name)
{
	struct path path = dir_of(w);
	size_t len = strlen(path.text);

	if (!w->to->stray || len + 1 + strlen(name) >= sizeof(path.text))
		return;
	path.text[len] = '/';
	strcpy(path.text + len + 1, name);
	w->to->stray(w->to->arg, path.text);
}

/* Whether the entry can be the directory of a repository. */
static bool is_child(const struct walk *w, const struct dirent *e)
{
	size_t above = strlen(w->name.text), len = strlen(e->d_name);

	return (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN) &&
	       above + (above > 0) + len <= REPO_NAME_MAX &&
	       repo_name_is_component((struct view){e->d_name, len});
}

/* Puts an entry of the directory where it belongs. */
static int sort_in(struct walk *w, const struct dirent *e, const char *after, bool first,
	struct window *out)
{
	unsigned has = w->name.text[0] != '\0' ? own_name(e->d_name) : 0;

	out->has |= has;
	if (has != 0)
		return 0;
	if (!is_child(w, e)) {
		if (first)
			report_stray(w, e->d_name);
		return 0;
	}
	out->has |= REPO_HAS_CHILDREN;
	return strcmp(e->d_name, after) > 0 ? window_add(out, e->d_name) : 0;
}

static int window_read(struct walk *w, const char *after, bool first, struct window *out)
{
	struct path path = dir_of(w);
	DIR *d = io_dir_open(w->store->root, path.text);
	struct err why = ERR_INIT;
	struct dirent *e = NULL;
	int rc = 0;

	while (d && rc == 0 && (e = io_dir_next(d)))
		rc = sort_in(w, e, after, first, out);
	if (rc < 0) {
		err_set(w->err, ERR_FAULT, "no memory for the names in %s", path.text);
	} else if ((!d || errno != 0) && errno != ENOENT && errno != ENOTDIR) {
		err_io(&why, "cannot list %s", path.text);
		if (w->to->unreadable)
			w->to->unreadable(w->to->arg, path.text, &why);
	}
	out->absent = !d;
	io_dir_close(&d);
	err_release(&why);
	window_sort(out);
	return rc;
}

static int walk_dir(struct walk *w, const char *after);

/* The directory name, len bytes, below the current one; its part after a name only. */
static int walk_child(struct walk *w, const char *name, size_t len, const char *after)
{
	size_t above = strlen(w->name.text), at = above;
	int rc;

	if (above + (above > 0) + len > REPO_NAME_MAX)
		return 0;
	if (above > 0)
		w->name.text[at++] = '/';
	memcpy(w->name.text + at, name, len);
	w->name.text[at + len] = '\0';
	rc = walk_dir(w, after);
	w->name.text[above] = '\0';
	return rc;
}

/*
 * Those below the current directory that are greater than after; *absent when there is no
 * such directory or it cannot be listed.
 */
static int walk_children(struct walk *w, const char *after, unsigned *has, bool *absent)
{
	char last[REPO_NAME_MAX + 1];
	bool first = true, more = true;
	int rc = 0;

	if (view_copy(view_of(after), last, sizeof(last)) < 0)
		return err_set(w->err, ERR_FAULT, "no name of a repository to go on after");
	while (rc == 0 && more) {
		struct window window = {0};

		rc = window_read(w, last, first, &window);
		for (size_t i = 0; rc == 0 && i < window.count; i++)
			rc = walk_child(w, window.names[i], strlen(window.names[i]), "");
		more = window.more;
		if (more)
			strcpy(last, window.names[window.count - 1]);
		*has |= window.has;
		*absent = first && window.absent;
		first = false;
		window_release(&window);
	}
	return rc;
}

static int walk_dir(struct walk *w, const char *after)
{
	const char *slash = strchr(after, '/');
	char head[REPO_NAME_MAX + 1] = "";
	bool absent = false;
	unsigned has = 0;
	int rc = 0;

	if (view_copy((struct view){after, slash ? (size_t)(slash - after) : strlen(after)},
		    head, sizeof(head)) < 0)
		head[0] = '\0';
	if (slash)
		rc = walk_child(w, head, strlen(head), slash + 1);
	if (rc == 0)
		rc = walk_children(w, head, &has, &absent);
	if (rc == 0 && !absent && w->name.text[0] != '\0')
		rc = w->to->visit(w->to->arg, &w->name, has, w->err);
	return rc;
}

int repo_walk(struct store *s, const struct repo_walk *to, struct err *err)
{
	struct walk w = {s, to, {{0}}, err};

	return walk_dir(&w, to->after);
}

int repo_look(struct store *s, const struct repo_name *r, unsigned *has, struct err *err)
{
	struct path path = path_repo(r);
	DIR *d = io_dir_open(s->root, path.text);
	struct dirent *e;
	int rc = 0;

	*has = 0;
	while (d && (e = io_dir_next(d))) {
		unsigned one = own_name(e->d_name);

		*has |= one != 0 ? one : REPO_HAS_CHILDREN;
	}
	if ((!d || errno != 0) && errno != ENOENT && errno != ENOTDIR)
		rc = err_io(err, "cannot list %s", path.text);
	io_dir_close(&d);
	return rc;
}
