/* The lock of a repository, and the catalog. */
#include "store/repos.h"

#include "base/io.h"
#include "format/media.h"
#include "support/fixture.h"
#include "support/values.h"

#include <errno.h>
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

static int setup(void **state)
{
	static struct fixture f;

	fixture_open(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_close(*state);
	return 0;
}

/* Takes the lock; the code of the failure, ERR_NONE when it is held. */
static enum err_code lock(struct fixture *f, const char *repo, bool exclusive,
	bool create, int *fd)
{
	struct repo_name r = as_repo(repo);
	struct err err = ERR_INIT;
	int rc = repos_lock(&f->store, &r, exclusive, create, fd, &err);
	enum err_code code = err.code;

	assert_int_equal(rc == 0, code == ERR_NONE);
	assert_int_equal(rc == 0, *fd != -1);
	err_release(&err);
	return code;
}

static void the_lock_keeps_others_out(void **state)
{
	static const struct {
		bool first, second; /* exclusive */
		enum err_code want;
	} rows[] = {
		{false, false, ERR_NONE},
		{false, true, ERR_BUSY},
		{true, false, ERR_BUSY},
		{true, true, ERR_BUSY},
	};
	struct fixture *f = *state;
	unsigned before = open_descriptors();
	int one = -1, two = -1;

	f->config.lock_wait = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(lock(f, "a/b", rows[i].first, true, &one), ERR_NONE);
		assert_int_equal(lock(f, "a/b", rows[i].second, false, &two),
			rows[i].want);
		io_close(&two);
		/* Another repository is not concerned, one below it included. */
		assert_int_equal(lock(f, "a/b/c", true, true, &two), ERR_NONE);
		io_close(&two);
		io_close(&one);
		assert_int_equal(lock(f, "a/b", true, false, &one), ERR_NONE);
		io_close(&one);
	}
	assert_int_equal(open_descriptors(), before);
}

static void only_a_push_makes_a_repository(void **state)
{
	struct fixture *f = *state;
	int fd = -1;

	assert_int_equal(lock(f, "new/repo", true, false, &fd), ERR_NAME_UNKNOWN);
	assert_int_equal(names_in(f, "repos"), 0);
	assert_int_equal(lock(f, "new/repo", false, true, &fd), ERR_NONE);
	io_close(&fd);
	assert_int_equal(lock(f, "new/repo", true, false, &fd), ERR_NONE);
	io_close(&fd);
}

/*
 * In a process of its own: takes the lock and tells whether it is on the file of that
 * name.
 */
static int lock_and_compare(struct fixture *f)
{
	struct stat held, named;
	int fd = -1;
	bool same;

	f->config.lock_wait = 60;
	if (lock(f, "a", true, true, &fd) != ERR_NONE)
		return 1;
	same = io_fstat(fd, &held) == 0 &&
	       io_stat(f->store.root, "repos/a/@lock", &named) == 0 &&
	       held.st_ino == named.st_ino;
	return same ? 0 : 2;
}

