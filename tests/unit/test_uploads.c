/* Upload sessions: bytes kept across requests, one writer at a time, all or nothing. */
#include "store/uploads.h"

#include "base/io.h"
#include "store/blobs.h"
#include "support/sessions.h"

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
#include <unistd.h>

#include <cmocka.h>

#define BLOCK ((size_t)256 << 10)

/* Bytes that the store reads from files, to tell when data are read again. */
static size_t bytes_read;
static unsigned syncs;

ssize_t pread(int fd, void *bytes, size_t len, off_t offset)
{
	ssize_t n = syscall(SYS_pread64, fd, bytes, len, offset);

	if (n > 0)
		bytes_read += (size_t)n;
	return n;
}

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

static void a_blob_comes_in_pieces_and_is_not_read_again(void **state)
{
	static const size_t cuts[] = {
		0, 1, 1000, BLOCK, BLOCK + 63, 5 * BLOCK, 9 * BLOCK + 1};
	size_t len = cuts[sizeof(cuts) / sizeof(cuts[0]) - 1];
	struct session *w = *state;
	char *bytes = bytes_make(1, len);
	enum err_code code;

	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		struct digest d = digest_of_bytes((enum digest_algorithm)a, bytes, len);

		session_start(w, (enum digest_algorithm)a);
		bytes_read = 0;
		for (size_t i = 0; i + 1 < sizeof(cuts) / sizeof(cuts[0]); i++) {
			assert_int_equal(session_offset(w), cuts[i]);
			session_append(w, bytes + cuts[i], cuts[i + 1] - cuts[i]);
		}
		assert_int_equal(session_commit(w, &d, &code), 0);
		/* Nothing but records was read. */
		assert_true(bytes_read < 64 * 1024);
		session_assert_blob(w, &d, bytes, len);
		assert_false(session_exists(w));
	}
	assert_int_equal(count_entries(w->s, "uploads"), 0);
	free(bytes);
}

static void a_commit_costs_three_syncs(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("counted");
	enum err_code code;

	push_blob(w->s, "team/app", "makes the repository");
	session_start(w, DIGEST_SHA256);
	syncs = 0;
	session_append(w, "coun", 4);
	session_append(w, "ted", 3);
	assert_int_equal(syncs, 0);
	assert_int_equal(session_commit(w, &d, &code), 0);
	assert_int_equal(syncs, 3);
}

static void an_empty_blob_is_a_blob(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("");
	enum err_code code;

	session_start(w, DIGEST_SHA256);
	session_append(w, "", 0);
	assert_int_equal(session_commit(w, &d, &code), 0);
	session_assert_blob(w, &d, "", 0);
}

static void a_digest_of_the_other_algorithm_is_computed(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_bytes(DIGEST_SHA512, "abc", 3);
	enum err_code code;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	assert_int_equal(session_commit(w, &d, &code), 0);
	session_assert_blob(w, &d, "abc", 3);
}

static void a_wrong_digest_ends_the_session(void **state)
{
	struct session *w = *state;
	struct digest wrong = digest_of_text("abd"), right = digest_of_text("abc");
	struct err err = ERR_INIT;
	struct upload u;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	assert_int_equal(session_enter(w, &u, &err), 0);
	assert_int_equal(upload_commit(w->s, &u, &wrong, &err), -1);
	upload_close(&u);
	assert_int_equal(err.code, ERR_DIGEST_INVALID);
	assert_non_null(strstr(err.text, wrong.hex));
	assert_non_null(strstr(err.text, right.hex));
	err_release(&err);
	assert_false(session_exists(w));
	assert_false(holds_blob(w->s, "team/app", &wrong));
	assert_int_equal(count_entries(w->s, "uploads"), 0);
}

