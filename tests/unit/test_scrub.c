/* A table of damages: what a scrub says of each, what it mends, and what is left then. */
#include "service/scrub.h"

#include "base/log.h"
#include "format/media.h"
#include "store/path.h"
#include "support/cgi.h"
#include "support/damage.h"
#include "support/invariants.h"
#include "support/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE "blob a; blob b; image I a b; tag t I"

static void nothing(struct states *s)
{
	(void)s;
}

static void age_entry(struct states *s)
{
	damage_age_listed(s, "I", "gone<I");
}

static void flip_layer(struct states *s)
{
	damage_flip_entry(s, "b");
}

static void truncate_layer(struct states *s)
{
	damage_truncate(s, "b");
}

static void flip_shared(struct states *s)
{
	damage_share(s, "b", "c/d");
	damage_flip_entry(s, "b");
}

static void flip_entry_beside_copy(struct states *s)
{
	damage_share(s, "b", "c/d");
	damage_copy(s, "b");
	damage_flip_entry(s, "b");
}

static void flip_copy(struct states *s)
{
	damage_copy(s, "b");
	damage_flip_own(s, "b");
}

static void flip_both(struct states *s)
{
	flip_copy(s);
	damage_flip_entry(s, "b");
}

static void flip_without_entry(struct states *s)
{
	damage_remove_entry(s, "b");
	damage_flip_own(s, "b");
}

static void lose_entry(struct states *s)
{
	damage_remove_entry(s, "b");
}

static void copy_layer(struct states *s)
{
	damage_copy(s, "b");
}

static void writable(struct states *s)
{
	damage_mode(s, "b", 0664);
}

static void lose_link(struct states *s)
{
	damage_keep_account(s);
	damage_remove_own(s, "b");
}

static void flip_image(struct states *s)
{
	damage_flip_own(s, "I");
}

static void flip_child(struct states *s)
{
	damage_flip_own(s, "I");
}

static void untyped(struct states *s)
{
	struct repo_name r = as_repo(s->repo);

	plant_file(s->f, path_manifest(&r, &states_find(s, "I")->digest).text, "{}");
}

static void unlist(struct states *s)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/repos/%s/@referrers/sha256/%s/%s", s->f->dir,
		s->repo, states_find(s, "I")->digest.hex, states_find(s, "S")->digest.hex);
	assert_int_equal(unlink(path), 0);
}

static void damage_tag(struct states *s)
{
	plant_link(s->f, "repos/a/b/@tags/u", "../../elsewhere");
}

static void wrong_account(struct states *s)
{
	damage_keep_account(s);
	damage_remove_own(s, "z");
}

static void damage_session(struct states *s)
{
	plant_file(s->f, "uploads/0123456789abcdef0123456789abcdef/state", "nonsense");
	plant_file(s->f, "uploads/0123456789abcdef0123456789abcdef/data", "bytes");
}

static void unrecorded_session(struct states *s)
{
	const char *dir = "uploads/0123456789abcdef0123456789abcdef";

	plant_file(s->f, "uploads/0123456789abcdef0123456789abcdef/data", "bytes");
	plant_file(s->f, "uploads/1123456789abcdef0123456789abcdef/data", "bytes");
	states_touch(s->f, dir, states_now() - 2 * STATES_LATER);
}

