#include "support/scene.h"

#include "support/api.h"

#include <string.h>

#define REPO "demo/app"
#define BLOB "the bytes of a blob"
#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define IMAGE_TYPE "application/vnd.oci.image.manifest.v1+json"

static bool there(struct scene *s, const char *kind, const char *ref)
{
	cgi_head(s->cgi, "/v2/" REPO "/%s/%s", kind, ref);
	return s->cgi->status == 200;
}

static enum outcome look_blob(struct scene *s)
{
	return there(s, "blobs", sha256_of(BLOB).s) ? OUTCOME_WHOLE : OUTCOME_NOTHING;
}

static enum outcome look_blob_gone(struct scene *s)
{
	return there(s, "blobs", sha256_of(BLOB).s) ? OUTCOME_NOTHING : OUTCOME_WHOLE;
}

/* Sessions. */

static void prepare_repo(struct scene *s)
{
	cgi_push_blob(s->cgi, REPO, "something else");
}

static void prepare_session(struct scene *s)
{
	prepare_repo(s);
	s->session = cgi_open_session(s->cgi, REPO);
}

static void prepare_chunk(struct scene *s)
{
	prepare_session(s);
	cgi_patch(s->cgi, "0-8", "the bytes", "%s", s->session.s);
	expect_status(s->cgi, 202);
}

static void act_open(struct scene *s)
{
	cgi_post(s->cgi, "", "/v2/" REPO "/blobs/uploads/");
}

static void act_patch(struct scene *s)
{
	cgi_patch(s->cgi, "9-18", " of a blob", "%s", s->session.s);
}

/* Whether the session is there; on a full disk it may be given up. */
static enum outcome look_session(struct scene *s)
{
	int answered = s->cgi->status;

	cgi_get(s->cgi, "%s", s->session.s);
	if (s->cgi->status == 404 && answered == 507)
		return OUTCOME_NOTHING;
	return s->cgi->status == 204 ? OUTCOME_WHOLE : OUTCOME_BROKEN;
}

static enum outcome look_patch(struct scene *s)
{
	enum outcome session = look_session(s);

	if (session != OUTCOME_WHOLE)
		return session;
	if (strcmp(cgi_header(s->cgi, "Range"), "0-18") == 0)
		return OUTCOME_WHOLE;
	return strcmp(cgi_header(s->cgi, "Range"), "0-8") == 0 ? OUTCOME_NOTHING
								 : OUTCOME_BROKEN;
}

/* As Ollama does: other bytes in place of those of the last chunk. */
static void act_patch_again(struct scene *s)
{
	CGI_SEND(s->cgi, .method = "PATCH", .uri = s->session.s, .body = VIEW_LIT(" of ablob"),
		.fields = {"HTTP_CONTENT_RANGE", "9-17", "HTTP_X_REDIRECT_UPLOADS", "1"});
}

static enum outcome look_patch_again(struct scene *s)
{
	enum outcome session = look_session(s);

	if (session != OUTCOME_WHOLE)
		return session;
	if (strcmp(cgi_header(s->cgi, "Range"), "0-17") == 0)
		return OUTCOME_WHOLE;
	/* Gone back, or not even that. */
	return strcmp(cgi_header(s->cgi, "Range"), "0-8") == 0 ||
			       strcmp(cgi_header(s->cgi, "Range"), "0-18") == 0
		       ? OUTCOME_NOTHING
		       : OUTCOME_BROKEN;
}

static void act_stream(struct scene *s)
{
	CGI_SEND(s->cgi, .method = "PATCH", .uri = s->session.s, .length = "",
		.body = VIEW_LIT(" of a blob"));
}

static void act_status(struct scene *s)
{
	cgi_get(s->cgi, "%s", s->session.s);
}

static void act_cancel(struct scene *s)
{
	cgi_delete(s->cgi, "%s", s->session.s);
}

static enum outcome look_cancel(struct scene *s)
{
	cgi_get(s->cgi, "%s", s->session.s);
	return s->cgi->status == 404 ? OUTCOME_WHOLE : OUTCOME_NOTHING;
}

/* The five ways to push a blob end in one of these. */

static void act_put_whole(struct scene *s)
{
	cgi_put(s->cgi, "application/octet-stream", BLOB, "%s?digest=%s", s->session.s,
		sha256_of(BLOB).s);
}

static void act_put_rest(struct scene *s)
{
	cgi_put(s->cgi, "application/octet-stream", " of a blob", "%s?digest=%s", s->session.s,
		sha256_of(BLOB).s);
}

static void prepare_all_chunks(struct scene *s)
{
	prepare_chunk(s);
	act_patch(s);
	expect_status(s->cgi, 202);
}

static void act_put_nothing(struct scene *s)
{
	cgi_put(s->cgi, "application/octet-stream", "", "%s?digest=%s", s->session.s,
		sha256_of(BLOB).s);
}

