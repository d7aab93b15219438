#include "store/uploads.h"

#include "base/io.h"
#include "base/log.h"
#include "store/account_limits.h"
#include "store/blobs.h"
#include "store/intake.h"
#include "store/path.h"
#include "store/upload_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DATA "data"
#define REHASH_BLOCK ((size_t)64 << 10)

static int upload_unknown(const struct session_id *id, struct err *err)
{
	return err_set(err, ERR_BLOB_UPLOAD_UNKNOWN,
	        "there is no upload %s; begin a new one", id->text);
}

/* Removes what there is of a session, the data first: 0, or -1 and errno. */
static int remove_parts(struct store *s, const struct session_id *id)
{
	static const char *const files[] = {DATA, "state.new", "state"};
	struct path dir = path_upload(id);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct path file = path_upload_file(id, files[i]);

		if (io_unlink(s->root, file.text) < 0 && errno != ENOENT)
			return -1;
	}
	return io_rmdir(s->root, dir.text) < 0 && errno != ENOENT ? -1 : 0;
}

static int remove_session(struct store *s, const struct session_id *id, struct err *err)
{
	/* Tried twice, because nobody asks again for what a passing fault has left:
	 * without its data a session is unknown. */
	if (remove_parts(s, id) == 0 || remove_parts(s, id) == 0)
		return 0;
	return err_io(err, "cannot remove upload %s", id->text);
}

/* The same where the answer does not depend on it. */
static void sweep_session(struct store *s, const struct session_id *id)
{
	struct err err = ERR_INIT;

	if (remove_session(s, id, &err) < 0)
		log_event(LOG_LEVEL_WARN, "upload-left", "upload=%s errno=%d", id->text,
		        err.errnum);
	err_release(&err);
}

static int make_session(struct store *s, const struct upload *u, struct err *err)
{
	struct path dir = path_upload(&u->id);
	struct path data = path_upload_file(&u->id, DATA);
	int fd;

	if (io_mkdir(s->root, dir.text, 0750) < 0) {
		if (errno == EEXIST)
			return err_set(err, ERR_BLOB_UPLOAD_UNKNOWN,
			        "the upload %s is another's", u->id.text);
		return err_io(err, "cannot create %s", dir.text);
	}
	fd = io_open(s->root, data.text, O_WRONLY | O_CREAT | O_EXCL, 0640);
	if (fd == -1)
		return err_io(err, "cannot create %s", data.text);
	io_close(&fd);
	return upload_state_save(s, u, err);
}

int upload_create_as(struct store *s, const struct session_id *id,
        const struct repo_name *repo, const char *user, enum digest_algorithm a,
        struct upload *u, struct err *err)
{
	struct account_room room;

	*u = UPLOAD_INIT;
	u->id = *id;
	if (account_room_now(s, repo, ACCOUNT_BLOB, NULL, &room, err) < 0)
		return -1;
	if (room.size == 0)
		return account_room_refuse(&room, 1, err);
	u->repo = *repo;
	hash_init(&u->hash, a);
	hash_init(&u->part.hash, a);
	if (view_copy(view_of(user), u->user, sizeof(u->user)) < 0)
		return err_set(err, ERR_BAD_REQUEST, "the user's name is too long");
	if (make_session(s, u, err) == 0)
		return 0;
	if (err->code != ERR_BLOB_UPLOAD_UNKNOWN)
		sweep_session(s, &u->id);
	return -1;
}

int upload_create(struct store *s, const struct repo_name *repo, const char *user,
        enum digest_algorithm a, struct upload *u, struct err *err)
{
	struct session_id id;

	if (store_random_id(&id, err) < 0)
		return -1;
	return upload_create_as(s, &id, repo, user, a, u, err);
}

/* Reads the record of u->id; another's session is as unknown as none at all. */
static int load_own(struct store *s, const struct repo_name *repo, const char *user,
        struct upload *u, bool *proven, struct err *err)
{
	int found = upload_state_load(s, u, proven, err);

	if (found < 0)
		return -1;
	if (found == 0 || strcmp(u->repo.text, repo->text) != 0 ||
	        (user && strcmp(u->user, user) != 0))
		return upload_unknown(&u->id, err);
	return 0;
}

