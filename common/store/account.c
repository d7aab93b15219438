#include "store/account.h"

#include "base/io.h"
#include "base/log.h"
#include "store/account_limits.h"
#include "store/account_record.h"
#include "store/publish.h"

#include <errno.h>

/* Of a look without the lock, and of a gain whose directory is removed meanwhile. */
#define TRIES 4

/* A namespace under its lock. */
struct hold {
	struct store *store;
	const struct repo_name *ns;
	int lock;
	struct account_record record;
	bool known; /* what follows is the account */
	struct account now;
};

#define HOLD_INIT(s, name) ((struct hold){.store = (s), .ns = (name), .lock = -1})

static struct path entry_path(const struct account_change *c)
{
	return c->kind == ACCOUNT_BLOB ? path_repo_blob(c->repo, c->digest)
				       : path_manifest(c->repo, c->digest);
}

/* Takes the lock and reads what the record says, if there is one. */
static int hold(struct hold *h, struct err *err)
{
	int found;

	if (account_lock(h->store, h->ns, &h->lock, err) < 0)
		return -1;
	found = account_record_read(h->store, h->ns, &h->record, err);
	if (found == 1)
		found = account_record_total(h->store, &h->record, &h->now, err);
	h->known = found == 1;
	return found < 0 ? -1 : 0;
}

/* Counts what no record says. */
static int count(struct hold *h, struct err *err)
{
	if (account_count_all(h->store, h->ns, NULL, &h->now, err) < 0)
		return -1;
	h->record.epoch = account_record_first_epoch();
	h->known = true;
	return 0;
}

static int hold_known(struct hold *h, struct err *err)
{
	if (hold(h, err) < 0)
		return -1;
	return h->known ? 0 : count(h, err);
}

static void let_go(struct hold *h)
{
	io_close(&h->lock);
}

/* Saves sums as the account, apart from the entry of c (NULL: of everything). */
static int save(struct hold *h, const struct account *sums,
	const struct account_change *c, struct err *err)
{
	struct account_record *r = &h->record;

	r->epoch++;
	r->sums = *sums;
	r->has_except = c != NULL;
	if (c)
		r->except = (struct account_entry){c->kind, *c->repo, *c->digest};
	return account_record_save(h->store, h->ns, r, err);
}

/* Before the entry of c changes, which has size bytes now if it is held. */
static int set_aside(struct hold *h, const struct account_change *c, bool held,
	uint64_t size, struct err *err)
{
	struct account sums = h->now;

	if (held && account_subtract(&sums, c->kind, size) < 0) {
		log_event(LOG_LEVEL_ERROR, "account-wrong", "repository=%s",
			c->repo->text);
		if (count(h, err) < 0)
			return -1;
		sums = h->now;
		if (account_subtract(&sums, c->kind, size) < 0)
			return err_set(err, ERR_FAULT, "%s changes while it is counted",
				c->repo->text);
	}
	return save(h, &sums, c, err);
}

static int sync_entry(struct store *s, const struct account_change *c, struct err *err)
{
	struct path entry = entry_path(c);

	if (store_sync_dir(s, path_parent(&entry).text, err) == 0)
		return 0;
	/* The directory is removed with the repository: that came after the change. */
	if (err->errnum != ENOENT)
		return -1;
	err_release(err);
	return 0;
}

static int check_room(struct hold *h, const struct account_change *c, struct err *err)
{
	struct account_room room;

	if (account_room_beside(h->store, c->repo, c->kind, &h->now, &room, err) < 0)
		return -1;
	if (c->size <= room.size)
		return 0;
	return account_room_refuse(&room, c->size, err);
}

/* 1 when the entry is there, 0 when its directory is not, -1. */
static int gain_held(struct hold *h, const struct account_change *c,
	const struct path *from, struct err *err)
{
	struct path to = entry_path(c);
	uint64_t size;
	int held = account_held(h->store, c->kind, c->repo, c->digest, &size, err);

	if (held != 0)
		return held;
	if (check_room(h, c, err) < 0 || set_aside(h, c, false, 0, err) < 0)
		return -1;
	if (io_link(h->store->root, from->text, to.text) == 0 || errno == EEXIST)
		return 1;
	if (errno == ENOENT)
		return 0;
	return err_io(err, "cannot link %s to %s", from->text, to.text);
}

static int gain_once(struct store *s, const struct account_change *c,
	const struct path *from, struct err *err)
{
	struct hold h = HOLD_INIT(s, c->repo);
	int rc = hold_known(&h, err);

	if (rc == 0)
		rc = gain_held(&h, c, from, err);
	let_go(&h);
	return rc;
}

