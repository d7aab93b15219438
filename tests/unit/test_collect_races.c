/* Two collectors and eight clients at once on one store. */
#include "base/io.h"
#include "base/log.h"
#include "store/account_recount.h"
#include "store/blobs.h"
#include "store/manifests.h"
#include "store/uploads.h"
#include "support/bodies.h"
#include "support/collection.h"
#include "support/documents.h"
#include "support/invariants.h"
#include "support/values.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CLIENTS 8
#define COLLECTORS 2
#define ROUNDS 40
#define REPOS 4
#define BLOBS 24
#define TRIES 1000
#define KEPT_BLOB BLOBS
#define KEPT_TAG "t9"

/* Two namespaces, and a repository that is below another. */
static const char *const repos[REPOS] = {"a/one", "a/one/two", "a/three", "b"};

struct client {
	struct store *store;
	unsigned number, random;
	bool may_miss; /* a blob may go between its push and that of the manifest */
};

static unsigned pick(struct client *c, unsigned n)
{
	c->random = c->random * 1664525u + 1013904223u;
	return (c->random >> 16) % n;
}

/* Ends the client, which is a process of its own. */
static void demand(int rc, const char *what, const struct err *err)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: %s (%d)\n", what, err->text, (int)err->code);
	_exit(1);
}

static void text_of_blob(unsigned blob, char out[32])
{
	snprintf(out, 32, "the blob %u", blob);
}

static void push_whole(struct client *c, const struct repo_name *r, const char *text)
{
	struct digest d = digest_of_text(text);
	struct err err = ERR_INIT;
	struct body b;

	body_init(&b, text, strlen(text));
	demand(upload_single(c->store, r, &d, &b.source, b.len, &err), "push", &err);
}

static void push_in_session(struct client *c, const struct repo_name *r, const char *text)
{
	struct digest d = digest_of_text(text);
	struct err err = ERR_INIT;
	struct session_id id;
	struct upload u;
	struct body b;

	body_init(&b, text, strlen(text));
	demand(upload_create(c->store, r, "alice", DIGEST_SHA256, &u, &err), "begin",
		&err);
	id = u.id;
	demand(upload_open(c->store, &id, r, "alice", &u, &err), "open", &err);
	demand(upload_finish(c->store, &u, &b.source, b.len, &d, &err), "finish", &err);
	upload_close(&u);
}

static void mount_or_push(struct client *c, const struct repo_name *r, const char *text)
{
	struct repo_name from = as_repo(repos[pick(c, REPOS)]);
	struct digest d = digest_of_text(text);
	struct err err = ERR_INIT;
	bool mounted;

	demand(blobs_mount(c->store, r, &d, pick(c, 2) ? &from : NULL, &mounted, &err),
		"mount", &err);
	if (!mounted)
		push_whole(c, r, text);
}

static void find_or_push(struct client *c, const struct repo_name *r, const char *text)
{
	struct digest d = digest_of_text(text);
	struct err err = ERR_INIT;
	struct blob blob;
	int rc = blobs_find(c->store, r, &d, &blob, &err);

	if (rc < 0 && err.code == ERR_BLOB_UNKNOWN)
		push_whole(c, r, text);
	else
		demand(rc, "find", &err);
	err_release(&err);
}

/* Makes sure, in one of the ways clients have, that the repository has the blob. */
static void provide(struct client *c, const struct repo_name *r, const char *text)
{
	static void (*const ways[])(
		struct client *c, const struct repo_name *r, const char *text) = {
		push_whole, push_in_session, mount_or_push, find_or_push};

	ways[pick(c, sizeof(ways) / sizeof(ways[0]))](c, r, text);
}

/* An image of two blobs, tagged with the number of the client. */
static struct digest push_image_of(
	struct client *c, const struct repo_name *r, unsigned one, unsigned two)
{
	char blobs[2][32], refs[2][DESCRIPTOR_SIZE], json[1024];
	struct manifest doc = MANIFEST_INIT;
	struct tag tag = as_tag("t0");
	struct manifest_push push = {
		.repo = r, .doc = &doc, .tags = &tag, .ntags = 1};
	struct err err = ERR_INIT;
	struct digest d;
	int rc = -1;

	tag.text[1] = (char)('0' + c->number);
	text_of_blob(one, blobs[0]);
	text_of_blob(two, blobs[1]);
	for (int i = 0; i < 2; i++) {
		d = digest_of_text(blobs[i]);
		document_descriptor(refs[i], "text/plain", &d, strlen(blobs[i]));
	}
	snprintf(json, sizeof(json),
		"{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", refs[0], refs[1]);
	push.bytes = view_of(json);
	push.digest = digest_of_text(json);
	demand(manifest_parse(push.bytes, MEDIA_OCI_MANIFEST, &doc, &err), "parse", &err);
	for (unsigned i = 0; i < TRIES && rc < 0; i++) {
		provide(c, r, blobs[0]);
		provide(c, r, blobs[1]);
		err_release(&err);
		rc = manifests_put(c->store, &push, &err);
		if (err.code != ERR_MANIFEST_BLOB_UNKNOWN || !c->may_miss)
			break;
	}
	demand(rc, "manifest", &err);
	manifest_release(&doc);
	return push.digest;
}

static void delete_image(
	struct client *c, const struct repo_name *r, const struct digest *d)
{
	struct err err = ERR_INIT;
	int rc = manifests_delete(c->store, r, d, &err);

	/* Another client had the same and was faster. */
	if (rc < 0 && (err.code == ERR_MANIFEST_UNKNOWN || err.code == ERR_NAME_UNKNOWN))
		err_release(&err);
	else
		demand(rc, "delete", &err);
}

