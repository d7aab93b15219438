#include "service/remote_push.h"

#include "service/remote_pull.h"
#include "service/remote_upload.h"

#include <stdio.h>
#include <string.h>

struct walk {
	struct remote *remote;
	const struct remote_push *p;
	unsigned manifests; /* sent so far */
};

/* The bytes of a manifest as a body. */
struct text {
	struct view all, left;
};

static ssize_t pull_text(void *arg, void *bytes, size_t len, struct err *err)
{
	struct text *t = arg;

	(void)err;
	len = len < t->left.len ? len : t->left.len;
	memcpy(bytes, t->left.ptr, len);
	t->left = (struct view){t->left.ptr + len, t->left.len - len};
	return (ssize_t)len;
}

static int rewind_text(void *arg, struct err *err)
{
	struct text *t = arg;

	(void)err;
	t->left = t->all;
	return 0;
}

static int put(struct walk *w, const struct stored_manifest *m, const char *reference,
        struct err *err)
{
	char tail[DIGEST_TEXT_MAX + TAG_MAX + 16], type[MEDIA_TYPE_MAX + 32];
	struct text text = {m->content, m->content};
	struct remote_body body = {{pull_text, &text}, m->content.len, rewind_text};
	struct remote_url url;
	const struct remote_request q = {"PUT", &url, type, NULL, &body};
	int status;

	snprintf(tail, sizeof(tail), "manifests/%s", reference);
	snprintf(type, sizeof(type), "Content-Type: %s", m->media_type);
	if (remote_address(w->remote, tail, &url, err) != 0 ||
	        remote_send(w->remote, &q, &status, err) != 0)
		return -1;
	if (status < 200 || status > 204)
		return remote_refused(w->remote, "a manifest", status, err);
	fetch_end(w->remote->fetch);
	return 0;
}

/* 1 when the other repository has the manifest, 0, -1. */
static int is_there(struct walk *w, const char *digest, struct err *err)
{
	char tail[DIGEST_TEXT_MAX + 16];
	struct remote_url url;
	const struct remote_request q = {"HEAD", &url, NULL, NULL, NULL};
	int status;

	snprintf(tail, sizeof(tail), "manifests/%s", digest);
	if (remote_address(w->remote, tail, &url, err) != 0 ||
	        remote_send(w->remote, &q, &status, err) != 0)
		return -1;
	fetch_end(w->remote->fetch);
	/* Some do not know manifests by digest, or HEAD: those are sent again. */
	return status == 200;
}

static int push_manifest(struct walk *w, const struct reference *ref, const char *name,
        unsigned depth, struct err *err);

static int send_child(
        struct walk *w, const struct digest *d, unsigned depth, struct err *err)
{
	const struct reference ref = {.is_digest = true, .digest = *d};
	char text[DIGEST_TEXT_MAX + 1];
	int there = is_there(w, digest_text(d, text), err);

	if (there != 0)
		return there < 0 ? -1 : 0;
	if (depth == REMOTE_DEPTH_MAX)
		return err_set(err, ERR_MANIFEST_INVALID,
		        "indexes refer to indexes more than %d deep", REMOTE_DEPTH_MAX);
	return push_manifest(w, &ref, text, depth + 1, err);
}

static int send_references(
        struct walk *w, const struct manifest *doc, unsigned depth, struct err *err)
{
	for (size_t i = 0; i < doc->nrefs; i++) {
		const struct manifest_ref *ref = &doc->refs[i];
		int rc = ref->is_manifest ? send_child(w, &ref->digest, depth, err)
		                          : remote_blob_push(w->remote, w->p, ref, err);

		if (rc != 0)
			return -1;
	}
	return 0;
}

static int push_manifest(struct walk *w, const struct reference *ref, const char *name,
        unsigned depth, struct err *err)
{
	struct stored_manifest m = STORED_MANIFEST_INIT;
	struct manifest doc = MANIFEST_INIT;
	int rc = -1;

	if (job_cancelled(w->p->job))
		return err_set(err, ERR_GONE, "cancelled");
	if (++w->manifests > REMOTE_MANIFESTS_MAX)
		return err_set(err, ERR_TOO_LARGE, "more than %d manifests",
		        REMOTE_MANIFESTS_MAX);
	if (manifests_get(w->p->store, w->p->repo, ref, &m, err) == 0 &&
	        manifest_parse(m.content, m.media_type, &doc, err) == 0 &&
	        send_references(w, &doc, depth, err) == 0) {
		if (depth == 0)
			job_progress(w->p->job, "pushing manifest", 0, 0);
		rc = put(w, &m, name, err);
	}
	manifest_release(&doc);
	stored_manifest_release(&m);
	return rc;
}

int remote_push(struct remote *r, const struct remote_push *p, struct err *err)
{
	struct walk w = {r, p, 0};
	char text[DIGEST_TEXT_MAX + 1];

	job_progress(p->job, "retrieving manifest", 0, 0);
	return push_manifest(&w, p->reference,
	        r->name.has_digest ? digest_text(&r->name.digest, text)
	                           : r->name.tag.text,
	        0, err);
}
