#include "store/account_limits.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/num.h"
#include "store/account.h"
#include "store/path.h"
#include "store/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define FILE_NAME "limits"
#define FILE_MAX 4096

static const struct {
	const char *name;
	size_t offset; /* in struct account_limits */
	bool is_size;
} lines[] = {
	{"bytes", offsetof(struct account_limits, bytes), true},
	{"manifests", offsetof(struct account_limits, manifests), false},
	{"blob-size", offsetof(struct account_limits, blob_size), true},
};

#define NLINES (sizeof(lines) / sizeof(lines[0]))

static uint64_t *value_at(struct account_limits *l, size_t i)
{
	return (uint64_t *)(void *)((char *)l + lines[i].offset);
}

/* One line into *own; false when it cannot be understood. */
static bool read_line(struct view line, struct account_limits *own)
{
	struct view text, comment, name, value;

	view_cut(line, '#', &text, &comment);
	text = view_trim(text);
	if (text.len == 0)
		return true;
	if (!view_cut(text, '=', &name, &value))
		return false;
	name = view_trim(name);
	value = view_trim(value);
	for (size_t i = 0; i < NLINES; i++) {
		uint64_t *at = value_at(own, i);

		if (view_is(name, lines[i].name))
			return *at == ACCOUNT_LIMIT_DEFAULT &&
			       (lines[i].is_size ? num_parse_size(value, at)
						 : num_parse(value, at)) == 0;
	}
	return false;
}

static int read_lines(struct view rest, const struct path *path,
	struct account_limits *own, struct err *err)
{
	for (unsigned number = 1; rest.len > 0; number++) {
		struct view line;

		view_cut(rest, '\n', &line, &rest);
		if (!read_line(line, own))
			return err_set(err, ERR_FAULT, "%s:%u: no limit: \"%.*s\"",
				path->text, number, line.len < 64 ? (int)line.len : 64,
				line.ptr);
	}
	return 0;
}

int account_limits_get(struct store *s, const struct repo_name *ns,
	struct account_limits *own, struct err *err)
{
	struct path path = path_account_file(ns, FILE_NAME);
	char text[FILE_MAX];
	ssize_t len;
	int fd = io_open(s->root, path.text, O_RDONLY, 0);

	for (size_t i = 0; i < NLINES; i++)
		*value_at(own, i) = ACCOUNT_LIMIT_DEFAULT;
	/* ESTALE: another host has just replaced it. */
	if (fd == -1 && errno == ESTALE)
		fd = io_open(s->root, path.text, O_RDONLY, 0);
	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_io(err, "cannot open %s", path.text);
	len = io_pread_full(fd, text, sizeof(text), 0);
	if (len < 0)
		err_io(err, "cannot read %s", path.text);
	io_close(&fd);
	if (len < 0)
		return -1;
	if ((size_t)len == sizeof(text))
		return err_set(err, ERR_FAULT, "%s: larger than %d bytes", path.text,
			FILE_MAX - 1);
	return read_lines((struct view){text, (size_t)len}, &path, own, err);
}

struct account_limits account_limits_effective(
	const struct store *s, const struct account_limits *own)
{
	const struct account_limits defaults = {s->config->quota_bytes,
		s->config->quota_manifests, s->config->blob_limit};
	struct account_limits l = *own;

	if (l.bytes == ACCOUNT_LIMIT_DEFAULT)
		l.bytes = defaults.bytes;
	if (l.manifests == ACCOUNT_LIMIT_DEFAULT)
		l.manifests = defaults.manifests;
	if (l.blob_size == ACCOUNT_LIMIT_DEFAULT)
		l.blob_size = defaults.blob_size;
	return l;
}

static int write_limits(
	struct store *s, const struct path *path, struct view text, struct err *err)
{
	struct staged f = STAGED_INIT;
	int rc = store_make_dirs(s, path_parent(path).text, err);

	if (rc == 0)
		rc = staged_open(s, &f, err);
	if (rc == 0 && io_write_all(f.fd, text.ptr, text.len) < 0)
		rc = err_io(err, "cannot write %s", f.path.text);
	if (rc == 0)
		rc = staged_finish(s, &f, err);
	if (rc == 0)
		rc = staged_rename(s, &f, path, err);
	staged_discard(s, &f);
	return rc;
}

