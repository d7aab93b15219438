#include "service/scrub_parts.h"

#include "base/io.h"
#include "format/hash.h"
#include "store/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* What the system is asked to read in advance of a large file. */
#define AHEAD ((uint64_t)8 << 20)

static struct verdict *verdict_of(struct scrub *c, const struct stat *st)
{
	return &c->verdicts[(uint64_t)st->st_ino % SCRUB_VERDICTS];
}

static bool is_known(
	const struct verdict *v, const struct digest *d, const struct stat *st)
{
	return v->ino == (uint64_t)st->st_ino && v->size == (uint64_t)st->st_size &&
	       v->mtime.tv_sec == st->st_mtim.tv_sec &&
	       v->mtime.tv_nsec == st->st_mtim.tv_nsec && digest_equal(&v->digest, d);
}

static void advise(int fd, const struct stat *st, uint64_t at)
{
	if ((uint64_t)st->st_size > SCRUB_BLOCK && at % AHEAD == 0)
		io_read_ahead(fd, at, 2 * AHEAD);
}

/* Hashes the open file: GOOD, BAD, CANCELLED, or UNREAD with errno. */
static enum content hash_file(
	struct scrub *c, int fd, const struct digest *d, const struct stat *st)
{
	struct hash hash;
	struct digest found;
	uint64_t at = 0;
	ssize_t n;

	/* It has come since the total was made, or is no file of blobs/. */
	if (c->total < c->done + (uint64_t)st->st_size)
		c->total = c->done + (uint64_t)st->st_size;
	hash_init(&hash, d->algorithm);
	do {
		if (job_cancelled(c->job))
			return CONTENT_CANCELLED;
		advise(fd, st, at);
		n = io_read(fd, c->block, SCRUB_BLOCK);
		if (n < 0)
			return CONTENT_UNREAD;
		hash_update(&hash, c->block, (size_t)n);
		at += (uint64_t)n;
		c->done += (uint64_t)n;
		job_progress(c->job, "blobs", c->done, c->total);
		scrub_pace(c, (uint64_t)n);
	} while (n > 0);
	hash_final(&hash, &found);
	return digest_equal(&found, d) ? CONTENT_GOOD : CONTENT_BAD;
}

/*
 * Nobody may write to a blob, and its owner must be able to read it; the rest is the
 * affair of whoever runs the store.
 */
static void check_mode(struct scrub *c, int fd, const struct path *path,
	const struct digest *d, const struct stat *st)
{
	bool repaired = false;

	if ((st->st_mode & 0222) == 0 && (st->st_mode & 0400) != 0)
		return;
	if (c->options->repair)
		repaired = io_chmod(fd, (st->st_mode & 0444) | 0400) == 0;
	scrub_problem(c,
		&(struct problem){.kind = "mode",
			.digest = d,
			.path = path->text,
			.repaired = repaired},
		"the file has mode %03o", (unsigned)st->st_mode & 0777);
}

static enum content look_open(struct scrub *c, int fd, const struct path *path,
	const struct digest *d, struct stat *st)
{
	struct verdict *v;
	enum content content;

	if (io_fstat(fd, st) < 0)
		return CONTENT_UNREAD;
	if (!S_ISREG(st->st_mode))
		return CONTENT_STRAY;
	v = verdict_of(c, st);
	if (is_known(v, d, st))
		return v->content;
	check_mode(c, fd, path, d, st);
	content = hash_file(c, fd, d, st);
	if (content == CONTENT_GOOD || content == CONTENT_BAD) {
		c->result->blobs++;
		*v = (struct verdict){(uint64_t)st->st_ino, (uint64_t)st->st_size,
			st->st_mtim, *d, content};
	}
	return content;
}

enum content scrub_content(struct scrub *c, const struct path *path,
	const struct digest *d, struct stat *st)
{
	struct err why = ERR_INIT;
	enum content content;
	int fd = io_open(c->store->root, path->text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd == -1 && (errno == ENOENT || errno == ESTALE))
		return CONTENT_GONE;
	/* A symbolic link, a socket. */
	if (fd == -1 && (errno == ELOOP || errno == ENXIO))
		return CONTENT_STRAY;
	content = fd == -1 ? CONTENT_UNREAD : look_open(c, fd, path, d, st);
	if (content == CONTENT_UNREAD) {
		err_io(&why, "cannot read %s", path->text);
		scrub_fault(c, NULL, path->text, &why);
	}
	io_close(&fd);
	return content;
}

/* ---- blobs/ ---- */

struct pass {
	struct scrub *c;
	const struct digest *after;
	void (*progress)(void *arg, const struct digest *d);
	void *arg;
};

/* blobs/<algorithm> */
static struct path algorithm_dir(enum digest_algorithm a)
{
	struct path dir;

	snprintf(dir.text, sizeof(dir.text), PATH_BLOBS "/%s", digest_algorithm_name(a));
	return dir;
}

static bool is_done(const struct pass *p, const struct digest *d)
{
	if (!p->after)
		return false;
	if (d->algorithm != p->after->algorithm)
		return d->algorithm < p->after->algorithm;
	return strcmp(d->hex, p->after->hex) <= 0;
}

