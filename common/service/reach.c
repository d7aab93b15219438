#include "service/reach.h"

#include "base/io.h"
#include "base/log.h"
#include "store/account.h"
#include "store/listing.h"
#include "store/referrers.h"
#include "store/tags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int reach_open(struct reach *g, struct err *err)
{
	struct session_id random;
	uint64_t seed;

	*g = REACH_INIT;
	if (store_random_id(&random, err) < 0)
		return -1;
	memcpy(&seed, random.text, sizeof(seed));
	g->table = DIGEST_TABLE_INIT(seed);
	return 0;
}

void reach_release(struct reach *g)
{
	digest_table_release(&g->table);
	free(g->places);
	free(g->manifests);
	free(g->refs);
	free(g->order);
	*g = REACH_INIT;
}

void reach_clear(struct reach *g)
{
	digest_table_clear(&g->table);
	g->nplaces = g->nmanifests = g->nrefs = 0;
	g->present = g->damaged = 0;
}

/* Makes room for one element more in an array of count elements. */
static int reserve(void **array, size_t count, size_t *size, size_t each, struct err *err)
{
	size_t want = *size > 0 ? *size * 2 : 16;
	void *grown;

	if (count < *size)
		return 0;
	grown = realloc(*array, want * each);
	if (!grown)
		return err_set(err, ERR_FAULT, "no memory for the manifests");
	*array = grown;
	*size = want;
	return 0;
}

#define RESERVE(array, count, size, err) \
	reserve((void **)&(array), (count), &(size), sizeof((array)[0]), (err))

/* The number of d in the table, with a place of its own. */
static int number_of(
	struct reach *g, const struct digest *d, uint32_t *number, struct err *err)
{
	if (digest_table_add(&g->table, d, number) < 0)
		return err_set(err, ERR_FAULT, "no memory for the digests");
	if (*number < g->nplaces)
		return 0;
	if (RESERVE(g->places, g->nplaces, g->places_size, err) < 0)
		return -1;
	g->places[g->nplaces++] = (struct reach_place){REACH_NONE, REACH_NONE, false};
	return 0;
}

static int add_ref(
	struct reach *g, struct reach_manifest *m, const struct digest *d, struct err *err)
{
	uint32_t number;

	if (number_of(g, d, &number, err) < 0 ||
		RESERVE(g->refs, g->nrefs, g->refs_size, err) < 0)
		return -1;
	g->refs[g->nrefs++] = number;
	m->count++;
	return 0;
}

/* Every digest in the text of a document that is not understood. */
static int add_text(
	struct reach *g, struct reach_manifest *m, struct view text, struct err *err)
{
	struct view rest = text;
	const char *at;

	while (rest.len > 0 && (at = memmem(rest.ptr, rest.len, "sha", 3))) {
		rest.len -= (size_t)(at - rest.ptr);
		rest.ptr = at;
		for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
			struct view word = {at,
				7 + digest_hex_length((enum digest_algorithm)a)};
			struct digest d;

			if (word.len <= rest.len && digest_parse(word, &d) == DIGEST_OK &&
				add_ref(g, m, &d, err) < 0)
				return -1;
		}
		rest.ptr += 3;
		rest.len -= 3;
	}
	return 0;
}

static int add_document(struct reach *g, struct reach_manifest *m,
	const struct manifest *doc, struct view text, struct err *err)
{
	if (doc->has_subject && number_of(g, &doc->subject, &m->subject, err) < 0)
		return -1;
	if (doc->kind == MANIFEST_OTHER)
		return add_text(g, m, text, err);
	for (size_t i = 0; i < doc->nrefs; i++)
		if (add_ref(g, m, &doc->refs[i].digest, err) < 0)
			return -1;
	return 0;
}

/* What loading hands on. */
struct load {
	struct store *store;
	const struct repo_name *repo;
	struct reach *g;
};

