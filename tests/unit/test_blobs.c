/* Blobs of the store and of repositories: one file per digest, links as counts. */
#include "store/blobs.h"

#include "base/io.h"
#include "store/manifests.h"
#include "store/uploads.h"
#include "support/bodies.h"
#include "support/fixture.h"
#include "support/invariants.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * The calls that the store makes go through these: syncs are counted, a file can be given
 * a limit of names, and a file can be taken away just before it is linked.
 */
static unsigned syncs;
static nlink_t most_links;
static const char *vanishes;

int fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	struct stat st;

	if (vanishes && strcmp(from, vanishes) == 0) {
		vanishes = NULL;
		unlinkat(from_dir, from, 0);
	}
	if (most_links && fstatat(from_dir, from, &st, 0) == 0 &&
		st.st_nlink >= most_links) {
		errno = EMLINK;
		return -1;
	}
	return (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}

static int setup(void **state)
{
	struct fixture *f = malloc(sizeof(*f));

	assert_non_null(f);
	fixture_open(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	most_links = 0;
	vanishes = NULL;
	assert_int_equal(invariants_check(f->dir), 0);
	fixture_close(f);
	free(f);
	return 0;
}

/* The names of the blob's file in the store; 0 when it is not there. */
static unsigned links_of(struct store *s, const struct digest *d)
{
	struct path p = path_blob(d);
	struct stat st;

	return io_stat(s->root, p.text, &st) == 0 ? (unsigned)st.st_nlink : 0;
}

static ino_t inode_of(struct store *s, struct path p)
{
	struct stat st;

	assert_int_equal(io_stat(s->root, p.text, &st), 0);
	return st.st_ino;
}

static bool shares_file(struct store *s, const char *repo, const struct digest *d)
{
	struct repo_name r = repo_of(repo);

	return inode_of(s, path_repo_blob(&r, d)) == inode_of(s, path_blob(d));
}

static void set_age(struct store *s, struct path p, int64_t age)
{
	struct timespec t[2] = {{time(NULL) - age, 0}, {time(NULL) - age, 0}};

	assert_int_equal(utimensat(s->root, p.text, t, 0), 0);
}

static bool is_new(struct store *s, struct path p)
{
	struct stat st;

	assert_int_equal(io_stat(s->root, p.text, &st), 0);
	return st.st_mtim.tv_sec > time(NULL) - 1000;
}

/* Puts a file of other content in the place of the path. */
static void damage(struct store *s, struct path p)
{
	int fd;

	assert_int_equal(io_unlink(s->root, p.text), 0);
	fd = io_open(s->root, p.text, O_WRONLY | O_CREAT, 0444);
	assert_int_equal(io_write_all(fd, "?", 1), 0);
	io_close(&fd);
}

static bool mount(
	struct store *s, const char *repo, const struct digest *d, const char *from)
{
	struct repo_name to = repo_of(repo), source;
	struct err err = ERR_INIT;
	bool mounted;

	if (from)
		source = repo_of(from);
	assert_int_equal(
		blobs_mount(s, &to, d, from ? &source : NULL, &mounted, &err), 0);
	return mounted;
}

static int delete_blob(
	struct store *s, const char *repo, const struct digest *d, struct err *err)
{
	struct repo_name r = repo_of(repo);

	return blobs_delete(s, &r, d, err);
}

static void a_pushed_blob_is_found_where_it_was_pushed(void **state)
{
	struct fixture *f = *state;
	struct repo_name a = repo_of("a"), below = repo_of("a/b");
	struct digest d = push_blob(&f->store, "a", "hello");
	struct digest other = digest_of_text("other");
	struct err err = ERR_INIT;
	struct blob blob;
	char bytes[8];
	int fd;

	assert_int_equal(blobs_find(&f->store, &a, &d, &blob, &err), 0);
	assert_int_equal(blob.size, 5);
	assert_int_equal(blobs_open(&f->store, &blob, &fd, &err), 0);
	assert_int_equal(io_pread_full(fd, bytes, sizeof(bytes), 0), 5);
	assert_memory_equal(bytes, "hello", 5);
	io_close(&fd);
	assert_int_equal(blobs_find(&f->store, &a, &other, &blob, &err), -1);
	assert_int_equal(err.code, ERR_BLOB_UNKNOWN);
	err_release(&err);
	assert_int_equal(blobs_find(&f->store, &below, &d, &blob, &err), -1);
	assert_int_equal(err.code, ERR_BLOB_UNKNOWN);
}

static void one_file_serves_every_repository(void **state)
{
	struct fixture *f = *state;
	struct digest d = push_blob(&f->store, "a", "shared");
	struct path entry = path_blob(&d);
	struct stat st;

	push_blob(&f->store, "b/c", "shared");
	push_blob(&f->store, "b/c", "shared");
	assert_int_equal(links_of(&f->store, &d), 3);
	assert_true(shares_file(&f->store, "a", &d) && shares_file(&f->store, "b/c", &d));
	assert_int_equal(io_stat(f->store.root, entry.text, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0444);
}

static void sha512_stands_beside_sha256(void **state)
{
	struct fixture *f = *state;
	struct repo_name r = repo_of("a");
	struct digest d = digest_of_bytes(DIGEST_SHA512, "wide", 4);
	struct err err = ERR_INIT;
	struct blob blob;
	struct body b;

	body_init(&b, "wide", 4);
	assert_int_equal(upload_single(&f->store, &r, &d, &b.source, 4, &err), 0);
	assert_int_equal(blobs_find(&f->store, &r, &d, &blob, &err), 0);
	assert_int_equal(links_of(&f->store, &d), 2);
}

static void a_blob_costs_three_syncs_at_most(void **state)
{
	struct fixture *f = *state;
	struct digest d = push_blob(&f->store, "a", "makes the repository");

	push_blob(&f->store, "b", "makes another");
	syncs = 0;
	push_blob(&f->store, "a", "new to the store");
	assert_int_equal(syncs, 3);
	syncs = 0;
	push_blob(&f->store, "b", "new to the store");
	assert_int_equal(syncs, 2);
	syncs = 0;
	assert_true(mount(&f->store, "b", &d, NULL));
	assert_int_equal(syncs, 1);
	f->config.durability = DURABILITY_RELAXED;
	syncs = 0;
	push_blob(&f->store, "a", "nobody waits for this");
	push_blob(&f->store, "c", "nor for this");
	assert_int_equal(syncs, 0);
}

static void a_damaged_entry_is_replaced_by_a_push(void **state)
{
	struct fixture *f = *state;
	struct repo_name a = repo_of("a");
	struct digest d = push_blob(&f->store, "a", "sound");

	damage(&f->store, path_blob(&d));
	damage(&f->store, path_repo_blob(&a, &d));
	push_blob(&f->store, "a", "sound");
	assert_true(shares_file(&f->store, "a", &d));
	assert_int_equal(links_of(&f->store, &d), 2);
}

static void a_lease_is_renewed_in_its_second_half(void **state)
{
	struct fixture *f = *state;
	struct repo_name a = repo_of("a");
	struct digest d = push_blob(&f->store, "a", "leased");
	struct path own = path_repo_blob(&a, &d);
	struct err err = ERR_INIT;
	struct blob blob;

	f->config.gc_grace = 10000;
	for (int way = 0; way < 4; way++) {
		for (int old = 0; old < 2; old++) {
			set_age(&f->store, own, old ? 5500 : 4500);
			if (way == 0)
				blobs_find(&f->store, &a, &d, &blob, &err);
			else if (way == 1)
				assert_true(mount(&f->store, "a", &d, NULL));
			else if (way == 2)
				assert_true(mount(&f->store, old ? "b" : "c", &d, "a"));
			else
				push_blob(&f->store, "a", "leased");
			assert_int_equal(is_new(&f->store, own), old);
		}
	}
}

static void a_mount_needs_a_holder(void **state)
{
	struct fixture *f = *state;
	struct digest held = push_blob(&f->store, "holder", "held");
	struct digest stray = push_blob(&f->store, "gone", "stray");
	struct err err = ERR_INIT;
	const struct {
		const struct digest *d;
		const char *from;
		bool want;
	} rows[] = {
		{&held, "other", false},
		{&held, "nowhere/at/all", false},
		{&held, "holder", true},
		{&held, "nowhere", true}, /* has it already */
		{&stray, "gone", false},
		{&stray, NULL, false},
	};

	assert_int_equal(delete_blob(&f->store, "gone", &stray, &err), 0);
	assert_int_equal(links_of(&f->store, &stray), 1);
	push_blob(&f->store, "other", "of no interest");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			mount(&f->store, "to", rows[i].d, rows[i].from), rows[i].want);
		assert_int_equal(holds_blob(&f->store, "to", rows[i].d), rows[i].want);
	}
	assert_true(mount(&f->store, "to/too", &held, NULL));
	assert_int_equal(links_of(&f->store, &held), 4);
}

