#include "support/bodies.h"

#include "base/io.h"
#include "format/hash.h"
#include "store/manifests.h"
#include "store/path.h"
#include "store/uploads.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static ssize_t pull(void *arg, void *bytes, size_t len, struct err *err)
{
	struct body *b = arg;
	size_t end = b->breaks_at < b->len ? b->breaks_at : b->len;
	size_t n = end - b->at;

	if (n == 0 && end < b->len)
		return err_set(err, ERR_GONE, "the peer left");
	if (n > len)
		n = len;
	if (b->piece != 0 && n > b->piece)
		n = b->piece;
	if (n > 0)
		memcpy(bytes, b->bytes + b->at, n);
	b->at += n;
	return (ssize_t)n;
}

void body_init(struct body *b, const void *bytes, size_t len)
{
	*b = (struct body){
		.source = {pull, b}, .bytes = bytes, .len = len, .breaks_at = len};
}

char *bytes_make(unsigned seed, size_t len)
{
	char *bytes = malloc(len + 1);
	unsigned x = seed * 2654435761u + 1;

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (char)(x >> 24);
	}
	bytes[len] = '\0';
	return bytes;
}

struct digest digest_of_bytes(enum digest_algorithm a, const void *bytes, size_t len)
{
	struct digest d;

	hash_bytes(a, bytes, len, &d);
	return d;
}

struct digest digest_of_text(const char *text)
{
	return digest_of_bytes(DIGEST_SHA256, text, strlen(text));
}

struct repo_name repo_of(const char *name)
{
	struct repo_name r;

	assert_int_equal(repo_name_parse(view_of(name), &r), 0);
	return r;
}

struct digest push_blob(struct store *s, const char *repo, const char *text)
{
	struct repo_name r = repo_of(repo);
	struct digest d = digest_of_text(text);
	struct err err = ERR_INIT;
	struct body b;

	body_init(&b, text, strlen(text));
	if (upload_single(s, &r, &d, &b.source, b.len, &err) != 0)
		fail_msg("push to %s: %s", repo, err.text);
	return d;
}

struct digest push_image(
	struct store *s, const char *repo, const struct digest *config, size_t size)
{
	struct repo_name r = repo_of(repo);
	struct manifest doc = MANIFEST_INIT;
	struct manifest_push push = {.repo = &r, .doc = &doc};
	struct err err = ERR_INIT;
	char text[DIGEST_TEXT_MAX + 1], json[600];

	snprintf(json, sizeof(json),
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST
		"\",\"layers\":[],"
		"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
		"\"size\":%zu,\"digest\":\"%s\"}}",
		size, digest_text(config, text));
	push.bytes = view_of(json);
	push.digest = digest_of_text(json);
	assert_int_equal(manifest_parse(push.bytes, MEDIA_OCI_MANIFEST, &doc, &err), 0);
	if (manifests_put(s, &push, &err) != 0)
		fail_msg("manifest: %s", err.text);
	manifest_release(&doc);
	return push.digest;
}

int holds_blob(struct store *s, const char *repo, const struct digest *d)
{
	struct repo_name r = repo_of(repo);
	struct path p = path_repo_blob(&r, d);
	struct stat st;

	return io_stat(s->root, p.text, &st) == 0;
}

static unsigned count(int dir, const char *path)
{
	DIR *d = io_dir_open(dir, path);
	unsigned n = 0;

	assert_non_null(d);
	while (io_dir_next(d))
		n++;
	io_dir_close(&d);
	return n;
}

unsigned count_descriptors(void)
{
	return count(AT_FDCWD, "/proc/self/fd");
}

unsigned count_entries(struct store *s, const char *dir)
{
	return count(s->root, dir);
}