/* After manifests_get said there is none: 1 when it is corrupt, 0 when it has gone, -1. */
static int is_corrupt(const struct load *l, const struct digest *d, struct err *err)
{
	struct path path = path_manifest(l->repo, d);
	struct stat st;

	err_release(err);
	if (io_stat(l->store->root, path.text, &st) == 0)
		return 1;
	return errno == ENOENT || errno == ESTALE
		       ? 0
		       : err_io(err, "cannot look at %s", path.text);
}

/* Reads the manifest into m. */
static int read_manifest(const struct load *l, const struct digest *d,
	struct reach_manifest *m, struct err *err)
{
	struct reference ref = {.is_digest = true, .digest = *d};
	struct stored_manifest file = STORED_MANIFEST_INIT;
	struct manifest doc = MANIFEST_INIT;
	int rc = manifests_get(l->store, l->repo, &ref, &file, err);
	int corrupt;

	m->subject = REACH_NONE;
	m->first = l->g->nrefs;
	m->count = 0;
	m->damaged = m->corrupt = false;
	m->bytes = file.content.len;
	if (rc < 0 && err->code == ERR_MANIFEST_UNKNOWN) {
		rc = corrupt = is_corrupt(l, d, err);
		m->damaged = m->corrupt = corrupt == 1;
		m->present = corrupt == 1;
	} else if (rc == 0) {
		rc = manifest_parse(file.content, file.media_type, &doc, err);
		m->damaged = rc < 0 && err_is_refusal(err);
		if (rc == 0)
			rc = add_document(l->g, m, &doc, file.content, err);
		if (rc == 0 && l->g->document)
			rc = l->g->document(l->g->arg, d, &doc, err);
	}
	if (m->damaged) {
		err_release(err);
		rc = 0;
	}
	manifest_release(&doc);
	stored_manifest_release(&file);
	return rc;
}

static bool same_stamp(const struct reach_stamp *a, const struct reach_stamp *b)
{
	return a->ino == b->ino && a->size == b->size &&
	       a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec &&
	       a->ctime.tv_sec == b->ctime.tv_sec && a->ctime.tv_nsec == b->ctime.tv_nsec;
}

/* The manifest's index; a new one is not of any file yet. */
static int manifest_of(
	struct reach *g, const struct digest *d, uint32_t *index, struct err *err)
{
	uint32_t number;

	if (number_of(g, d, &number, err) < 0)
		return -1;
	*index = g->places[number].manifest;
	if (*index != REACH_NONE)
		return 0;
	if (RESERVE(g->manifests, g->nmanifests, g->manifests_size, err) < 0)
		return -1;
	*index = (uint32_t)g->nmanifests++;
	g->manifests[*index] = (struct reach_manifest){.digest = number};
	g->places[number].manifest = *index;
	return 0;
}

static int load_one(void *arg, const struct digest *d, struct err *err)
{
	const struct load *l = arg;
	struct path path = path_manifest(l->repo, d);
	struct reach_manifest *m;
	struct reach_stamp stamp;
	struct stat st;
	uint32_t index;

	if (io_stat(l->store->root, path.text, &st) < 0)
		return errno == ENOENT || errno == ESTALE
			       ? 0
			       : err_io(err, "cannot look at %s", path.text);
	if (manifest_of(l->g, d, &index, err) < 0)
		return -1;
	m = &l->g->manifests[index];
	m->present = true;
	stamp = (struct reach_stamp){
		(uint64_t)st.st_ino, (uint64_t)st.st_size, st.st_mtim, st.st_ctim};
	if (!same_stamp(&stamp, &m->stamp)) {
		/* The time of the look comes first: a file that takes its place before
		 * it is read has another. */
		m->stamp = stamp;
		if (read_manifest(l, d, m, err) < 0) {
			m->stamp = (struct reach_stamp){0};
			return -1;
		}
	}
	l->g->present += m->present;
	l->g->damaged += m->present && m->damaged;
	return 0;
}

