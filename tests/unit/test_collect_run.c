/* Runs of collection: of all or one repository, stopped and resumed, in batches. */
#include "base/log.h"
#include "store/path.h"
#include "store/repos.h"
#include "support/collection.h"
#include "support/invariants.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- one repository ---- */

static void one_repository_leaves_all_else(void **state)
{
	struct repo_name r = as_repo("a/b");
	struct collection c;
	struct states a, b;

	(void)state;
	collection_open(&c);
	a = collection_repo(&c, "a/b");
	b = collection_repo(&c, "a");
	states_make(&a, "blob x; blob y; image I x");
	states_make(&b, "blob p; image I p; blob q");
	plant_file(&c.f, "tmp/file", "x");
	c.options.repo = &r;
	collection_run_all(&c);
	assert_string_equal(states_left(&a), "x I");
	assert_string_equal(states_left(&b), "p I q");
	assert_int_equal(states_in_store(&a, "y"), 0);
	assert_int_equal(names_in(&c.f, "tmp"), 1);
	assert_int_equal(c.result.entries, 1);
	assert_int_equal(c.result.bytes_freed, strlen("the blob y"));
	assert_false(collection_has(&c, "jobs"));
	collection_close(&c, INVARIANTS_TMP);
}

static void an_unknown_repository_is_refused(void **state)
{
	static const char *const names[] = {"a/b", "a", "a/b/c"};
	struct collection c;
	struct states s;

	(void)state;
	collection_open(&c);
	s = collection_repo(&c, "a/b/c/d");
	states_make(&s, "blob x");
	for (size_t i = 0; i < 3; i++) {
		struct repo_name r = as_repo(names[i]);
		struct err err = ERR_INIT;

		c.options.repo = &r;
		assert_int_equal(collect_run(&c.f.store, &c.options, NULL, &c.result,
					 &err),
			-1);
		assert_int_equal(err.code, ERR_NAME_UNKNOWN);
		err_release(&err);
	}
	assert_string_equal(states_left(&s), "x");
	collection_close(&c, 0);
}

/* ---- directories ---- */

static int add_name(void *arg, const struct repo_name *r, struct err *err)
{
	char *names = arg;

	(void)err;
	strcat(names, r->text);
	strcat(names, " ");
	return 0;
}

static void make_dir(struct collection *c, const char *path)
{
	struct err err = ERR_INIT;

	assert_int_equal(store_make_dirs(&c->f.store, path, &err), 0);
}

static void empty_directories_go_with_repositories(void **state)
{
	static const char *const dirs[] = {"repos/bare/below/it", "repos/tags/@tags",
		"repos/blobs/@blobs/sha256", "repos/manifests/@manifests/sha512",
		"repos/referrers/@referrers/sha256", "repos/kept/@referrers/sha256",
		"repos/kept/@blobs/sha512", "repos/ns/kept/@tags"};
	char names[256] = "";
	struct repos_page page = {"", 100, true, NULL, add_name, names};
	struct err err = ERR_INIT;
	struct collection c;
	struct states kept, below, gone;
	bool more;

	(void)state;
	collection_open(&c);
	kept = collection_repo(&c, "kept");
	below = collection_repo(&c, "ns/kept");
	gone = collection_repo(&c, "ns");
	states_make(&kept, "blob a; image I a; tag t I");
	states_make(&below, "blob a; image I a");
	states_make(&gone, "blob b");
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		make_dir(&c, dirs[i]);
	plant_file(&c.f, "repos/lock/@lock", "");
	plant_file(&c.f, "repos/ns/@lock", "");
	collection_run(&c);
	assert_int_equal(repos_list(&c.f.store, &page, &more, &err), 0);
	assert_string_equal(names, "kept ns ns/kept ");
	assert_string_equal(states_left(&kept), "a I t");
	assert_string_equal(states_left(&below), "a I");
	assert_false(collection_has(&c, "repos/kept/@referrers"));
	assert_false(collection_has(&c, "repos/kept/@blobs/sha512"));
	assert_false(collection_has(&c, "repos/ns/kept/@tags"));
	assert_false(collection_has(&c, "repos/ns/@lock"));
	assert_int_equal(names_in(&c.f, "repos/ns"), 1);
	collection_close(&c, 0);
}

/* ---- stopped and resumed ---- */

static void make_garbage(struct collection *c, struct states repos[3])
{
	static const char *const names[] = {"a", "b/c", "b"};
	struct digest d = as_digest(DIGEST_SHA256, "entry");

	for (size_t i = 0; i < 3; i++) {
		repos[i] = collection_repo(c, names[i]);
		states_make(&repos[i], "blob x; blob y; image I x; tag t I; image J x y");
	}
	plant_file(&c->f, "tmp/file", "x");
	plant_file(&c->f, "tmp/other", "x");
	plant_file(&c->f, "uploads/00112233445566778899aabbccddeeff/data", "x");
	plant_file(&c->f, path_blob(&d).text, "entry");
}

static void add_up(struct collect_result *sum, const struct collect_result *r)
{
	sum->manifests += r->manifests;
	sum->blobs += r->blobs;
	sum->entries += r->entries;
	sum->sessions += r->sessions;
	sum->files += r->files;
	sum->bytes_unlinked += r->bytes_unlinked;
	sum->bytes_freed += r->bytes_freed;
}

