/* What manifests reach, over tables of states of a repository. */
#include "service/reach.h"

#include "base/log.h"
#include "support/states.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void load(struct states *s, struct reach *g)
{
	struct repo_name r = as_repo(s->repo);
	struct err err = ERR_INIT;

	if (reach_load(&s->f->store, &r, g, &err) != 0 ||
		reach_tags(&s->f->store, &r, g, &err) != 0)
		fail_msg("%s", err.text);
}

/* The names of what is kept, or needed, when the tagged manifests are the roots. */
static const char *reached(struct states *s, struct reach *g, char out[512])
{
	struct err err = ERR_INIT;

	out[0] = '\0';
	for (size_t i = 0; i < g->nmanifests; i++)
		g->manifests[i].root = g->manifests[i].tagged;
	assert_int_equal(reach_mark(g, &err), 0);
	for (unsigned i = 0; i < s->count; i++) {
		const struct states_name *n = &s->names[i];
		uint32_t m = reach_find(g, &n->digest);
		bool there = n->kind == STATES_MANIFEST
				     ? m != REACH_NONE && g->manifests[m].kept
				     : n->kind == STATES_BLOB && reach_needs(g, &n->digest);

		if (there)
			snprintf(out + strlen(out), 512 - strlen(out), "%s%s",
				out[0] ? " " : "", n->text);
	}
	return out;
}

static const struct row {
	const char *state, *reached;
} rows[] = {
	{"", ""},
	{"blob a", ""},
	{"blob a; image I a", ""},
	{"blob a; image I a; tag t I", "a I"},
	{"blob a; blob b; blob c; image I a b; tag t I", "a b I"},
	/* an index, a nested one, and a child that two share */
	{"blob a; image I a; index X I; tag t X", "a I X"},
	{"blob a; image I a; image J a; index X I; index Y X; tag t Y", "a I X Y"},
	{"blob a; blob b; image I a; image J b; index X I J; tag t I", "a I"},
	{"image I a; index X I; index Y I; tag t X", "I X"},
	/* referrers, of a child and of a referrer; nothing leads to a subject */
	{"blob a; blob s; image I a; referrer S I s; tag t I", "a s I S"},
	{"blob a; blob s; image I a; referrer S I s; tag t S", "s S"},
	{"blob a; image I a; index X I; referrer S I a; referrer T S a; tag t X",
		"a I X S T"},
	{"blob a; image I a; referrer S I a; referrer T S a", ""},
	{"blob a; referrer S gone a; tag t S", "a S"},
	{"blob a; image I a; index X I; referrer S X a; referrer T X a; tag t X",
		"a I X S T"},
	/* an index may refer to a referrer, and a referrer may be an index's subject */
	{"blob a; image I a; referrer S I a; index X S; tag t X", "a S X"},
	/* children and blobs that are not there */
	{"blob a; image I a; index X I gone; tag t X", "a I X"},
	{"blob a; image I a lost; tag t I; tag u nothing", "a I"},
	/* a document that is not understood */
	{"blob a; blob b; image I b; other O a I; tag t O", "a b I O"},
};

static void what_tags_reach(void **state)
{
	struct reach g = REACH_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(reach_open(&g, &err), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		struct states s = {.f = &f, .repo = "a/b"};
		char out[512];

		fixture_open(&f);
		states_make(&s, rows[i].state);
		load(&s, &g);
		if (strcmp(reached(&s, &g, out), rows[i].reached) != 0)
			fail_msg("\"%s\" reaches \"%s\", not \"%s\"", rows[i].state, out,
				rows[i].reached);
		assert_int_equal(g.damaged, 0);
		reach_clear(&g);
		fixture_close(&f);
	}
	reach_release(&g);
}

