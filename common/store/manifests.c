#include "store/manifests.h"

#include "base/io.h"
#include "base/log.h"
#include "format/hash.h"
#include "store/account.h"
#include "store/publish.h"
#include "store/referrers.h"
#include "store/repos.h"
#include "store/tags.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define LOOKS 3
#define MISSING_BYTES ((size_t)1 << 20)
#define MISSING_ENTRY 160 /* more than {"digest":"sha512:…"} and a comma */

void stored_manifest_release(struct stored_manifest *m)
{
	buf_release(&m->file);
	*m = STORED_MANIFEST_INIT;
}

/* Length of the media type in the first line of a manifest file; -1 without one. */
static ssize_t first_line(const char *bytes, size_t len)
{
	const char *end =
		memchr(bytes, '\n', len > MEDIA_TYPE_MAX ? MEDIA_TYPE_MAX + 1 : len);

	return end ? end - bytes : -1;
}

/*
 * Reads the open file into m; without a first line the media type is empty, and so is the
 * content of one that is too large. -1 and *err.
 */
static int load(int fd, const struct path *path, struct stored_manifest *m,
	struct err *err)
{
	struct stat st;
	ssize_t got, type;

	if (io_fstat(fd, &st) < 0)
		return err_io(err, "cannot look at %s", path->text);
	buf_clear(&m->file);
	m->media_type[0] = '\0';
	m->content = buf_view(&m->file);
	/* No manifest was ever as large: it is damaged. */
	if ((uint64_t)st.st_size > m->file.ceiling)
		return 0;
	if (buf_reserve(&m->file, (size_t)st.st_size) < 0)
		return err_set(err, ERR_FAULT, "%s does not fit into memory", path->text);
	got = io_pread_full(fd, m->file.ptr, (size_t)st.st_size, 0);
	if (got < 0)
		return err_io(err, "cannot read %s", path->text);
	m->file.len = (size_t)got;
	m->file.ptr[got] = '\0';
	m->mtime = st.st_mtim.tv_sec;
	type = first_line(m->file.ptr, m->file.len);
	m->content = buf_view(&m->file);
	if (type < 0)
		return 0;
	memcpy(m->media_type, m->file.ptr, (size_t)type);
	m->media_type[type] = '\0';
	m->content.ptr += type + 1;
	m->content.len -= (size_t)type + 1;
	return 0;
}

/* Reads the manifest's file unchecked. 1, 0 when there is none, or -1. */
static int read_manifest(struct store *s, const struct repo_name *r,
	const struct digest *d, struct stored_manifest *m, struct err *err)
{
	struct path path = path_manifest(r, d);
	int fd, rc;

	m->digest = *d;
	fd = io_open(s->root, path.text, O_RDONLY, 0);
	/* ESTALE: another host has just replaced it, the name is good for a second look. */
	for (int look = 1; fd == -1 && errno == ESTALE && look < LOOKS; look++)
		fd = io_open(s->root, path.text, O_RDONLY, 0);
	if (fd == -1) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ESTALE)
			return 0;
		return err_io(err, "cannot open %s", path.text);
	}
	rc = load(fd, &path, m, err);
	io_close(&fd);
	return rc < 0 ? -1 : 1;
}

/* The digest does not cover the media type, which is to become a header field. */
static bool is_typed(const struct stored_manifest *m)
{
	char type[MEDIA_TYPE_MAX + 1];
	struct view line;

	if (m->media_type[0] == '\0')
		return false;
	line = (struct view){m->file.ptr, (size_t)(m->content.ptr - m->file.ptr) - 1};
	return media_type_parse(line, type) == 0 && view_is(line, type);
}

static bool is_intact(const struct stored_manifest *m)
{
	struct digest d;

	if (!is_typed(m))
		return false;
	hash_bytes(m->digest.algorithm, m->content.ptr, m->content.len, &d);
	return digest_equal(&d, &m->digest);
}

static int manifest_unknown(const struct repo_name *r, const struct digest *d,
	struct err *err)
{
	char text[DIGEST_TEXT_MAX + 1];

	return err_set(err, ERR_MANIFEST_UNKNOWN, "repository has no manifest %s (%s)",
		digest_text(d, text), r->text);
}

int manifests_get(struct store *s, const struct repo_name *r, const struct reference *ref,
	struct stored_manifest *out, struct err *err)
{
	struct digest d;
	char text[DIGEST_TEXT_MAX + 1];
	int found;