/* Hashes the bytes of the data from at to before end. */
static int rehash(int fd, uint64_t at, uint64_t end, struct hash *hash, struct err *err)
{
	unsigned char block[REHASH_BLOCK];

	while (at < end) {
		uint64_t left = end - at;
		size_t want = left < sizeof(block) ? (size_t)left : sizeof(block);
		ssize_t n = io_pread_full(fd, block, want, at);

		if (n < 0)
			return err_io(err, "cannot read the data of an upload");
		if ((size_t)n < want)
			return err_set(
			        err, ERR_FAULT, "the data of an upload have shrunk");
		hash_update(hash, block, want);
		at += want;
	}
	return 0;
}

/* Makes data, offset and hash agree, whatever happened since the record was saved. */
static int settle(struct upload *u, bool proven, struct err *err)
{
	struct stat st;
	uint64_t size;

	if (io_fstat(u->fd, &st) < 0)
		return err_io(err, "cannot look at upload %s", u->id.text);
	if (st.st_nlink == 0)
		return upload_unknown(&u->id, err);
	size = (uint64_t)st.st_size;
	u->sealed = (st.st_mode & S_IWUSR) == 0;
	if (!proven || size < u->offset) {
		if (size < u->offset)
			u->offset = size;
		hash_init(&u->hash, u->hash.algorithm);
		u->part = (struct upload_mark){0, u->hash};
		if (rehash(u->fd, 0, u->offset, &u->hash, err) < 0)
			return -1;
	}
	if (size > u->offset && !u->sealed && io_truncate(u->fd, u->offset) < 0)
		return err_io(err, "cannot cut off the data of upload %s", u->id.text);
	return 0;
}

static int open_data(struct store *s, struct upload *u, struct err *err)
{
	struct path data = path_upload_file(&u->id, DATA);

	u->fd = io_open(s->root, data.text, O_RDWR, 0);
	/* Sealed. */
	if (u->fd == -1 && errno == EACCES)
		u->fd = io_open(s->root, data.text, O_RDONLY, 0);
	if (u->fd != -1)
		return 0;
	if (errno == ENOENT || errno == ESTALE)
		return upload_unknown(&u->id, err);
	return err_io(err, "cannot open %s", data.text);
}

int upload_open(struct store *s, const struct session_id *id,
        const struct repo_name *repo, const char *user, struct upload *u, struct err *err)
{
	bool proven = false;
	int busy, rc;

	*u = UPLOAD_INIT;
	u->id = *id;
	if (open_data(s, u, err) < 0)
		return -1;
	/* The lock first: the record read under it is the latest. */
	busy = io_lock(u->fd, true, 0);
	if (busy < 0 && errno != ETIMEDOUT)
		rc = err_io(err, "cannot lock upload %s", id->text);
	else
		rc = load_own(s, repo, user, u, &proven, err);
	if (rc == 0 && busy < 0)
		rc = err_set(err, ERR_RANGE, "another request is writing to this upload");
	if (rc == 0)
		rc = settle(u, proven, err);
	if (rc < 0)
		upload_close(u);
	return rc;
}

int upload_stat(struct store *s, const struct session_id *id,
        const struct repo_name *repo, const char *user, struct upload *u, struct err *err)
{
	struct path data = path_upload_file(id, DATA);
	struct stat st;
	bool proven;

	*u = UPLOAD_INIT;
	u->id = *id;
	if (load_own(s, repo, user, u, &proven, err) < 0)
		return -1;
	if (io_stat(s->root, data.text, &st) < 0) {
		if (errno == ENOENT || errno == ESTALE)
			return upload_unknown(id, err);
		return err_io(err, "cannot look at %s", data.text);
	}
	/* As the next writer will see it. */
	if ((uint64_t)st.st_size < u->offset)
		u->offset = (uint64_t)st.st_size;
	return 0;
}

static int refuse_sealed(struct err *err)
{
	return err_set(err, ERR_BLOB_UPLOAD_INVALID,
	        "the upload was being finished; finish it again or begin a new one");
}