static void act_single(struct scene *s)
{
	cgi_post(s->cgi, BLOB, "/v2/" REPO "/blobs/uploads/?digest=%s", sha256_of(BLOB).s);
}

static void prepare_elsewhere(struct scene *s)
{
	prepare_repo(s);
	cgi_push_blob(s->cgi, "other/app", BLOB);
}

static void act_mount(struct scene *s)
{
	cgi_post(s->cgi, "", "/v2/" REPO "/blobs/uploads/?mount=%s&from=other/app",
		sha256_of(BLOB).s);
}

static void act_mount_any(struct scene *s)
{
	cgi_post(s->cgi, "", "/v2/" REPO "/blobs/uploads/?mount=%s", sha256_of(BLOB).s);
}

static void prepare_blob(struct scene *s)
{
	cgi_push_blob(s->cgi, REPO, BLOB);
}

static void act_blob_get(struct scene *s)
{
	cgi_get(s->cgi, "/v2/" REPO "/blobs/%s", sha256_of(BLOB).s);
}

static void act_blob_delete(struct scene *s)
{
	cgi_delete(s->cgi, "/v2/" REPO "/blobs/%s", sha256_of(BLOB).s);
}

/* Manifests. */

static enum outcome look_image(struct scene *s)
{
	bool digest = there(s, "manifests", s->digest.s), tag = there(s, "manifests", "one");

	if (digest)
		return tag ? OUTCOME_WHOLE : OUTCOME_UNTAGGED;
	return tag ? OUTCOME_BROKEN : OUTCOME_NOTHING;
}

static void prepare_config(struct scene *s)
{
	cgi_push_blob(s->cgi, REPO, "{}");
	s->digest = sha256_of(image_json("a").s);
}

static void act_image_put(struct scene *s)
{
	cgi_put(s->cgi, IMAGE_TYPE, image_json("a").s, "/v2/" REPO "/manifests/one");
}

static void act_image_put_tags(struct scene *s)
{
	cgi_put(s->cgi, IMAGE_TYPE, image_json("a").s, "/v2/" REPO "/manifests/%s?tag=one",
		s->digest.s);
}

static void prepare_referrer(struct scene *s)
{
	prepare_config(s);
	s->other = cgi_push_image(s->cgi, REPO, "subject", image_json("s").s);
	s->digest = sha256_of(referrer_json("r", s->other.s, "text/plain").s);
}

static void act_referrer_put(struct scene *s)
{
	cgi_put(s->cgi, IMAGE_TYPE, referrer_json("r", s->other.s, "text/plain").s,
		"/v2/" REPO "/manifests/one");
}

static void act_referrers(struct scene *s)
{
	cgi_get(s->cgi, "/v2/" REPO "/referrers/%s", s->other.s);
}

static void prepare_image(struct scene *s)
{
	s->digest = cgi_push_image(s->cgi, REPO, "one", image_json("a").s);
}

static void prepare_referrer_there(struct scene *s)
{
	prepare_referrer(s);
	act_referrer_put(s);
	expect_status(s->cgi, 201);
}

static void act_retag(struct scene *s)
{
	cgi_put(s->cgi, IMAGE_TYPE, image_json("b").s, "/v2/" REPO "/manifests/one");
}

static enum outcome look_retag(struct scene *s)
{
	bool fresh = there(s, "manifests", sha256_of(image_json("b").s).s);
	const char *now;

	cgi_head(s->cgi, "/v2/" REPO "/manifests/one");
	now = cgi_header(s->cgi, "Docker-Content-Digest");
	if (s->cgi->status != 200 || !now || !there(s, "manifests", s->digest.s))
		return OUTCOME_BROKEN;
	cgi_head(s->cgi, "/v2/" REPO "/manifests/one");
	now = cgi_header(s->cgi, "Docker-Content-Digest");
	if (strcmp(now, s->digest.s) == 0)
		return fresh ? OUTCOME_UNTAGGED : OUTCOME_NOTHING;
	return fresh ? OUTCOME_WHOLE : OUTCOME_BROKEN;
}

static void act_tag_delete(struct scene *s)
{
	cgi_delete(s->cgi, "/v2/" REPO "/manifests/one");
}

static enum outcome look_tag_gone(struct scene *s)
{
	if (!there(s, "manifests", s->digest.s))
		return OUTCOME_BROKEN;
	return there(s, "manifests", "one") ? OUTCOME_NOTHING : OUTCOME_WHOLE;
}

static void act_image_delete(struct scene *s)
{
	cgi_delete(s->cgi, "/v2/" REPO "/manifests/%s", s->digest.s);
}

static enum outcome look_image_gone(struct scene *s)
{
	bool digest = there(s, "manifests", s->digest.s), tag = there(s, "manifests", "one");

