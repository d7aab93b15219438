#include "store/blobs.h"

#include "base/io.h"
#include "base/log.h"
#include "store/manifests.h"
#include "store/pump.h"
#include "store/repos.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

/* Collection may take the entry of blobs/ between our look and our link this often. */
#define TRIES 8

static int blob_unknown(
	const struct repo_name *repo, const struct digest *d, struct err *err)
{
	char text[DIGEST_TEXT_MAX + 1];

	return err_set(err, ERR_BLOB_UNKNOWN, "repository has no blob %s (%s)",
		digest_text(d, text), repo->text);
}

/* 1 when there is a file at path, 0 when there is none, -1. */
static int look(
	struct store *s, const struct path *path, struct stat *st, struct err *err)
{
	if (io_stat(s->root, path->text, st) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR || errno == ESTALE)
		return 0;
	return err_io(err, "cannot look at %s", path->text);
}

/*
 * Renews the lease of a file when it has used up half of it: writing on every look would
 * cost more than the look. 1, 0 when the file has gone meanwhile, -1.
 */
static int renew(
	struct store *s, const struct path *path, const struct stat *st, struct err *err)
{
	int64_t age = (int64_t)time(NULL) - (int64_t)st->st_mtim.tv_sec;

	if (age <= (int64_t)(s->config->gc_grace / 2))
		return 1;
	if (io_touch(s->root, path->text) == 0)
		return 1;
	if (errno == ENOENT || errno == ESTALE)
		return 0;
	/* A store that was restored by somebody else or is read only can still be read.
	 */
	if (errno == EROFS || errno == EPERM || errno == EACCES)
		return 1;
	return err_io(err, "cannot renew %s", path->text);
}

int blobs_find(struct store *s, const struct repo_name *repo, const struct digest *d,
	struct blob *out, struct err *err)
{
	struct stat st;
	int found;

	out->path = path_repo_blob(repo, d);
	found = look(s, &out->path, &st, err);
	if (found == 1)
		found = renew(s, &out->path, &st, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return blob_unknown(repo, d, err);
	out->size = (uint64_t)st.st_size;
	return 0;
}

int blobs_open(struct store *s, const struct blob *blob, int *fd, struct err *err)
{
	*fd = io_open(s->root, blob->path.text, O_RDONLY, 0);
	if (*fd != -1)
		return 0;
	if (errno == ENOENT || errno == ESTALE)
		return err_set(err, ERR_BLOB_UNKNOWN, "the blob has just been deleted");
	return err_io(err, "cannot open %s", blob->path.text);
}

static ssize_t pull_file(void *arg, void *bytes, size_t len, struct err *err)
{
	ssize_t n = io_read(*(int *)arg, bytes, len);

	return n < 0 ? err_io(err, "cannot read a blob") : n;
}

/* Copies the blob in the open file fd to a fresh staged file, checking what it copies. */
static int copy_open(struct store *s, const struct digest *d, int fd, struct staged *f,
	struct err *err)
{
	struct body_source from = {pull_file, &fd};
	struct digest copied;
	struct hash hash;
	uint64_t moved;

	hash_init(&hash, d->algorithm);
	if (staged_open(s, f, err) < 0 ||
		pump(&from, f->fd, 0, UINT64_MAX, &hash, &moved, err) < 0)
		return -1;
	hash_final(&hash, &copied);
	if (!digest_equal(&copied, d))
		return err_set(
			err, ERR_FAULT, "blob %s no longer has its content", d->hex);
	return staged_finish(s, f, err);
}

static int copy_staged(struct store *s, const struct digest *d, const struct path *from,
	struct staged *f, struct err *err)
{
	int fd = io_open(s->root, from->text, O_RDONLY, 0);
	int rc;

	if (fd == -1)
		return err_io(err, "cannot open %s", from->text);
	rc = copy_open(s, d, fd, f, err);
	io_close(&fd);
	return rc;
}

/* Stages a second name of the file from, or a copy when it can have no more names. */
static int stage(struct store *s, const struct digest *d, const struct path *from,
	struct staged *f, struct err *err)
{
	int rc = staged_link(s, f, from, err);