static void a_second_load_sees_what_changed(void **state)
{
	struct fixture f;
	struct states s = {.f = &f, .repo = "a"};
	struct reach g = REACH_INIT;
	struct err err = ERR_INIT;
	char out[512], path[512], text[512];

	(void)state;
	fixture_open(&f);
	assert_int_equal(reach_open(&g, &err), 0);
	states_make(&s, "blob a; blob b; blob c; image I a; image J b; tag t I");
	load(&s, &g);
	assert_string_equal(reached(&s, &g, out), "a I");
	/* new, moved, gone */
	states_make(&s, "index X J c; tag t X");
	load(&s, &g);
	assert_string_equal(reached(&s, &g, out), "b c J X");
	assert_int_equal(g.present, 3);
	snprintf(path, sizeof(path), "%s/repos/a/@manifests/sha256/%s", f.dir,
		states_find(&s, "J")->digest.hex);
	assert_int_equal(remove(path), 0);
	load(&s, &g);
	assert_int_equal(g.present, 2);
	assert_string_equal(reached(&s, &g, out), "c X");
	/* The same bytes with another media type are another document. */
	snprintf(text, sizeof(text), "{\"config\":\"sha256:%s\"}",
		states_find(&s, "a")->digest.hex);
	plant_manifest(&f, "a", "application/x-one", text);
	load(&s, &g);
	assert_int_equal(g.damaged, 0);
	plant_manifest(&f, "a", MEDIA_OCI_MANIFEST, text);
	load(&s, &g);
	assert_int_equal(g.damaged, 1);
	plant_manifest(&f, "a", "application/x-one", text);
	load(&s, &g);
	assert_int_equal(g.damaged, 0);
	reach_release(&g);
	fixture_close(&f);
}

static void damage_is_counted(void **state)
{
	static const struct {
		const char *state;
		size_t present, damaged;
	} damages[] = {
		{"blob a; image I a; corrupt I", 1, 1},
		{"blob a; image I a; damaged D", 2, 1},
		{"blob a; image I a; image J a; corrupt J; damaged D", 3, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct fixture f;
		struct states s = {.f = &f, .repo = "a"};
		struct reach g;
		struct err err = ERR_INIT;

		fixture_open(&f);
		states_make(&s, damages[i].state);
		assert_int_equal(reach_open(&g, &err), 0);
		load(&s, &g);
		assert_int_equal(g.present, damages[i].present);
		assert_int_equal(g.damaged, damages[i].damaged);
		reach_release(&g);
		fixture_close(&f);
	}
}

/* Every doomed manifest comes after those that refer to it. */
static void the_doomed_come_parents_first(void **state)
{
	struct fixture f;
	struct states s = {.f = &f, .repo = "a"};
	struct reach g;
	struct err err = ERR_INIT;
	char out[512];
	size_t n;

	(void)state;
	fixture_open(&f);
	states_make(&s, "blob a; image I a; image J a; index X I J; index Y X J; index Z Y X;"
			"image K a; tag t K; index W K");
	assert_int_equal(reach_open(&g, &err), 0);
	load(&s, &g);
	assert_string_equal(reached(&s, &g, out), "a K");
	assert_int_equal(reach_doomed(&g, &n, &err), 0);
	assert_int_equal(n, 6);
	for (size_t i = 0; i < n; i++) {
		const struct reach_manifest *m = &g.manifests[g.order[i]];

		for (size_t j = 0; j < i; j++)
			for (size_t k = 0; k < m->count; k++)
				assert_true(g.places[g.refs[m->first + k]].manifest !=
					    g.order[j]);
	}
	reach_release(&g);
	fixture_close(&f);
}

static void a_removed_manifest_is_not_listed(void **state)
{
	struct fixture f;
	struct states s = {.f = &f, .repo = "a"};
	struct repo_name r = as_repo("a");
	struct reach g;
	struct err err = ERR_INIT;
	uint32_t m;

	(void)state;
	fixture_open(&f);
	states_make(&s, "blob a; image I a; referrer S I a; listed S I");
	assert_int_equal(reach_open(&g, &err), 0);
	load(&s, &g);
	m = reach_find(&g, &states_find(&s, "S")->digest);
	assert_int_not_equal(m, REACH_NONE);
	assert_int_equal(reach_remove(&f.store, &r, &g, m, &err), 0);
	assert_string_equal(states_left(&s), "a I");
	assert_int_equal(reach_find(&g, &states_find(&s, "S")->digest), REACH_NONE);
	assert_int_equal(g.present, 1);
	reach_release(&g);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_tags_reach),
		cmocka_unit_test(a_second_load_sees_what_changed),
		cmocka_unit_test(damage_is_counted),
		cmocka_unit_test(the_doomed_come_parents_first),
		cmocka_unit_test(a_removed_manifest_is_not_listed),
	};

	/* What is damaged here is logged as an error. */
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