static void a_mount_restores_the_entry_of_the_store(void **state)
{
	struct fixture *f = *state;
	struct digest d = push_blob(&f->store, "a", "collected");
	struct path entry = path_blob(&d);

	assert_int_equal(io_unlink(f->store.root, entry.text), 0);
	assert_false(mount(&f->store, "b", &d, NULL));
	assert_true(mount(&f->store, "b", &d, "a"));
	assert_int_equal(links_of(&f->store, &d), 3);
}

static void what_may_be_damaged_is_not_mounted(void **state)
{
	struct fixture *f = *state;
	struct repo_name a = repo_of("a");
	struct digest d = push_blob(&f->store, "a", "sound");

	damage(&f->store, path_repo_blob(&a, &d));
	assert_false(mount(&f->store, "b", &d, "a"));
	assert_false(holds_blob(&f->store, "b", &d));
	/* The client pushes it then, and all is well with b. */
	push_blob(&f->store, "b", "sound");
	push_blob(&f->store, "a", "sound");
}

static void a_full_count_of_links_begins_a_new_file(void **state)
{
	struct fixture *f = *state;
	struct digest d = push_blob(&f->store, "r0", "popular");
	ino_t first = inode_of(&f->store, path_blob(&d));
	char repo[16];

	most_links = 4;
	for (int i = 1; i < 12; i++) {
		snprintf(repo, sizeof(repo), "r%d", i);
		if (i % 3 == 0)
			push_blob(&f->store, repo, "popular");
		else
			assert_true(mount(&f->store, repo, &d, i % 3 == 1 ? "r0" : NULL));
		assert_true(holds_blob(&f->store, repo, &d));
	}
	assert_int_not_equal(inode_of(&f->store, path_blob(&d)), first);
	assert_int_equal(count_entries(&f->store, "tmp"), 0);
}