	if (rc < 0 && err->errnum == EMLINK) {
		err_release(err);
		rc = copy_staged(s, d, from, f, err);
	}
	return rc;
}

int blobs_replace_entry(struct store *s, const struct digest *d, const struct path *from,
	struct err *err)
{
	struct path entry = path_blob(d), name;
	struct staged f = STAGED_INIT;
	int rc = stage(s, d, from, &f, err);

	name = f.path;
	if (rc == 0)
		rc = staged_rename(s, &f, &entry, err);
	/* rename(2) leaves both names when they are of one file already, which happens
	 * when another process does the same. */
	if (f.path.text[0] == '\0')
		f.path = name;
	staged_discard(s, &f);
	return rc;
}

int blobs_replace_held(struct store *s, const struct account_change *c,
	const struct path *from, struct err *err)
{
	struct staged f = STAGED_INIT;
	int rc = stage(s, c->digest, from, &f, err);

	if (rc == 0)
		rc = account_replace(s, c, &f.path, err);
	/* Discarded by its name, which may be left as it is above. */
	staged_discard(s, &f);
	return rc;
}

/* One blob on its way into a repository. */
struct gift {
	struct account_change change;
	struct path source; /* a file with the content */
	struct path entry;  /* in blobs/ */
	bool verified;	    /* the source is known to have the content */
	bool made;	    /* the entry is our doing */
};

/* An entry of another size than the source is damaged, or the source is. */
static int settle_difference(struct store *s, struct gift *g, struct err *err)
{
	if (!g->verified)
		return blob_unknown(g->change.repo, g->change.digest, err);
	log_event(LOG_LEVEL_ERROR, "blob-replaced", "path=%s", g->entry.text);
	return blobs_replace_entry(s, g->change.digest, &g->source, err);
}

/* Makes sure that the store has the blob. */
static int keep_in_store(struct store *s, struct gift *g, struct err *err)
{
	struct stat st;
	int made;
	int found = look(s, &g->entry, &st, err);

	if (found == 1 && (uint64_t)st.st_size != g->change.size)
		return settle_difference(s, g, err);
	if (found == 1)
		found = renew(s, &g->entry, &st, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	made = publish_link(s, &g->source, &g->entry, err);
	if (made < 0 && err->errnum == EMLINK) {
		err_release(err);
		return blobs_replace_entry(s, g->change.digest, &g->source, err);
	}
	if (made <= 0)
		return made;
	g->made = true;
	return store_sync_dir(s, path_parent(&g->entry).text, err);
}

/* Gives the repository the store's blob; ERR_BLOB_UNKNOWN when it is collected just now.
 */
static int give(struct store *s, struct gift *g, struct err *err)
{
	int rc = keep_in_store(s, g, err);

	if (rc < 0)
		return -1;
	rc = account_gain(s, &g->change, &g->entry, err);
	if (rc < 0 && err->errnum == EMLINK) {
		err_release(err);
		rc = blobs_replace_entry(s, g->change.digest, &g->source, err);
		if (rc == 0)
			rc = account_gain(s, &g->change, &g->entry, err);
	}
	return rc;
}

/* Takes back the entry of a gift that failed, unless a repository counts on it already.
 */
static void take_back(struct store *s, const struct gift *g)
{
	struct stat st;

	/* Two names: the source and the entry. A mount that comes in between keeps what
	 * it has linked. */
	if (!g->made || io_stat(s->root, g->entry.text, &st) < 0 || st.st_nlink > 2)
		return;
	if (io_unlink(s->root, g->entry.text) < 0 && errno != ENOENT)
		log_event(LOG_LEVEL_INFO, "blob-left", "path=%s errno=%d", g->entry.text,
			errno);
}

/* Gives the blob, again and again while collection takes it away in between. */
static int give_surely(struct store *s, struct gift *g, struct err *err)
{
	int rc = give(s, g, err);

	for (int i = 1; rc < 0 && err->code == ERR_BLOB_UNKNOWN && i < TRIES; i++) {
		err_release(err);
		rc = give(s, g, err);
	}
	if (rc < 0)
		take_back(s, g);
	return rc;
}

int blobs_publish(struct store *s, const struct repo_name *repo, const struct digest *d,
	uint64_t size, const struct path *staged, struct err *err)
{
	struct gift g = {
		{repo, ACCOUNT_BLOB, d, size}, *staged, path_blob(d), true, false};
	struct path own = path_repo_blob(repo, d);
	struct stat st;
	int found = look(s, &own, &st, err);

	/* It need not be the file of the store's entry, whose lease is renewed too. */
	if (found == 1)
		found = renew(s, &own, &st, err);
	if (found < 0 || give_surely(s, &g, err) < 0)
		return -1;
	if (found == 0 || (uint64_t)st.st_size == size)
		return 0;
	/* What the repository had was damaged, and giving keeps what is there. */
	return blobs_replace_held(s, &g.change, &g.entry, err);
}

/* 1 when the repository has it now, 0 when there is nothing to mount any more, -1. */
static int mount_from(struct store *s, struct gift *g, uint64_t size, struct err *err)
{
	g->change.size = size;
	if (give_surely(s, g, err) == 0)
		return 1;
	if (err->code != ERR_BLOB_UNKNOWN)
		return -1;
	err_release(err);
	return 0;
}

int blobs_mount(struct store *s, const struct repo_name *repo, const struct digest *d,
	const struct repo_name *from, bool *mounted, struct err *err)
{
	struct gift g = {{repo, ACCOUNT_BLOB, d, 0},
		from ? path_repo_blob(from, d) : path_blob(d), path_blob(d), false,
		false};
	struct path own = path_repo_blob(repo, d);
	struct stat st;
	int found = look(s, &own, &st, err);

	*mounted = false;
	if (found == 1)
		found = renew(s, &own, &st, err);
	if (found == 0) {
		found = look(s, &g.source, &st, err);
		/* One link: the store has it, but no repository holds it. */
		if (found == 1 && !from && st.st_nlink == 1)
			found = 0;
		if (found == 1)
			found = mount_from(s, &g, (uint64_t)st.st_size, err);
	}
	*mounted = found == 1;
	return found < 0 ? -1 : 0;
}

/* The blob that is to be deleted. */
struct doomed {
	struct store *store;
	const struct repo_name *repo;
	const struct digest *digest;
};

static bool refers_to(const struct manifest *doc, const struct digest *d)
{
	for (size_t i = 0; i < doc->nrefs; i++)
		if (!doc->refs[i].is_manifest && digest_equal(&doc->refs[i].digest, d))
			return true;
	return false;
}

/* Fails when the manifest needs the blob, or cannot be understood and so may need it. */
static int check_not_needed(void *arg, const struct digest *manifest, struct err *err)
{
	const struct doomed *blob = arg;
	struct reference ref = {.is_digest = true, .digest = *manifest};
	struct stored_manifest m = STORED_MANIFEST_INIT;
	struct manifest doc = MANIFEST_INIT;
	char text[DIGEST_TEXT_MAX + 1];
	int rc = manifests_get(blob->store, blob->repo, &ref, &m, err);

	if (rc == 0)
		rc = manifest_parse(m.content, m.media_type, &doc, err);
	if (rc < 0 && err_is_refusal(err)) {
		err_release(err);
		err_set(err, ERR_UNSUPPORTED,
			"manifest %s is damaged and may need the blob",
			digest_text(manifest, text));
	} else if (rc == 0 && refers_to(&doc, blob->digest)) {
		rc = err_set(err, ERR_UNSUPPORTED,
			"manifest %s needs the blob; delete that first",
			digest_text(manifest, text));
	}
	manifest_release(&doc);
	stored_manifest_release(&m);
	return rc;
}

int blobs_delete(struct store *s, const struct repo_name *repo, const struct digest *d,
	struct err *err)
{
	struct account_change loss = {repo, ACCOUNT_BLOB, d, 0};
	struct doomed blob = {s, repo, d};
	struct path path = path_repo_blob(repo, d);
	struct stat st;
	bool lost = false;
	int lock = -1;
	int found, rc;

	if (repos_lock(s, repo, true, false, &lock, err) < 0)
		return -1;
	found = look(s, &path, &st, err);
	rc = found < 0 ? -1 : 0;
	if (found == 1) {
		rc = manifests_each(s, repo, check_not_needed, &blob, err);
		if (rc == 0)
			rc = account_lose(s, &loss, &lost, err);
	}
	if (rc == 0 && !lost)
		rc = blob_unknown(repo, d, err);
	io_close(&lock);
	return rc;
}
