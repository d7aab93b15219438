/* Cleanup: rules over a table of states of a repository. */
#include "base/log.h"
#include "store/account.h"
#include "store/account_recount.h"
#include "support/cleaning.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_account(struct fixture *f, const char *ns, int64_t bytes)
{
	struct repo_name r = as_repo(ns);
	struct account counted;
	struct err err = ERR_INIT;
	bool differs;

	assert_int_equal(account_recount(&f->store, &r, false, &counted, &differs, &err), 0);
	assert_false(differs);
	if (bytes >= 0)
		assert_int_equal(counted.bytes, bytes);
}

static uint64_t bytes_of(struct fixture *f, const char *ns)
{
	struct repo_name r = as_repo(ns);
	struct account a;
	struct err err = ERR_INIT;

	assert_int_equal(account_read(&f->store, &r, &a, &err), 0);
	return a.bytes;
}

#define FIVE \
	"blob a; image A a; image B a; image C a; image D a; image E a;" \
	"tag a A; tag b B; tag c C; tag d D; tag e E"
#define FIVE_AGES "a 50 b 40 c 30 d 20 e 10"

static const struct row {
	const char *state, *ages, *rule;
	const char *left; /* afterwards */
	unsigned tags, manifests, problems;
} rows[] = {
	/* nothing matches, nothing goes */
	{"blob a; image I a; tag t I", "", "keep=t", "a I t", 0, 0, 0},
	{"", "", "keep=t", "", 0, 0, 0},
	/* each word alone */
	{FIVE, FIVE_AGES, "keep-newest=2", "a D E d e", 3, 3, 0},
	{FIVE, FIVE_AGES, "keep-newest=9", "a A B C D E a b c d e", 0, 0, 0},
	{FIVE, FIVE_AGES, "older-than=30d", "a D E d e", 3, 3, 0},
	{FIVE, FIVE_AGES, "keep=[bd]", "a B D b d", 3, 3, 0},
	{FIVE, FIVE_AGES, "remove=[bd]", "a A C E a c e", 2, 2, 0},
	/* together */
	{FIVE, FIVE_AGES, "keep-newest=1 older-than=15d keep=c remove=[a-d]", "a C E c e", 3,
		3, 0},
	{FIVE, "a 10 b 20 c 30 d 40 e 50", "keep-newest=2", "a A B a b", 3, 3, 0},
	/* of the same age the last in order counts as newer */
	{FIVE, "a 9 b 9 c 9 d 9 e 9", "keep-newest=1", "a E e", 4, 4, 0},
	/* a rule for nothing of the kind, and the first of two */
	{FIVE, FIVE_AGES, "keep=a\n** remove=.*", "a A a", 4, 4, 0},
	/* latest */
	{"blob a; image I a; image J a; tag latest I; tag x J", "", "remove=.*", "a I latest",
		1, 1, 0},
	/* the manifest stays while another tag has it */
	{"blob a; image I a; tag t I; tag u I", "", "remove=t", "a I u", 1, 0, 0},
	{"blob a; image I a; tag t I; tag u I; image J a; tag v J", "", "remove=[tu]",
		"a J v", 2, 1, 0},
	/* an index goes with its children; those stay that another needs or a tag has */
	{"blob a; image I a; image J a; index X I J; tag x X; image K a; tag k K", "",
		"remove=x", "a K k", 1, 3, 0},
	{"blob a; image I a; image J a; index X I J; index Y J; tag x X; tag y Y", "",
		"remove=x", "a J Y y", 1, 2, 0},
	{"blob a; image I a; image J a; index X I J; tag x X; tag i I", "", "remove=x",
		"a I i", 1, 2, 0},
	{"blob a; image I a; image J a; index X I J; tag x X; tag i I", "", "remove=i",
		"a I J X x", 1, 0, 0},
	{"blob a; image I a; index X I; index Y X; tag y Y; tag x X; tag i I", "",
		"remove=[xi]", "a I X Y y", 2, 0, 0},
	/* referrers go with their subject, and stay with it */
	{"blob a; image I a; referrer S I a; referrer T S a; tag i I; image J a; tag j J", "",
		"remove=i", "a J j", 1, 3, 0},
	{"blob a; image I a; referrer S I a; tag i I; tag s S", "", "remove=s", "a I S i", 1,
		0, 0},
	{"blob a; image I a; referrer S I a; tag i I; tag s S", "", "remove=i", "a S s", 1, 1,
		0},
	{"blob a; image I a; index X I; referrer S I a; tag x X; tag s S; tag i I", "",
		"remove=[si]", "a I X S x", 2, 0, 0},
	/* what was untagged before is not for us, nor what it needs */
	{"blob a; image I a; image U a; tag t I; image K a; tag k K", "", "remove=t",
		"a U K k", 1, 1, 0},
	{"blob a; image I a; index U I; tag t I; image K a; tag k K", "", "remove=t",
		"a I U K k", 1, 0, 0},
	/* a tag without a manifest is a tag */
	{"blob a; image I a; tag i I; tag gone nothing", "", "remove=gone", "a I i", 1, 0, 0},
	/* nothing goes of what nothing would be left of, or that is damaged */
	{FIVE, FIVE_AGES, "older-than=5d", "a A B C D E a b c d e", 0, 0, 1},
	{"blob a; image I a; tag t I", "", "remove=.*", "a I t", 0, 0, 1},
	{"blob a; image I a; image J a; tag t I; tag u J; image C a; corrupt C", "",
		"remove=t", "a I J t u C", 0, 0, 1},
	{"blob a; image I a; image C a; corrupt C; tag t I", "", "keep=t", "a I C t", 0, 0, 0},
};

