#include "service/scrub_parts.h"

#include "base/io.h"
#include "service/repo_walk.h"
#include "store/account.h"
#include "store/blobs.h"
#include "store/quarantine.h"
#include "store/repos.h"

#include <errno.h>
#include <string.h>

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int scrub_corrupt_add(struct scrub *c, const struct digest *d, const struct stat *st,
	struct err *err)
{
	struct corrupt *one;

	for (size_t i = 0; i < c->ncorrupt; i++)
		if (same_file(&c->corrupt[i].st, st) &&
			digest_equal(&c->corrupt[i].digest, d))
			return 0;
	one = scrub_append(
		(void **)&c->corrupt, &c->ncorrupt, &c->corrupt_size, sizeof(*one));
	if (!one)
		return err_set(err, ERR_FAULT, "no memory for the corrupt blobs");
	one->digest = *d;
	one->st = *st;
	return 0;
}

/* ---- good copies ---- */

/* What fails is reported, and the blob not said to be mended. */
static void fail(struct scrub *c, struct corrupt *k, const struct repo_name *r,
	const struct path *path, struct err *why)
{
	k->failed = true;
	scrub_fault(c, r, path->text, why);
}

/* Whether there is a file at path; the blob is not mended when that cannot be told. */
static bool look_at(
	struct scrub *c, struct corrupt *k, const struct path *path, struct stat *st)
{
	struct err why = ERR_INIT;

	if (io_stat(c->store->root, path->text, st) == 0)
		return true;
	if (errno == ENOENT || errno == ENOTDIR || errno == ESTALE)
		return false;
	err_io(&why, "cannot look at %s", path->text);
	fail(c, k, NULL, path, &why);
	return false;
}

/* Whether it is the bad file that stands at path. */
static bool is_bad(struct scrub *c, struct corrupt *k, const struct path *path)
{
	struct stat st;

	return look_at(c, k, path, &st) && same_file(&st, &k->st);
}

/* Whether a good file, other than the bad one, stands at path. */
static bool is_good(struct scrub *c, struct corrupt *k, const struct path *path)
{
	enum content content;
	struct stat st;

	if (!look_at(c, k, path, &st) || same_file(&st, &k->st))
		return false;
	content = scrub_content(c, path, &k->digest, &st);
	k->failed = k->failed || content == CONTENT_UNREAD;
	k->unsure = k->unsure || content == CONTENT_CANCELLED;
	return content == CONTENT_GOOD;
}

static int restore_entry(
	struct scrub *c, const struct corrupt *k, const struct path *from, struct err *err)
{
	struct path dir = path_blob_dir(&k->digest);

	if (store_make_dirs(c->store, dir.text, err) < 0)
		return -1;
	return blobs_replace_entry(c->store, &k->digest, from, err);
}

static int look_for_copy(void *arg, const struct repo_name *r, unsigned has, struct err *err)
{
	struct scrub *c = arg;

	(void)err;
	if (!(has & REPO_HAS_BLOBS))
		return 0;
	for (size_t i = 0; i < c->ncorrupt; i++) {
		struct corrupt *k = &c->corrupt[i];
		struct path own = path_repo_blob(r, &k->digest);
		struct err why = ERR_INIT;

		if (k->healthy || !is_good(c, k, &own))
			continue;
		if (restore_entry(c, k, &own, &why) == 0)
			k->healthy = true;
		else
			fail(c, k, r, &own, &why);
	}
	return 0;
}

/* There may be a copy below the directory. */
static void fail_all(void *arg, const char *path, const struct err *why)
{
	struct scrub *c = arg;

	scrub_problem(c, &(struct problem){.kind = "fault", .path = path}, "%s", why->text);
	for (size_t i = 0; i < c->ncorrupt; i++)
		c->corrupt[i].failed = true;
}

/* 0, 1 when it was cancelled, -1. */
static int find_copies(struct scrub *c, struct err *err)
{
	struct repo_walk walk = {"", look_for_copy, NULL, fail_all, c};
	bool all = true, unsure = false;

	for (size_t i = 0; i < c->ncorrupt; i++) {
		struct path entry = path_blob(&c->corrupt[i].digest);

		c->corrupt[i].healthy = is_good(c, &c->corrupt[i], &entry);
		all = all && c->corrupt[i].healthy;
	}
	if (!all && repo_walk(c->store, &walk, err) < 0)
		return -1;
	for (size_t i = 0; i < c->ncorrupt; i++)
		unsure = unsure || c->corrupt[i].unsure;
	return unsure;
}

