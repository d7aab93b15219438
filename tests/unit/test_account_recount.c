/* The record of an account when it is damaged or wrong, and the count that mends it. */
#include "store/account_recount.h"

#include "base/io.h"
#include "store/account.h"
#include "store/account_record.h"
#include "support/bodies.h"
#include "support/invariants.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	fixture_open(f);
	push_blob(&f->store, "a", "0123456789");
	push_blob(&f->store, "a/b", "{}");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fixture_close(*state);
	free(*state);
	return 0;
}

/* Makes text the record of the namespace a. */
static void plant_record(struct fixture *f, const char *text)
{
	assert_int_equal(io_unlink(f->store.root, "quota/a/account"), 0);
	plant_link(f, "quota/a/account", text);
}

static void recount(struct fixture *f, bool repair, bool *differs, struct account *found)
{
	struct repo_name ns = as_repo("a");
	struct err err = ERR_INIT;

	assert_int_equal(account_recount(&f->store, &ns, repair, found, differs, &err), 0);
}

static void expect_account(struct fixture *f, uint64_t blobs, uint64_t bytes)
{
	struct repo_name ns = as_repo("a");
	struct err err = ERR_INIT;
	struct account now;

	assert_int_equal(account_read(&f->store, &ns, &now, &err), 0);
	assert_int_equal(now.blobs, blobs);
	assert_int_equal(now.bytes, bytes);
}

static void a_true_account_is_found_to_agree(void **state)
{
	struct fixture *f = *state;
	struct account found;
	bool differs = true;

	recount(f, false, &differs, &found);
	assert_false(differs);
	assert_int_equal(found.blobs, 2);
	assert_int_equal(found.manifests, 0);
	assert_int_equal(found.bytes, 12);
	expect_account(f, 2, 12);
}

/* A blob that came behind the store's back, as from a backup. */
static void a_wrong_account_is_found_and_mended(void **state)
{
	struct fixture *f = *state;
	struct digest d = digest_of_text("abc");
	char path[200];
	struct account found;
	bool differs = false;

	snprintf(path, sizeof(path), "repos/a/@blobs/sha256/%s", d.hex);
	plant_file(f, path, "abc");
	recount(f, false, &differs, &found);
	assert_true(differs);
	assert_int_equal(found.bytes, 15);
	expect_account(f, 2, 12);
	recount(f, true, &differs, &found);
	assert_true(differs);
	expect_account(f, 3, 15);
	recount(f, true, &differs, &found);
	assert_false(differs);
}

static void a_damaged_record_is_counted_anew(void **state)
{
	static const char *const texts[] = {
		"nonsense",
		"lighter-account 1 epoch 1 blobs 9 manifests 0 bytes 9 check 0000000000000000",
		"lighter-account 1 epoch 1 blobs 9",
	};
	struct fixture *f = *state;
	struct account found;
	bool differs;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		plant_record(f, texts[i]);
		recount(f, false, &differs, &found);
		assert_true(differs);
		expect_account(f, 2, 12);
		recount(f, false, &differs, &found);
		assert_false(differs);
	}
	/* A push needs no reader before it. */
	plant_record(f, texts[0]);
	push_blob(&f->store, "a", "xyz");
	expect_account(f, 3, 15);
	assert_int_equal(invariants_check(f->dir), 0);
}

static void a_store_without_accounts_gets_them(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(io_unlink(f->store.root, "quota/a/account"), 0);
	expect_account(f, 2, 12);
	assert_int_equal(names_in(f, "quota/a"), 2);
}

/* Another host has changed the account since this one read it. */
static void a_record_that_has_changed_is_not_replaced(void **state)
{
	struct fixture *f = *state;
	struct repo_name ns = as_repo("a");
	struct account_record r;
	struct err err = ERR_INIT;

	assert_int_equal(account_record_read(&f->store, &ns, &r, &err), 1);
	push_blob(&f->store, "a", "xyz");
	r.epoch++;
	assert_int_equal(account_record_save(&f->store, &ns, &r, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	err_release(&err);
	expect_account(f, 3, 15);
	assert_int_equal(names_in(f, "quota/a"), 2);
}

struct names {
	char text[200];
};

static int note(void *arg, const struct repo_name *ns, struct err *err)
{
	struct names *n = arg;

	(void)err;
	strcat(strcat(n->text, ns->text), " ");
	return 0;
}

static void namespaces_are_listed_in_order(void **state)
{
	struct fixture *f = *state;
	struct names n = {""};
	struct err err = ERR_INIT;

	push_blob(&f->store, "c/d/e", "{}");
	plant_file(f, "quota/b/limits", "bytes = 1");
	plant_file(f, "quota/empty/lock", "");
	assert_int_equal(account_list(&f->store, "", note, &n, &err), 0);
	assert_string_equal(n.text, "a b c ");
	n.text[0] = '\0';
	assert_int_equal(account_list(&f->store, "a", note, &n, &err), 0);
	assert_string_equal(n.text, "b c ");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_true_account_is_found_to_agree),
		TEST(a_wrong_account_is_found_and_mended),
		TEST(a_damaged_record_is_counted_anew),
		TEST(a_store_without_accounts_gets_them),
		TEST(a_record_that_has_changed_is_not_replaced),
		TEST(namespaces_are_listed_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
