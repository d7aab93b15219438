/*
 * Several programs at once on one store, as a web server runs them: no request may meet a
 * fault, and what is left is a correct store.
 */
#include "support/cgi.h"
#include "support/invariants.h"

#include "format/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 4
#define ROUNDS 15

/* One of the statuses that the request may have, whatever the others are doing. */
static void expect_one_of(const struct cgi *c, int a, int b, int other)
{
	if (c->status != a && c->status != b && c->status != other)
		fail_msg("%d: %s", c->status, cgi_body(c));
}

/* A worker of its own process; a failed assertion ends it with another status than 0. */
static void run_workers(struct cgi *c, void (*work)(struct cgi *c, unsigned number))
{
	pid_t pids[WORKERS];

	for (unsigned i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			fixture_reopen(&c->fixture);
			for (unsigned round = 0; round < ROUNDS; round++)
				work(c, i);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(invariants_check(c->fixture.dir), 0);
}

static void push_the_same_image(struct cgi *c, unsigned number)
{
	struct text json = image_json("shared");

	cgi_push_blob(c, "a/b", "{}");
	cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/b/manifests/t%u", number);
	expect_status(c, 201);
	cgi_get(c, "/v2/a/b/manifests/t%u", number);
	expect_status(c, 200);
	expect_body(c, json.s);
}

static void all_push_the_same(void **state)
{
	struct cgi *c = *state;

	run_workers(c, push_the_same_image);
	cgi_get(c, "/v2/a/b/tags/list");
	expect_body(c, "{\"name\":\"a/b\",\"tags\":[\"t0\",\"t1\",\"t2\",\"t3\"]}");
}

static void move_the_tag(struct cgi *c, unsigned number)
{
	struct text json = image_json(text_of("%u", number).s);

	cgi_push_image(c, "a", "latest", json.s);
	/* Of one of the workers, and whole. */
	cgi_get(c, "/v2/a/manifests/latest");
	expect_status(c, 200);
	expect_header(c, "Docker-Content-Digest", sha256_of(cgi_body(c)).s);
}

static void all_move_one_tag(void **state)
{
	run_workers(*state, move_the_tag);
}

/* A manifest is never accepted while what it needs is being taken away. */
static void push_and_delete(struct cgi *c, unsigned number)
{
	struct text json = image_json("contended");
	struct text d = sha256_of(json.s);
	struct text blob = cgi_push_blob(c, "a", "{}");

	cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/manifests/t%u", number);
	expect_one_of(c, 201, 400, 400);
	cgi_delete(c, "/v2/a/blobs/%s", blob.s);
	expect_one_of(c, 202, 404, 405);
	cgi_delete(c, "/v2/a/manifests/%s", d.s);
	expect_one_of(c, 202, 404, 404);
	cgi_delete(c, "/v2/a/blobs/%s", blob.s);
	expect_one_of(c, 202, 404, 405);
	cgi_post(c, "", "/v2/b/blobs/uploads/?mount=%s&from=a", blob.s);
	expect_one_of(c, 201, 202, 202);
	cgi_delete(c, "/v2/b/blobs/%s", blob.s);
	expect_one_of(c, 202, 404, 404);
}

static void all_push_and_delete(void **state)
{
	run_workers(*state, push_and_delete);
}

/* The session all workers write to. */
static struct text session;

/* Chunks of ten bytes, each in the place where the session stands. */
static void append(struct cgi *c, unsigned number)
{
	char bytes[11];
	struct text range;
	unsigned long end;

	memset(bytes, '0' + (int)number, 10);
	bytes[10] = '\0';
	cgi_get(c, "%s", session.s);
	expect_status(c, 204);
	end = strtoul(strchr(cgi_header(c, "Range"), '-') + 1, NULL, 10);
	end = end ? end + 1 : 0;
	range = text_of("%lu-%lu", end, end + 9);
	cgi_patch(c, range.s, bytes, "%s", session.s);
	expect_one_of(c, 202, 416, 416);
}

static void all_write_to_one_session(void **state)
{
	struct cgi *c = *state;
	struct text path;
	char data[WORKERS * ROUNDS * 10 + 1];
	size_t len;
	FILE *f;

	session = cgi_open_session(c, "a");
	run_workers(c, append);
	path = text_of("%s/uploads/%s/data", c->fixture.dir, strrchr(session.s, '/') + 1);
	f = fopen(path.s, "r");
	assert_non_null(f);
	len = fread(data, 1, sizeof(data) - 1, f);
	fclose(f);
	data[len] = '\0';
	assert_true(len > 0);
	assert_int_equal(len % 10, 0);
	/* No two chunks have interleaved. */
	for (size_t i = 0; i < len; i++)
		assert_int_equal(data[i], data[i - i % 10]);
	cgi_put(c, NULL, "", "%s?digest=%s", session.s, sha256_of(data).s);
	expect_status(c, 201);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(all_push_the_same),
	        CGI_TEST(all_move_one_tag),
	        CGI_TEST(all_push_and_delete),
	        CGI_TEST(all_write_to_one_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