static void a_session_is_only_its_owners(void **state)
{
	static const struct {
		const char *repo, *user;
	} rows[] = {
		{"team/app", "bob"},
		{"team/app", ""},
		{"team/app", "alic"},
		{"team/other", SESSION_USER},
		{"team", SESSION_USER},
	};
	struct session *w = *state;
	struct session_id none = {"00000000000000000000000000000000"};
	struct err err = ERR_INIT;
	struct upload u;
	char text[256];

	session_start(w, DIGEST_SHA256);
	assert_int_equal(upload_open(w->s, &none, &w->repo, SESSION_USER, &u, &err), -1);
	assert_int_equal(err.code, ERR_BLOB_UPLOAD_UNKNOWN);
	err_release(&err);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct repo_name r = repo_of(rows[i].repo);

		assert_int_equal(
			upload_open(w->s, &w->id, &r, rows[i].user, &u, &err), -1);
		assert_int_equal(err.code, ERR_BLOB_UPLOAD_UNKNOWN);
		assert_int_equal(u.fd, -1);
		strcpy(text, err.text);
		err_release(&err);
		assert_int_equal(
			upload_stat(w->s, &w->id, &r, rows[i].user, &u, &err), -1);
		assert_int_equal(err.code, ERR_BLOB_UPLOAD_UNKNOWN);
		assert_string_equal(err.text, text);
		err_release(&err);
	}
	assert_true(session_exists(w));
}

static void users_of_all_kinds_are_kept(void **state)
{
	static const char *const rows[] = {
		"", "a b", "per%cent", "new\\line", "jos\xc3\xa9", "someone@example.org"};
	struct session *w = *state;
	char longest[UPLOAD_USER_MAX + 2];
	struct upload made, u;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(upload_create(w->s, &w->repo, rows[i], DIGEST_SHA256,
					 &made, &err),
			0);
		assert_int_equal(
			upload_stat(w->s, &made.id, &w->repo, rows[i], &u, &err), 0);
	}
	memset(longest, '%', sizeof(longest));
	longest[UPLOAD_USER_MAX + 1] = '\0';
	assert_int_equal(
		upload_create(w->s, &w->repo, longest, DIGEST_SHA256, &made, &err), -1);
	assert_int_equal(err.code, ERR_BAD_REQUEST);
	err_release(&err);
	longest[UPLOAD_USER_MAX] = '\0';
	assert_int_equal(
		upload_create(w->s, &w->repo, longest, DIGEST_SHA256, &made, &err), 0);
	assert_int_equal(upload_stat(w->s, &made.id, &w->repo, longest, &u, &err), 0);
}

static void a_second_writer_is_told_where_the_first_began(void **state)
{
	struct session *w = *state;
	struct err err = ERR_INIT;
	struct upload first, second;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	assert_int_equal(session_enter(w, &first, &err), 0);
	assert_int_equal(session_enter(w, &second, &err), -1);
	assert_int_equal(err.code, ERR_RANGE);
	assert_int_equal(second.offset, 3);
	assert_int_equal(second.fd, -1);
	assert_int_equal(session_offset(w), 3);
	err_release(&err);
	upload_close(&first);
	assert_int_equal(session_enter(w, &second, &err), 0);
	upload_close(&second);
}

static void what_came_before_the_peer_left_counts(void **state)
{
	size_t len = 4 * BLOCK, cut = 2 * BLOCK + 77;
	struct session *w = *state;
	char *bytes = bytes_make(3, len);
	struct digest d = digest_of_bytes(DIGEST_SHA256, bytes, len);
	enum err_code code;
	struct body b;

	session_start(w, DIGEST_SHA256);
	body_init(&b, bytes, len);
	b.breaks_at = cut;
	assert_int_equal(session_append_body(w, &b, len, &code), -1);
	assert_int_equal(code, ERR_GONE);
	assert_int_equal(session_offset(w), cut);
	session_append(w, bytes + cut, len - cut);
	assert_int_equal(session_commit(w, &d, &code), 0);
	session_assert_blob(w, &d, bytes, len);
	free(bytes);
}

static void a_body_of_another_length_is_undone(void **state)
{
	static const struct {
		size_t len;
		uint64_t expected;
		enum err_code want;
	} rows[] = {
		{5, 4, ERR_SIZE_INVALID},
		{5, 6, ERR_SIZE_INVALID},
		{0, 1, ERR_SIZE_INVALID},
		{5, 5, ERR_NONE},
		{5, UINT64_MAX, ERR_NONE},
	};
	struct session *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct digest good = digest_of_text("abc12345"),
			      bad = digest_of_text("abc");
		bool refused = rows[i].want != ERR_NONE;
		enum err_code code;
		struct body b;

		session_start(w, DIGEST_SHA256);
		session_append(w, "abc", 3);
		body_init(&b, "12345", rows[i].len);
		session_append_body(w, &b, rows[i].expected, &code);
		assert_int_equal(code, rows[i].want);
		assert_int_equal(session_offset(w), refused ? 3 : 8);
		assert_int_equal(session_commit(w, refused ? &bad : &good, &code), 0);
	}
}