static void strew(struct states *s)
{
	static const char *const files[] = {"blobs/notes", "blobs/sha256/xx/y",
		"blobs/sha256/ab/cd", "repos/file", "repos/a/b/file", "repos/a/b/@blobs/md5",
		"repos/a/b/@blobs/sha256/x", "repos/a/b/@manifests/sha512/x",
		"repos/a/b/@tags/file", "repos/a/b/@referrers/sha256/x", "uploads/x"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		plant_file(s->f, files[i], "");
}

static const struct row {
	const char *name, *state;
	void (*damage)(struct states *s);
	const char *seen;   /* by a scrub that only looks */
	const char *mended; /* by one that mends */
	const char *left;   /* by another that looks */
} rows[] = {
	{"nothing", IMAGE, nothing, "", "", ""},
	{"nothing, with everything",
		"blob a; blob b; image I a b; index X I; referrer S X a; other O a; tag t X",
		nothing, "", "", ""},
	/* content */
	{"a blob", IMAGE, flip_layer, "affected t b; blob b",
		"blob b; reference b of I; affected t b", "reference b of I; affected t b"},
	{"a blob of another size", IMAGE, truncate_layer,
		"affected t b; blob b; reference b of I; affected t b",
		"blob b; reference b of I; affected t b", "reference b of I; affected t b"},
	{"a blob below an index", "blob b; image I b; index X I; tag t X; tag u X",
		flip_layer, "affected t b; affected u b; blob b",
		"blob b; reference b of I; affected t b; affected u b",
		"reference b of I; affected t b; affected u b"},
	{"a blob that no tag leads to", "blob b; image I b", flip_layer,
		"affected b; blob b", "blob b; reference b of I; affected b",
		"reference b of I; affected b"},
	{"a blob that nothing needs", "blob b", flip_layer, "affected b; blob b", "blob b",
		""},
	{"a blob of two repositories", IMAGE, flip_shared,
		"affected t b; c/d: affected b; blob b",
		"blob b; reference b of I; affected t b", "reference b of I; affected t b"},
	{"a blob of which there is a good copy", IMAGE, flip_entry_beside_copy,
		"c/d: affected b; blob b; copy b", "blob b+", ""},
	{"a copy of a good blob", IMAGE, flip_copy, "affected t b; blob b", "blob b+", ""},
	{"a blob and its copy", IMAGE, flip_both, "blob b; affected t b; blob b",
		"blob b; blob b; reference b of I; affected t b",
		"reference b of I; affected t b"},
	{"a blob without an entry", IMAGE, flip_without_entry, "affected t b; blob b",
		"blob b; reference b of I; affected t b", "reference b of I; affected t b"},
	{"a manifest", IMAGE, flip_image, "manifest I; affected t I",
		"manifest I; affected t I; tag t+", ""},
	{"a manifest without a media type", IMAGE, untyped, "manifest I; affected t I",
		"manifest I; affected t I; tag t+", ""},
	{"the child of an index", "blob a; image I a; index X I; tag t X", flip_child,
		"manifest I; affected t I", "manifest I; affected t I", ""},
	{"the referrer of an image", "blob a; image J a; referrer I J a; tag t J",
		flip_image, "manifest I; affected I",
		"manifest I; affected I; referrer I under J+", ""},
	{"a document that is no manifest", "damaged I; tag t I", nothing, "document I",
		"document I", "document I"},
	/* references */
	{"a link", IMAGE, lose_link, "reference b of I; affected t b; account quota/a",
		"reference b of I; affected t b; account quota/a+",
		"reference b of I; affected t b"},
	{"the child that a client deleted", "index X gone; tag t X", nothing, "", "", ""},
	/* tags */
	{"a tag without a manifest", IMAGE "; tag u gone", nothing, "tag u", "tag u+", ""},
	{"a damaged tag", IMAGE, damage_tag, "tag u", "tag u+", ""},
	/* referrers */
	{"an entry", "blob a; image I a; referrer S I a", unlist, "referrer S under I",
		"referrer S under I+", ""},
	{"an entry of no manifest", IMAGE "; listed gone I", age_entry,
		"referrer gone<I under I", "referrer gone<I under I+", ""},
	{"an entry of another subject",
		"blob a; image I a; image J a; referrer S I a; listed S J", nothing,
		"referrer S under J", "referrer S under J+", ""},
	{"an entry of a manifest without subject",
		"blob a; image I a; image J a; listed I J", nothing, "referrer I under J",
		"referrer I under J+", ""},
	/* accounts */
	{"an account", IMAGE "; blob z", wrong_account, "account quota/a",
		"account quota/a+", ""},
	/* the rest */
	{"an entry of blobs/", IMAGE, lose_entry, "entry b", "entry b+", ""},
	{"a copy", IMAGE, copy_layer, "copy b", "copy b+", ""},
	{"a mode", IMAGE, writable, "mode b", "mode b+", ""},
	{"a session", "", damage_session,
		"session uploads/0123456789abcdef0123456789abcdef",
		"session uploads/0123456789abcdef0123456789abcdef+", ""},
	{"a session without a record", "", unrecorded_session,
		"session uploads/0123456789abcdef0123456789abcdef",
		"session uploads/0123456789abcdef0123456789abcdef+", ""},
};

static void check_text(const struct row *row, const char *when, const char *expected,
	const char *found)
{
	if (strcmp(expected, found) != 0)
		fail_msg("%s, %s:\n  %s\nand not\n  %s", row->name, when, found, expected);
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* The numbers are those of the items. */
static void check_result(const struct row *row, const char *text,
	const struct scrub_result *r)
{
	unsigned items = text[0] ? count(text, "; ") + 1 : 0;

	if (r->problems != items - count(text, "affected ") ||
		r->repaired != count(text, "+"))
		fail_msg("%s: counts %u problems and %u mended", row->name,
			(unsigned)r->problems, (unsigned)r->repaired);
}

/* But for what is expected to be left, the store is whole. */
static void check_store(const struct row *row, struct states *s)
{
	if (row->left[0] == '\0' && invariants_check_but(s->f->dir, 0) != 0)
		fail_msg("%s: the store is not whole", row->name);
}

static void run_row(const struct row *row, struct states *s)
{
	struct scrub_options repair = {.repair = true};
	struct scrub_result r;
	char text[DAMAGE_TEXT], *before, *after;

	before = store_tree(s->f);
	check_text(row, "looking", row->seen, damage_scrub(s, NULL, &r, text));
	check_result(row, text, &r);
	assert_int_equal(r.repaired + r.quarantined, 0);
	/* What jobs/ keeps while it runs is gone, but for the directory. */
	rmdir(strcat(strcpy(text, s->f->dir), "/jobs"));
	after = store_tree(s->f);
	assert_string_equal(before, after);
	free(before);
	free(after);

	check_text(row, "mending", row->mended, damage_scrub(s, &repair, &r, text));
	check_result(row, text, &r);
	check_text(row, "afterwards", row->left, damage_scrub(s, NULL, &r, text));
	check_text(row, "mending again", row->left, damage_scrub(s, &repair, &r, text));
	assert_int_equal(r.repaired + r.quarantined, 0);
	check_store(row, s);
}

static void every_damage_is_found_and_mended(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		struct states s = {.f = &f, .repo = "a/b"};

		fixture_open(&f);
		states_make(&s, rows[i].state);
		rows[i].damage(&s);
		run_row(&rows[i], &s);
		fixture_close(&f);
	}
}

static void strays_are_named(void **state)
{
	struct scrub_options repair = {.repair = true};
	struct scrub_result r;
	struct fixture f;
	struct states s = {.f = &f, .repo = "a/b"};
	char text[DAMAGE_TEXT];

	(void)state;
	fixture_open(&f);
	states_make(&s, IMAGE);
	strew(&s);
	damage_scrub(&s, NULL, &r, text);
	assert_int_equal(r.problems, 11);
	assert_int_equal(count(text, "stray "), 11);
	assert_non_null(strstr(text, "stray repos/a/b/@blobs/md5"));
	assert_non_null(strstr(text, "stray blobs/sha256/ab/cd"));
	damage_scrub(&s, &repair, &r, text);
	assert_int_equal(r.problems, 11);
	assert_int_equal(r.repaired, 0);
	fixture_close(&f);
}

static void sha512_is_checked_too(void **state)
{
	struct scrub_options repair = {.repair = true};
	struct digest good = as_digest(DIGEST_SHA512, "good"),
		      bad = as_digest(DIGEST_SHA512, "bad");
	struct fixture f;
	struct states s = {.f = &f, .repo = "a/b"};
	struct scrub_result r;
	char text[DAMAGE_TEXT], at[1024];

	(void)state;
	fixture_open(&f);
	plant_file(&f, path_blob(&good).text, "good");
	plant_file(&f, path_blob(&bad).text, "worse");
	for (int i = 0; i < 2; i++) {
		snprintf(at, sizeof(at), "%s/%s", f.dir,
			path_blob(i ? &good : &bad).text);
		assert_int_equal(chmod(at, 0444), 0);
	}
	assert_string_equal(damage_scrub(&s, &repair, &r, text), "blob ?");
	assert_int_equal(r.blobs, 2);
	assert_int_equal(r.quarantined, 1);
	assert_int_equal(names_in(&f, path_blob_dir(&good).text), 1);
	assert_int_equal(names_in(&f, path_blob_dir(&bad).text), 0);
	assert_int_equal(names_in(&f, "quarantine"), 1);
	fixture_close(&f);
}

/* Layers that are fetched from elsewhere, and manifests that were accepted without theirs. */
static void what_may_be_absent_is_no_problem(void **state)
{
	struct fixture f;
	struct states s = {.f = &f, .repo = "a/b"};
	struct scrub_result r;
	char text[DAMAGE_TEXT], json[1024];

	(void)state;
	fixture_open(&f);
	states_make(&s, "blob a");
	snprintf(json, sizeof(json),
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"text/plain\","
		"\"digest\":\"sha256:%s\",\"size\":10},\"layers\":[{\"mediaType\":"
		"\"application/vnd.oci.image.layer.nondistributable.v1.tar\","
		"\"digest\":\"sha256:%064d\",\"size\":1}]}",
		states_find(&s, "a")->digest.hex, 0);
	plant_manifest(&f, "a/b", MEDIA_OCI_MANIFEST, json);
	assert_string_equal(damage_scrub(&s, NULL, &r, text), "");
	assert_int_equal(r.manifests, 1);

	states_make(&s, "image I a gone");
	assert_string_equal(
		damage_scrub(&s, NULL, &r, text), "reference ? of I; affected ?");
	f.config.accept_sparse = true;
	assert_string_equal(damage_scrub(&s, NULL, &r, text), "");
	fixture_close(&f);
}

/* A push that was killed leaves it; collection takes it away after the grace. */
static void what_a_push_has_just_left_is_no_problem(void **state)
{
	struct fixture f;
	struct states s = {.f = &f, .repo = "a/b"};
	struct scrub_result r;
	char text[DAMAGE_TEXT];

	(void)state;
	fixture_open(&f);
	states_make(&s, IMAGE "; listed gone I");
	assert_string_equal(damage_scrub(&s, NULL, &r, text), "");
	age_entry(&s);
	assert_string_equal(damage_scrub(&s, NULL, &r, text), "referrer gone<I under I");
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_damage_is_found_and_mended),
		cmocka_unit_test(strays_are_named),
		cmocka_unit_test(sha512_is_checked_too),
		cmocka_unit_test(what_may_be_absent_is_no_problem),
		cmocka_unit_test(what_a_push_has_just_left_is_no_problem),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