	if (digest)
		return tag ? OUTCOME_NOTHING : OUTCOME_UNTAGGED;
	return tag ? OUTCOME_BROKEN : OUTCOME_WHOLE;
}

static void act_image_get(struct scene *s)
{
	cgi_get(s->cgi, "/v2/" REPO "/manifests/one");
}

static void act_tags(struct scene *s)
{
	cgi_get(s->cgi, "/v2/" REPO "/tags/list");
}

static void act_catalog(struct scene *s)
{
	cgi_get(s->cgi, "/v2/_catalog");
}

/* Models. */

static void prepare_model(struct scene *s)
{
	api_push_model(s->cgi, "library/tiny", "latest");
}

static void act_model_copy(struct scene *s)
{
	cgi_post(s->cgi, "{\"source\":\"tiny\",\"destination\":\"demo/other\"}", "/api/copy");
}

static void act_model_create(struct scene *s)
{
	cgi_post(s->cgi,
		"{\"model\":\"demo/other\",\"from\":\"tiny\",\"system\":\"Hi.\",\"stream\":"
		"false}",
		"/api/create");
}

static void act_model_delete(struct scene *s)
{
	CGI_SEND(s->cgi, .method = "DELETE", .uri = "/api/delete",
		.body = VIEW_LIT("{\"model\":\"tiny\"}"));
}

static void act_model_show(struct scene *s)
{
	cgi_post(s->cgi, "{\"model\":\"tiny\"}", "/api/show");
}

static void act_models(struct scene *s)
{
	cgi_get(s->cgi, "/api/tags");
}

static enum outcome look_model(struct scene *s)
{
	cgi_head(s->cgi, "/v2/demo/other/manifests/latest");
	return s->cgi->status == 200 ? OUTCOME_WHOLE : OUTCOME_NOTHING;
}

static enum outcome look_model_gone(struct scene *s)
{
	cgi_head(s->cgi, "/v2/library/tiny/manifests/latest");
	return s->cgi->status == 200 ? OUTCOME_NOTHING : OUTCOME_WHOLE;
}

const struct operation operations[] = {
	{"open a session", prepare_repo, act_open, 202, 202, NULL},
	{"chunk", prepare_chunk, act_patch, 202, 416, look_patch},
	{"chunk again", prepare_all_chunks, act_patch_again, 202, 202, look_patch_again},
	{"streamed chunk", prepare_chunk, act_stream, 202, 202, look_patch},
	{"status of a session", prepare_chunk, act_status, 204, 204, NULL},
	{"cancel a session", prepare_chunk, act_cancel, 204, 404, look_cancel},
	{"close with the whole blob", prepare_session, act_put_whole, 201, 404, look_blob},
	{"close with the last chunk", prepare_chunk, act_put_rest, 201, 404, look_blob},
	{"close after all chunks", prepare_all_chunks, act_put_nothing, 201, 404, look_blob},
	{"single POST", prepare_repo, act_single, 201, 201, look_blob},
	{"single POST into a new repository", NULL, act_single, 201, 201, look_blob},
	{"mount from a repository", prepare_elsewhere, act_mount, 201, 201, look_blob},
	{"mount from anywhere", prepare_elsewhere, act_mount_any, 201, 201, look_blob},
	{"read a blob", prepare_blob, act_blob_get, 200, 200, NULL},
	{"delete a blob", prepare_blob, act_blob_delete, 202, 404, look_blob_gone},
	{"manifest by tag", prepare_config, act_image_put, 201, 201, look_image},
	{"manifest by digest with a tag", prepare_config, act_image_put_tags, 201, 201, look_image},
	{"manifest with a subject", prepare_referrer, act_referrer_put, 201, 201, look_image},
	{"move a tag", prepare_image, act_retag, 201, 201, look_retag},
	{"delete a tag", prepare_image, act_tag_delete, 202, 404, look_tag_gone},
	{"delete a manifest", prepare_image, act_image_delete, 202, 404, look_image_gone},
	{"delete a referrer", prepare_referrer_there, act_image_delete, 202, 404,
		look_image_gone},
	{"read a manifest", prepare_image, act_image_get, 200, 200, NULL},
	{"list tags", prepare_image, act_tags, 200, 200, NULL},
	{"catalog", prepare_image, act_catalog, 200, 200, NULL},
	{"referrers", prepare_referrer_there, act_referrers, 200, 200, NULL},
	{"copy a model", prepare_model, act_model_copy, 200, 200, look_model},
	{"make a model from another", prepare_model, act_model_create, 200, 200, look_model},
	{"delete a model", prepare_model, act_model_delete, 200, 404, look_model_gone},
	{"show a model", prepare_model, act_model_show, 200, 200, NULL},
	{"list models", prepare_model, act_models, 200, 200, NULL},
};

const size_t noperations = sizeof(operations) / sizeof(operations[0]);