static void a_lock_on_a_removed_file_does_not_count(void **state)
{
	struct fixture *f = *state;
	int fd = -1, status;
	pid_t child;

	assert_int_equal(lock(f, "a", true, true, &fd), ERR_NONE);
	child = fork();
	if (child == 0) {
		/* Else this copy would hold the lock. */
		io_close(&fd);
		_exit(lock_and_compare(f));
	}
	assert_true(child > 0);
	usleep(20000);
	assert_int_equal(io_unlink(f->store.root, "repos/a/@lock"), 0);
	io_close(&fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_repository_with_a_manifest(void **state)
{
	struct fixture *f = *state;
	struct repo_name r = as_repo("a/b"), above = as_repo("a");
	struct err err = ERR_INIT;
	bool has = true;

	assert_int_equal(repos_has_manifest(&f->store, &r, &has, &err), 0);
	assert_false(has);
	plant_blob(f, "a/b", "layer");
	plant_file(f, "repos/a/b/@manifests/sha256/.nfs0001", "");
	assert_int_equal(repos_has_manifest(&f->store, &r, &has, &err), 0);
	assert_false(has);
	plant_file(f, "repos/a/b/@manifests/sha512/0123", "");
	assert_int_equal(repos_has_manifest(&f->store, &r, &has, &err), 0);
	assert_true(has);
	assert_int_equal(repos_has_manifest(&f->store, &above, &has, &err), 0);
	assert_false(has);
}

/* What a listing has emitted. */
struct seen {
	char names[64][REPO_NAME_MAX + 1];
	size_t count;
	const char *hidden; /* names that begin with it are not visible */
	size_t fail_at;
};

static bool is_visible(void *arg, const struct repo_name *r)
{
	struct seen *seen = arg;

	return strncmp(r->text, seen->hidden, strlen(seen->hidden)) != 0;
}

static int note(void *arg, const struct repo_name *r, struct err *err)
{
	struct seen *seen = arg;

	if (seen->fail_at == seen->count + 1)
		return err_set(err, ERR_GONE, "gone");
	assert_true(seen->count < 64);
	strcpy(seen->names[seen->count++], r->text);
	return 0;
}

static void list(struct fixture *f, struct seen *seen, const char *last, uint64_t n,
	bool *more)
{
	struct repos_page page = {
		last, n, false, seen->hidden ? is_visible : NULL, note, seen};
	struct err err = ERR_INIT;

	seen->count = 0;
	assert_int_equal(repos_list(&f->store, &page, more, &err), 0);
}

/* In byte order of the whole name. */
static const char *const repos[] = {"0", "a", "a--b", "a-b", "a-b-c", "a-b.c", "a-b/x",
	"a-b/x/y", "a.b/y", "a/a", "a/x", "a/x-y", "a/x-y/z", "a/x/z", "a0", "a0/a-b",
	"a0/a/b", "a_b", "aa", "b/c/d/e", "b/c0", "z"};
#define REPOS (sizeof(repos) / sizeof(repos[0]))

static void plant_repos(struct fixture *f)
{
	for (size_t i = REPOS; i-- > 0;)
		plant_manifest(f, repos[i], MEDIA_OCI_INDEX, "{}");
	/* None of these is a repository with a manifest. */
	plant_blob(f, "a1", "layer");
	plant_blob(f, "b", "layer");
	plant_file(f, "repos/file", "");
	plant_file(f, "repos/Upper/@manifests/sha256/00", "");
	plant_file(f, "repos/a/-x/@manifests/sha256/00", "");
	plant_link(f, "repos/c/@tags/t", "../@manifests/sha256/00");
}

static void expect_page(struct fixture *f, const char *last, uint64_t n)
{
	struct seen seen = {.count = 0};
	size_t first = 0, want;
	bool more;

	while (first < REPOS && strcmp(repos[first], last) <= 0)
		first++;
	want = n < REPOS - first ? n : REPOS - first;
	list(f, &seen, last, n, &more);
	if (seen.count != want || more != (first + want < REPOS))
		fail_msg("last=%s n=%u: %zu names, more=%d", last, (unsigned)n,
			seen.count, more);
	for (size_t i = 0; i < want; i++)
		assert_string_equal(seen.names[i], repos[first + i]);
}

static void every_page_is_in_order_of_the_whole_name(void **state)
{
	static const char *const between[] = {"", "-", "/", "A", "a-", "a-a", "a-b-",
		"a-b/", "a-b0", "a.", "a.b", "a/", "a/x-", "a/x-y-", "a/x/", "a/x/z/w",
		"a/y", "a0/a", "a0/a-", "b", "b/c", "b/c/d", "b/c/d/f", "c", "zz", "a//",
		"a/x//", "\xc3\xa9"};
	struct fixture *f = *state;

	plant_repos(f);
	for (uint64_t n = 0; n <= REPOS + 1; n++) {
		for (size_t i = 0; i < REPOS; i++)
			expect_page(f, repos[i], n);
		for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++)
			expect_page(f, between[i], n);
	}
}

static void a_very_long_last_is_only_a_position(void **state)
{
	struct fixture *f = *state;
	char last[2000];

	plant_repos(f);
	memset(last, 'a', sizeof(last) - 1);
	last[sizeof(last) - 1] = '\0';
	expect_page(f, last, 3);
	memset(last, '-', sizeof(last) - 1);
	last[0] = 'a';
	expect_page(f, last, 3);
	for (size_t i = 1; i < sizeof(last) - 1; i += 2)
		last[i] = '/';
	expect_page(f, last, 3);
}

static void what_is_not_visible_is_not_counted(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {.hidden = "a"};
	bool more;

	plant_repos(f);
	list(f, &seen, "", 2, &more);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.names[0], "0");
	assert_string_equal(seen.names[1], "b/c/d/e");
	assert_true(more);
	list(f, &seen, "b/c/d/e", 2, &more);
	assert_int_equal(seen.count, 2);
	assert_false(more);
	seen.hidden = "b";
	list(f, &seen, "aa", 1, &more);
	assert_string_equal(seen.names[0], "z");
	assert_false(more);
}

