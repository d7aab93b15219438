#include "service/scrub_parts.h"

#include "base/io.h"
#include "service/repo_walk.h"
#include "store/listing.h"
#include "store/referrers.h"
#include "store/repo_dirs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stray(const struct look *w, const struct path *dir, const char *name)
{
	struct path path = *dir;
	size_t len = strlen(path.text);

	snprintf(path.text + len, sizeof(path.text) - len, "/%s", name);
	scrub_problem(w->c,
		&(struct problem){.kind = "stray", .repo = w->repo, .path = path.text},
		"the name does not belong there");
}

/* What stands at path: 1 with *st, 0 when there is nothing, -1 when it cannot be told. */
static int look_at(struct look *w, const struct path *path, struct stat *st)
{
	struct err why = ERR_INIT;

	if (io_stat(w->c->store->root, path->text, st) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR || errno == ESTALE)
		return 0;
	err_io(&why, "cannot look at %s", path->text);
	scrub_fault(w->c, w->repo, path->text, &why);
	return -1;
}

/*
 * Calls each() with the names in a directory until it returns non-zero, which is passed on.
 * A directory that cannot be listed is reported.
 */
static int each_name(struct look *w, const struct path *dir,
	int (*each)(struct look *w, const struct path *dir, const char *name, void *arg,
		struct err *err),
	void *arg, struct err *err)
{
	struct listing *l = NULL;
	struct err why = ERR_INIT;
	int rc = 0;

	if (listing_get(w->c->store, dir, &l, &why) < 0) {
		scrub_fault(w->c, w->repo, dir->text, &why);
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < l->count; i++)
		rc = each(w, dir, l->names[i], arg, err);
	listing_release(l);
	return rc;
}

static int expect_algorithm(struct look *w, const struct path *dir, const char *name,
	void *arg, struct err *err)
{
	enum digest_algorithm a;

	(void)arg;
	(void)err;
	if (digest_algorithm_parse(view_of(name), &a) < 0)
		stray(w, dir, name);
	return 0;
}

static int expect_digest(struct look *w, const struct path *dir, const char *name,
	void *arg, struct err *err)
{
	struct digest d;

	(void)err;
	if (digest_from_hex(*(enum digest_algorithm *)arg, view_of(name), &d) < 0)
		stray(w, dir, name);
	return 0;
}

/* ---- blobs ---- */

/* A link to a good file that is not that of the entry in blobs/. */
static void suspect_apart(
	struct look *w, const struct digest *d, const struct stat *own, const struct stat *entry)
{
	struct suspect s = {.kind = SUSPECT_ENTRY, .digest = *d, .st = *own};
	struct path path = path_blob(d);
	struct stat st;

	if (entry) {
		s.kind = SUSPECT_COPY;
		/* Others have this file too: it was the entry until that had as many
		 * names as a file can have. */
		if (own->st_nlink > 1)
			return;
		/* Nothing is replaced by what is not known to be good. */
		if (w->c->options->repair) {
			if (scrub_content(w->c, &path, d, &st) != CONTENT_GOOD)
				return;
			s.entry_ino = (uint64_t)st.st_ino;
		}
	}
	look_suspect(w, &s);
}

/* The entry of blobs/ was hashed before, unless it is about one repository only. */
static int look_link(struct look *w, const struct path *dir, const char *name, void *arg,
	struct err *err)
{
	struct path own, entry;
	struct stat st, entry_st;
	struct digest d;
	int has_entry;

	if (digest_from_hex(*(enum digest_algorithm *)arg, view_of(name), &d) < 0) {
		stray(w, dir, name);
		return 0;
	}
	own = path_repo_blob(w->repo, &d);
	entry = path_blob(&d);
	has_entry = look_at(w, &entry, &entry_st);
	if (has_entry < 0 || look_at(w, &own, &st) != 1)
		return 0;
	if (has_entry && st.st_ino == entry_st.st_ino && !w->c->options->repo)
		return 0;
	switch (scrub_content(w->c, &own, &d, &st)) {
	case CONTENT_CANCELLED:
		return 1;
	case CONTENT_BAD:
		return scrub_corrupt_add(w->c, &d, &st, err);
	case CONTENT_STRAY:
		stray(w, dir, name);
		return 0;
	case CONTENT_GOOD:
		if (!has_entry || st.st_ino != entry_st.st_ino)
			suspect_apart(w, &d, &st, has_entry ? &entry_st : NULL);
		return 0;
	default:
		return 0;
	}
}

