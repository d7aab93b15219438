#include "service/models.h"

#include "format/hash.h"
#include "store/blobs.h"
#include "store/tags.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STATUS_SIZE 256

void models_tell(const struct job *job, const char *fmt, ...)
{
	char text[STATUS_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	job_item(job, "status",
	        (const struct job_field[]){JOB_TEXT("status", text), JOB_END});
}

/* ---- parts of every change ---- */

static int link_blob(struct store *s, const struct digest *d,
        const struct repo_name *from, const struct repo_name *to, struct err *err)
{
	char text[DIGEST_TEXT_MAX + 1];
	bool mounted;

	if (blobs_mount(s, to, d, from, &mounted, err) != 0)
		return -1;
	if (mounted)
		return 0;
	return err_set(err, ERR_MANIFEST_BLOB_UNKNOWN, "a part of the model has gone: %s",
	        digest_text(d, text));
}

int models_link(struct store *s, const struct model_manifest *m,
        const struct repo_name *from, const struct repo_name *to, struct err *err)
{
	if (strcmp(from->text, to->text) == 0)
		return 0;
	for (size_t i = 0; i < m->nlayers; i++)
		if (link_blob(s, &m->layers[i].digest, from, to, err) != 0)
			return -1;
	return 0;
}

int models_put(struct store *s, const struct repo_name *repo, const struct tag *tag,
        struct view manifest, const char *media_type, struct err *err)
{
	struct manifest doc = MANIFEST_INIT;
	struct manifest_push push = {
	        .repo = repo, .doc = &doc, .bytes = manifest, .tags = tag, .ntags = 1};
	int rc = manifest_parse(manifest, media_type, &doc, err);

	hash_bytes(DIGEST_SHA256, manifest.ptr, manifest.len, &push.digest);
	if (rc == 0)
		rc = manifests_put(s, &push, err);
	manifest_release(&doc);
	return rc;
}

/* ---- copy and delete ---- */

static int copy_opened(struct store *s, const struct model *m,
        const struct model_name *to, struct err *err)
{
	struct repo_name repo;
	struct tag tag;

	if (model_name_repo(to, s->config->ollama_names, &repo, &tag, err) != 0)
		return -1;
	if (strcmp(repo.text, m->repo.text) == 0 && strcmp(tag.text, m->tag.text) == 0)
		return 0;
	if (strcmp(repo.text, m->repo.text) != 0 &&
	        link_blob(s, &m->manifest.config, &m->repo, &repo, err) != 0)
		return -1;
	if (models_link(s, &m->manifest, &m->repo, &repo, err) != 0)
		return -1;
	return models_put(s, &repo, &tag, m->stored.content, m->stored.media_type, err);
}

int models_copy(struct store *s, const struct model_name *from,
        const struct model_name *to, struct err *err)
{
	struct model m = MODEL_INIT;
	int rc = model_open(s, from, &m, err);

	if (rc == 0)
		rc = copy_opened(s, &m, to, err);
	model_release(&m);
	return rc;
}

int models_delete(struct store *s, const struct model_name *name, struct err *err)
{
	struct model m = MODEL_INIT;
	int rc = model_open(s, name, &m, err);

	/* A model whose config is damaged can go, too; its name is known by then. */
	if (rc != 0 && m.manifest.nlayers > 0 && err_is_refusal(err)) {
		err_release(err);
		rc = 0;
	}
	if (rc == 0)
		rc = tags_delete(s, &m.repo, &m.tag, err);
	if (rc != 0 && err->code == ERR_MANIFEST_UNKNOWN) {
		err_release(err);
		rc = model_not_found(name, err);
	}
	model_release(&m);
	return rc;
}

int models_staging(const char *user, struct repo_name *out, struct err *err)
{
	char text[REPO_NAME_MAX + 1];
	const char *space = user[0] ? user : MODEL_DEFAULT_SPACE;

	if (repo_name_is_component(view_of(space)) &&
	        snprintf(text, sizeof(text), "%s/" MODELS_STAGING, space) <
	                (int)sizeof(text) &&
	        repo_name_parse(view_of(text), out) == 0)
		return 0;
	return err_set(err, ERR_DENIED,
	        "the user %s has no namespace of that name to upload to", user);
}
