#include "service/scrub_parts.h"

#include "base/io.h"
#include "base/log.h"
#include "store/account.h"
#include "store/blobs.h"
#include "store/publish.h"
#include "store/quarantine.h"
#include "store/referrers.h"
#include "store/repos.h"
#include "store/tags.h"

#include <errno.h>

/* What stands at path: 1 with *st, 0 when there is nothing, -1. */
static int look_at(const struct look *w, struct suspect *s, const struct path *path,
	struct stat *st)
{
	if (io_stat(w->c->store->root, path->text, st) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR || errno == ESTALE)
		return 0;
	return err_io(&s->why, "cannot look at %s", path->text);
}

/* Whether the file that was seen stands there still. */
static bool is_same(const struct look *w, struct suspect *s, const struct path *path)
{
	struct stat st;

	return look_at(w, s, path, &st) == 1 && st.st_ino == s->st.st_ino;
}

/*
 * What follows are pairs, under the lock: whether the suspicion is true, and the mending: 0
 * when it is mended or -1.
 */

static bool is_entry_missing(struct look *w, struct suspect *s)
{
	struct path own = path_repo_blob(w->repo, &s->digest);
	struct path entry = path_blob(&s->digest);
	struct stat st;

	return is_same(w, s, &own) && look_at(w, s, &entry, &st) == 0;
}

static int mend_entry(struct look *w, struct suspect *s)
{
	struct path own = path_repo_blob(w->repo, &s->digest);
	struct path entry = path_blob(&s->digest);

	if (publish_link(w->c->store, &own, &entry, &s->why) >= 0)
		return store_sync_dir(
			w->c->store, path_parent(&entry).text, &s->why);
	if (s->why.errnum != EMLINK)
		return -1;
	err_release(&s->why);
	return blobs_replace_entry(w->c->store, &s->digest, &own, &s->why);
}

static bool is_copy(struct look *w, struct suspect *s)
{
	struct path own = path_repo_blob(w->repo, &s->digest);
	struct path entry = path_blob(&s->digest);
	struct stat st;

	return is_same(w, s, &own) && look_at(w, s, &entry, &st) == 1 &&
	       st.st_ino != s->st.st_ino &&
	       (s->entry_ino == 0 || (uint64_t)st.st_ino == s->entry_ino);
}

static int replace_copy(struct look *w, struct suspect *s, struct staged *f)
{
	struct account_change change = {
		w->repo, ACCOUNT_BLOB, &s->digest, (uint64_t)s->st.st_size};
	struct path entry = path_blob(&s->digest);
	struct stat st;

	if (staged_link(w->c->store, f, &entry, &s->why) < 0)
		return -1;
	if (io_stat(w->c->store->root, f->path.text, &st) < 0)
		return err_io(&s->why, "cannot look at %s", f->path.text);
	if ((uint64_t)st.st_ino != s->entry_ino)
		return err_set(&s->why, ERR_BUSY, "%s is being replaced", entry.text);
	/* Who has just pushed or looked for the blob counts on it for the grace. */
	if (st.st_mtim.tv_sec < s->st.st_mtim.tv_sec &&
		io_touch(w->c->store->root, f->path.text) < 0)
		return err_io(&s->why, "cannot renew %s", entry.text);
	return account_replace(w->c->store, &change, &f->path, &s->why);
}

static int mend_copy(struct look *w, struct suspect *s)
{
	struct staged f = STAGED_INIT;
	int rc = replace_copy(w, s, &f);

	staged_discard(w->c->store, &f);
	return rc;
}

static bool is_manifest_corrupt(struct look *w, struct suspect *s)
{
	struct path path = path_manifest(w->repo, &s->digest);

	return is_same(w, s, &path);
}

/* Pushes of manifests hold the lock: nobody replaces it in between. */
static int take_manifest(struct look *w, struct suspect *s)
{
	struct account_change loss = {w->repo, ACCOUNT_MANIFEST, &s->digest, 0};
	struct path path = path_manifest(w->repo, &s->digest);
	uint32_t m = reach_find(&w->c->graph, &s->digest);
	bool lost = false;
	int rc = quarantine_keep(w->c->store, &path, &s->digest, &s->st, &s->why);

	if (rc == 0)
		rc = account_lose(w->c->store, &loss, &lost, &s->why);
	w->c->result->quarantined += lost;
	if (lost && m != REACH_NONE)
		w->c->graph.manifests[m].present = false;
	return rc;
}