int upload_rewind(struct store *s, struct upload *u, uint64_t at, struct err *err)
{
	struct upload back = *u;

	if (u->sealed)
		return refuse_sealed(err);
	if (at < u->part.offset) {
		back.part.offset = 0;
		hash_init(&back.part.hash, u->hash.algorithm);
	}
	back.offset = at;
	back.hash = back.part.hash;
	if (rehash(u->fd, back.part.offset, at, &back.hash, err) < 0)
		return -1;
	/* The record first: bytes that it counts are never written again, for they would
	 * not be those that were hashed if the process were killed in between. */
	if (upload_state_save(s, &back, err) < 0)
		return -1;
	*u = back;
	if (io_truncate(u->fd, at) < 0)
		return err_io(err, "cannot cut off the data of upload %s", u->id.text);
	return 0;
}

static struct upload_mark mark_of(const struct upload *u)
{
	return (struct upload_mark){u->offset, u->hash};
}

static void rewind_to(struct upload *u, const struct upload_mark *m)
{
	u->offset = m->offset;
	u->hash = m->hash;
	/* The next writer does the same. */
	if (io_truncate(u->fd, m->offset) < 0)
		log_event(LOG_LEVEL_INFO, "upload-longer", "upload=%s errno=%d",
		        u->id.text, errno);
}

/*
 * Counts a body that came whole, or as far as it came when the peer left. d is what the
 * blob is to be, NULL when that is not known.
 */
static int extend(struct store *s, struct upload *u, struct body_source *body,
        uint64_t expected, const struct digest *d, struct err *err)
{
	const struct upload_mark start = mark_of(u);
	const struct intake in = {&u->repo, d, u->fd, start.offset, &u->hash};
	uint64_t moved;
	int rc = intake_take(s, &in, body, expected, &moved, err);

	u->part = start;
	if (rc == 0 || err->code == ERR_GONE)
		u->offset += moved;
	else
		rewind_to(u, &start);
	return rc;
}

/* Makes what was counted since the mark last; it is undone when that fails. */
static int save_progress(struct store *s, struct upload *u,
        const struct upload_mark *start, struct err *err)
{
	if (u->offset == start->offset || upload_state_save(s, u, err) == 0)
		return 0;
	rewind_to(u, start);
	return -1;
}

/* On a full disk a session is given up, for what it holds nobody else can use. */
static int free_when_full(struct store *s, const struct upload *u, int rc, struct err *err)
{
	if (rc < 0 && err->code == ERR_FULL)
		sweep_session(s, &u->id);
	return rc;
}

int upload_append(struct store *s, struct upload *u, struct body_source *body,
        uint64_t expected, struct err *err)
{
	const struct upload_mark start = mark_of(u);
	int rc;

	if (u->sealed && expected != 0)
		return refuse_sealed(err);
	rc = extend(s, u, body, expected, NULL, err);
	if (save_progress(s, u, &start, err) < 0)
		rc = -1;
	return free_when_full(s, u, rc, err);
}

/* The digest of all the data by algorithm a. */
static int digest_data(const struct upload *u, enum digest_algorithm a,
        struct digest *out, struct err *err)
{
	struct hash hash = u->hash;

	if (a != hash.algorithm) {
		hash_init(&hash, a);
		if (rehash(u->fd, 0, u->offset, &hash, err) < 0)
			return -1;
	}
	hash_final(&hash, out);
	return 0;
}

static int digest_mismatch(
        const struct digest *announced, const struct digest *have, struct err *err)
{
	char a[DIGEST_TEXT_MAX + 1], b[DIGEST_TEXT_MAX + 1];
	char detail[2 * DIGEST_TEXT_MAX + 64];

	digest_text(announced, a);
	digest_text(have, b);
	err_set(err, ERR_DIGEST_INVALID, "the content is %s, not %s", b, a);
	snprintf(detail, sizeof(detail), "{\"announced\":\"%s\",\"computed\":\"%s\"}", a,
	        b);
	err_detail(err, detail);
	return -1;
}

/* Whether the data are what was counted and announced; if not, the session goes. */
static int verify(
        struct store *s, const struct upload *u, const struct digest *d, struct err *err)
{
	struct digest have;
	struct stat st;

	if (io_fstat(u->fd, &st) < 0)
		return err_io(err, "cannot look at upload %s", u->id.text);
	if ((uint64_t)st.st_size != u->offset) {
		sweep_session(s, &u->id);
		return err_set(err, ERR_BLOB_UPLOAD_INVALID,
		        "the data of the upload are damaged; begin a new one");
	}
	if (digest_data(u, d->algorithm, &have, err) < 0)
		return -1;
	if (digest_equal(&have, d))
		return 0;
	sweep_session(s, &u->id);
	return digest_mismatch(d, &have, err);
}

