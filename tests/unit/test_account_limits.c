/* What a namespace may hold: the file of limits, and what is refused because of it. */
#include "store/account_limits.h"

#include "store/account.h"
#include "store/blobs.h"
#include "store/uploads.h"
#include "support/bodies.h"
#include "support/documents.h"
#include "support/invariants.h"
#include "support/values.h"

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

#define NONE ACCOUNT_LIMIT_DEFAULT

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	fixture_open(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fixture_close(*state);
	free(*state);
	return 0;
}

static void limit(struct fixture *f, uint64_t bytes, uint64_t manifests, uint64_t blob_size)
{
	struct account_limits own = {bytes, manifests, blob_size};
	struct repo_name ns = as_repo("a");
	struct err err = ERR_INIT;

	assert_int_equal(account_limits_set(&f->store, &ns, &own, &err), 0);
}

static void each_good_file_is_understood(void **state)
{
	static const struct {
		const char *text;
		struct account_limits own;
	} rows[] = {
		{"", {NONE, NONE, NONE}},
		{"# nothing\n\n", {NONE, NONE, NONE}},
		{"bytes = 10GiB\n", {UINT64_C(10) << 30, NONE, NONE}},
		{"manifests=1000", {NONE, 1000, NONE}},
		{" blob-size\t= 2MiB # of one\nbytes=0\n", {0, NONE, 2 << 20}},
		{"bytes = 9223372036854775807\n", {INT64_MAX, NONE, NONE}},
	};
	struct fixture *f = *state;
	struct repo_name ns = as_repo("a/b");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct account_limits own;
		struct err err = ERR_INIT;

		plant_file(f, "quota/a/limits", rows[i].text);
		assert_int_equal(account_limits_get(&f->store, &ns, &own, &err), 0);
		assert_int_equal(own.bytes, rows[i].own.bytes);
		assert_int_equal(own.manifests, rows[i].own.manifests);
		assert_int_equal(own.blob_size, rows[i].own.blob_size);
	}
}

static void each_bad_file_names_the_line(void **state)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{"bytes\n", "limits:1"},
		{"# x\nbytes = -1\n", "limits:2"},
		{"bytes = 18446744073709551616\n", "limits:1"},
		{"bytes = 99999999999999GiB\n", "limits:1"},
		{"manifests = 1KiB\n", "limits:1"},
		{"bytes = 1\nbytes = 2\n", "limits:2"},
		{"files = 1\n", "limits:1"},
		{"bytes = 1 2\n", "limits:1"},
		{"bytes =\n", "limits:1"},
	};
	struct fixture *f = *state;
	struct repo_name ns = as_repo("a");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct account_limits own;
		struct err err = ERR_INIT;

		plant_file(f, "quota/a/limits", rows[i].text);
		assert_int_equal(account_limits_get(&f->store, &ns, &own, &err), -1);
		assert_int_equal(err.code, ERR_FAULT);
		if (!strstr(err.text, rows[i].line))
			fail_msg("%s: %s", rows[i].text, err.text);
		err_release(&err);
	}
}

static void what_is_set_is_got_until_nothing_is_set(void **state)
{
	struct fixture *f = *state;
	struct repo_name ns = as_repo("a");
	struct account_limits own, all;
	struct err err = ERR_INIT;

	f->config.quota_bytes = 7;
	f->config.quota_manifests = 8;
	limit(f, 5, NONE, 0);
	assert_int_equal(account_limits_get(&f->store, &ns, &own, &err), 0);
	assert_int_equal(own.bytes, 5);
	assert_int_equal(own.manifests, NONE);
	assert_int_equal(own.blob_size, 0);
	all = account_limits_effective(&f->store, &own);
	assert_int_equal(all.bytes, 5);
	assert_int_equal(all.manifests, 8);
	assert_int_equal(all.blob_size, 0);
	limit(f, NONE, NONE, NONE);
	assert_int_equal(account_limits_get(&f->store, &ns, &own, &err), 0);
	assert_int_equal(account_limits_effective(&f->store, &own).bytes, 7);
}

static void an_absurd_limit_is_refused(void **state)
{
	struct account_limits own = {(uint64_t)INT64_MAX + 1, NONE, NONE};
	struct fixture *f = *state;
	struct repo_name ns = as_repo("a");
	struct err err = ERR_INIT;

	assert_int_equal(account_limits_set(&f->store, &ns, &own, &err), -1);
	assert_int_equal(err.code, ERR_BAD_REQUEST);
	assert_int_equal(names_in(f, "quota"), 0);
	err_release(&err);
}

/* Gives repository r a blob of 10 bytes; the code of the failure. */
static enum err_code push_ten(struct fixture *f, const char *r, unsigned number)
{
	struct repo_name repo = as_repo(r);
	struct err err = ERR_INIT;
	struct body body;
	struct digest d;
	enum err_code code;
	char text[16];

	snprintf(text, sizeof(text), "%010u", number);
	d = digest_of_text(text);
	body_init(&body, text, 10);
	if (upload_single(&f->store, &repo, &d, &body.source, 10, &err) == 0)
		assert_int_equal(err.code, ERR_NONE);
	code = err.code;
	err_release(&err);
	return code;
}

