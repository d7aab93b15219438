#include "service/collect_parts.h"

#include "base/io.h"
#include "service/dir_each.h"
#include "store/path.h"
#include "store/upload_idle.h"

#include <errno.h>
#include <stdio.h>

#define FANOUT 256

/*
 * The functions below each look at one entry of a directory and return 1 to stop, when the
 * job was cancelled, else 0: what fails is reported.
 */

/* 1 when the entry is there, at path for a report. */
static int look(struct collect *c, int dir, const char *name, const char *path,
	struct stat *st)
{
	struct err why = ERR_INIT;

	if (io_stat(dir, name, st) == 0)
		return 1;
	if (errno != ENOENT && errno != ESTALE) {
		err_io(&why, "cannot look at %s in %s", name, path);
		collect_problem(c, NULL, path, NULL, &why);
	}
	return 0;
}

static void look_all(struct collect *c, const char *path,
	int (*each)(void *arg, int dir, const char *name, struct err *err), void *arg)
{
	struct err why = ERR_INIT;

	if (dir_each(c->store, path, each, arg, &why) < 0)
		collect_problem(c, NULL, path, NULL, &why);
}

/* ---- entries of blobs/ ---- */

struct fan {
	struct collect *c;
	enum digest_algorithm algorithm;
	char path[64]; /* of the directory being read */
	uint64_t done; /* directories */
};

static int look_entry(void *arg, int dir, const char *name, struct err *err)
{
	struct fan *fan = arg;
	struct collect *c = fan->c;
	struct digest d;
	struct stat st;

	(void)err;
	if (digest_from_hex(fan->algorithm, view_of(name), &d) < 0 ||
		!look(c, dir, name, fan->path, &st))
		return 0;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
		!collect_is_old(c, st.st_mtim.tv_sec, c->options->grace))
		return 0;
	if (collect_unlink(c, dir, name, fan->path)) {
		c->result->entries++;
		c->result->bytes_freed += (uint64_t)st.st_size;
	}
	return 0;
}

static int look_fan(void *arg, int dir, const char *name, struct err *err)
{
	struct fan *fan = arg;

	(void)dir;
	(void)err;
	if (collect_stops(fan->c))
		return 1;
	snprintf(fan->path, sizeof(fan->path), PATH_BLOBS "/%s/%.2s",
		digest_algorithm_name(fan->algorithm), name);
	look_all(fan->c, fan->path, look_entry, fan);
	job_progress(fan->c->job, "store", ++fan->done, FANOUT * DIGEST_ALGORITHMS);
	return 0;
}

void collect_entries(struct collect *c)
{
	struct fan fan = {.c = c};
	char path[64];

	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		fan.algorithm = (enum digest_algorithm)a;
		snprintf(path, sizeof(path), PATH_BLOBS "/%s",
			digest_algorithm_name(fan.algorithm));
		look_all(c, path, look_fan, &fan);
	}
}

/* ---- tmp/ ---- */

/* The second name of an old file is as new as its making. */
static int64_t named_at(const struct stat *st)
{
	return st->st_nlink > 1 && st->st_ctim.tv_sec > st->st_mtim.tv_sec
		       ? st->st_ctim.tv_sec
		       : st->st_mtim.tv_sec;
}

static int look_file(void *arg, int dir, const char *name, struct err *err)
{
	struct collect *c = arg;
	uint64_t age = c->options->grace;
	struct stat st;

	(void)err;
	if (age < COLLECT_TMP_AGE)
		age = COLLECT_TMP_AGE;
	if (collect_stops(c))
		return 1;
	if (!look(c, dir, name, PATH_TMP, &st) || S_ISDIR(st.st_mode) ||
		!collect_is_old(c, named_at(&st), age) ||
		!collect_unlink(c, dir, name, PATH_TMP))
		return 0;
	c->result->files++;
	if (st.st_nlink == 1)
		c->result->bytes_freed += (uint64_t)st.st_size;
	return 0;
}

void collect_files(struct collect *c)
{
	look_all(c, PATH_TMP, look_file, c);
}

/* ---- uploads/ ---- */

static int look_session(void *arg, int dir, const char *name, struct err *err)
{
	struct collect *c = arg;
	int64_t until = collect_until(c, c->options->session_idle);
	struct err why = ERR_INIT;
	struct session_id id;
	uint64_t freed;
	int rc;

	(void)dir;
	(void)err;
	if (collect_stops(c))
		return 1;
	if (session_id_parse(view_of(name), &id) < 0)
		return 0;
	rc = upload_remove_idle(
		c->store, &id, until, c->options->dry_run, &freed, &why);
	if (rc < 0)
		collect_problem(c, NULL, path_upload(&id).text, NULL, &why);
	c->result->sessions += rc == 1;
	c->result->bytes_freed += freed;
	return 0;
}

void collect_sessions(struct collect *c)
{
	look_all(c, PATH_UPLOADS, look_session, c);
}