/* Stopped the n-th time it asks, which is false when it does not ask as often. */
static bool stop_and_go_on(unsigned n)
{
	struct collect_result sum = {0}, whole;
	struct collection c;
	struct states repos[3];
	bool stopped;

	collection_open(&c);
	make_garbage(&c, repos);
	c.options.untagged_age = DAY;
	c.options.dry_run = true;
	collection_run(&c);
	whole = c.result;
	c.options.dry_run = false;
	c.stop_at = n;
	collection_run(&c);
	stopped = c.result.cancelled;
	add_up(&sum, &c.result);
	c.stop_at = 0;
	if (stopped) {
		collection_run(&c);
		/* Before the first repository was done there was nothing to remember. */
		assert_int_equal(c.result.resumed, n > 1);
		assert_false(c.result.cancelled);
		add_up(&sum, &c.result);
	}
	whole.repositories = 0;
	assert_memory_equal(&sum, &whole, sizeof(sum));
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(states_left(&repos[i]), "x I t");
	assert_int_equal(names_in(&c.f, "jobs"), 0);
	collection_run(&c);
	assert_false(c.result.resumed);
	assert_int_equal(c.result.repositories, 3);
	collection_close(&c, 0);
	return stopped;
}

static void a_stopped_run_goes_on(void **state)
{
	unsigned n = 1;

	(void)state;
	/* From some point on it asks before each directory of blobs/. */
	while (stop_and_go_on(n))
		n += n < 12 ? 1 : 100;
	assert_true(n > 12);
}

static void a_dry_run_resumes_nothing(void **state)
{
	struct collection c;
	struct states repos[3];

	(void)state;
	collection_open(&c);
	make_garbage(&c, repos);
	c.options.dry_run = true;
	c.stop_at = 3;
	collection_run(&c);
	assert_true(c.result.cancelled);
	assert_int_equal(c.result.repositories, 2);
	c.stop_at = 0;
	collection_run(&c);
	assert_false(c.result.resumed);
	assert_int_equal(c.result.repositories, 3);
	assert_false(collection_has(&c, "jobs"));
	fixture_close(&c.f);
}

static void a_strange_cursor_is_no_cursor(void **state)
{
	static const char *const texts[] = {"", "\n", "repos \n", "repos ../x\n", "stor\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct collection c;
		struct states repos[3];

		collection_open(&c);
		make_garbage(&c, repos);
		plant_file(&c.f, "jobs/collect", texts[i]);
		collection_run(&c);
		assert_false(c.result.resumed);
		assert_int_equal(c.result.repositories, 3);
		assert_int_equal(names_in(&c.f, "jobs"), 0);
		collection_close(&c, 0);
	}
}

/* ---- more than one hold of the lock does ---- */

#define MANY (2 * COLLECT_BATCH + 10)

static void make_many(struct collection *c)
{
	char text[64];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "blob %u", i);
		plant_blob(&c->f, "a", text);
		snprintf(text, sizeof(text), "{\"number\":%u}", i);
		plant_manifest(&c->f, "a", "application/vnd.example+json", text);
	}
}

static void many_things_go_in_batches(void **state)
{
	struct collection c;

	(void)state;
	collection_open(&c);
	make_many(&c);
	c.options.untagged_age = DAY;
	collection_run_all(&c);
	assert_int_equal(c.result.blobs, MANY);
	assert_int_equal(c.result.manifests, MANY);
	assert_int_equal(c.result.entries, MANY);
	assert_false(collection_has(&c, "repos/a"));
	collection_close(&c, 0);
}

static void a_run_stops_between_batches(void **state)
{
	struct collection c;

	(void)state;
	collection_open(&c);
	make_many(&c);
	c.options.untagged_age = DAY;
	/* After the first batch of manifests, then, again, after the first of blobs. */
	c.stop_at = 2;
	collection_run(&c);
	assert_true(c.result.cancelled);
	assert_int_equal(c.result.manifests, COLLECT_BATCH);
	assert_int_equal(c.result.blobs, 0);
	c.options.untagged_age = 0;
	collection_run(&c);
	assert_true(c.result.cancelled);
	assert_int_equal(c.result.blobs, COLLECT_BATCH);
	c.stop_at = 0;
	collection_run(&c);
	assert_false(c.result.resumed);
	assert_int_equal(c.result.blobs, MANY - COLLECT_BATCH);
	assert_int_equal(names_in(&c.f, "repos/a/@manifests/sha256"),
		MANY - COLLECT_BATCH);
	collection_close(&c, 0);
}

static void items_tell_what_happens(void **state)
{
	struct collection c;
	struct states s;
	char line[256];

	(void)state;
	collection_open(&c);
	s = collection_repo(&c, "a/b");
	states_make(&s, "blob x; image I x");
	c.options.untagged_age = DAY;
	for (int dry = 1; dry >= 0; dry--) {
		c.options.dry_run = dry;
		collection_run(&c);
		snprintf(line, sizeof(line),
			"manifest {\"repository\":\"a/b\",\"digest\":\"sha256:%s\","
			"\"removed\":%s}\n",
			states_find(&s, "I")->digest.hex, dry ? "false" : "true");
		assert_non_null(strstr(c.items, line));
		snprintf(line, sizeof(line),
			"blob {\"repository\":\"a/b\",\"digest\":\"sha256:%s\","
			"\"removed\":%s}\n",
			states_find(&s, "x")->digest.hex, dry ? "false" : "true");
		assert_non_null(strstr(c.items, line));
	}
	collection_close(&c, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_repository_leaves_all_else),
		cmocka_unit_test(an_unknown_repository_is_refused),
		cmocka_unit_test(empty_directories_go_with_repositories),
		cmocka_unit_test(a_stopped_run_goes_on),
		cmocka_unit_test(a_dry_run_resumes_nothing),
		cmocka_unit_test(a_strange_cursor_is_no_cursor),
		cmocka_unit_test(many_things_go_in_batches),
		cmocka_unit_test(a_run_stops_between_batches),
		cmocka_unit_test(items_tell_what_happens),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
