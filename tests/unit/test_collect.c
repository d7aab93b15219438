/* What collection takes away from repositories and what it leaves, over tables of states. */
#include "base/log.h"
#include "format/media.h"
#include "store/account.h"
#include "store/account_recount.h"
#include "support/collection.h"
#include "support/invariants.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* In the order of the columns below. */
struct counts {
	unsigned manifests, blobs, referrers, entries, problems;
};

static const struct rule {
	const char *state;
	unsigned untagged; /* days */
	const char *left;
	struct counts counts;
} rules[] = {
	/* a blob is needed, fresh, or goes */
	{"blob a; image I a; tag t I", 0, "a I t", {0, 0, 0, 0, 0}},
	{"blob a", 0, "", {0, 1, 0, 1, 0}},
	{"blob a; fresh a", 0, "a", {0, 0, 0, 0, 0}},
	{"blob a; blob b; blob c; image I a b; tag t I", 0, "a b I t", {0, 1, 0, 1, 0}},
	{"blob a; blob b; blob c; image I a; fresh b", 0, "a b I", {0, 1, 0, 1, 0}},
	{"blob a; blob b; image I a; index X I; tag t X", 0, "a I X t", {0, 1, 0, 1, 0}},
	{"blob a; blob b; blob c; image I a; referrer S I b; tag t I", 0, "a b I S t",
		{0, 1, 0, 1, 0}},
	/* the age of a blob that is needed does not matter, nor that a needed one is absent */
	{"blob a; image I a lost; tag t I; fresh I", 0, "a I t", {0, 0, 0, 0, 0}},
	/* manifests without a tag stay, unless it is said how old they may get */
	{"blob a; image I a", 0, "a I", {0, 0, 0, 0, 0}},
	{"blob a; image I a", 11, "a I", {0, 0, 0, 0, 0}},
	{"blob a; image I a", 9, "", {1, 1, 0, 1, 0}},
	{"blob a; image I a; fresh I", 9, "a I", {0, 0, 0, 0, 0}},
	{"blob a; image I a; fresh a", 9, "a", {1, 0, 0, 0, 0}},
	{"blob a; blob b; image I a; image J a b; tag t I", 9, "a I t", {1, 1, 0, 1, 0}},
	{"blob a; image I a; tag t J", 9, "t", {1, 1, 0, 1, 0}},
	/* what is tagged, or fresh, keeps its children */
	{"blob a; image I a; index X I; index Y X; tag t Y", 9, "a I X Y t",
		{0, 0, 0, 0, 0}},
	{"blob a; image I a; index X I; fresh X", 9, "a I X", {0, 0, 0, 0, 0}},
	{"blob a; image I a; image J a; index X I J; tag t J", 9, "a J t",
		{2, 0, 0, 0, 0}},
	{"blob a; image I a; index X I; index Y I X; tag t X", 9, "a I X t",
		{1, 0, 0, 0, 0}},
	{"blob a; blob b; image I b; other O a I; tag t O", 9, "a b I O t",
		{0, 0, 0, 0, 0}},
	/* and its referrers, which go with it */
	{"blob a; blob s; image I a; referrer S I s; tag t I", 9, "a s I S t",
		{0, 0, 0, 0, 0}},
	{"blob a; blob s; image I a; index X I; referrer S I s; referrer T S s; tag t X", 9,
		"a s I X S T t", {0, 0, 0, 0, 0}},
	{"blob a; blob s; image I a; referrer S I s; referrer T S s", 9, "",
		{3, 2, 0, 2, 0}},
	{"blob s; referrer S gone s", 9, "", {1, 1, 0, 1, 0}},
	{"blob s; referrer S gone s", 0, "s S", {0, 0, 0, 0, 0}},
	{"blob a; blob s; image I a; referrer S I s; tag t S", 9, "s S t",
		{1, 1, 0, 1, 0}},
	/* an entry of a manifest that is absent */
	{"blob a; image I a; tag t I; listed gone I", 0, "a I t", {0, 0, 1, 0, 0}},
	{"blob a; image I a; tag t I; listed gone I; fresh gone<I", 0, "a I t gone<I",
		{0, 0, 0, 0, 0}},
	{"blob a; listed gone lost; listed away lost", 0, "", {0, 1, 2, 1, 0}},
	/* one manifest that nobody understands protects the repository */
	{"blob a; blob b; image I a; image J a; corrupt I; tag t I; listed gone J", 9,
		"a b I J t gone<J", {0, 0, 0, 0, 1}},
	{"blob a; blob b; image I a; damaged D", 9, "a b I D", {0, 0, 0, 0, 1}},
	{"blob a; blob b; image I a; image J a; corrupt J; damaged D", 9, "a b I J D",
		{0, 0, 0, 0, 2}},
	/* but not a blob that is corrupt */
	{"blob a; blob b; image I a; corrupt b; tag t I", 9, "a I t", {0, 1, 0, 1, 0}},
};

static void expect_counts(const struct rule *rule, const struct collect_result *r)
{
	struct counts found = {(unsigned)r->manifests, (unsigned)r->blobs,
		(unsigned)r->referrers, (unsigned)r->entries, (unsigned)r->problems};

	if (memcmp(&found, &rule->counts, sizeof(found)) != 0)
		fail_msg("\"%s\": %u manifests, %u blobs, %u referrers, %u entries, "
			 "%u problems",
			rule->state, found.manifests, found.blobs, found.referrers,
			found.entries, found.problems);
	assert_int_equal(r->repositories, 1);
}