	/* Meanwhile the tag may have moved and the old manifest been deleted. */
	for (int look = 1;; look++) {
		if (ref->is_digest)
			d = ref->digest;
		else if (tags_resolve(s, r, &ref->tag, &d, err) < 0)
			return -1;
		found = read_manifest(s, r, &d, out, err);
		if (found != 0 || ref->is_digest || look == LOOKS)
			break;
	}
	if (found < 0)
		return -1;
	if (found == 1 && is_intact(out))
		return 0;
	if (found == 1)
		log_event(LOG_LEVEL_ERROR, "manifest-corrupt", "repository=%s digest=%s",
			r->text, digest_text(&d, text));
	return manifest_unknown(r, &d, err);
}

/* Bytes of a blob the repository holds. 1, 0 when it does not, or -1. */
static int blob_size(struct store *s, const struct repo_name *r, const struct digest *d,
	uint64_t *size, struct err *err)
{
	struct path path = path_repo_blob(r, d);
	struct stat st;

	if (io_stat(s->root, path.text, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return err_io(err, "cannot look at %s", path.text);
	}
	*size = (uint64_t)st.st_size;
	return 1;
}

/* The same of a manifest, without its first line. */
static int manifest_size(struct store *s, const struct repo_name *r,
	const struct digest *d, uint64_t *size, struct err *err)
{
	struct path path = path_manifest(r, d);
	char line[MEDIA_TYPE_MAX + 1];
	struct stat st;
	ssize_t got, type;
	int fd = io_open(s->root, path.text, O_RDONLY, 0);

	if (fd == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return err_io(err, "cannot open %s", path.text);
	}
	got = io_fstat(fd, &st) < 0 ? -1 : io_pread_full(fd, line, sizeof(line), 0);
	if (got < 0)
		err_io(err, "cannot read %s", path.text);
	io_close(&fd);
	if (got < 0)
		return -1;
	type = first_line(line, (size_t)got);
	*size = (uint64_t)st.st_size - (uint64_t)(type + 1);
	return 1;
}

static void note_missing(struct buf *missing, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX + 1];

	/* Those that no longer fit are left out: the client sees enough to do. */
	if (missing->len + MISSING_ENTRY < MISSING_BYTES)
		buf_addf(missing, "%c{\"digest\":\"%s\"}", missing->len > 0 ? ',' : '[',
			digest_text(d, text));
}

static int check_reference(struct store *s, const struct manifest_push *push,
	const struct manifest_ref *ref, struct buf *missing, struct err *err)
{
	char text[DIGEST_TEXT_MAX + 1];
	uint64_t size = 0;
	int found;

	if (ref->is_manifest)
		found = manifest_size(s, push->repo, &ref->digest, &size, err);
	else
		found = blob_size(s, push->repo, &ref->digest, &size, err);
	if (found < 0)
		return -1;
	if (found == 1 && size != ref->size)
		return err_set(err, ERR_SIZE_INVALID,
			"%s has %" PRIu64 " bytes, but its descriptor says %" PRIu64,
			digest_text(&ref->digest, text), size, ref->size);
	if (found == 0 && !ref->optional && !push->accept_sparse)
		note_missing(missing, &ref->digest);
	return 0;
}

static int check_references(struct store *s, const struct manifest_push *push,
	struct err *err)
{
	struct buf missing = BUF_INIT(MISSING_BYTES);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < push->doc->nrefs; i++)
		rc = check_reference(s, push, &push->doc->refs[i], &missing, err);
	if (rc == 0 && (missing.len > 0 || buf_failed(&missing))) {
		rc = err_set(err, ERR_MANIFEST_BLOB_UNKNOWN,
			"repository %s lacks content that the manifest refers to; push "
			"it first",
			push->repo->text);
		buf_add_char(&missing, ']');
		if (!buf_failed(&missing))
			err_detail(err, buf_str(&missing));
	}
	buf_release(&missing);
	return rc;
}

/* Takes the shared lock and checks every reference under it. */
static int lock_and_check(struct store *s, const struct manifest_push *push, int *lock,
	struct err *err)
{
	struct stat st;

	/* A push that is refused leaves no new repository and no lock file behind. */
	if (io_stat(s->root, path_repo_lock(push->repo).text, &st) < 0 &&
		check_references(s, push, err) < 0)
		return -1;
	if (repos_lock(s, push->repo, false, true, lock, err) < 0)
		return -1;
	return check_references(s, push, err);
}