static void all_names_when_asked_for(void **state)
{
	static const char *const wanted[] = {"b", "b/c", "b/c/d", "b/c/d/e", "b/c0", "c",
		"file", "z"};
	struct fixture *f = *state;
	struct seen seen = {.count = 0};
	struct repos_page page = {"aa", 10, true, NULL, note, &seen};
	struct err err = ERR_INIT;
	bool more;

	plant_repos(f);
	assert_int_equal(repos_list(&f->store, &page, &more, &err), 0);
	assert_int_equal(seen.count, sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < seen.count; i++)
		assert_string_equal(seen.names[i], wanted[i]);
}

static void a_failing_receiver_ends_the_listing(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {.fail_at = 3};
	struct repos_page page = {"", 10, false, NULL, note, &seen};
	struct err err = ERR_INIT;
	bool more;

	plant_repos(f);
	assert_int_equal(repos_list(&f->store, &page, &more, &err), -1);
	assert_int_equal(err.code, ERR_GONE);
	assert_int_equal(seen.count, 2);
}

static void names_as_deep_as_they_can_be(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {.count = 0};
	char deep[REPO_NAME_MAX + 1], deeper[REPO_NAME_MAX + 32];
	bool more;

	for (size_t i = 0; i < REPO_NAME_MAX; i++)
		deep[i] = i % 2 ? '/' : 'a';
	deep[REPO_NAME_MAX] = '\0';
	plant_manifest(f, deep, MEDIA_OCI_INDEX, "{}");
	/* A directory that no name reaches. */
	snprintf(deeper, sizeof(deeper), "repos/%s/b/c", deep);
	plant_file(f, deeper, "");
	list(f, &seen, "", 5, &more);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.names[0], deep);
	list(f, &seen, deep, 5, &more);
	assert_int_equal(seen.count, 0);
	assert_false(more);
}

#ifdef IO_FAULTS
static void a_failed_listing_says_so(void **state)
{
	struct fixture *f = *state;
	unsigned before = open_descriptors();
	bool more;

	plant_repos(f);
	for (unsigned k = 1;; k++) {
		struct seen seen = {.count = 0};
		struct repos_page page = {"a/a", 100, false, NULL, note, &seen};
		struct err err = ERR_INIT;
		int rc;

		io_fault_arm(k, EIO);
		rc = repos_list(&f->store, &page, &more, &err);
		if (io_fault_calls() < k)
			break;
		io_fault_arm(0, 0);
		/* A fault while the listing is put aside may pass unseen. */
		if (rc == 0)
			assert_int_equal(seen.count, REPOS - 10);
		else
			assert_int_equal(err.code, ERR_FAULT);
		assert_int_equal(open_descriptors(), before);
		err_release(&err);
	}
	io_fault_arm(0, 0);
}
#endif

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_lock_keeps_others_out),
		TEST(only_a_push_makes_a_repository),
		TEST(a_lock_on_a_removed_file_does_not_count),
		TEST(a_repository_with_a_manifest),
		TEST(every_page_is_in_order_of_the_whole_name),
		TEST(a_very_long_last_is_only_a_position),
		TEST(what_is_not_visible_is_not_counted),
		TEST(all_names_when_asked_for),
		TEST(a_failing_receiver_ends_the_listing),
		TEST(names_as_deep_as_they_can_be),
#ifdef IO_FAULTS
		TEST(a_failed_listing_says_so),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