static void all_repositories_of_a_namespace_share_its_room(void **state)
{
	struct fixture *f = *state;

	limit(f, 20, NONE, NONE);
	assert_int_equal(push_ten(f, "a/b", 1), ERR_NONE);
	/* The same blob in another repository counts again. */
	assert_int_equal(push_ten(f, "a", 1), ERR_NONE);
	assert_int_equal(push_ten(f, "a/c", 2), ERR_DENIED);
	/* What is there may come again, and other namespaces have rooms of their own. */
	assert_int_equal(push_ten(f, "a/b", 1), ERR_NONE);
	assert_int_equal(push_ten(f, "b/c", 2), ERR_NONE);
	assert_int_equal(invariants_check(f->dir), 0);
	assert_int_equal(names_in(f, "repos/a/c"), 0);
}

static void a_mount_counts(void **state)
{
	struct fixture *f = *state;
	struct repo_name from = as_repo("b"), to = as_repo("a");
	struct digest d = push_blob(&f->store, "b", "0123456789");
	struct err err = ERR_INIT;
	bool mounted = true;

	limit(f, 9, NONE, NONE);
	assert_int_equal(blobs_mount(&f->store, &to, &d, &from, &mounted, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	err_release(&err);
	limit(f, 10, NONE, NONE);
	assert_int_equal(blobs_mount(&f->store, &to, &d, &from, &mounted, &err), 0);
	assert_true(mounted);
	assert_int_equal(push_ten(f, "a", 1), ERR_DENIED);
}

static void manifests_count_by_bytes_and_by_number(void **state)
{
	struct fixture *f = *state;
	struct repo_name r = as_repo("a");
	struct digest subject = digest_of_text("subject");
	struct document one = document_image("{}", NULL);
	struct document two = document_image("{}", &subject);
	struct account now;
	struct err err = ERR_INIT;

	push_blob(&f->store, "a", "{}");
	limit(f, NONE, 1, NONE);
	assert_int_equal(document_push_code(f, &r, &one), ERR_NONE);
	assert_int_equal(document_push_code(f, &r, &two), ERR_DENIED);
	assert_int_equal(document_listed(f, &r, &subject), 0);
	assert_int_equal(document_push_code(f, &r, &one), ERR_NONE);
	assert_int_equal(account_read(&f->store, &r, &now, &err), 0);
	assert_int_equal(now.manifests, 1);
	limit(f, now.bytes, NONE, NONE);
	assert_int_equal(push_ten(f, "a", 1), ERR_DENIED);
	assert_int_equal(document_push_code(f, &r, &one), ERR_NONE);
	assert_int_equal(invariants_check(f->dir), 0);
}

static void deleting_is_never_refused(void **state)
{
	struct fixture *f = *state;
	struct repo_name r = as_repo("a");
	struct digest d = push_blob(&f->store, "a", "0123456789");
	struct account now;
	struct err err = ERR_INIT;

	limit(f, 1, 1, 1);
	assert_int_equal(blobs_delete(&f->store, &r, &d, &err), 0);
	assert_int_equal(account_read(&f->store, &r, &now, &err), 0);
	assert_int_equal(now.bytes, 0);
	assert_int_equal(now.blobs, 0);
	/* Not even by a file that means nothing. */
	push_blob(&f->store, "b", "0123456789");
	plant_file(f, "quota/b/limits", "nonsense");
	r = as_repo("b");
	assert_int_equal(blobs_delete(&f->store, &r, &d, &err), 0);
}

#define CLIENTS 8
#define PUSHES 6
#define ROOM 5

/* N clients push different blobs where there is room for ROOM of them. */
static void exactly_as_many_succeed_as_there_is_room_for(void **state)
{
	struct fixture *f = *state;
	unsigned done = 0;
	pid_t children[CLIENTS];

	limit(f, ROOM * 10 + 9, NONE, NONE);
	for (unsigned c = 0; c < CLIENTS; c++) {
		children[c] = fork();
		assert_true(children[c] >= 0);
		if (children[c] == 0) {
			int succeeded = 0;

			fixture_reopen(f);
			for (unsigned i = 0; i < PUSHES; i++)
				succeeded += push_ten(f, c % 2 ? "a/b" : "a",
						     c * PUSHES + i) == ERR_NONE;
			_exit(succeeded);
		}
	}
	for (unsigned c = 0; c < CLIENTS; c++) {
		int status;

		assert_int_equal(waitpid(children[c], &status, 0), children[c]);
		assert_true(WIFEXITED(status));
		done += (unsigned)WEXITSTATUS(status);
	}
	assert_int_equal(done, ROOM);
	assert_int_equal(invariants_check(f->dir), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_good_file_is_understood),
		TEST(each_bad_file_names_the_line),
		TEST(what_is_set_is_got_until_nothing_is_set),
		TEST(an_absurd_limit_is_refused),
		TEST(all_repositories_of_a_namespace_share_its_room),
		TEST(a_mount_counts),
		TEST(manifests_count_by_bytes_and_by_number),
		TEST(deleting_is_never_refused),
		TEST(exactly_as_many_succeed_as_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