static bool is_reference_broken(struct look *w, struct suspect *s)
{
	struct path manifest = path_manifest(w->repo, &s->other);
	struct path blob = path_repo_blob(w->repo, &s->digest);
	struct stat st;
	int found;

	if (look_at(w, s, &manifest, &st) != 1)
		return false;
	found = look_at(w, s, &blob, &st);
	s->absent = found == 0;
	return found == 0 || (found == 1 && (uint64_t)st.st_size != s->size);
}

static bool is_unlisted(struct look *w, struct suspect *s)
{
	struct path manifest = path_manifest(w->repo, &s->digest);
	struct path entry = path_referrer(w->repo, &s->other, &s->digest);
	struct stat st;

	return look_at(w, s, &manifest, &st) == 1 && look_at(w, s, &entry, &st) == 0;
}

static int mend_unlisted(struct look *w, struct suspect *s)
{
	return referrers_add(w->c->store, w->repo, &s->other, &s->digest, &s->why);
}

/*
 * Whether nothing of that kind has come or gone for the grace. A push or a deletion that was
 * killed leaves its entry, which collection takes in time.
 */
static bool has_settled(struct look *w, const struct path *manifest, const struct stat *entry)
{
	int64_t settled = w->c->now - (int64_t)w->c->store->config->gc_grace;
	struct path dir = path_parent(manifest);
	struct stat st;

	/* Without manifests it was the directory above that changed last. */
	if (io_stat(w->c->store->root, dir.text, &st) < 0) {
		dir = path_repo(w->repo);
		if (io_stat(w->c->store->root, dir.text, &st) < 0)
			return true;
	}
	return entry->st_mtim.tv_sec < settled && st.st_mtim.tv_sec < settled;
}

static bool is_wrongly_listed(struct look *w, struct suspect *s)
{
	struct path manifest = path_manifest(w->repo, &s->digest);
	struct path entry = path_referrer(w->repo, &s->other, &s->digest);
	struct stat st, other;
	int found;

	if (look_at(w, s, &entry, &st) != 1)
		return false;
	found = look_at(w, s, &manifest, &other);
	if (found == 0)
		return w->c->options->repair || has_settled(w, &manifest, &st);
	return found == 1 && s->foreign;
}

static int mend_listed(struct look *w, struct suspect *s)
{
	return referrers_remove(w->c->store, w->repo, &s->other, &s->digest, &s->why);
}

static bool is_dangling(struct look *w, struct suspect *s)
{
	struct path path = path_tag(w->repo, &s->tag);
	char target[256];
	struct stat st;

	if (io_readlink(w->c->store->root, path.text, target, sizeof(target)) < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ESTALE)
			err_io(&s->why, "cannot read %s", path.text);
		return false;
	}
	if (path_tag_target_parse(target, &s->digest) < 0)
		return true;
	path = path_manifest(w->repo, &s->digest);
	return look_at(w, s, &path, &st) == 0;
}

static int mend_tag(struct look *w, struct suspect *s)
{
	return tags_delete(w->c->store, w->repo, &s->tag, &s->why);
}

static const struct {
	const char *kind;
	bool (*is_true)(struct look *w, struct suspect *s);
	int (*mend)(struct look *w, struct suspect *s); /* NULL: nothing can be done */
	bool taken; /* what is done is no mending: the thing is away then */
	const char *sentence;
} kinds[] = {
	[SUSPECT_ENTRY] = {"entry", is_entry_missing, mend_entry, false,
		"the store has no entry of the blob"},
	[SUSPECT_COPY] = {"copy", is_copy, mend_copy, false,
		"the blob is a file of its own, beside the store's"},
	[SUSPECT_MANIFEST] = {"manifest", is_manifest_corrupt, take_manifest, true,
		"the content is not that of the digest, or there is no media type"},
	[SUSPECT_REFERENCE] = {"reference", is_reference_broken, NULL, false,
		"the manifest needs the blob, which is of another size"},
	[SUSPECT_UNLISTED] = {"referrer", is_unlisted, mend_unlisted, false,
		"the manifest is not listed under its subject"},
	[SUSPECT_LISTED] = {"referrer", is_wrongly_listed, mend_listed, false,
		"the manifest is listed under a subject that it does not have, or is absent"},
	[SUSPECT_TAG] = {"tag", is_dangling, mend_tag, false,
		"the tag points to no manifest"},
};