int reach_load(
	struct store *s, const struct repo_name *r, struct reach *g, struct err *err)
{
	struct load l = {s, r, g};

	g->present = g->damaged = 0;
	for (size_t i = 0; i < g->nmanifests; i++)
		g->manifests[i].present = false;
	return manifests_each(s, r, load_one, &l, err);
}

int reach_tags(
	struct store *s, const struct repo_name *r, struct reach *g, struct err *err)
{
	struct path dir = path_tags(r);
	struct listing *l = NULL;
	int rc = listing_get(s, &dir, &l, err);

	for (size_t i = 0; i < g->nmanifests; i++)
		g->manifests[i].tagged = false;
	for (size_t i = 0; rc == 0 && i < l->count; i++) {
		struct digest d;
		struct tag t;
		uint32_t m;

		if (tag_parse(view_of(l->names[i]), &t) < 0)
			continue;
		rc = tags_resolve(s, r, &t, &d, err);
		m = rc == 0 ? reach_find(g, &d) : REACH_NONE;
		if (m != REACH_NONE)
			g->manifests[m].tagged = true;
		if (rc < 0 && err->code == ERR_MANIFEST_UNKNOWN) {
			err_release(err);
			rc = 0;
		}
	}
	listing_release(l);
	return rc;
}

uint32_t reach_find(const struct reach *g, const struct digest *d)
{
	uint32_t number = digest_table_find(&g->table, d);
	uint32_t m = number != DIGEST_TABLE_NONE ? g->places[number].manifest : REACH_NONE;

	return m != REACH_NONE && g->manifests[m].present ? m : REACH_NONE;
}

bool reach_needs(const struct reach *g, const struct digest *d)
{
	uint32_t number = digest_table_find(&g->table, d);

	return number != DIGEST_TABLE_NONE && g->places[number].needed;
}

const struct digest *reach_digest(const struct reach *g, uint32_t manifest)
{
	return &g->table.digests[g->manifests[manifest].digest];
}

/* Room in g->order for all manifests. */
static int reserve_order(struct reach *g, struct err *err)
{
	uint32_t *order;

	if (g->order_size >= g->nmanifests)
		return 0;
	order = realloc(g->order, g->manifests_size * sizeof(*order));
	if (!order)
		return err_set(err, ERR_FAULT, "no memory for the manifests");
	g->order = order;
	g->order_size = g->manifests_size;
	return 0;
}

/* Forgets the last marking and chains the manifests of each subject. */
static void unmark(struct reach *g)
{
	for (size_t i = 0; i < g->nplaces; i++) {
		g->places[i].needed = false;
		g->places[i].referrers = REACH_NONE;
	}
	for (size_t i = 0; i < g->nmanifests; i++) {
		struct reach_manifest *m = &g->manifests[i];

		m->kept = false;
		if (!m->present || m->subject == REACH_NONE)
			continue;
		m->next = g->places[m->subject].referrers;
		g->places[m->subject].referrers = (uint32_t)i;
	}
}

static void keep(struct reach *g, uint32_t i, size_t *n)
{
	if (i == REACH_NONE || !g->manifests[i].present || g->manifests[i].kept)
		return;
	g->manifests[i].kept = true;
	g->order[(*n)++] = i;
}

int reach_mark(struct reach *g, struct err *err)
{
	size_t n = 0;

	if (reserve_order(g, err) < 0)
		return -1;
	unmark(g);
	for (size_t i = 0; i < g->nmanifests; i++)
		if (g->manifests[i].root)
			keep(g, (uint32_t)i, &n);
	/* What is in g->order up to n is kept; each is followed once. */
	for (size_t at = 0; at < n; at++) {
		const struct reach_manifest *m = &g->manifests[g->order[at]];
		uint32_t r = g->places[m->digest].referrers;

		for (size_t i = 0; i < m->count; i++) {
			struct reach_place *p = &g->places[g->refs[m->first + i]];

			p->needed = true;
			keep(g, p->manifest, &n);
		}
		for (; r != REACH_NONE; r = g->manifests[r].next)
			keep(g, r, &n);
	}
	return 0;
}