enum presence { ABSENT, SAME, DIFFERENT };

/* Whether the very file that the push would write is there already; -1 on failure. */
static int compare_stored(struct store *s, const struct manifest_push *push,
	struct err *err)
{
	struct stored_manifest m = STORED_MANIFEST_INIT;
	int found = read_manifest(s, push->repo, &push->digest, &m, err);
	int rc = found;

	if (found == 1)
		rc = strcmp(m.media_type, push->doc->media_type) == 0 &&
				     view_equal(m.content, push->bytes)
			     ? SAME
			     : DIFFERENT;
	stored_manifest_release(&m);
	return found == 0 ? ABSENT : rc;
}

static int write_staged(struct store *s, const struct manifest_push *push,
	struct staged *f, struct err *err)
{
	char line[MEDIA_TYPE_MAX + 2];
	size_t len = strlen(push->doc->media_type);

	memcpy(line, push->doc->media_type, len);
	line[len] = '\n';
	if (staged_open(s, f, err) < 0)
		return -1;
	if (io_write_all(f->fd, line, len + 1) < 0 ||
		io_write_all(f->fd, push->bytes.ptr, push->bytes.len) < 0)
		return err_io(err, "cannot write %s", f->path.text);
	return staged_finish(s, f, err);
}

static int publish(struct store *s, const struct manifest_push *push,
	enum presence presence, struct err *err)
{
	struct account_change gain = {
		push->repo, ACCOUNT_MANIFEST, &push->digest, push->bytes.len};
	struct path path = path_manifest(push->repo, &push->digest);
	struct staged f = STAGED_INIT;
	int rc = write_staged(s, push, &f, err);

	if (rc == 0 && presence == ABSENT)
		rc = account_gain(s, &gain, &f.path, err);
	else if (rc == 0)
		rc = staged_rename(s, &f, &path, err);
	staged_discard(s, &f);
	return rc;
}

static int store_manifest(struct store *s, const struct manifest_push *push,
	struct err *err)
{
	struct path path = path_manifest(push->repo, &push->digest);
	int presence = compare_stored(s, push, err);

	if (presence < 0)
		return -1;
	if (presence == SAME && io_touch(s->root, path.text) < 0)
		return err_io(err, "cannot renew %s", path.text);
	/* Whoever stored it may have been killed before the directory was synced. */
	if (presence == SAME)
		return store_sync_dir(s, path_parent(&path).text, err);
	/*
	 * The entry comes first, so that no reader finds a manifest its subject does not
	 * list.
	 */
	if (push->doc->has_subject &&
		referrers_add(s, push->repo, &push->doc->subject, &push->digest, err) < 0)
		return -1;
	return publish(s, push, (enum presence)presence, err);
}

/*
 * Removes the entry that a failed push may have left. Another push of the same manifest
 * may be counting on it; under the exclusive lock there is none, and the manifest is
 * there or is not.
 */
static void unlist(struct store *s, const struct manifest_push *push)
{
	struct path path = path_manifest(push->repo, &push->digest);
	struct err err = ERR_INIT;
	struct stat st;
	int lock = -1;

	if (repos_lock(s, push->repo, true, false, &lock, &err) == 0 &&
		io_stat(s->root, path.text, &st) < 0 && errno == ENOENT)
		referrers_remove(s, push->repo, &push->doc->subject, &push->digest, &err);
	if (err.code != ERR_NONE)
		log_event(LOG_LEVEL_WARN, "referrer-left", "manifest=%s reason=%s",
			path.text, err.text);
	io_close(&lock);
	err_release(&err);
}

int manifests_put(struct store *s, const struct manifest_push *push, struct err *err)
{
	int lock = -1;
	int rc = lock_and_check(s, push, &lock, err);
	bool undo = false;

	if (rc == 0) {
		rc = store_manifest(s, push, err);
		undo = rc < 0 && push->doc->has_subject;
	}
	for (size_t i = 0; rc == 0 && i < push->ntags; i++)
		rc = tags_set(s, push->repo, &push->tags[i], &push->digest, err);
	io_close(&lock);
	if (undo)
		unlist(s, push);
	return rc;
}