/* Makes the data durable and read only. */
static int seal(struct store *s, struct upload *u, struct err *err)
{
	if (s->config->durability == DURABILITY_FULL && io_fdatasync(u->fd) < 0) {
		err_io(err, "cannot sync the data of upload %s", u->id.text);
		/* The kernel reports a lost write once: a second try would succeed. */
		sweep_session(s, &u->id);
		return -1;
	}
	if (io_chmod(u->fd, 0444) < 0)
		return err_io(err, "cannot set the mode of upload %s", u->id.text);
	u->sealed = true;
	return 0;
}

int upload_commit(
        struct store *s, struct upload *u, const struct digest *d, struct err *err)
{
	struct path data = path_upload_file(&u->id, DATA);

	if (verify(s, u, d, err) < 0)
		return -1;
	/* Sealed before and interrupted: synced already. */
	if (!u->sealed && seal(s, u, err) < 0)
		return -1;
	/* The lease of a blob begins now, however long ago its bytes came. */
	if (io_touch(s->root, data.text) < 0)
		return err_io(err, "cannot renew %s", data.text);
	if (blobs_publish(s, &u->repo, d, u->offset, &data, err) < 0)
		return -1;
	sweep_session(s, &u->id);
	return 0;
}

/*
 * A session that was interrupted between its seal and its end: its data are whole, so the
 * body that comes again is not needed, and whether it is the same the digest tells.
 */
static int finish_sealed(
        struct store *s, struct upload *u, const struct digest *d, struct err *err)
{
	struct stat st;

	if (io_fstat(u->fd, &st) < 0)
		return err_io(err, "cannot look at upload %s", u->id.text);
	if (rehash(u->fd, u->offset, (uint64_t)st.st_size, &u->hash, err) < 0)
		return -1;
	u->offset = (uint64_t)st.st_size;
	return upload_commit(s, u, d, err);
}

int upload_finish(struct store *s, struct upload *u, struct body_source *body,
        uint64_t expected, const struct digest *d, struct err *err)
{
	const struct upload_mark start = mark_of(u);
	int rc;

	if (u->sealed)
		return finish_sealed(s, u, d, err);
	rc = extend(s, u, body, expected, d, err);
	if (rc < 0) {
		save_progress(s, u, &start, err);
		return free_when_full(s, u, rc, err);
	}
	/* The record is left behind: whoever has to send the request again, because
	 * this process was killed or failed, finds the session as before it. */
	if (upload_commit(s, u, d, err) == 0)
		return 0;
	if (!u->sealed)
		rewind_to(u, &start);
	return free_when_full(s, u, -1, err);
}

int upload_cancel(struct store *s, struct upload *u, struct err *err)
{
	return remove_session(s, &u->id, err);
}

void upload_close(struct upload *u)
{
	io_close(&u->fd);
}

/* Takes the body into the staged file, which is then what d says and durable. */
static int stage_body(struct store *s, const struct repo_name *repo,
        const struct digest *d, struct body_source *body, uint64_t expected, struct staged *f, uint64_t *size, struct err *err)
{
	struct digest have;
	struct hash hash;
	struct intake in = {repo, d, -1, 0, &hash};

	hash_init(&hash, d->algorithm);
	if (staged_open(s, f, err) < 0)
		return -1;
	in.fd = f->fd;
	if (intake_take(s, &in, body, expected, size, err) < 0)
		return -1;
	hash_final(&hash, &have);
	if (!digest_equal(&have, d))
		return digest_mismatch(d, &have, err);
	return staged_finish(s, f, err);
}

int upload_single(struct store *s, const struct repo_name *repo, const struct digest *d,
        struct body_source *body, uint64_t expected, struct err *err)
{
	struct staged f = STAGED_INIT;
	uint64_t size;
	int rc = stage_body(s, repo, d, body, expected, &f, &size, err);

	if (rc == 0)
		rc = blobs_publish(s, repo, d, size, &f.path, err);
	staged_discard(s, &f);
	return rc;
}