static void a_refused_body_leaves_the_open_session_good(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("abcdef");
	struct err err = ERR_INIT;
	struct upload u;
	struct body b;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	assert_int_equal(session_enter(w, &u, &err), 0);
	body_init(&b, "never", 5);
	assert_int_equal(upload_append(w->s, &u, &b.source, 4, &err), -1);
	err_release(&err);
	body_init(&b, "def", 3);
	assert_int_equal(upload_append(w->s, &u, &b.source, 3, &err), 0);
	assert_int_equal(upload_commit(w->s, &u, &d, &err), 0);
	upload_close(&u);
	session_assert_blob(w, &d, "abcdef", 6);
}

static void a_blob_over_the_limit_is_refused(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("12345678901");
	struct err err = ERR_INIT;
	enum err_code code;
	struct body b;

	w->f.config.blob_limit = 10;
	session_start(w, DIGEST_SHA256);
	session_append(w, "123456", 6);
	for (int known = 0; known < 2; known++) {
		body_init(&b, "78901", 5);
		assert_int_equal(
			session_append_body(w, &b, known ? 5 : UINT64_MAX, &code), -1);
		assert_int_equal(code, ERR_TOO_LARGE);
		assert_int_equal(session_offset(w), 6);
		body_init(&b, "12345678901", 11);
		assert_int_equal(upload_single(w->s, &w->repo, &d, &b.source,
					 known ? 11 : UINT64_MAX, &err),
			-1);
		assert_int_equal(err.code, ERR_TOO_LARGE);
		err_release(&err);
	}
	session_append(w, "7890", 4);
}

static void a_cancelled_session_is_gone(void **state)
{
	struct session *w = *state;
	struct err err = ERR_INIT;
	struct upload u;
	int fd;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	/* A killed process may have left this. */
	fd = session_file(w, "state.new", O_WRONLY | O_CREAT);
	io_close(&fd);
	assert_int_equal(session_enter(w, &u, &err), 0);
	assert_int_equal(upload_cancel(w->s, &u, &err), 0);
	upload_close(&u);
	assert_false(session_exists(w));
	assert_int_equal(count_entries(w->s, "uploads"), 0);
}

static void a_single_push_is_checked(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("abc");
	const struct {
		const char *bytes;
		uint64_t expected;
		size_t breaks_at;
		enum err_code want;
	} rows[] = {
		{"abd", 3, 3, ERR_DIGEST_INVALID},
		{"abcd", 3, 4, ERR_SIZE_INVALID},
		{"ab", 3, 2, ERR_SIZE_INVALID},
		{"abc", 3, 1, ERR_GONE},
		{"abc", UINT64_MAX, 3, ERR_NONE},
		{"abc", 3, 3, ERR_NONE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		struct body b;
		int rc;

		body_init(&b, rows[i].bytes, strlen(rows[i].bytes));
		b.breaks_at = rows[i].breaks_at;
		rc = upload_single(w->s, &w->repo, &d, &b.source, rows[i].expected, &err);
		assert_int_equal(rc == 0, rows[i].want == ERR_NONE);
		assert_int_equal(err.code, rows[i].want);
		assert_int_equal(holds_blob(w->s, "team/app", &d), rc == 0);
		assert_int_equal(count_entries(w->s, "tmp"), 0);
		err_release(&err);
	}
	session_assert_blob(w, &d, "abc", 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_blob_comes_in_pieces_and_is_not_read_again),
		TEST(a_commit_costs_three_syncs),
		TEST(an_empty_blob_is_a_blob),
		TEST(a_digest_of_the_other_algorithm_is_computed),
		TEST(a_wrong_digest_ends_the_session),
		TEST(a_session_is_only_its_owners),
		TEST(users_of_all_kinds_are_kept),
		TEST(a_second_writer_is_told_where_the_first_began),
		TEST(what_came_before_the_peer_left_counts),
		TEST(a_body_of_another_length_is_undone),
		TEST(a_refused_body_leaves_the_open_session_good),
		TEST(a_blob_over_the_limit_is_refused),
		TEST(a_cancelled_session_is_gone),
		TEST(a_single_push_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
