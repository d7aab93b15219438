#include "support/states.h"

#include "format/media.h"
#include "support/documents.h"
#include "support/values.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MAX 12
#define TEXT_SIZE 4096

int64_t states_now(void)
{
	return (int64_t)time(NULL) + STATES_LATER;
}

static const struct states_name *lookup(const struct states *s, const char *name)
{
	for (unsigned i = 0; i < s->count; i++)
		if (strcmp(s->names[i].text, name) == 0)
			return &s->names[i];
	return NULL;
}

const struct states_name *states_find(const struct states *s, const char *name)
{
	const struct states_name *n = lookup(s, name);

	if (!n)
		fail_msg("there is no %s", name);
	return n;
}

static struct states_name *add(struct states *s, const char *name, int kind)
{
	struct states_name *n = &s->names[s->count++];

	assert_true(s->count <= sizeof(s->names) / sizeof(s->names[0]));
	snprintf(n->text, sizeof(n->text), "%s", name);
	n->kind = kind;
	return n;
}

static void path_in_store(
	const struct states *s, const struct states_name *n, char out[1024])
{
	const char *root = s->f->dir, *hex = n->digest.hex;

	switch (n->kind) {
	case STATES_BLOB:
		snprintf(out, 1024, "%s/repos/%s/@blobs/sha256/%s", root, s->repo, hex);
		break;
	case STATES_MANIFEST:
		snprintf(out, 1024, "%s/repos/%s/@manifests/sha256/%s", root, s->repo,
			hex);
		break;
	case STATES_TAG:
		snprintf(out, 1024, "%s/repos/%s/@tags/%s", root, s->repo, n->text);
		break;
	case STATES_ENTRY:
		snprintf(out, 1024, "%s/repos/%s/@referrers/sha256/%s/%s", root, s->repo,
			n->subject.hex, hex);
		break;
	}
}

void states_touch(const struct fixture *f, const char *path, int64_t when)
{
	struct timespec t[2] = {{.tv_sec = when}, {.tv_sec = when}};
	char at[1024];

	snprintf(at, sizeof(at), "%s/%s", f->dir, path);
	assert_int_equal(utimensat(AT_FDCWD, at, t, AT_SYMLINK_NOFOLLOW), 0);
}

static struct states_name named(const struct states *s, const char *name)
{
	const struct states_name *n = lookup(s, name);
	struct states_name unknown = {.size = 1};

	if (n)
		return *n;
	unknown.digest = as_digest(DIGEST_SHA256, name);
	return unknown;
}

static void make_blob(struct states *s, char *const *words, unsigned n)
{
	struct states_name *blob = add(s, words[0], STATES_BLOB);
	char text[64];

	(void)n;
	snprintf(text, sizeof(text), "the blob %s", words[0]);
	blob->digest = plant_blob(s->f, s->repo, text);
	blob->size = strlen(text);
}

static void plant(struct states *s, const char *name, const char *type, const char *text)
{
	struct states_name *m = add(s, name, STATES_MANIFEST);

	m->digest = plant_manifest(s->f, s->repo, type, text);
	m->size = strlen(text);
}

/* The descriptors of words[from] and those that follow, separated by commas. */
static void descriptors(const struct states *s, const char *type, char *const *words,
	unsigned from, unsigned n, char out[TEXT_SIZE])
{
	char one[DESCRIPTOR_SIZE];

	out[0] = '\0';
	for (unsigned i = from; i < n; i++) {
		struct states_name ref = named(s, words[i]);

		document_descriptor(one, type, &ref.digest, ref.size);
		snprintf(out + strlen(out), TEXT_SIZE - strlen(out), "%s%s",
			i > from ? "," : "", one);
	}
}

/* The annotation tells manifests of the same content apart. */
static void make_image(struct states *s, char *const *words, unsigned n)
{
	char config[TEXT_SIZE], layers[TEXT_SIZE], text[3 * TEXT_SIZE];

	descriptors(s, "application/vnd.oci.image.config.v1+json", words, 1, 2, config);
	descriptors(s, "application/vnd.oci.image.layer.v1.tar", words, 2, n, layers);
	snprintf(text, sizeof(text),
		"{\"schemaVersion\":2,\"annotations\":{\"name\":\"%s\"},\"config\":%s,"
		"\"layers\":[%s]}",
		words[0], config, layers);
	plant(s, words[0], MEDIA_OCI_MANIFEST, text);
}

static void make_index(struct states *s, char *const *words, unsigned n)
{
	char children[TEXT_SIZE], text[2 * TEXT_SIZE];

	descriptors(s, MEDIA_OCI_MANIFEST, words, 1, n, children);
	snprintf(text, sizeof(text),
		"{\"schemaVersion\":2,\"annotations\":{\"name\":\"%s\"},"
		"\"manifests\":[%s]}",
		words[0], children);
	plant(s, words[0], MEDIA_OCI_INDEX, text);
}

static void list(struct states *s, const struct digest *subject, const struct digest *d)
{
	char path[512];

	snprintf(path, sizeof(path), "repos/%s/@referrers/sha256/%s/%s", s->repo,
		subject->hex, d->hex);
	plant_file(s->f, path, "");
}

