#include "service/remote_pull.h"

#include "format/manifest.h"
#include "service/remote_blob.h"
#include "store/manifests.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ACCEPT                                                                           \
	"Accept: " MEDIA_OCI_MANIFEST ", " MEDIA_OCI_INDEX ", " MEDIA_DOCKER_MANIFEST    \
	", " MEDIA_DOCKER_LIST

/* A pull on its way, and one manifest of it. */
struct walk {
	struct remote *remote;
	const struct remote_pull *p;
	unsigned manifests; /* fetched so far */
};

struct piece {
	struct buf bytes;
	char type[MEDIA_TYPE_MAX + 1]; /* "": the document says it itself */
	struct digest digest;
	struct manifest doc;
};

static bool is_type_of_manifest(const char *type)
{
	static const char *const types[] = {MEDIA_OCI_MANIFEST, MEDIA_OCI_INDEX,
	        MEDIA_DOCKER_MANIFEST, MEDIA_DOCKER_LIST};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* Some registries send text/plain: then the document has to say what it is. */
static void read_type(struct walk *w, struct piece *m)
{
	struct view field = fetch_field(w->remote->fetch, "Content-Type");

	if (media_type_parse(field, m->type) != 0 || !is_type_of_manifest(m->type))
		m->type[0] = '\0';
}

static int read_bytes(struct walk *w, struct piece *m, struct err *err)
{
	uint64_t limit = w->p->store->config->manifest_limit;
	uint64_t length = fetch_length(w->remote->fetch);

	if (length != UINT64_MAX && length > limit)
		return err_set(err, ERR_TOO_LARGE,
		        "the manifest has %llu bytes, %llu are allowed here",
		        (unsigned long long)length, (unsigned long long)limit);
	return fetch_read_all(w->remote->fetch, &m->bytes, err);
}

static int get(struct walk *w, const char *reference, struct piece *m, struct err *err)
{
	char tail[DIGEST_TEXT_MAX + TAG_MAX + 16];
	struct remote_url url;
	const struct remote_request q = {"GET", &url, ACCEPT, NULL, NULL};
	int status, rc;

	snprintf(tail, sizeof(tail), "manifests/%s", reference);
	if (remote_address(w->remote, tail, &url, err) != 0 ||
	        remote_send(w->remote, &q, &status, err) != 0)
		return -1;
	if (status == 404) {
		fetch_end(w->remote->fetch);
		return err_set(err, ERR_MANIFEST_UNKNOWN, "%.80s has no %.100s:%.60s",
		        w->remote->origin.host, w->remote->name.path, reference);
	}
	if (status != 200)
		return remote_refused(w->remote, "a manifest", status, err);
	read_type(w, m);
	rc = read_bytes(w, m, err);
	fetch_end(w->remote->fetch);
	return rc;
}

/* The digest of the bytes, which is the one that was asked for, if any. */
static int verify(struct piece *m, const struct digest *wanted, struct err *err)
{
	enum digest_algorithm a = wanted ? wanted->algorithm : DIGEST_SHA256;

	hash_bytes(a, m->bytes.ptr ? m->bytes.ptr : "", m->bytes.len, &m->digest);
	if (wanted && !digest_equal(&m->digest, wanted))
		return err_set(err, ERR_DIGEST_INVALID,
		        "the other registry sends a manifest that is not %.12s",
		        wanted->hex);
	return 0;
}

/* 1 when the repository has it, and so all that it needs; 0; -1. */
static int is_here(struct walk *w, const struct digest *d, struct err *err)
{
	struct stored_manifest m = STORED_MANIFEST_INIT;
	struct reference ref = {.is_digest = true, .digest = *d};
	int rc = manifests_get(w->p->store, w->p->repo, &ref, &m, err);

	stored_manifest_release(&m);
	if (rc == 0)
		return 1;
	if (err->code != ERR_MANIFEST_UNKNOWN)
		return -1;
	err_release(err);
	return 0;
}

static int put(struct walk *w, const struct piece *m, const struct tag *tag,
        struct err *err)
{
	const struct manifest_push push = {
	        .repo = w->p->repo,
	        .digest = m->digest,
	        .doc = &m->doc,
	        .bytes = buf_view(&m->bytes),
	        .tags = tag,
	        .ntags = tag ? 1 : 0,
	        .accept_sparse = w->p->store->config->accept_sparse,
	};

	return manifests_put(w->p->store, &push, err);
}

static int bring(struct walk *w, const char *reference, const struct digest *wanted,
        const struct tag *tag, unsigned depth, struct err *err);

static int bring_child(
        struct walk *w, const struct digest *d, unsigned depth, struct err *err)
{
	char text[DIGEST_TEXT_MAX + 1];
	int here = is_here(w, d, err);

	if (here != 0)
		return here < 0 ? -1 : 0;
	if (depth == REMOTE_DEPTH_MAX)
		return err_set(err, ERR_MANIFEST_INVALID,
		        "indexes refer to indexes more than %d deep", REMOTE_DEPTH_MAX);
	return bring(w, digest_text(d, text), d, NULL, depth + 1, err);
}

static int bring_references(
        struct walk *w, const struct manifest *doc, unsigned depth, struct err *err)
{
	for (size_t i = 0; i < doc->nrefs; i++) {
		const struct manifest_ref *ref = &doc->refs[i];
		int rc = ref->is_manifest ? bring_child(w, &ref->digest, depth, err)
		                          : remote_blob_pull(w->remote, w->p, ref, err);

		if (rc != 0)
			return -1;
	}
	return 0;
}

/* A manifest that was fetched and is what it should be: what it needs, then itself. */
static int complete(struct walk *w, const struct piece *m, const struct tag *tag,
        unsigned depth, struct err *err)
{
	int here = is_here(w, &m->digest, err);

	if (here < 0 || (here == 0 && bring_references(w, &m->doc, depth, err) != 0))
		return -1;
	if (depth == 0) {
		job_progress(w->p->job, "verifying sha256 digest", 0, 0);
		job_progress(w->p->job, "writing manifest", 0, 0);
	}
	return put(w, m, tag, err);
}

static int bring(struct walk *w, const char *reference, const struct digest *wanted,
        const struct tag *tag, unsigned depth, struct err *err)
{
	struct piece m = {.bytes = BUF_INIT(w->p->store->config->manifest_limit + 1),
	        .doc = MANIFEST_INIT};
	int rc = -1;

	if (job_cancelled(w->p->job))
		return err_set(err, ERR_GONE, "cancelled");
	if (++w->manifests > REMOTE_MANIFESTS_MAX)
		return err_set(err, ERR_TOO_LARGE, "more than %d manifests",
		        REMOTE_MANIFESTS_MAX);
	if (get(w, reference, &m, err) == 0 && verify(&m, wanted, err) == 0 &&
	        manifest_parse(buf_view(&m.bytes), m.type, &m.doc, err) == 0)
		rc = complete(w, &m, tag, depth, err);
	manifest_release(&m.doc);
	buf_release(&m.bytes);
	return rc;
}

int remote_pull(struct remote *r, const struct remote_pull *p, struct err *err)
{
	struct walk w = {r, p, 0};
	char text[DIGEST_TEXT_MAX + 1];

	job_progress(p->job, "pulling manifest", 0, 0);
	if (r->name.has_digest)
		return bring(&w, digest_text(&r->name.digest, text), &r->name.digest,
		        p->tag, 0, err);
	return bring(&w, r->name.tag.text, NULL, p->tag, 0, err);
}