/* Lists the directory; one that cannot be listed is reported and as good as empty. */
static struct listing *list(struct scrub *c, const struct path *dir)
{
	struct listing *l = NULL;
	struct err why = ERR_INIT;

	if (listing_get(c->store, dir, &l, &why) < 0)
		scrub_fault(c, NULL, dir->text, &why);
	return l;
}

static struct path below(const struct path *dir, const char *name)
{
	struct path path = *dir;
	size_t len = strlen(path.text);

	snprintf(path.text + len, sizeof(path.text) - len, "/%s", name);
	return path;
}

/* Whether blobs of the algorithm stand in a directory of that name. */
static bool is_fanout(const char *name)
{
	return strlen(name) == 2 && strspn(name, "0123456789abcdef") == 2;
}

/* Whether the name in the directory is that of a blob. */
static bool is_blob(enum digest_algorithm a, const char *two, const char *name,
	struct digest *d)
{
	return digest_from_hex(a, view_of(name), d) == 0 && strncmp(name, two, 2) == 0;
}

static void stray(struct scrub *c, const struct path *dir, const char *name)
{
	struct path path = below(dir, name);

	scrub_problem(c, &(struct problem){.kind = "stray", .path = path.text},
		"the name does not belong there");
}

/* Adds up the bytes of one directory. */
static int measure_dir(struct pass *p, enum digest_algorithm a, const char *two,
	struct err *err)
{
	struct path top = algorithm_dir(a), dir = below(&top, two);
	struct listing *l = list(p->c, &dir);

	(void)err;
	for (size_t n = 0; l && n < l->count; n++) {
		struct digest d;
		struct path path;
		struct stat st;

		if (!is_blob(a, two, l->names[n], &d))
			continue;
		path = path_blob(&d);
		if (io_stat(p->c->store->root, path.text, &st) < 0)
			continue;
		p->c->total += (uint64_t)st.st_size;
		if (is_done(p, &d))
			p->c->done += (uint64_t)st.st_size;
	}
	listing_release(l);
	return job_cancelled(p->c->job);
}

static int check_entry(struct pass *p, const struct digest *d, struct err *err)
{
	struct path path = path_blob(d), parent = path_parent(&path);
	struct stat st;

	switch (scrub_content(p->c, &path, d, &st)) {
	case CONTENT_CANCELLED:
		return 1;
	case CONTENT_BAD:
		return scrub_corrupt_add(p->c, d, &st, err);
	case CONTENT_STRAY:
		stray(p->c, &parent, d->hex);
		return 0;
	default:
		return 0;
	}
}

static int check_dir(struct pass *p, enum digest_algorithm a, const char *two,
	struct err *err)
{
	struct path top = algorithm_dir(a), dir = below(&top, two);
	struct listing *l = list(p->c, &dir);
	struct digest last;
	bool any = false;
	int rc = 0, settled = 0;

	for (size_t n = 0; l && rc == 0 && n < l->count; n++) {
		struct digest d;

		if (!is_blob(a, two, l->names[n], &d)) {
			stray(p->c, &dir, l->names[n]);
			continue;
		}
		if (is_done(p, &d))
			continue;
		rc = check_entry(p, &d, err);
		if (rc != 0)
			break;
		/* What was found bad has to be dealt with before one goes on after it. */
		if (p->c->ncorrupt == 0)
			p->progress(p->arg, &d);
		last = d;
		any = true;
	}
	listing_release(l);
	if (rc >= 0)
		settled = scrub_corrupt_settle(p->c, err);
	if (rc >= 0 && settled == 0 && any)
		p->progress(p->arg, &last);
	return rc != 0 ? rc : settled;
}

/* Calls each() for every directory of blobs until it returns non-zero. */
static int each_dir(struct pass *p,
	int (*each)(struct pass *p, enum digest_algorithm a, const char *two,
		struct err *err),
	struct err *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < DIGEST_ALGORITHMS; i++) {
		enum digest_algorithm a = (enum digest_algorithm)i;
		struct path dir = algorithm_dir(a);
		struct listing *l = list(p->c, &dir);

		for (size_t n = 0; l && rc == 0 && n < l->count; n++)
			if (is_fanout(l->names[n]))
				rc = each(p, a, l->names[n], err);
		listing_release(l);
	}
	return rc;
}

/* The names above those directories. */
static void check_above(struct scrub *c)
{
	struct path top = {PATH_BLOBS};
	struct listing *l = list(c, &top);

	for (size_t n = 0; l && n < l->count; n++) {
		struct path dir = below(&top, l->names[n]);
		struct listing *two;
		enum digest_algorithm a;

		if (digest_algorithm_parse(view_of(l->names[n]), &a) < 0) {
			stray(c, &top, l->names[n]);
			continue;
		}
		two = list(c, &dir);
		for (size_t i = 0; two && i < two->count; i++)
			if (!is_fanout(two->names[i]))
				stray(c, &dir, two->names[i]);
		listing_release(two);
	}
	listing_release(l);
}

int scrub_blobs(struct scrub *c, const struct digest *after,
	void (*progress)(void *arg, const struct digest *d), void *arg, struct err *err)
{
	struct pass p = {c, after, progress, arg};
	int rc = each_dir(&p, measure_dir, err);

	if (rc != 0)
		return rc;
	check_above(c);
	return each_dir(&p, check_dir, err);
}