/* Removes the manifest and its entry under subject (NULL: it has none). */
static int remove_manifest(struct store *s, const struct account_change *loss,
	const struct digest *subject, struct err *err)
{
	struct path path = path_manifest(loss->repo, loss->digest);
	struct err entry_err = ERR_INIT;
	struct stat st;
	bool lost;
	int rc = account_lose(s, loss, &lost, err);

	/* It may have failed with the manifest gone already. */
	if (!subject || (rc < 0 && io_stat(s->root, path.text, &st) == 0))
		return rc;
	/*
	 * The second try is for a passing fault: nobody asks again once the manifest is
	 * gone.
	 */
	if (referrers_remove(s, loss->repo, subject, loss->digest, &entry_err) < 0) {
		err_release(&entry_err);
		if (referrers_remove(s, loss->repo, subject, loss->digest, &entry_err) <
			0)
			log_event(LOG_LEVEL_WARN, "referrer-left",
				"manifest=%s reason=%s", path.text, entry_err.text);
	}
	err_release(&entry_err);
	return rc;
}

static int delete_locked(struct store *s, const struct repo_name *r,
	const struct digest *d, struct err *err)
{
	struct stored_manifest m = STORED_MANIFEST_INIT;
	struct manifest doc = MANIFEST_INIT;
	struct err parse_err = ERR_INIT;
	struct account_change loss = {r, ACCOUNT_MANIFEST, d, 0};
	bool has_subject = false;
	int found = read_manifest(s, r, d, &m, err);
	int rc = -1;

	if (found == 0)
		manifest_unknown(r, d, err);
	if (found != 1)
		goto out;
	loss.size = m.content.len;
	/* A damaged manifest can be deleted too, but its subject is not to be trusted. */
	if (is_intact(&m) &&
		manifest_parse(m.content, m.media_type, &doc, &parse_err) == 0)
		has_subject = doc.has_subject;
	rc = tags_delete_all(s, r, d, err);
	if (rc == 0)
		rc = remove_manifest(s, &loss, has_subject ? &doc.subject : NULL, err);
out:
	manifest_release(&doc);
	err_release(&parse_err);
	stored_manifest_release(&m);
	return rc;
}

/* Refuses to delete what is not there without making or taking the lock. */
static int expect_manifest(struct store *s, const struct repo_name *r,
	const struct digest *d, struct err *err)
{
	struct stat st;

	if (io_stat(s->root, path_manifest(r, d).text, &st) == 0)
		return 0;
	if (errno != ENOENT && errno != ENOTDIR)
		return err_io(err, "cannot look at a manifest of %s", r->text);
	if (io_stat(s->root, path_repo(r).text, &st) == 0)
		return manifest_unknown(r, d, err);
	return err_set(err, ERR_NAME_UNKNOWN, "there is no repository %s", r->text);
}

int manifests_delete(struct store *s, const struct repo_name *r, const struct digest *d,
	struct err *err)
{
	int lock = -1;
	int rc = expect_manifest(s, r, d, err);

	if (rc == 0)
		rc = repos_lock(s, r, true, false, &lock, err);
	if (rc == 0)
		rc = delete_locked(s, r, d, err);
	io_close(&lock);
	return rc;
}

static int each_in(struct store *s, const struct path *dir, enum digest_algorithm a,
	int (*each)(void *arg, const struct digest *d, struct err *err), void *arg,
	struct err *err)
{
	DIR *dir_open = io_dir_open(s->root, dir->text);
	struct dirent *e;
	struct digest d;
	int rc = 0;

	if (!dir_open)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_io(err, "cannot list %s", dir->text);
	while (rc == 0 && (e = io_dir_next(dir_open))) {
		if (digest_from_hex(a, view_of(e->d_name), &d) == 0)
			rc = each(arg, &d, err);
	}
	if (rc == 0 && errno != 0)
		rc = err_io(err, "cannot list %s", dir->text);
	io_dir_close(&dir_open);
	return rc;
}

int manifests_each(struct store *s, const struct repo_name *r,
	int (*each)(void *arg, const struct digest *d, struct err *err), void *arg,
	struct err *err)
{
	int rc = 0;

	for (int a = 0; rc == 0 && a < DIGEST_ALGORITHMS; a++) {
		struct path dir = path_manifests(r, (enum digest_algorithm)a);

		rc = each_in(s, &dir, (enum digest_algorithm)a, each, arg, err);
	}
	return rc;
}