static int measure_link(struct look *w, const struct path *dir, const char *name, void *arg,
	struct err *err)
{
	struct path path;
	struct digest d;
	struct stat st;

	(void)dir;
	(void)err;
	if (digest_from_hex(*(enum digest_algorithm *)arg, view_of(name), &d) < 0)
		return 0;
	path = path_repo_blob(w->repo, &d);
	if (io_stat(w->c->store->root, path.text, &st) == 0)
		w->c->total += (uint64_t)st.st_size;
	return 0;
}

static int look_blobs(struct look *w, struct err *err)
{
	struct path top;
	int rc = 0;

	for (int i = 0; rc == 0 && i < DIGEST_ALGORITHMS; i++) {
		enum digest_algorithm a = (enum digest_algorithm)i;
		struct path dir = path_repo_blobs(w->repo, a);

		top = path_parent(&dir);
		if (w->c->options->repo)
			rc = each_name(w, &dir, measure_link, &a, err);
		if (rc == 0)
			rc = each_name(w, &dir, look_link, &a, err);
	}
	if (rc == 0)
		rc = each_name(w, &top, expect_algorithm, NULL, err);
	look_settle(w);
	if (rc == 0)
		rc = scrub_corrupt_settle(w->c, err);
	return rc;
}

/* ---- manifests ---- */

static void look_reference(
	struct look *w, const struct digest *d, const struct manifest_ref *ref)
{
	struct path path = path_repo_blob(w->repo, &ref->digest);
	struct suspect s = {.kind = SUSPECT_REFERENCE,
		.digest = ref->digest,
		.other = *d,
		.size = ref->size};
	struct stat st;
	int found;

	/* The child of an index may be absent: a client has deleted it. */
	if (ref->is_manifest)
		return;
	found = look_at(w, &path, &st);
	if (found == 0)
		s.absent = !ref->optional && !w->c->store->config->accept_sparse;
	if (s.absent || (found == 1 && (uint64_t)st.st_size != ref->size))
		look_suspect(w, &s);
}

static int look_document(
	void *arg, const struct digest *d, const struct manifest *doc, struct err *err)
{
	struct look *w = arg;
	struct path entry;
	struct stat st;

	(void)err;
	for (size_t i = 0; i < doc->nrefs; i++)
		look_reference(w, d, &doc->refs[i]);
	if (!doc->has_subject)
		return 0;
	entry = path_referrer(w->repo, &doc->subject, d);
	if (look_at(w, &entry, &st) == 0)
		look_suspect(w, &(struct suspect){.kind = SUSPECT_UNLISTED,
					.digest = *d,
					.other = doc->subject});
	return 0;
}

static void look_damaged(struct look *w, const struct reach_manifest *m)
{
	struct suspect s = {.kind = SUSPECT_MANIFEST,
		.digest = w->c->graph.table.digests[m->digest]};
	struct path path = path_manifest(w->repo, &s.digest);

	if (!m->corrupt)
		scrub_problem(w->c,
			&(struct problem){.kind = "document",
				.repo = w->repo,
				.digest = &s.digest,
				.path = path.text},
			"the manifest cannot be understood");
	else if (look_at(w, &path, &s.st) == 1 &&
		 (uint64_t)s.st.st_ino == m->stamp.ino)
		look_suspect(w, &s);
}

static int look_manifests(struct look *w, struct err *err)
{
	struct reach *g = &w->c->graph;
	struct path top = path_manifests(w->repo, DIGEST_SHA256);
	struct err why = ERR_INIT;
	int rc = 0;

	reach_clear(g);
	g->document = look_document;
	g->arg = w;
	if (reach_load(w->c->store, w->repo, g, &why) < 0)
		scrub_fault(w->c, w->repo, path_parent(&top).text, &why);
	g->document = NULL;
	for (size_t i = 0; i < g->nmanifests; i++) {
		const struct reach_manifest *m = &g->manifests[i];

		if (!m->present)
			continue;
		w->c->result->manifests++;
		scrub_pace(w->c, m->bytes);
		if (m->damaged)
			look_damaged(w, m);
	}
	for (int i = 0; rc == 0 && i < DIGEST_ALGORITHMS; i++) {
		enum digest_algorithm a = (enum digest_algorithm)i;
		struct path dir = path_manifests(w->repo, a);

		rc = each_name(w, &dir, expect_digest, &a, err);
	}
	top = path_parent(&top);
	if (rc == 0)
		rc = each_name(w, &top, expect_algorithm, NULL, err);
	look_settle(w);
	return rc;
}