/* ---- taking away ---- */

/* No repository loses a blob as long as there may be a good copy of it. */
static bool is_hopeless(const struct corrupt *k)
{
	return !k->healthy && !k->failed;
}

static int keep(struct scrub *c, struct corrupt *k, const struct path *path, struct err *err)
{
	if (quarantine_keep(c->store, path, &k->digest, &k->st, err) < 0)
		return -1;
	k->kept = true;
	return 0;
}

/* Takes the entry in blobs/ away, if that is the bad file still. */
static void take_entry(struct scrub *c, struct corrupt *k)
{
	struct path entry = path_blob(&k->digest);
	struct err why = ERR_INIT;

	if (!is_bad(c, k, &entry))
		return;
	if (keep(c, k, &entry, &why) == 0) {
		if (io_unlink(c->store->root, entry.text) == 0) {
			c->result->quarantined++;
			store_sync_dir(c->store, path_parent(&entry).text, &why);
		} else if (errno != ENOENT) {
			err_io(&why, "cannot remove %s", entry.text);
		}
	}
	if (why.code != ERR_NONE)
		fail(c, k, NULL, &entry, &why);
}

/* A link of a repository to the bad file. */
struct bad_link {
	struct scrub *c;
	const struct repo_name *repo;
	struct corrupt *corrupt;
};

/*
 * Whether the link is to go, asked under the lock of the account. A push that found it
 * there has made an entry in blobs/ before, so that where there is none nobody counts on it.
 */
static bool is_lost(void *arg)
{
	const struct bad_link *b = arg;
	struct path own = path_repo_blob(b->repo, &b->corrupt->digest);
	struct path entry = path_blob(&b->corrupt->digest);
	int root = b->c->store->root;
	struct stat st;

	if (io_stat(root, own.text, &st) < 0 || !same_file(&st, &b->corrupt->st))
		return false;
	if (io_stat(root, entry.text, &st) < 0)
		return errno == ENOENT;
	return same_file(&st, &b->corrupt->st);
}

/* Puts the entry's file in the place of the link. */
static int heal_link(const struct bad_link *b, struct err *err)
{
	struct path entry = path_blob(&b->corrupt->digest);
	struct account_change change = {b->repo, ACCOUNT_BLOB, &b->corrupt->digest, 0};
	struct stat st;

	if (io_stat(b->c->store->root, entry.text, &st) < 0)
		return err_io(err, "cannot look at %s", entry.text);
	change.size = (uint64_t)st.st_size;
	return blobs_replace_held(b->c->store, &change, &entry, err);
}

static int take_link(struct bad_link *b, const struct path *own, struct err *err)
{
	struct account_change loss = {b->repo, ACCOUNT_BLOB, &b->corrupt->digest, 0};
	bool lost = false;
	int rc = keep(b->c, b->corrupt, own, err);

	if (rc == 0)
		rc = account_lose_if(b->c->store, &loss, is_lost, b, &lost, err);
	b->c->result->quarantined += lost;
	/* Somebody has just pushed it. */
	if (rc == 0 && !lost && is_bad(b->c, b->corrupt, own))
		rc = heal_link(b, err);
	return rc;
}

/* Deals with one link under the lock of its repository. */
static void mend_link(struct bad_link *b)
{
	struct path own = path_repo_blob(b->repo, &b->corrupt->digest);
	struct err why = ERR_INIT;
	int rc = 0;

	if (!is_bad(b->c, b->corrupt, &own))
		return;
	if (b->corrupt->healthy)
		rc = heal_link(b, &why);
	else if (is_hopeless(b->corrupt))
		rc = take_link(b, &own, &why);
	if (rc < 0)
		fail(b->c, b->corrupt, b->repo, &own, &why);
}

/* ---- who has them ---- */

static bool has_bad_link(struct scrub *c, const struct repo_name *r, struct corrupt *k)
{
	struct path own = path_repo_blob(r, &k->digest);

	return is_bad(c, k, &own);
}

/* Those from at on, for one hold of the lock: how far it came, or -1. */
static ssize_t mend_some(
	struct scrub *c, const struct repo_name *r, size_t at, struct err *err)
{
	int64_t deadline;
	int lock = -1;

