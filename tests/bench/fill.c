/*
 * fill: gives a store many tags or many repositories, through the store library itself, with
 * relaxed durability: what a year of pushes leaves, in seconds.
 */
#include "base/io.h"
#include "format/hash.h"
#include "store/blobs.h"
#include "store/manifests.h"
#include "store/publish.h"
#include "store/repos.h"
#include "store/tags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_BLOBS 10
#define MANIFEST_SIZE 4096

static int fill_blob(struct store *s, const struct repo_name *r, struct view text,
	struct digest *d, struct err *e)
{
	struct staged f = STAGED_INIT;
	int rc = -1;

	hash_bytes(DIGEST_SHA256, text.ptr, text.len, d);
	if (staged_open(s, &f, e))
		goto out;
	if (io_write_all(f.fd, text.ptr, text.len)) {
		err_io(e, "write a blob");
		goto out;
	}
	if (staged_finish(s, &f, e) || blobs_publish(s, r, d, text.len, &f.path, e))
		goto out;
	rc = 0;
out:
	staged_discard(s, &f);
	return rc;
}

/* Pushes a blob and appends its descriptor. */
static int fill_part(struct store *s, const struct repo_name *r, const char *type,
	const char *text, char *json, struct err *e)
{
	char hex[DIGEST_TEXT_MAX + 1];
	struct digest blob;
	size_t at = strlen(json);

	if (fill_blob(s, r, view_of(text), &blob, e))
		return -1;
	snprintf(json + at, MANIFEST_SIZE - at,
		"{\"mediaType\":\"application/vnd.oci.image.%s\",\"digest\":\"%s\",\"size\":%zu}",
		type, digest_text(&blob, hex), strlen(text));
	return 0;
}

/* An image of n blobs, whose config is {}, under the tag given. */
static int fill_image(struct store *s, const struct repo_name *r, const struct tag *t, unsigned n,
	struct digest *manifest, struct err *e)
{
	char json[MANIFEST_SIZE] = "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"config\":";
	char layer[REPO_NAME_MAX + 32];
	struct manifest doc = MANIFEST_INIT;
	struct manifest_push push = {.repo = r, .doc = &doc, .tags = t, .ntags = 1};
	int rc = -1;

	if (fill_part(s, r, "config.v1+json", "{}", json, e))
		goto out;
	strcat(json, ",\"layers\":[");
	for (unsigned i = 1; i < n; i++) {
		snprintf(layer, sizeof(layer), "layer %u of %s", i, r->text);
		strcat(json, i > 1 ? "," : "");
		if (fill_part(s, r, "layer.v1.tar+gzip", layer, json, e))
			goto out;
	}
	strcat(json, "]}");
	push.bytes = view_of(json);
	hash_bytes(DIGEST_SHA256, json, push.bytes.len, &push.digest);
	if (manifest_parse(push.bytes, MEDIA_OCI_MANIFEST, &doc, e) || manifests_put(s, &push, e))
		goto out;
	*manifest = push.digest;
	rc = 0;
out:
	manifest_release(&doc);
	return rc;
}

static int named(struct repo_name *r, const char *text, struct err *e)
{
	return repo_name_parse(view_of(text), r)
		? err_set(e, ERR_NAME_INVALID, "%s is no repository name", text) : 0;
}

static int numbered(struct tag *t, unsigned long i, struct err *e)
{
	char text[32];

	snprintf(text, sizeof(text), "v%06lu", i);
	return tag_parse(view_of(text), t) ? err_set(e, ERR_BAD_REQUEST, "%s is no tag", text) : 0;
}

static int fill_tags(struct store *s, const char *name, unsigned long n, struct err *e)
{
	struct repo_name r;
	struct tag t;
	struct digest d;
	unsigned long i;
	int lock = -1, rc = -1;

	if (named(&r, name, e) || numbered(&t, 0, e) || fill_image(s, &r, &t, 1, &d, e) ||
		repos_lock(s, &r, false, true, &lock, e))
		goto out;
	for (i = 1; i < n; i++)
		if (numbered(&t, i, e) || tags_set(s, &r, &t, &d, e))
			goto out;
	rc = 0;
out:
	io_close(&lock);
	return rc;
}

static int fill_repos(struct store *s, const char *prefix, unsigned long n, unsigned blobs,
	struct err *e)
{
	unsigned long i;

	for (i = 0; i < n; i++) {
		char name[REPO_NAME_MAX + 1];
		struct repo_name r;
		struct tag t;
		struct digest d;

		snprintf(name, sizeof(name), "%s%06lu", prefix, i);
		if (named(&r, name, e) || numbered(&t, 0, e) ||
			fill_image(s, &r, &t, blobs, &d, e))
			return -1;
	}
	return 0;
}

static int fill(const char *root, const char *what, const char *name, unsigned long n, struct err *e)
{
	struct config config;
	struct store store = STORE_INIT;
	int rc = -1;

	if (config_init(&config, e))
		return -1;
	if (config_set(&config, view_of("root"), view_of(root), "fill", e) ||
		config_set(&config, view_of("durability"), view_of("relaxed"), "fill", e) ||
		config_check(&config, e) || store_open(&store, &config, e))
		goto out;
	if (strcmp(what, "tags") == 0)
		rc = fill_tags(&store, name, n, e);
	else
		rc = fill_repos(&store, name, n, strcmp(what, "images") == 0 ? IMAGE_BLOBS : 1, e);
out:
	store_close(&store);
	config_release(&config);
	return rc;
}

int main(int argc, char **argv)
{
	struct err e = ERR_INIT;

	if (argc != 5 || (strcmp(argv[2], "tags") && strcmp(argv[2], "repos") && strcmp(argv[2], "images"))) {
		fputs("usage: fill ROOT tags REPOSITORY COUNT    tags v000000, v000001, ...\n"
		      "       fill ROOT repos PREFIX COUNT       repositories PREFIX000000, ...\n"
		      "       fill ROOT images PREFIX COUNT      the same, each an image of ten blobs\n", stderr);
		return 2;
	}
	if (fill(argv[1], argv[2], argv[3], strtoul(argv[4], NULL, 10), &e)) {
		fprintf(stderr, "fill: %s\n", e.text);
		err_release(&e);
		return 1;
	}
	return 0;
}