/* ---- tags ---- */

static int look_tag(struct look *w, const struct path *dir, const char *name, void *arg,
	struct err *err)
{
	struct suspect s = {.kind = SUSPECT_TAG};
	char target[256];
	struct err why = ERR_INIT;
	struct path path;
	struct stat st;

	(void)arg;
	(void)err;
	if (tag_parse(view_of(name), &s.tag) < 0) {
		stray(w, dir, name);
		return 0;
	}
	path = path_tag(w->repo, &s.tag);
	if (io_readlink(w->c->store->root, path.text, target, sizeof(target)) < 0) {
		if (errno == EINVAL) {
			stray(w, dir, name);
		} else if (errno != ENOENT && errno != ESTALE) {
			err_io(&why, "cannot read %s", path.text);
			scrub_fault(w->c, w->repo, path.text, &why);
		}
		return 0;
	}
	w->c->result->tags++;
	if (path_tag_target_parse(target, &s.digest) == 0) {
		path = path_manifest(w->repo, &s.digest);
		if (look_at(w, &path, &st) != 0)
			return 0;
	}
	look_suspect(w, &s);
	return 0;
}

/* ---- referrers ---- */

static int look_listed(struct look *w, const struct path *dir, const char *name, void *arg,
	struct err *err)
{
	const struct reach *g = &w->c->graph;
	struct suspect s = {.kind = SUSPECT_LISTED, .other = *(struct digest *)arg};
	uint32_t m;

	(void)err;
	if (referrers_entry_parse(name, &s.digest) < 0) {
		stray(w, dir, name);
		return 0;
	}
	m = reach_find(g, &s.digest);
	if (m != REACH_NONE) {
		const struct reach_manifest *found = &g->manifests[m];

		if (found->damaged)
			return 0;
		if (found->subject != REACH_NONE &&
			digest_equal(&g->table.digests[found->subject], &s.other))
			return 0;
		s.foreign = true;
	}
	look_suspect(w, &s);
	return 0;
}

static int look_subject(struct look *w, const struct path *dir, const char *name, void *arg,
	struct err *err)
{
	struct digest subject;
	struct path path;

	if (digest_from_hex(*(enum digest_algorithm *)arg, view_of(name), &subject) < 0) {
		stray(w, dir, name);
		return 0;
	}
	path = path_referrers(w->repo, &subject);
	return each_name(w, &path, look_listed, &subject, err);
}

static int look_referrers(struct look *w, struct err *err)
{
	struct path top;
	int rc = 0;

	for (int i = 0; rc == 0 && i < DIGEST_ALGORITHMS; i++) {
		enum digest_algorithm a = (enum digest_algorithm)i;
		struct path dir = repo_dirs_subjects(w->repo, a);

		top = path_parent(&dir);
		rc = each_name(w, &dir, look_subject, &a, err);
	}
	if (rc == 0)
		rc = each_name(w, &top, expect_algorithm, NULL, err);
	return rc;
}

/* ---- all of it ---- */

static int look_all(struct look *w, struct err *err)
{
	struct path tags = path_tags(w->repo);
	int rc = 0;

	if (w->has & REPO_HAS_BLOBS)
		rc = look_blobs(w, err);
	if (rc == 0)
		rc = look_manifests(w, err);
	if (rc == 0 && w->broken.count > 0)
		rc = scrub_affected(w->c, w->repo, &w->broken, err);
	if (rc == 0 && (w->has & REPO_HAS_TAGS))
		rc = each_name(w, &tags, look_tag, NULL, err);
	if (rc == 0 && (w->has & REPO_HAS_REFERRERS))
		rc = look_referrers(w, err);
	look_settle(w);
	return rc;
}

int scrub_repo(struct scrub *c, const struct repo_name *r, unsigned has, struct err *err)
{
	struct look w = {.c = c,
		.repo = r,
		.has = has,
		.broken = DIGEST_TABLE_INIT(c->graph.table.seed)};
	int rc;

	if ((has & ~(unsigned)REPO_HAS_CHILDREN) == 0)
		return 0;
	w.suspects = calloc(SUSPECTS_MAX, sizeof(*w.suspects));
	if (!w.suspects)
		return err_set(err, ERR_FAULT, "no memory for %s", r->text);
	rc = look_all(&w, err);
	if (rc == 0)
		c->result->repositories++;
	free(w.suspects);
	digest_table_release(&w.broken);
	return rc;
}