static void report(struct look *w, struct suspect *s)
{
	const char *sentence = kinds[s->kind].sentence, *more = "";
	struct problem p = {.kind = kinds[s->kind].kind,
		.repo = w->repo,
		.tag = s->kind == SUSPECT_TAG ? s->tag.text : NULL,
		.repaired = s->repaired && !kinds[s->kind].taken};

	if (s->kind != SUSPECT_TAG || s->digest.hex[0] != '\0')
		p.digest = &s->digest;
	if (s->kind == SUSPECT_REFERENCE)
		p.manifest = &s->other;
	if (s->kind == SUSPECT_UNLISTED || s->kind == SUSPECT_LISTED)
		p.subject = &s->other;
	if (s->kind == SUSPECT_REFERENCE && s->absent)
		sentence = "the manifest needs the blob, which is absent";
	if (s->repaired && kinds[s->kind].taken)
		more = ": taken away";
	scrub_problem(w->c, &p, "%s%s%s%s", sentence, more,
		s->why.code != ERR_NONE ? "; " : "", s->why.text);
}

/* Remembers what tags may lead to. */
static void note_broken(struct look *w, const struct suspect *s)
{
	uint32_t number;

	if (s->kind != SUSPECT_REFERENCE && s->kind != SUSPECT_MANIFEST)
		return;
	if (digest_table_add(&w->broken, &s->digest, &number) < 0)
		log_event(LOG_LEVEL_ERROR, "scrub-memory", "repository=%s", w->repo->text);
}

void look_suspect(struct look *w, const struct suspect *s)
{
	if (w->nsuspects == SUSPECTS_MAX)
		look_settle(w);
	w->suspects[w->nsuspects++] = *s;
}

/*
 * The exclusive lock: 0; 1 when there is no repository any more; -1. Without repair no lock
 * file is made: where there is none, nobody pushes manifests.
 */
static int lock_repo(struct look *w, int *lock, struct err *err)
{
	struct path path = path_repo_lock(w->repo);
	bool repair = w->c->options->repair;
	struct stat st;

	if (!repair && io_stat(w->c->store->root, path.text, &st) < 0 && errno == ENOENT)
		return 0;
	if (repos_lock(w->c->store, w->repo, true, false, lock, err) == 0)
		return 0;
	if (err->code == ERR_NAME_UNKNOWN || (!repair && err->errnum == EROFS)) {
		int rc = err->code == ERR_NAME_UNKNOWN;

		err_release(err);
		return rc;
	}
	return -1;
}

/* Those from at on, for one hold of the lock; how far it came. */
static size_t settle_some(struct look *w, size_t at)
{
	int64_t deadline = scrub_now_ms() + SCRUB_HOLD_MS;

	for (; at < w->nsuspects && scrub_now_ms() < deadline; at++) {
		struct suspect *s = &w->suspects[at];

		s->confirmed = kinds[s->kind].is_true(w, s);
		if (s->confirmed && kinds[s->kind].mend && w->c->options->repair)
			s->repaired = kinds[s->kind].mend(w, s) == 0;
	}
	return at;
}

static void finish(struct look *w, struct suspect *s)
{
	struct path path = path_repo(w->repo);

	if (s->confirmed) {
		note_broken(w, s);
		report(w, s);
		err_release(&s->why);
	} else if (s->why.code != ERR_NONE) {
		scrub_fault(w->c, w->repo, path.text, &s->why);
	}
}

void look_settle(struct look *w)
{
	struct path path = path_repo(w->repo);
	struct err why = ERR_INIT;
	size_t at = 0, end;
	int rc = 0;

	while (rc == 0 && at < w->nsuspects) {
		int lock = -1;

		if (at > 0)
			scrub_pause();
		rc = lock_repo(w, &lock, &why);
		if (rc != 0)
			break;
		end = settle_some(w, at);
		io_close(&lock);
		for (; at < end; at++)
			finish(w, &w->suspects[at]);
	}
	if (rc < 0)
		scrub_fault(w->c, w->repo, path.text, &why);
	w->nsuspects = 0;
}