static int remove_limits(struct store *s, const struct path *path, struct err *err)
{
	if (io_unlink(s->root, path->text) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_io(err, "cannot remove %s", path->text);
	return store_sync_dir(s, path_parent(path).text, err);
}

int account_limits_set(struct store *s, const struct repo_name *ns,
	const struct account_limits *own, struct err *err)
{
	struct path path = path_account_file(ns, FILE_NAME);
	struct account_limits l = *own;
	struct buf text = BUF_INIT(FILE_MAX);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < NLINES; i++) {
		uint64_t value = *value_at(&l, i);

		if (value == ACCOUNT_LIMIT_DEFAULT)
			continue;
		if (value > INT64_MAX)
			rc = err_set(err, ERR_BAD_REQUEST,
				"the limit %s is larger than any number can be",
				lines[i].name);
		buf_addf(&text, "%s = %" PRIu64 "\n", lines[i].name, value);
	}
	if (rc == 0 && text.len == 0)
		rc = remove_limits(s, &path, err);
	else if (rc == 0)
		rc = write_limits(s, &path, buf_view(&text), err);
	buf_release(&text);
	return rc;
}

static struct account_room unbounded(void)
{
	return (struct account_room){UINT64_MAX, 0, 0, "bytes", false};
}

/* Lowers the room to what a limit leaves beside what is used. */
static void bound(struct account_room *room, uint64_t used, uint64_t limit,
	const char *unit, bool of_registry)
{
	uint64_t left = used < limit ? limit - used : 0;

	if (limit > 0 && left < room->size)
		*room = (struct account_room){left, used, limit, unit, of_registry};
}

/* The limits that matter to a thing of the kind; the others are 0. */
static int limits_of(struct store *s, const struct repo_name *repo,
	enum account_kind kind, struct account_limits *l, bool *of_registry,
	struct err *err)
{
	struct account_limits own;

	if (account_limits_get(s, repo, &own, err) < 0)
		return -1;
	*l = account_limits_effective(s, &own);
	*of_registry = own.blob_size == ACCOUNT_LIMIT_DEFAULT;
	if (kind == ACCOUNT_BLOB)
		l->manifests = 0;
	else
		l->blob_size = 0;
	return 0;
}

static struct account_room room_of(
	const struct account_limits *l, const struct account *used, bool of_registry)
{
	struct account_room room = unbounded();

	bound(&room, 0, l->blob_size, "blob", of_registry);
	bound(&room, used->bytes, l->bytes, "bytes", false);
	/* One more manifest may have any size, or there is no room at all. */
	if (l->manifests > 0 && used->manifests >= l->manifests)
		room = (struct account_room){
			0, used->manifests, l->manifests, "manifests", false};
	return room;
}

int account_room_beside(struct store *s, const struct repo_name *repo,
	enum account_kind kind, const struct account *used, struct account_room *out,
	struct err *err)
{
	struct account_limits l;
	bool of_registry;

	*out = unbounded();
	if (limits_of(s, repo, kind, &l, &of_registry, err) < 0)
		return -1;
	*out = room_of(&l, used, of_registry);
	return 0;
}

int account_room_now(struct store *s, const struct repo_name *repo,
	enum account_kind kind, const struct digest *d, struct account_room *out,
	struct err *err)
{
	struct account used = {0, 0, 0};
	struct account_limits l;
	uint64_t size;
	bool of_registry;
	int held;

	*out = unbounded();
	if (limits_of(s, repo, kind, &l, &of_registry, err) < 0)
		return -1;
	if (l.bytes > 0 || l.manifests > 0) {
		held = d ? account_held(s, kind, repo, d, &size, err) : 0;
		if (held != 0)
			return held < 0 ? -1 : 0;
		if (account_read(s, repo, &used, err) < 0)
			return -1;
	}
	*out = room_of(&l, &used, of_registry);
	return 0;
}

int account_room_refuse(
	const struct account_room *room, uint64_t requested, struct err *err)
{
	char detail[160];

	if (room->of_registry)
		return err_set(err, ERR_TOO_LARGE,
			"a blob may have %" PRIu64 " bytes, this one would have more",
			room->limit);
	if (strcmp(room->unit, "manifests") == 0)
		requested = 1;
	if (strcmp(room->unit, "blob") == 0)
		err_set(err, ERR_DENIED,
			"a blob of this namespace may have %" PRIu64
			" bytes, this one would have more",
			room->limit);
	else
		err_set(err, ERR_DENIED,
			"the quota of the namespace does not allow that: %" PRIu64
			" of %" PRIu64 " %s are used, and %" PRIu64 " are to be added",
			room->used, room->limit, room->unit, requested);
	snprintf(detail, sizeof(detail),
		"{\"used\":%" PRIu64 ",\"limit\":%" PRIu64 ",\"requested\":%" PRIu64
		",\"unit\":\"%s\"}",
		room->used, room->limit, requested, room->unit);
	err_detail(err, detail);
	return -1;
}