static void the_entry_is_restored_when_the_holder_has_no_room(void **state)
{
	struct fixture *f = *state;
	struct digest d = push_blob(&f->store, "a", "full");
	struct path entry = path_blob(&d);

	assert_true(mount(&f->store, "b", &d, "a"));
	assert_int_equal(io_unlink(f->store.root, entry.text), 0);
	most_links = 2;
	assert_true(mount(&f->store, "c", &d, "a"));
	assert_true(shares_file(&f->store, "c", &d));
	assert_false(shares_file(&f->store, "a", &d));
}

static void a_damaged_file_is_not_copied(void **state)
{
	struct fixture *f = *state;
	struct repo_name b = repo_of("b");
	struct digest d = push_blob(&f->store, "a", "bad");
	struct path entry = path_blob(&d);
	struct err err = ERR_INIT;
	bool mounted;
	int fd;

	/* Of the right size, so that only reading it can tell. */
	assert_int_equal(io_unlink(f->store.root, entry.text), 0);
	fd = io_open(f->store.root, entry.text, O_WRONLY | O_CREAT, 0444);
	assert_int_equal(io_write_all(fd, "BAD", 3), 0);
	io_close(&fd);
	assert_int_equal(io_link(f->store.root, entry.text, "tmp/x"), 0);
	most_links = 2;
	assert_int_equal(blobs_mount(&f->store, &b, &d, NULL, &mounted, &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	assert_false(mounted || holds_blob(&f->store, "b", &d));
	assert_int_equal(io_unlink(f->store.root, "tmp/x"), 0);
	assert_int_equal(io_unlink(f->store.root, entry.text), 0);
	assert_true(holds_blob(&f->store, "a", &d));
}

static void collection_may_come_in_between(void **state)
{
	struct fixture *f = *state;
	struct digest d = push_blob(&f->store, "a", "raced");
	struct path entry = path_blob(&d);

	vanishes = entry.text;
	push_blob(&f->store, "b", "raced");
	assert_null(vanishes);
	assert_true(shares_file(&f->store, "b", &d));
	vanishes = entry.text;
	assert_true(mount(&f->store, "c", &d, "a"));
	assert_null(vanishes);
	/* Nobody in particular to mount from: the client is to push. */
	vanishes = entry.text;
	assert_false(mount(&f->store, "d", &d, NULL));
	assert_null(vanishes);
}

static void a_blob_is_deleted_from_one_repository(void **state)
{
	struct fixture *f = *state;
	struct digest d = push_blob(&f->store, "a", "twice");
	struct err err = ERR_INIT;

	push_blob(&f->store, "b", "twice");
	assert_int_equal(delete_blob(&f->store, "a", &d, &err), 0);
	assert_false(holds_blob(&f->store, "a", &d));
	assert_true(holds_blob(&f->store, "b", &d));
	assert_int_equal(delete_blob(&f->store, "a", &d, &err), -1);
	assert_int_equal(err.code, ERR_BLOB_UNKNOWN);
	err_release(&err);
	assert_int_equal(delete_blob(&f->store, "none", &d, &err), -1);
	assert_int_equal(err.code, ERR_NAME_UNKNOWN);
}

static void a_blob_that_a_manifest_needs_stays(void **state)
{
	struct fixture *f = *state;
	struct repo_name r = repo_of("a");
	struct digest config = push_blob(&f->store, "a", "{}");
	struct digest free_blob = push_blob(&f->store, "a", "needed by none");
	struct digest m = push_image(&f->store, "a", &config, 2);
	struct err err = ERR_INIT;

	assert_int_equal(delete_blob(&f->store, "a", &config, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, m.hex));
	err_release(&err);
	assert_true(holds_blob(&f->store, "a", &config));
	assert_int_equal(delete_blob(&f->store, "a", &free_blob, &err), 0);
	/* Of another repository it is not needed. */
	push_blob(&f->store, "b", "{}");
	assert_int_equal(delete_blob(&f->store, "b", &config, &err), 0);
	assert_int_equal(manifests_delete(&f->store, &r, &m, &err), 0);
	assert_int_equal(delete_blob(&f->store, "a", &config, &err), 0);
}

static void a_damaged_manifest_protects_every_blob(void **state)
{
	struct fixture *f = *state;
	struct repo_name r = repo_of("a");
	struct digest config = push_blob(&f->store, "a", "{}");
	struct digest other = push_blob(&f->store, "a", "other");
	struct digest m = push_image(&f->store, "a", &config, 2);
	struct err err = ERR_INIT;

	damage(&f->store, path_manifest(&r, &m));
	assert_int_equal(delete_blob(&f->store, "a", &other, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, m.hex));
	assert_true(holds_blob(&f->store, "a", &other));
	err_release(&err);
	assert_int_equal(manifests_delete(&f->store, &r, &m, &err), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pushed_blob_is_found_where_it_was_pushed),
		TEST(one_file_serves_every_repository),
		TEST(sha512_stands_beside_sha256),
		TEST(a_blob_costs_three_syncs_at_most),
		TEST(a_damaged_entry_is_replaced_by_a_push),
		TEST(a_lease_is_renewed_in_its_second_half),
		TEST(a_mount_needs_a_holder),
		TEST(a_mount_restores_the_entry_of_the_store),
		TEST(what_may_be_damaged_is_not_mounted),
		TEST(a_full_count_of_links_begins_a_new_file),
		TEST(the_entry_is_restored_when_the_holder_has_no_room),
		TEST(a_damaged_file_is_not_copied),
		TEST(collection_may_come_in_between),
		TEST(a_blob_is_deleted_from_one_repository),
		TEST(a_blob_that_a_manifest_needs_stays),
		TEST(a_damaged_manifest_protects_every_blob),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
