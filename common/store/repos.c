#include "store/repos.h"

#include "base/io.h"
#include "store/listing.h"
#include "store/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

/* The directory may be removed, empty, as often as this while we open its lock. */
#define TRIES 32

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Opens the lock file, making it and (with create) its directory; errno on failure. */
static int open_lock(struct store *s, const struct repo_name *r, bool create,
	struct err *err)
{
	struct path lock = path_repo_lock(r);
	int fd = io_open(s->root, lock.text, O_RDWR | O_CREAT, 0644);

	for (int i = 0; fd == -1 && errno == ENOENT && create && i < TRIES; i++) {
		if (store_make_dirs(s, path_repo(r).text, err) < 0)
			return -1;
		fd = io_open(s->root, lock.text, O_RDWR | O_CREAT, 0644);
	}
	if (fd != -1)
		return fd;
	if (errno == ENOENT && !create)
		return err_set(err, ERR_NAME_UNKNOWN, "there is no repository %s",
			r->text);
	return err_io(err, "cannot open %s", lock.text);
}

/* Whether the path still names the file that was locked: 1, 0, or -1 and errno. */
static int lock_is_current(struct store *s, const struct repo_name *r, int fd)
{
	struct stat held, named;

	if (io_fstat(fd, &held) < 0)
		return -1;
	if (io_stat(s->root, path_repo_lock(r).text, &named) < 0)
		return errno == ENOENT || errno == ESTALE ? 0 : -1;
	return held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

int repos_lock(struct store *s, const struct repo_name *r, bool exclusive, bool create,
	int *fd, struct err *err)
{
	uint64_t deadline = now_ms() + s->config->lock_wait * 1000;
	uint64_t now;
	int current;

	for (;;) {
		*fd = open_lock(s, r, create, err);
		if (*fd == -1)
			return -1;
		now = now_ms();
		current = io_lock(*fd, exclusive,
			now < deadline ? (unsigned)(deadline - now) : 0);
		if (current == 0)
			current = lock_is_current(s, r, *fd);
		if (current == 1)
			return 0;
		if (current < 0)
			err_io(err, "cannot lock repository %s", r->text);
		io_close(fd);
		if (current < 0)
			return -1;
		/* It was removed in between: the lock is on a file nobody finds. */
		if (now_ms() >= deadline)
			return err_set(err, ERR_BUSY, "repository %s is busy", r->text);
	}
}

/* Whether the directory holds anything: 1, 0, or -1 and errno. */
static int dir_has_entry(struct store *s, const struct path *dir)
{
	DIR *d = io_dir_open(s->root, dir->text);
	struct dirent *e;
	int errnum;

	if (!d)
		return errno == ENOENT || errno == ENOTDIR || errno == ESTALE ? 0 : -1;
	do {
		e = io_dir_next(d);
	} while (e && e->d_name[0] == '.');
	errnum = e ? 0 : errno;
	io_dir_close(&d);
	errno = errnum;
	return e ? 1 : errnum ? -1 : 0;
}

int repos_has_manifest(struct store *s, const struct repo_name *r, bool *has,
	struct err *err)
{
	*has = false;
	for (int a = 0; a < DIGEST_ALGORITHMS && !*has; a++) {
		struct path dir = path_manifests(r, (enum digest_algorithm)a);
		int any = dir_has_entry(s, &dir);

		if (any < 0)
			return err_io(err, "cannot list %s", dir.text);
		*has = any == 1;
	}
	return 0;
}

/*
 * The catalog is a walk over the directories in the order of whole names. A name in a
 * directory stands for two things at two places of that order: the repository itself,
 * which sorts as "a", and those below it, which sort as "a/…". Names that go on with '-'
 * or '.', such as "a-b", stand between the two; everything else stands outside.
 */
struct walk {
	struct store *store;
	const struct repos_page *page;
	struct err *err;
	struct repo_name name; /* of the directory or repository the walk is at */
	uint64_t emitted;
	bool more;
	bool stopped; /* the page is full or something failed */
	int rc;
};

/* One directory of the walk. */
struct level {
	struct listing *listing;
	size_t length;    /* of walk.name up to here, with the final '/' */
	const char *last; /* what remains of page->last below this directory, else "" */
};

static void walk_dir(struct walk *w, const char *last);

static void walk_stop(struct walk *w, int rc)
{
	w->stopped = true;
	w->rc = rc;
}

/* Puts the level's name number i into walk.name; false when it is no part of a name. */
static bool enter(struct walk *w, const struct level *at, size_t i)
{
	const char *name = at->listing->names[i];
	size_t len = strlen(name);

	if (at->length + len > REPO_NAME_MAX ||
		!repo_name_is_component((struct view){name, len}))
		return false;
	memcpy(w->name.text + at->length, name, len + 1);
	return true;
}

static void visit_repo(struct walk *w)
{
	bool has = w->page->all;

	if (w->page->visible && !w->page->visible(w->page->arg, &w->name))
		return;
	if (!has && repos_has_manifest(w->store, &w->name, &has, w->err) < 0) {
		walk_stop(w, -1);
		return;
	}
	if (!has)
		return;
	if (w->emitted == w->page->n) {
		w->more = true;
		walk_stop(w, 0);
		return;
	}
	w->emitted++;
	if (w->page->emit(w->page->arg, &w->name, w->err) != 0)
		walk_stop(w, -1);
}

/* The repositories below the level's name number i, those after last. */
static void visit_children(struct walk *w, const struct level *at, size_t i,
	const char *last)
{
	size_t len;

	if (w->stopped || !enter(w, at, i))
		return;
	len = strlen(w->name.text);
	if (len >= REPO_NAME_MAX)
		return;
	w->name.text[len] = '/';
	w->name.text[len + 1] = '\0';
	walk_dir(w, last);
}

/* Whether name number next sorts between name number i and what is below that. */
static bool stands_between(const struct level *at, size_t i, size_t next)
{
	const char *name = at->listing->names[i];
	size_t len = strlen(name);
	const char *other;

	if (next >= at->listing->count)
		return false;
	other = at->listing->names[next];
	return strncmp(other, name, len) == 0 && other[len] != '\0' && other[len] < '/';
}

/* Name number i, what stands between, its children; returns the number that follows. */
static size_t walk_name(struct walk *w, const struct level *at, size_t i)
{
	size_t next = i + 1;

	if (enter(w, at, i))
		visit_repo(w);
	while (!w->stopped && stands_between(at, i, next))
		next = walk_name(w, at, next);
	visit_children(w, at, i, "");
	return next;
}

/*
 * Carries on after at->last. Only names that are a beginning of it, len bytes or longer,
 * can stand before it and have something after it: their children, and what stands
 * between. Returns the number of the first name that is left to do.
 */
static size_t walk_resume(struct walk *w, const struct level *at, size_t len)
{
	const char *last = at->last;
	char name[REPO_NAME_MAX + 1];
	size_t i, next;

	while (last[len] != '\0' && last[len] != '-' && last[len] != '.' &&
		last[len] != '/')
		len++;
	if (len > REPO_NAME_MAX)
		return listing_after(at->listing, last);
	memcpy(name, last, len);
	name[len] = '\0';
	if (last[len] == '\0' || last[len] == '/')
		next = listing_after(at->listing, last);
	else
		next = walk_resume(w, at, len + 1);
	if (!listing_find(at->listing, name, &i))
		return next;
	while (!w->stopped && stands_between(at, i, next))
		next = walk_name(w, at, next);
	visit_children(w, at, i, last[len] == '/' ? last + len + 1 : "");
	return next;
}

/* Walks the directory that walk.name ends in. */
static void walk_dir(struct walk *w, const char *last)
{
	struct level at = {NULL, strlen(w->name.text), last};
	struct path dir = {PATH_REPOS};
	struct repo_name here = w->name;
	size_t i = 0;

	if (at.length > 0) {
		here.text[at.length - 1] = '\0';
		dir = path_repo(&here);
	}
	if (listing_get(w->store, &dir, &at.listing, w->err) < 0) {
		walk_stop(w, -1);
		return;
	}
	if (last[0] != '\0')
		i = walk_resume(w, &at, 0);
	while (!w->stopped && i < at.listing->count)
		i = walk_name(w, &at, i);
	w->name.text[at.length] = '\0';
	listing_release(at.listing);
}

int repos_list(struct store *s, const struct repos_page *page, bool *more,
	struct err *err)
{
	struct walk w = {.store = s, .page = page, .err = err};

	walk_dir(&w, page->last);
	*more = w.more;
	return w.rc;
}