/* One run of a row with a preview before it: both report the same. */
static void run_row(const struct row *row)
{
	struct fixture f;
	struct states s = {.f = &f, .repo = "a/b"};
	static struct report preview, real;
	struct cleanup_result planned, result;
	char rules[512];
	uint64_t before;

	fixture_open(&f);
	states_make(&s, row->state);
	cleaning_set_ages(&s, row->ages);
	before = bytes_of(&f, "a");
	snprintf(rules, sizeof(rules), "a/* %s", row->rule);
	assert_int_equal(cleaning_run(&f, rules, (struct cleanup_options){.dry_run = true}, &preview,
				 &planned),
		ERR_NONE);
	assert_int_equal(preview.removed, 0);
	assert_int_equal(cleaning_run(&f, rules, (struct cleanup_options){0}, &real, &result), ERR_NONE);
	if (strcmp(states_left(&s), row->left) != 0)
		fail_msg("\"%s\" leaves \"%s\" of \"%s\", not \"%s\"", row->rule,
			states_left(&s), row->state, row->left);
	assert_string_equal(preview.text, real.text);
	assert_int_equal(preview.previewed, real.removed);
	assert_int_equal(real.previewed, 0);
	assert_memory_equal(&planned, &result, sizeof(result));
	if (result.tags != row->tags || result.manifests != row->manifests ||
		result.problems != row->problems)
		fail_msg("\"%s\" of \"%s\": %u tags, %u manifests, %u problems", row->rule,
			row->state, (unsigned)result.tags, (unsigned)result.manifests,
			(unsigned)result.problems);
	assert_account(&f, "a", (int64_t)(before - result.bytes));
	/* Again there is nothing to do. */
	assert_int_equal(cleaning_run(&f, rules, (struct cleanup_options){0}, &real, &result), ERR_NONE);
	assert_int_equal(result.tags + result.manifests, 0);
	assert_string_equal(states_left(&s), row->left);
	fixture_close(&f);
}

static void what_goes_and_what_stays(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run_row(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_and_what_stays),
	};

	/* What is damaged here is logged as an error. */
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
