#include "service/cleanup_left.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "format/hash.h"
#include "store/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define PATH_JOBS "jobs"
#define TEXT_MAX ((size_t)256 << 20)

static struct path file_of(const struct repo_name *r)
{
	struct digest d;
	struct path p;

	hash_bytes(DIGEST_SHA256, r->text, strlen(r->text), &d);
	snprintf(p.text, sizeof(p.text), PATH_JOBS "/cleanup-%s", d.hex);
	return p;
}

static int write_file(struct store *s, const struct repo_name *r, const struct buf *text,
	struct err *err)
{
	struct path path = file_of(r);
	struct staged f = STAGED_INIT;
	int rc = staged_open(s, &f, err);

	if (rc == 0 && io_write_all(f.fd, text->ptr, text->len) < 0)
		rc = err_io(err, "cannot write %s", f.path.text);
	if (rc == 0)
		rc = store_make_dirs(s, PATH_JOBS, err);
	if (rc == 0)
		rc = staged_rename(s, &f, &path, err);
	staged_discard(s, &f);
	return rc;
}

void cleanup_left_save(
	struct store *s, const struct repo_name *r, const struct reach *g, size_t n)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;
	char digest[DIGEST_TEXT_MAX + 1];

	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%s\n", digest_text(reach_digest(g, g->order[i]), digest));
	if (buf_failed(&text))
		err_set(&err, ERR_FAULT, "no memory");
	else if (n > 0)
		write_file(s, r, &text, &err);
	if (err.code != ERR_NONE)
		log_event(LOG_LEVEL_WARN, "cleanup-unsaved", "repository=%s reason=%s",
			r->text, err.text);
	err_release(&err);
	buf_release(&text);
}

/* The whole file: 1, 0 when there is none, or -1. */
static int read_file(struct store *s, const struct path *path, struct buf *out,
	struct err *err)
{
	struct stat st;
	ssize_t got = -1;
	int fd = io_open(s->root, path->text, O_RDONLY, 0);

	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_io(err, "cannot open %s", path->text);
	if (io_fstat(fd, &st) < 0)
		err_io(err, "cannot look at %s", path->text);
	else if (buf_reserve(out, (size_t)st.st_size) < 0)
		err_set(err, ERR_FAULT, "%s does not fit into memory", path->text);
	else if ((got = io_pread_full(fd, out->ptr, (size_t)st.st_size, 0)) < 0)
		err_io(err, "cannot read %s", path->text);
	io_close(&fd);
	if (got < 0)
		return -1;
	out->len = (size_t)got;
	return 1;
}

int cleanup_left_load(
	struct store *s, const struct repo_name *r, struct reach *g, struct err *err)
{
	struct path path = file_of(r);
	struct buf text = BUF_INIT(TEXT_MAX);
	int found = read_file(s, &path, &text, err);
	struct view rest = buf_view(&text), line;

	while (found == 1 && rest.len > 0) {
		struct digest d;
		uint32_t m;

		view_cut(rest, '\n', &line, &rest);
		if (digest_parse(line, &d) != DIGEST_OK)
			continue;
		m = reach_find(g, &d);
		if (m != REACH_NONE)
			g->manifests[m].root = true;
	}
	buf_release(&text);
	return found;
}

void cleanup_left_forget(struct store *s, const struct repo_name *r)
{
	struct path path = file_of(r);

	if (io_unlink(s->root, path.text) < 0 && errno != ENOENT)
		log_event(LOG_LEVEL_WARN, "cleanup-not-forgotten", "repository=%s errno=%d",
			r->text, errno);
}