static void make_referrer(struct states *s, char *const *words, unsigned n)
{
	struct states_name subject = named(s, words[1]);
	char of[TEXT_SIZE], config[TEXT_SIZE], text[3 * TEXT_SIZE];

	descriptors(s, MEDIA_OCI_MANIFEST, words, 1, 2, of);
	descriptors(s, "text/plain", words, 2, n, config);
	snprintf(text, sizeof(text),
		"{\"schemaVersion\":2,\"annotations\":{\"name\":\"%s\"},\"subject\":%s,"
		"\"config\":%s,\"layers\":[]}",
		words[0], of, config);
	plant(s, words[0], MEDIA_OCI_MANIFEST, text);
	list(s, &subject.digest, &s->names[s->count - 1].digest);
}

static void make_other(struct states *s, char *const *words, unsigned n)
{
	char refs[TEXT_SIZE], text[2 * TEXT_SIZE];

	descriptors(s, "text/plain", words, 1, n, refs);
	snprintf(text, sizeof(text), "{\"name\":\"%s\",\"things\":[%s]}", words[0], refs);
	plant(s, words[0], "application/vnd.example+json", text);
}

static void make_listed(struct states *s, char *const *words, unsigned n)
{
	struct states_name subject = named(s, words[1]), m = named(s, words[0]);
	struct states_name *entry;
	char name[32];

	(void)n;
	list(s, &subject.digest, &m.digest);
	snprintf(name, sizeof(name), "%.20s<%.8s", words[0], words[1]);
	entry = add(s, name, STATES_ENTRY);
	entry->digest = m.digest;
	entry->subject = subject.digest;
}

static void make_corrupt(struct states *s, char *const *words, unsigned n)
{
	char path[1024];
	int fd;

	(void)n;
	path_in_store(s, states_find(s, words[0]), path);
	assert_int_equal(chmod(path, 0644), 0);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd != -1);
	assert_int_equal(write(fd, "!", 1), 1);
	close(fd);
	assert_int_equal(chmod(path, 0444), 0);
}

static void make_damaged(struct states *s, char *const *words, unsigned n)
{
	char text[128];

	(void)n;
	snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"name\":\"%s\"}", words[0]);
	plant(s, words[0], MEDIA_OCI_MANIFEST, text);
}

static void make_tag(struct states *s, char *const *words, unsigned n)
{
	struct states_name m = named(s, words[1]);
	char path[512], target[256];

	(void)n;
	add(s, words[0], STATES_TAG);
	snprintf(path, sizeof(path), "repos/%s/@tags/%s", s->repo, words[0]);
	snprintf(target, sizeof(target), "../@manifests/sha256/%s", m.digest.hex);
	plant_link(s->f, path, target);
}

static void make_fresh(struct states *s, char *const *words, unsigned n)
{
	char path[1024];

	(void)n;
	path_in_store(s, states_find(s, words[0]), path);
	states_touch(s->f, path + strlen(s->f->dir) + 1, states_now());
}

static const struct {
	const char *word;
	unsigned at_least; /* words after it */
	void (*make)(struct states *s, char *const *words, unsigned n);
} statements[] = {
	{"blob", 1, make_blob},
	{"image", 2, make_image},
	{"index", 1, make_index},
	{"referrer", 3, make_referrer},
	{"other", 1, make_other},
	{"listed", 2, make_listed},
	{"corrupt", 1, make_corrupt},
	{"damaged", 1, make_damaged},
	{"tag", 2, make_tag},
	{"fresh", 1, make_fresh},
};

static void make_one(struct states *s, char *statement)
{
	char *words[WORDS_MAX], *at = NULL;
	unsigned n = 0;

	for (char *w = strtok_r(statement, " ", &at); w; w = strtok_r(NULL, " ", &at)) {
		assert_true(n < WORDS_MAX);
		words[n++] = w;
	}
	for (size_t i = 0; n > 0 && i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (strcmp(words[0], statements[i].word) != 0)
			continue;
		assert_true(n > statements[i].at_least);
		statements[i].make(s, words + 1, n - 1);
		return;
	}
	if (n > 0)
		fail_msg("no statement: %s", words[0]);
}

void states_make(struct states *s, const char *words)
{
	char *copy = strdup(words), *at = NULL;

	assert_non_null(copy);
	for (char *one = strtok_r(copy, ";", &at); one; one = strtok_r(NULL, ";", &at))
		make_one(s, one);
	free(copy);
}

const char *states_left(struct states *s)
{
	char path[1024];
	struct stat st;

	s->left[0] = '\0';
	for (unsigned i = 0; i < s->count; i++) {
		path_in_store(s, &s->names[i], path);
		if (lstat(path, &st) == 0)
			snprintf(s->left + strlen(s->left),
				sizeof(s->left) - strlen(s->left), "%s%s",
				s->left[0] ? " " : "", s->names[i].text);
	}
	return s->left;
}

int states_in_store(const struct states *s, const char *name)
{
	const struct digest *d = &states_find(s, name)->digest;
	char path[1024];
	struct stat st;

	snprintf(path, sizeof(path), "%s/blobs/sha256/%.2s/%s", s->f->dir, d->hex, d->hex);
	return lstat(path, &st) == 0;
}
