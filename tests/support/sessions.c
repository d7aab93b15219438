#include "support/sessions.h"

#include "base/io.h"
#include "store/blobs.h"
#include "store/path.h"
#include "support/invariants.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int session_setup(void **state)
{
	struct session *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	fixture_open(&w->f);
	w->s = &w->f.store;
	w->repo = repo_of("team/app");
	*state = w;
	return 0;
}

int session_teardown(void **state)
{
	struct session *w = *state;

	assert_int_equal(count_entries(w->s, "tmp"), 0);
	assert_int_equal(invariants_check(w->f.dir), 0);
	fixture_close(&w->f);
	free(w);
	return 0;
}

void session_start(struct session *w, enum digest_algorithm a)
{
	struct upload u;
	struct err err = ERR_INIT;

	assert_int_equal(upload_create(w->s, &w->repo, SESSION_USER, a, &u, &err), 0);
	w->id = u.id;
}

int session_enter(struct session *w, struct upload *u, struct err *err)
{
	return upload_open(w->s, &w->id, &w->repo, SESSION_USER, u, err);
}

int session_append_body(
	struct session *w, struct body *b, uint64_t expected, enum err_code *code)
{
	struct upload u;
	struct err err = ERR_INIT;
	int rc = session_enter(w, &u, &err);

	if (rc == 0)
		rc = upload_append(w->s, &u, &b->source, expected, &err);
	upload_close(&u);
	*code = err.code;
	err_release(&err);
	return rc;
}

void session_append(struct session *w, const char *bytes, size_t len)
{
	enum err_code code;
	struct body b;

	body_init(&b, bytes, len);
	assert_int_equal(session_append_body(w, &b, len, &code), 0);
}

int session_commit(struct session *w, const struct digest *d, enum err_code *code)
{
	struct upload u;
	struct err err = ERR_INIT;
	int rc = session_enter(w, &u, &err);

	if (rc == 0)
		rc = upload_commit(w->s, &u, d, &err);
	upload_close(&u);
	*code = err.code;
	err_release(&err);
	return rc;
}

uint64_t session_offset(struct session *w)
{
	struct upload u;
	struct err err = ERR_INIT;

	assert_int_equal(upload_stat(w->s, &w->id, &w->repo, SESSION_USER, &u, &err), 0);
	return u.offset;
}

bool session_exists(struct session *w)
{
	struct upload u;
	struct err err = ERR_INIT;
	int rc = upload_stat(w->s, &w->id, &w->repo, SESSION_USER, &u, &err);

	if (rc != 0)
		assert_int_equal(err.code, ERR_BLOB_UPLOAD_UNKNOWN);
	return rc == 0;
}

void session_assert_blob(
	struct session *w, const struct digest *d, const char *bytes, size_t len)
{
	struct err err = ERR_INIT;
	struct blob blob;
	char *read = malloc(len + 1);
	int fd;

	assert_non_null(read);
	assert_int_equal(blobs_find(w->s, &w->repo, d, &blob, &err), 0);
	assert_int_equal(blob.size, len);
	assert_int_equal(blobs_open(w->s, &blob, &fd, &err), 0);
	assert_int_equal(io_pread_full(fd, read, len + 1, 0), len);
	assert_memory_equal(read, bytes, len);
	io_close(&fd);
	free(read);
}

int session_file(struct session *w, const char *file, int flags)
{
	struct path p = path_upload_file(&w->id, file);
	int fd = io_open(w->s->root, p.text, flags, 0);

	assert_int_not_equal(fd, -1);
	return fd;
}
