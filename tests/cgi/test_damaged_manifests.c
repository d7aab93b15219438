/*
 * Manifests that are no longer what their digest says: they are unknown to every reader, no
 * reader meets a fault because of them, and the next push makes them whole.
 */
#include "support/cgi.h"

#include "format/media.h"
#include "support/values.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPO "demo/app"

struct scene {
	struct cgi *c;
	struct text image, index, referrer, subject;
	char path[512]; /* of the manifest that is damaged, below the root */
};

/* A subject, an index of an image, and a referrer: the latter two are damaged in turn. */
static void prepare(struct scene *s, struct cgi *c)
{
	struct text image = image_json("child"), json;

	s->c = c;
	s->image = cgi_push_image(c, REPO, "child", image.s);
	s->subject = cgi_push_image(c, REPO, "subject", image_json("subject").s);
	s->referrer = cgi_push_image(
		c, REPO, "signature", referrer_json("r", s->subject.s, "text/plain").s);
	json = text_of("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
		       "\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"%s\",\"size\":%zu}]}",
		s->image.s, strlen(image.s));
	cgi_put(c, MEDIA_OCI_INDEX, json.s, "/v2/" REPO "/manifests/index");
	expect_status(c, 201);
	s->index = sha256_of(json.s);
}

static void path_of(struct scene *s, const struct text *digest)
{
	snprintf(s->path, sizeof(s->path), "repos/" REPO "/@manifests/sha256/%.64s",
		digest->s + strlen("sha256:"));
}

/* What the file may have become. */

static void flip_a_byte(struct scene *s)
{
	char at[600], byte;
	int fd;

	snprintf(at, sizeof(at), "%s/%s", s->c->fixture.dir, s->path);
	assert_int_equal(chmod(at, 0600), 0);
	fd = open(at, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, 80), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 80), 1);
	close(fd);
}

static void empty(struct scene *s)
{
	plant_file(&s->c->fixture, s->path, "");
}

static void lose_the_type(struct scene *s)
{
	plant_file(&s->c->fixture, s->path, "{\"schemaVersion\":2}");
}

static void grow_beyond_memory(struct scene *s)
{
	char at[600];

	snprintf(at, sizeof(at), "%s/%s", s->c->fixture.dir, s->path);
	assert_int_equal(chmod(at, 0600), 0);
	assert_int_equal(truncate(at, (off_t)1 << 40), 0);
}

static void (*const damages[])(struct scene *s) = {
	flip_a_byte, empty, lose_the_type, grow_beyond_memory};

static void expect_unknown(struct scene *s, const char *ref)
{
	cgi_get(s->c, "/v2/" REPO "/manifests/%s", ref);
	expect_error(s->c, 404, "MANIFEST_UNKNOWN");
	cgi_head(s->c, "/v2/" REPO "/manifests/%s", ref);
	expect_status(s->c, 404);
}

static void expect_lists(struct scene *s, const char *referrer)
{
	cgi_get(s->c, "/v2/" REPO "/tags/list");
	expect_status(s->c, 200);
	cgi_get(s->c, "/v2/_catalog");
	expect_body(s->c, "{\"repositories\":[\"" REPO "\"]}");
	cgi_get(s->c, "/v2/" REPO "/referrers/%s", s->subject.s);
	expect_status(s->c, 200);
	assert_non_null(strstr(cgi_body(s->c), referrer));
}

static void a_corrupt_image_is_unknown(void **state)
{
	struct scene s;

	prepare(&s, *state);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		path_of(&s, &s.image);
		damages[i](&s);
		expect_unknown(&s, s.image.s);
		expect_unknown(&s, "child");
		/* The index that it is a child of is served. */
		cgi_get(s.c, "/v2/" REPO "/manifests/index");
		expect_status(s.c, 200);
		expect_lists(&s, s.referrer.s);

		cgi_push_image(s.c, REPO, "child", image_json("child").s);
		cgi_get(s.c, "/v2/" REPO "/manifests/%s", s.image.s);
		expect_status(s.c, 200);
		expect_body(s.c, image_json("child").s);
	}
}

static void a_corrupt_referrer_is_not_listed(void **state)
{
	struct scene s;

	prepare(&s, *state);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		path_of(&s, &s.referrer);
		damages[i](&s);
		expect_unknown(&s, s.referrer.s);
		expect_lists(&s, "\"manifests\":[]");
		cgi_push_image(s.c, REPO, "signature",
			referrer_json("r", s.subject.s, "text/plain").s);
		expect_lists(&s, s.referrer.s);
	}
}

static void a_corrupt_manifest_can_be_deleted(void **state)
{
	struct scene s;

	prepare(&s, *state);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		path_of(&s, &s.index);
		damages[i](&s);
		cgi_delete(s.c, "/v2/" REPO "/manifests/%s", s.index.s);
		expect_status(s.c, 202);
		expect_unknown(&s, s.index.s);
		expect_unknown(&s, "index");
		prepare(&s, s.c);
	}
}

/* What the log says of it, with standard error going to a file. */
static void the_log_names_it(void **state)
{
	char at[600], line[4096] = "";
	struct scene s;
	int saved = dup(STDERR_FILENO), fd;

	prepare(&s, *state);
	path_of(&s, &s.image);
	flip_a_byte(&s);
	snprintf(at, sizeof(at), "%s/log", s.c->fixture.dir);
	fd = open(at, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(saved != -1 && fd != -1);
	dup2(fd, STDERR_FILENO);
	cgi_get(s.c, "/v2/" REPO "/manifests/child");
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(fd, line, sizeof(line) - 1, 0) > 0);
	close(fd);
	assert_non_null(strstr(line, "event=manifest-corrupt repository=" REPO));
	assert_non_null(strstr(line, s.image.s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CGI_TEST(a_corrupt_image_is_unknown),
		CGI_TEST(a_corrupt_referrer_is_not_listed),
		CGI_TEST(a_corrupt_manifest_can_be_deleted),
		CGI_TEST(the_log_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