static bool is_doomed(const struct reach *g, uint32_t i)
{
	return i != REACH_NONE && g->manifests[i].present && !g->manifests[i].kept;
}

/* Adds by to the number of doomed manifests that refer to each child of a doomed one. */
static void count_parents(struct reach *g, const struct reach_manifest *m, uint32_t by,
	uint32_t *parents, size_t *n)
{
	for (size_t i = 0; i < m->count; i++) {
		uint32_t child = g->places[g->refs[m->first + i]].manifest;

		if (!is_doomed(g, child))
			continue;
		parents[child] += by;
		if (n && parents[child] == 0)
			g->order[(*n)++] = child;
	}
}

int reach_doomed(struct reach *g, size_t *n, struct err *err)
{
	uint32_t *parents = calloc(g->nmanifests + 1, sizeof(*parents));

	*n = 0;
	if (!parents || reserve_order(g, err) < 0) {
		free(parents);
		return err_set(err, ERR_FAULT, "no memory for the manifests");
	}
	for (size_t i = 0; i < g->nmanifests; i++)
		if (is_doomed(g, (uint32_t)i))
			count_parents(g, &g->manifests[i], 1, parents, NULL);
	for (size_t i = 0; i < g->nmanifests; i++)
		if (is_doomed(g, (uint32_t)i) && parents[i] == 0)
			g->order[(*n)++] = (uint32_t)i;
	for (size_t at = 0; at < *n; at++)
		count_parents(g, &g->manifests[g->order[at]], (uint32_t)-1, parents, n);
	free(parents);
	return 0;
}

/* Asked twice, for a passing fault: nobody comes back for the entry. */
static void unlist(struct store *s, const struct repo_name *r,
	const struct digest *subject, const struct digest *d)
{
	struct err err = ERR_INIT;

	for (int i = 0; i < 2; i++) {
		err_release(&err);
		if (referrers_remove(s, r, subject, d, &err) == 0)
			break;
	}
	if (err.code != ERR_NONE)
		log_event(LOG_LEVEL_WARN, "entry-left", "repository=%s manifest=%s reason=%s",
			r->text, d->hex, err.text);
	err_release(&err);
}

/* The manifest has gone. */
static void forget(
	struct store *s, const struct repo_name *r, struct reach *g, uint32_t manifest)
{
	struct reach_manifest *m = &g->manifests[manifest];

	m->present = false;
	g->present--;
	if (m->subject != REACH_NONE)
		unlist(s, r, &g->table.digests[m->subject], &g->table.digests[m->digest]);
}

int reach_remove(struct store *s, const struct repo_name *r, struct reach *g,
	uint32_t manifest, struct err *err)
{
	struct account_change loss = {
		r, ACCOUNT_MANIFEST, reach_digest(g, manifest), 0};
	bool lost = false;
	int rc = account_lose(s, &loss, &lost, err);

	if (rc == 0 || lost)
		forget(s, r, g, manifest);
	return rc;
}

int reach_remove_all(struct store *s, const struct repo_name *r, struct reach *g,
	const uint32_t *manifests, size_t n, struct err *err)
{
	struct digest digests[REACH_REMOVE_MAX];
	struct account lost;
	int rc;

	for (size_t i = 0; i < n; i++)
		digests[i] = *reach_digest(g, manifests[i]);
	rc = account_lose_all(s, r, ACCOUNT_MANIFEST, digests, n, &lost, err);
	/* Nobody else removes any under the lock, so it is the first ones that went. */
	for (size_t i = 0; i < lost.manifests; i++)
		forget(s, r, g, manifests[i]);
	return rc;
}