static void delete_blob(struct client *c, const struct repo_name *r, unsigned blob)
{
	struct err err = ERR_INIT;
	char text[32];
	struct digest d;

	text_of_blob(blob, text);
	d = digest_of_text(text);
	/* It may be needed, or have gone, with its repository even. */
	if (blobs_delete(c->store, r, &d, &err) < 0 && !err_is_refusal(&err))
		demand(-1, "delete a blob", &err);
	err_release(&err);
}

/* An image that nobody deletes can be pulled at any moment. */
static void pull(struct client *c)
{
	struct repo_name r = as_repo(repos[0]);
	struct reference ref = by_tag(KEPT_TAG);
	struct stored_manifest m = STORED_MANIFEST_INIT;
	struct err err = ERR_INIT;
	struct blob blob;
	char text[32];
	struct digest d;
	int fd;

	demand(manifests_get(c->store, &r, &ref, &m, &err), "pull of the manifest", &err);
	stored_manifest_release(&m);
	for (unsigned i = 0; i < 2; i++) {
		text_of_blob(KEPT_BLOB + i, text);
		d = digest_of_text(text);
		demand(blobs_find(c->store, &r, &d, &blob, &err), "pull of a blob", &err);
		demand(blobs_open(c->store, &blob, &fd, &err), "read of a blob", &err);
		io_close(&fd);
	}
}

static void push_kept(struct collection *c)
{
	struct client one = {.store = &c->f.store, .number = KEPT_TAG[1] - '0'};
	struct repo_name r = as_repo(repos[0]);

	push_image_of(&one, &r, KEPT_BLOB, KEPT_BLOB + 1);
}

/* What comes and goes, of a few blobs that all clients share. */
static void come_and_go(struct client *c)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct repo_name r = as_repo(repos[pick(c, REPOS)]);
		struct digest d = push_image_of(c, &r, pick(c, BLOBS), pick(c, BLOBS));

		if (pick(c, 4) > 0)
			delete_image(c, &r, &d);
		if (pick(c, 4) == 0)
			delete_blob(c, &r, pick(c, BLOBS));
		pull(c);
	}
}

/* Every blob, all of which are there and old, is taken up again. */
static void take_up(struct client *c)
{
	for (unsigned i = 0; i < BLOBS; i++) {
		struct repo_name r = as_repo(repos[pick(c, REPOS)]);

		push_image_of(c, &r, (i + c->number * 3) % BLOBS, pick(c, BLOBS));
		pull(c);
	}
}

/* Collects until the clients have ended and closed their pipe. */
static void keep_collecting(struct collection *c, int clients)
{
	char byte;

	do {
		struct err err = ERR_INIT;

		demand(collect_run(&c->f.store, &c->options, NULL, &c->result, &err),
			"collect", &err);
		if (c->result.problems > 0) {
			collection_run(c);
			fprintf(stderr, "problems: %s\n", c->items);
			_exit(1);
		}
	} while (read(clients, &byte, 1) != 0);
	_exit(0);
}

struct race {
	void (*work)(struct client *c);
	bool may_miss;
};

static pid_t start(struct collection *c, const struct race *race, unsigned i, int pipes[2])
{
	struct client client = {&c->f.store, i, i * 2654435761u + 1, race->may_miss};
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid > 0)
		return pid;
	fixture_reopen(&c->f);
	if (i >= CLIENTS) {
		close(pipes[1]);
		keep_collecting(c, pipes[0]);
	}
	race->work(&client);
	_exit(0);
}

static void expect_account(struct collection *c, const char *ns)
{
	struct repo_name r = as_repo(ns);
	struct err err = ERR_INIT;
	struct account sum;
	bool differs;

	assert_int_equal(
		account_recount(&c->f.store, &r, false, &sum, &differs, &err), 0);
	assert_false(differs);
}

static void run_race(struct collection *c, const struct race *race)
{
	pid_t pids[CLIENTS + COLLECTORS];
	int pipes[2], status;

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(fcntl(pipes[0], F_SETFL, O_NONBLOCK), 0);
	for (unsigned i = 0; i < CLIENTS + COLLECTORS; i++)
		pids[i] = start(c, race, i, pipes);
	close(pipes[0]);
	close(pipes[1]);
	for (unsigned i = 0; i < CLIENTS + COLLECTORS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(invariants_check(c->f.dir), 0);
	expect_account(c, "a");
	expect_account(c, "b");
}

/* Collectors that take whatever is not needed at this moment. */
static void nothing_breaks_without_a_grace(void **state)
{
	const struct race race = {come_and_go, true};
	struct collection c;

	(void)state;
	collection_open(&c);
	c.options.grace = 0;
	c.options.now = 0;
	push_kept(&c);
	run_race(&c, &race);
	collection_run(&c);
	assert_int_equal(names_in(&c.f, "jobs"), 0);
	collection_run(&c);
	assert_int_equal(c.result.blobs + c.result.entries, 0);
	collection_close(&c, 0);
}

/*
 * All blobs are there and too old to stay. A client that was told of one, or gave one, can
 * push its manifest, always.
 */
static void what_was_promised_stays(void **state)
{
	const struct race race = {take_up, false};
	char text[32];

	(void)state;
	for (unsigned n = 0; n < 6; n++) {
		struct collection c;

		collection_open(&c);
		c.options.now = 0;
		c.options.untagged_age = DAY;
		push_kept(&c);
		for (unsigned i = 0; i < REPOS * BLOBS; i++) {
			struct digest d;

			text_of_blob(i / REPOS, text);
			d = push_blob(&c.f.store, repos[i % REPOS], text);
			states_touch(&c.f, path_blob(&d).text, 1);
		}
		run_race(&c, &race);
		assert_int_equal(names_in(&c.f, "uploads"), 0);
		collection_close(&c, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_breaks_without_a_grace),
		cmocka_unit_test(what_was_promised_stays),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