int account_gain(struct store *s, const struct account_change *c, const struct path *from,
	struct err *err)
{
	struct path to = entry_path(c);
	int rc = gain_once(s, c, from, err);

	/* The directories are made without the lock: they are synced. */
	for (int i = 1; rc == 0 && i < TRIES; i++) {
		if (publish_make_room(s, from, &to, err) < 0)
			return -1;
		rc = gain_once(s, c, from, err);
	}
	if (rc == 0)
		rc = err_set(err, ERR_BUSY, "%s is removed again and again",
			path_parent(&to).text);
	/* An entry that was there is synced too: whoever made it may not have come so
	 * far. */
	return rc < 0 ? -1 : sync_entry(s, c, err);
}

/*
 * Sets the entry aside, or, when the disk is too full for a record, goes on without one: the
 * next who needs the account counts.
 */
static int set_aside_surely(struct hold *h, const struct account_change *c, uint64_t size,
	struct err *err)
{
	if (!h->known || set_aside(h, c, true, size, err) == 0)
		return 0;
	if (err->code != ERR_FULL)
		return -1;
	err_release(err);
	return account_record_drop(h->store, h->ns, err);
}

/* What a loss depends on; still is NULL where it depends on nothing. */
struct condition {
	bool (*still)(void *arg);
	void *arg;
};

static int lose_held(struct hold *h, const struct account_change *c,
	const struct condition *on, bool *lost, struct err *err)
{
	struct path entry = entry_path(c);
	uint64_t size;
	int held = account_held(h->store, c->kind, c->repo, c->digest, &size, err);

	if (held <= 0)
		return held;
	if (on->still && !on->still(on->arg))
		return 0;
	if (set_aside_surely(h, c, size, err) < 0)
		return -1;
	if (io_unlink(h->store->root, entry.text) < 0)
		return err_io(err, "cannot remove %s", entry.text);
	*lost = true;
	return 0;
}

int account_lose_if(struct store *s, const struct account_change *c,
	bool (*still)(void *arg), void *arg, bool *lost, struct err *err)
{
	const struct condition on = {still, arg};
	struct hold h = HOLD_INIT(s, c->repo);
	uint64_t size;
	int rc;

	*lost = false;
	/* What is not there needs no account, which may have to be made first. */
	rc = account_held(s, c->kind, c->repo, c->digest, &size, err);
	if (rc <= 0)
		return rc;
	rc = hold(&h, err);
	if (rc == 0)
		rc = lose_held(&h, c, &on, lost, err);
	let_go(&h);
	if (rc < 0 || !*lost)
		return rc;
	return sync_entry(s, c, err);
}

int account_lose(
	struct store *s, const struct account_change *c, bool *lost, struct err *err)
{
	return account_lose_if(s, c, NULL, NULL, lost, err);
}

/* Removes the entry of c if it is there, and adds it to *lost. */
static int lose_one(struct store *s, const struct account_change *c, struct account *lost,
	struct err *err)
{
	struct path entry = entry_path(c);
	uint64_t size;
	int held = account_held(s, c->kind, c->repo, c->digest, &size, err);

	if (held <= 0)
		return held;
	if (io_unlink(s->root, entry.text) < 0)
		return err_io(err, "cannot remove %s", entry.text);
	if (account_add(lost, c->kind, size) < 0)
		return err_set(err, ERR_FAULT, "%s has an absurd size", entry.text);
	return 0;
}

/*
 * Saves the account without what was lost. There is no record at the moment, and there is
 * none after a failure: that is no harm.
 */
static void restore(struct hold *h, const struct account *lost)
{
	struct account sums = h->now;
	struct err err = ERR_INIT;

	if (sums.blobs < lost->blobs || sums.manifests < lost->manifests ||
		sums.bytes < lost->bytes)
		return;
	sums.blobs -= lost->blobs;
	sums.manifests -= lost->manifests;
	sums.bytes -= lost->bytes;
	h->record.text[0] = '\0';
	if (save(h, &sums, NULL, &err) < 0) {
		log_event(LOG_LEVEL_WARN, "account-dropped", "repository=%s reason=%s",
			h->ns->text, err.text);
		err_release(&err);
		/* Another host has counted, perhaps before we had removed everything. */
		if (account_record_drop(h->store, h->ns, &err) < 0)
			log_event(LOG_LEVEL_ERROR, "account-stale", "repository=%s",
				h->ns->text);
	}
	err_release(&err);
}