/* The account is what it was less what the run says it has taken away. */
static void expect_account(struct collection *c, const struct account *before)
{
	struct repo_name ns = as_repo("a");
	const struct collect_result *r = &c->result;
	struct account now, counted;
	struct err err = ERR_INIT;
	bool differs;

	assert_int_equal(account_read(&c->f.store, &ns, &now, &err), 0);
	assert_int_equal(now.blobs, before->blobs - r->blobs);
	assert_int_equal(now.manifests, before->manifests - r->manifests);
	assert_int_equal(now.bytes, before->bytes - r->bytes_unlinked);
	assert_int_equal(
		account_recount(&c->f.store, &ns, false, &counted, &differs, &err), 0);
	assert_false(differs);
	assert_true(account_equal(&now, &counted));
}

static void try_rule(const struct rule *rule)
{
	struct repo_name ns = as_repo("a");
	struct collection c;
	struct account before;
	struct err err = ERR_INIT;
	struct states s;

	collection_open(&c);
	s = collection_repo(&c, "a/b");
	states_make(&s, rule->state);
	assert_int_equal(account_read(&c.f.store, &ns, &before, &err), 0);
	c.options.untagged_age = (uint64_t)rule->untagged * DAY;
	collection_run_all(&c);
	if (strcmp(states_left(&s), rule->left) != 0)
		fail_msg("\"%s\" leaves \"%s\", not \"%s\"", rule->state, s.left,
			rule->left);
	expect_counts(rule, &c.result);
	expect_account(&c, &before);
	/* A repository that holds nothing is no directory either, nor is its parent. */
	assert_int_equal(collection_has(&c, "repos/a"), rule->left[0] != '\0');
	if (strstr(rule->state, "lost") || strstr(rule->state, "corrupt") ||
		strstr(rule->state, "damaged") || strstr(rule->state, "tag t J"))
		fixture_close(&c.f);
	else
		collection_close(&c, INVARIANTS_LISTED);
}

static void every_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		try_rule(&rules[i]);
}

static void damage_protects_its_repository_only(void **state)
{
	struct collection c;
	struct states a, b;

	(void)state;
	collection_open(&c);
	a = collection_repo(&c, "a");
	b = collection_repo(&c, "b");
	states_make(&a, "blob x; blob y; image I x; tag t I; corrupt I");
	states_make(&b, "blob p; blob q; image I p; tag t I");
	collection_run_all(&c);
	assert_string_equal(states_left(&a), "x y I t");
	assert_string_equal(states_left(&b), "p I t");
	assert_int_equal(c.result.problems, 1);
	assert_int_equal(c.result.blobs, 1);
	assert_non_null(strstr(c.items, "\"repository\":\"a\",\"digest\":\"sha256:"));
	fixture_close(&c.f);
}

static void sha512_is_collected_alike(void **state)
{
	struct digest d = as_digest(DIGEST_SHA512, "old");
	struct collection c;
	char path[512];

	(void)state;
	collection_open(&c);
	snprintf(path, sizeof(path), "repos/a/@blobs/sha512/%s", d.hex);
	plant_file(&c.f, path, "old");
	snprintf(path, sizeof(path), "repos/a/@referrers/sha512/%s/%s", d.hex, d.hex);
	plant_file(&c.f, path, "");
	collection_run_all(&c);
	assert_int_equal(c.result.blobs, 1);
	assert_int_equal(c.result.referrers, 1);
	assert_int_equal(c.result.bytes_freed, 3);
	assert_false(collection_has(&c, "repos/a"));
	collection_close(&c, 0);
}

/* The bytes are freed with the last link, whichever repository had it. */
static void links_are_counted(void **state)
{
	static const struct {
		const char *b; /* the other repository */
		unsigned manifests, blobs, entries, freed;
	} rows[] = {
		{"blob x", 0, 2, 1, 10},
		{"blob x; image I x; tag t I", 0, 1, 0, 0},
		{"blob x; image I x", 1, 2, 1, 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct collection c;
		struct states a, b;
		char from[700], to[700];

		collection_open(&c);
		a = collection_repo(&c, "a");
		b = collection_repo(&c, "b");
		states_make(&b, rows[i].b);
		states_make(&a, "blob y; blob x; image I y; tag t I");
		/* The same file. */
		snprintf(to, sizeof(to), "%s/repos/a/@blobs/sha256/%s", c.f.dir,
			states_find(&a, "x")->digest.hex);
		snprintf(from, sizeof(from), "%s/repos/b/@blobs/sha256/%s", c.f.dir,
			states_find(&b, "x")->digest.hex);
		assert_int_equal(remove(from), 0);
		assert_int_equal(link(to, from), 0);
		c.options.untagged_age = DAY;
		collection_run_all(&c);
		assert_int_equal(c.result.blobs, rows[i].blobs);
		assert_int_equal(c.result.entries, rows[i].entries);
		assert_int_equal(c.result.manifests, rows[i].manifests);
		/* The file of a manifest begins with a line of its own. */
		if (c.result.manifests > 0)
			c.result.bytes_freed -= states_find(&b, "I")->size +
						strlen(MEDIA_OCI_MANIFEST "\n");
		assert_int_equal(c.result.bytes_freed, rows[i].freed);
		assert_int_equal(states_in_store(&a, "x"), !rows[i].entries);
		collection_close(&c, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule),
		cmocka_unit_test(damage_protects_its_repository_only),
		cmocka_unit_test(sha512_is_collected_alike),
		cmocka_unit_test(links_are_counted),
	};

	/* What is damaged here is logged as an error. */
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