	if (repos_lock(c->store, r, true, false, &lock, err) < 0)
		return -1;
	deadline = scrub_now_ms() + SCRUB_HOLD_MS;
	for (; at < c->ncorrupt && scrub_now_ms() < deadline; at++) {
		struct bad_link b = {c, r, &c->corrupt[at]};

		mend_link(&b);
	}
	io_close(&lock);
	return (ssize_t)at;
}

static void mend_links(struct scrub *c, const struct repo_name *r)
{
	struct path path = path_repo(r);
	struct err why = ERR_INIT;
	ssize_t at = 0;

	while (at >= 0 && (size_t)at < c->ncorrupt) {
		if (at > 0)
			scrub_pause();
		at = mend_some(c, r, (size_t)at, &why);
	}
	if (at >= 0 || why.code == ERR_NAME_UNKNOWN) {
		err_release(&why);
		return;
	}
	scrub_fault(c, r, path.text, &why);
	for (size_t i = 0; i < c->ncorrupt; i++)
		if (has_bad_link(c, r, &c->corrupt[i]))
			c->corrupt[i].failed = true;
}

/* Reports which tags of the repository need what has no good copy. */
static int report_links(struct scrub *c, const struct repo_name *r,
	const struct digest_table *broken, struct err *err)
{
	struct path path = path_repo(r);
	struct err why = ERR_INIT;

	/* What is taken away is told again when the repository is looked through, as the
	 * absence of what a manifest needs. */
	if (c->options->repair && !c->store->config->accept_sparse)
		return 0;
	reach_clear(&c->graph);
	c->graph.document = NULL;
	if (reach_load(c->store, r, &c->graph, &why) < 0) {
		scrub_fault(c, r, path.text, &why);
		return 0;
	}
	return scrub_affected(c, r, broken, err);
}

static int visit_holder(void *arg, const struct repo_name *r, unsigned has, struct err *err)
{
	struct scrub *c = arg;
	struct digest_table broken = DIGEST_TABLE_INIT(c->graph.table.seed);
	bool any = false;
	uint32_t number;
	int rc = 0;

	if (!(has & REPO_HAS_BLOBS))
		return 0;
	for (size_t i = 0; rc == 0 && i < c->ncorrupt; i++) {
		if (!has_bad_link(c, r, &c->corrupt[i]))
			continue;
		any = true;
		if (!c->corrupt[i].healthy &&
			digest_table_add(&broken, &c->corrupt[i].digest, &number) < 0)
			rc = err_set(err, ERR_FAULT, "no memory for the corrupt blobs");
	}
	if (rc == 0 && broken.count > 0)
		rc = report_links(c, r, &broken, err);
	if (rc == 0 && any && c->options->repair)
		mend_links(c, r);
	digest_table_release(&broken);
	return rc;
}

static int visit_holders(struct scrub *c, struct err *err)
{
	struct repo_walk walk = {"", visit_holder, NULL, fail_all, c};
	unsigned has;

	if (!c->options->repo)
		return repo_walk(c->store, &walk, err);
	if (repo_look(c->store, c->options->repo, &has, err) < 0)
		return -1;
	return visit_holder(c, c->options->repo, has, err);
}

static void report(struct scrub *c, struct corrupt *k)
{
	struct path where = path_blob(&k->digest);
	struct problem p = {.kind = "blob", .digest = &k->digest, .path = where.text};
	bool mended = c->options->repair && !k->failed;

	p.repaired = mended && k->healthy;
	if (k->kept)
		where = path_quarantine(&k->digest, (uint64_t)k->st.st_ino);
	scrub_problem(c, &p, "the content is not that of the digest%s",
		p.repaired ? ": replaced by a good copy"
		: k->kept  ? ": taken away"
			   : "");
}

int scrub_corrupt_settle(struct scrub *c, struct err *err)
{
	int rc = 0;

	if (c->ncorrupt == 0)
		return 0;
	if (c->options->repair)
		rc = find_copies(c, err);
	for (size_t i = 0; rc == 0 && c->options->repair && i < c->ncorrupt; i++)
		if (is_hopeless(&c->corrupt[i]))
			take_entry(c, &c->corrupt[i]);
	if (rc == 0)
		rc = visit_holders(c, err);
	for (size_t i = 0; rc == 0 && i < c->ncorrupt; i++)
		report(c, &c->corrupt[i]);
	c->ncorrupt = 0;
	return rc;
}