/*
 * The record goes before the first entry and comes back after the last. Whoever is killed in
 * between leaves a namespace without a record, which the next to need it counts.
 */
static int lose_all_held(struct hold *h, struct account_change *c,
	const struct digest *digests, size_t n, struct account *lost, struct err *err)
{
	int rc = account_record_drop(h->store, h->ns, err);

	if (rc < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		c->digest = &digests[i];
		rc = lose_one(h->store, c, lost, err);
	}
	if (h->known)
		restore(h, lost);
	return rc;
}

/* The directories of both algorithms, of which one may not be there. */
static int sync_kind(struct store *s, const struct account_change *c, struct err *err)
{
	int rc = 0;

	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		struct digest any = {.algorithm = (enum digest_algorithm)a};
		struct account_change of = {c->repo, c->kind, &any, 0};

		if (sync_entry(s, &of, err) < 0)
			rc = -1;
	}
	return rc;
}

int account_lose_all(struct store *s, const struct repo_name *repo,
	enum account_kind kind, const struct digest *digests, size_t n,
	struct account *lost, struct err *err)
{
	struct account_change c = {repo, kind, NULL, 0};
	struct hold h = HOLD_INIT(s, repo);
	int rc;

	*lost = (struct account){0, 0, 0};
	if (n == 0)
		return 0;
	rc = hold(&h, err);
	if (rc == 0)
		rc = lose_all_held(&h, &c, digests, n, lost, err);
	let_go(&h);
	if (lost->blobs + lost->manifests > 0 && sync_kind(s, &c, err) < 0)
		rc = -1;
	return rc;
}

static int replace_held(struct hold *h, const struct account_change *c,
	const struct path *from, struct err *err)
{
	struct path to = entry_path(c);
	uint64_t size = 0;
	int held = account_held(h->store, c->kind, c->repo, c->digest, &size, err);

	if (held < 0 || set_aside(h, c, held == 1, size, err) < 0)
		return -1;
	if (io_rename(h->store->root, from->text, to.text) < 0)
		return err_io(err, "cannot rename %s to %s", from->text, to.text);
	return 0;
}

int account_replace(struct store *s, const struct account_change *c,
	const struct path *from, struct err *err)
{
	struct hold h = HOLD_INIT(s, c->repo);
	int rc = hold_known(&h, err);

	if (rc == 0)
		rc = replace_held(&h, c, from, err);
	let_go(&h);
	return rc < 0 ? -1 : sync_entry(s, c, err);
}

/*
 * Reads without the lock: 1, 0 when that gave no answer, or -1. As long as the record is the
 * same only the entry it excepts can have changed, and that once.
 */
static int read_free(struct store *s, const struct repo_name *ns, struct account *out,
	struct err *err)
{
	struct account_record before, after;
	int found = account_record_read(s, ns, &before, err);

	if (found == 1)
		found = account_record_total(s, &before, out, err);
	if (found != 1 || !before.has_except)
		return found;
	if (account_record_read(s, ns, &after, err) < 0)
		return -1;
	return view_is(view_of(before.text), after.text);
}

/* Whether the namespace has no directory of repositories, so that it holds nothing. */
static bool is_absent(struct store *s, const struct repo_name *ns)
{
	struct repo_name first = *ns;
	struct stat st;

	first.text[repo_name_namespace(ns).len] = '\0';
	return io_stat(s->root, path_repo(&first).text, &st) < 0 && errno == ENOENT;
}

static int read_locked(struct store *s, const struct repo_name *ns, struct account *out,
	struct err *err)
{
	struct hold h = HOLD_INIT(s, ns);
	struct err save_err = ERR_INIT;
	int rc = hold(&h, err);
	bool counted = rc == 0 && !h.known;

	if (counted)
		rc = count(&h, err);
	/* It is true also when it cannot be kept. */
	if (rc == 0 && counted && save(&h, &h.now, NULL, &save_err) < 0)
		log_event(LOG_LEVEL_WARN, "account-not-kept", "repository=%s reason=%s",
			ns->text, save_err.text);
	*out = h.now;
	err_release(&save_err);
	let_go(&h);
	return rc;
}

int account_read(struct store *s, const struct repo_name *ns, struct account *out,
	struct err *err)
{
	int found = 0;

	for (int i = 0; found == 0 && i < TRIES; i++)
		found = read_free(s, ns, out, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	*out = (struct account){0, 0, 0};
	return is_absent(s, ns) ? 0 : read_locked(s, ns, out, err);
}
