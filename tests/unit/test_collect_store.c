/* What collection takes away that belongs to no repository. */
#include "base/io.h"
#include "store/path.h"
#include "store/uploads.h"
#include "support/bodies.h"
#include "support/collection.h"
#include "support/invariants.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* ---- entries of blobs/ ---- */

static void an_entry_that_nobody_links_goes(void **state)
{
	static const struct {
		const char *algorithm;
		bool linked, fresh, goes;
	} rows[] = {
		{"sha256", false, false, true},
		{"sha512", false, false, true},
		{"sha256", true, false, false},
		{"sha256", false, true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is512 = strcmp(rows[i].algorithm, "sha512") == 0;
		struct digest d = as_digest(is512 ? DIGEST_SHA512 : DIGEST_SHA256, "x");
		struct path entry = path_blob(&d);
		struct collection c;
		struct states s;

		collection_open(&c);
		s = collection_repo(&c, "a");
		if (rows[i].linked) {
			states_make(&s, "blob x; image I x");
			d = states_find(&s, "x")->digest;
			entry = path_blob(&d);
		} else {
			plant_file(&c.f, entry.text, "x");
		}
		if (rows[i].fresh)
			states_touch(&c.f, entry.text, c.options.now - DAY + 1);
		collection_run_all(&c);
		assert_int_equal(c.result.entries, rows[i].goes);
		assert_int_equal(c.result.bytes_freed, rows[i].goes);
		assert_int_equal(collection_has(&c, "%s", entry.text), !rows[i].goes);
		collection_close(&c, 0);
	}
}

static void what_is_no_blob_stays(void **state)
{
	struct collection c;

	(void)state;
	collection_open(&c);
	plant_file(&c.f, "blobs/sha256/ab/README", "not ours");
	plant_file(&c.f, "uploads/README", "not ours");
	plant_file(&c.f, "repos/README", "not ours");
	plant_file(&c.f, "repos/a/@blobs/sha256/README", "not ours");
	collection_run_all(&c);
	assert_int_equal(c.result.bytes_freed, 0);
	assert_true(collection_has(&c, "blobs/sha256/ab/README"));
	assert_true(collection_has(&c, "uploads/README"));
	assert_true(collection_has(&c, "repos/README"));
	assert_true(collection_has(&c, "repos/a/@blobs/sha256/README"));
	fixture_close(&c.f);
}

/* ---- tmp/ ---- */

static void stale_files_go(void **state)
{
	static const struct {
		uint64_t grace;
		int64_t age;
		bool goes;
	} rows[] = {
		{DAY, DAY, true},
		{DAY, DAY - 1, false},
		/* Requests at work have theirs there, whatever the grace is. */
		{0, COLLECT_TMP_AGE, true},
		{0, COLLECT_TMP_AGE - 1, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct collection c;

		collection_open(&c);
		c.options.grace = rows[i].grace;
		plant_file(&c.f, "tmp/file", "abc");
		plant_link(&c.f, "tmp/link", "../@manifests/sha256/x");
		states_touch(&c.f, "tmp/file", c.options.now - rows[i].age);
		states_touch(&c.f, "tmp/link", c.options.now - rows[i].age);
		collection_run_all(&c);
		assert_int_equal(c.result.files, rows[i].goes ? 2 : 0);
		assert_int_equal(names_in(&c.f, "tmp"), rows[i].goes ? 0 : 2);
		collection_close(&c, INVARIANTS_TMP);
	}
}

/* A replacement in the making is a second name of an old file. */
static void a_second_name_is_as_new_as_its_making(void **state)
{
	struct collection c;
	struct states s;

	(void)state;
	collection_open(&c);
	s = collection_repo(&c, "a");
	states_make(&s, "blob x; image I x");
	assert_int_equal(io_link(c.f.store.root,
				 path_blob(&states_find(&s, "x")->digest).text, "tmp/x"),
		0);
	states_touch(&c.f, "tmp/x", 1);
	c.options.now = 0;
	collection_run_all(&c);
	assert_int_equal(c.result.files, 0);
	c.options.now = states_now();
	collection_run_all(&c);
	assert_int_equal(c.result.files, 1);
	assert_int_equal(c.result.bytes_freed, 0);
	collection_close(&c, 0);
}

/* ---- sessions ---- */

struct session_at {
	struct session_id id;
	struct path dir, data, state;
};

/* A session with some bytes in it. */
static struct session_at begin(struct collection *c)
{
	struct repo_name r = as_repo("a");
	struct err err = ERR_INIT;
	struct session_at at;
	struct upload u;
	struct body b;

	body_init(&b, "bytes", 5);
	assert_int_equal(
		upload_create(&c->f.store, &r, "alice", DIGEST_SHA256, &u, &err), 0);
	at.id = u.id;
	at.dir = path_upload(&at.id);
	at.data = path_upload_file(&at.id, "data");
	at.state = path_upload_file(&at.id, "state");
	assert_int_equal(upload_open(&c->f.store, &at.id, &r, "alice", &u, &err), 0);
	assert_int_equal(upload_append(&c->f.store, &u, &b.source, 5, &err), 0);
	upload_close(&u);
	return at;
}

static void leave_it(struct collection *c, const struct session_at *at)
{
	(void)c;
	(void)at;
}

static void write_to_it(struct collection *c, const struct session_at *at)
{
	states_touch(&c->f, at->data.text, c->options.now - DAY + 1);
}

static void save_it(struct collection *c, const struct session_at *at)
{
	states_touch(&c->f, at->state.text, c->options.now - DAY + 1);
}

static void damage_it(struct collection *c, const struct session_at *at)
{
	plant_file(&c->f, at->state.text, "lighter-upload 1\nrepository ../../x\n");
}

static void remove_file(struct collection *c, const struct path *path)
{
	assert_int_equal(io_unlink(c->f.store.root, path->text), 0);
}

static void lose_state(struct collection *c, const struct session_at *at)
{
	remove_file(c, &at->state);
}

static void lose_data(struct collection *c, const struct session_at *at)
{
	remove_file(c, &at->data);
}

static void lose_both(struct collection *c, const struct session_at *at)
{
	remove_file(c, &at->data);
	remove_file(c, &at->state);
}

static void only_begin_it(struct collection *c, const struct session_at *at)
{
	lose_both(c, at);
	states_touch(&c->f, at->dir.text, c->options.now - DAY + 1);
}

static void save_it_again(struct collection *c, const struct session_at *at)
{
	plant_file(&c->f, path_upload_file(&at->id, "state.new").text, "half a rec");
}

static void an_idle_session_goes(void **state)
{
	static const struct {
		void (*prepare)(struct collection *c, const struct session_at *at);
		bool goes;
	} rows[] = {
		{leave_it, true},
		{write_to_it, false},
		{save_it, false},
		{damage_it, true},
		{lose_state, true},
		{lose_data, true},
		{lose_both, true},
		{only_begin_it, false},
		{save_it_again, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct session_at at;
		struct collection c;

		collection_open(&c);
		at = begin(&c);
		rows[i].prepare(&c, &at);
		collection_run_all(&c);
		assert_int_equal(c.result.sessions, rows[i].goes);
		assert_int_equal(names_in(&c.f, "uploads"), !rows[i].goes);
		collection_close(&c, 0);
	}
}

static void a_session_has_a_limit_of_its_own(void **state)
{
	struct collection c;
	struct session_at at;

	(void)state;
	collection_open(&c);
	at = begin(&c);
	c.options.session_idle = STATES_LATER + DAY;
	collection_run_all(&c);
	assert_int_equal(c.result.sessions, 0);
	c.options.session_idle = UINT64_MAX;
	collection_run_all(&c);
	assert_int_equal(c.result.sessions, 0);
	c.options.session_idle = STATES_LATER / 2;
	c.options.grace = STATES_LATER + DAY;
	collection_run_all(&c);
	assert_int_equal(c.result.sessions, 1);
	assert_true(c.result.bytes_freed > 5);
	assert_false(collection_has(&c, "%s", at.dir.text));
	collection_close(&c, 0);
}

static void a_session_that_is_written_to_stays(void **state)
{
	struct repo_name r = as_repo("a");
	struct err err = ERR_INIT;
	struct collection c;
	struct session_at at;
	struct upload u;
	struct digest d = digest_of_text("bytes");

	(void)state;
	collection_open(&c);
	at = begin(&c);
	assert_int_equal(upload_open(&c.f.store, &at.id, &r, NULL, &u, &err), 0);
	collection_run_all(&c);
	assert_int_equal(c.result.sessions, 0);
	assert_int_equal(upload_commit(&c.f.store, &u, &d, &err), 0);
	upload_close(&u);
	assert_int_equal(holds_blob(&c.f.store, "a", &d), 1);
	collection_close(&c, 0);
}

/* However long ago its bytes came, a blob is new when it is pushed. */
static void a_slow_upload_makes_a_new_blob(void **state)
{
	struct repo_name r = as_repo("a");
	struct err err = ERR_INIT;
	struct collection c;
	struct session_at at;
	struct upload u;
	struct digest d = digest_of_text("bytes");

	(void)state;
	collection_open(&c);
	at = begin(&c);
	states_touch(&c.f, at.data.text, 1);
	assert_int_equal(upload_open(&c.f.store, &at.id, &r, NULL, &u, &err), 0);
	assert_int_equal(upload_commit(&c.f.store, &u, &d, &err), 0);
	upload_close(&u);
	c.options.now = 0;
	collection_run_all(&c);
	assert_int_equal(c.result.blobs, 0);
	assert_int_equal(holds_blob(&c.f.store, "a", &d), 1);
	collection_close(&c, 0);
}

/* A sealed session that was killed when its data had become a blob. */
static void a_session_shares_its_bytes_with_its_blob(void **state)
{
	struct collection c;
	struct session_at at;
	struct digest d = digest_of_text("bytes");

	(void)state;
	collection_open(&c);
	at = begin(&c);
	assert_int_equal(
		fchmodat(c.f.store.root, at.data.text, 0444, 0), 0);
	assert_int_equal(
		io_link(c.f.store.root, at.data.text, path_blob(&d).text), 0);
	/* The session first, then the entry, which nobody links then. */
	collection_run(&c);
	assert_int_equal(c.result.sessions, 1);
	assert_int_equal(c.result.entries, 1);
	assert_false(collection_has(&c, "%s", path_blob(&d).text));
	collection_close(&c, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_that_nobody_links_goes),
		cmocka_unit_test(what_is_no_blob_stays),
		cmocka_unit_test(stale_files_go),
		cmocka_unit_test(a_second_name_is_as_new_as_its_making),
		cmocka_unit_test(an_idle_session_goes),
		cmocka_unit_test(a_session_has_a_limit_of_its_own),
		cmocka_unit_test(a_session_that_is_written_to_stays),
		cmocka_unit_test(a_slow_upload_makes_a_new_blob),
		cmocka_unit_test(a_session_shares_its_bytes_with_its_blob),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
