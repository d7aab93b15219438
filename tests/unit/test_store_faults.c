/*
 * Every way of pushing, mounting and deleting a blob with every call of it failing in
 * turn: the answer is right, all of it has happened or nothing, and nothing is left.
 */
#include "store/blobs.h"

#include "base/io.h"
#include "store/path.h"
#include "store/uploads.h"
#include "support/sessions.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef IO_FAULTS
#define BLOCK ((size_t)256 << 10)

static const int errnums[] = {EIO, ENOSPC, EINTR};

/* Arms the k-th call; disarm answers whether there were as many. */
static bool disarm(unsigned k)
{
	bool reached = k <= io_fault_calls();

	io_fault_arm(0, 0);
	return reached;
}

/* One way of changing which blobs repositories hold. */
struct operation {
	const char *name;
	void (*prepare)(struct store *s, const char *text);
	int (*act)(struct store *s, const char *text, struct err *err);
	bool holds; /* what is to be in repository "to" afterwards */
};

static void prepare_nothing(struct store *s, const char *text)
{
	(void)s;
	(void)text;
}

static void prepare_elsewhere(struct store *s, const char *text)
{
	push_blob(s, "from", text);
}

static void prepare_lost_entry(struct store *s, const char *text)
{
	struct digest d = push_blob(s, "from", text);
	struct path entry = path_blob(&d);

	assert_int_equal(io_unlink(s->root, entry.text), 0);
}

static void prepare_here(struct store *s, const char *text)
{
	push_blob(s, "to", text);
}

static int push(struct store *s, const char *text, struct err *err)
{
	struct repo_name to = repo_of("to");
	struct digest d = digest_of_text(text);
	struct body b;

	body_init(&b, text, strlen(text));
	return upload_single(s, &to, &d, &b.source, b.len, err);
}

static int mount_known(struct store *s, const char *text, struct err *err)
{
	struct repo_name to = repo_of("to"), from = repo_of("from");
	struct digest d = digest_of_text(text);
	bool mounted;
	int rc = blobs_mount(s, &to, &d, &from, &mounted, err);

	assert_int_equal(mounted, rc == 0);
	return rc;
}

static int mount_any(struct store *s, const char *text, struct err *err)
{
	struct repo_name to = repo_of("to");
	struct digest d = digest_of_text(text);
	bool mounted;
	int rc = blobs_mount(s, &to, &d, NULL, &mounted, err);

	assert_int_equal(mounted, rc == 0);
	return rc;
}

static int delete_here(struct store *s, const char *text, struct err *err)
{
	struct repo_name to = repo_of("to");
	struct digest d = digest_of_text(text);

	return blobs_delete(s, &to, &d, err);
}

static const struct operation operations[] = {
	{"push", prepare_nothing, push, true},
	{"push of what the store has", prepare_elsewhere, push, true},
	{"push of what the repository has", prepare_here, push, true},
	{"mount", prepare_elsewhere, mount_known, true},
	{"mount of a lost entry", prepare_lost_entry, mount_known, true},
	{"mount from anywhere", prepare_elsewhere, mount_any, true},
	{"delete", prepare_here, delete_here, false},
};

/* Lets the k-th call of the operation fail; answers whether there were as many. */
static bool change_with_fault(
	struct fixture *f, const struct operation *o, unsigned k, int errnum)
{
	unsigned fds = count_descriptors();
	struct err err = ERR_INIT;
	struct digest d;
	bool reached;
	char text[64];
	int rc;

	snprintf(text, sizeof(text), "%s, call %u, errno %d", o->name, k, errnum);
	d = digest_of_text(text);
	o->prepare(&f->store, text);
	io_fault_arm(k, errnum);
	rc = o->act(&f->store, text, &err);
	reached = disarm(k);
	if (!reached || errnum == EINTR)
		assert_int_equal(rc, 0);
	if (rc == 0)
		assert_int_equal(holds_blob(&f->store, "to", &d), o->holds);
	if (rc != 0)
		assert_int_equal(err.code, errnum == ENOSPC ? ERR_FULL : ERR_FAULT);
	assert_int_equal(count_entries(&f->store, "tmp"), 0);
	assert_int_equal(count_descriptors(), fds);
	err_release(&err);
	return reached;
}

static void any_failed_call_leaves_all_or_nothing(void **state)
{
	struct session *w = *state;
	struct fixture *f = &w->f;
	struct digest config = push_blob(&f->store, "to", "{}");

	push_image(&f->store, "to", &config, 2);
	for (size_t o = 0; o < sizeof(operations) / sizeof(operations[0]); o++)
		for (size_t e = 0; e < sizeof(errnums) / sizeof(errnums[0]); e++)
			for (unsigned k = 1;
				change_with_fault(f, &operations[o], k, errnums[e]); k++)
				;
}

static bool create_with_fault(struct session *w, unsigned k, int errnum)
{
	struct err err = ERR_INIT;
	struct upload u;
	bool reached;
	int rc;

	io_fault_arm(k, errnum);
	rc = upload_create(w->s, &w->repo, SESSION_USER, DIGEST_SHA256, &u, &err);
	reached = disarm(k);
	assert_true(rc == 0 || (reached && errnum != EINTR));
	w->id = u.id;
	if (rc == 0)
		session_append(w, "x", 1);
	assert_int_equal(count_entries(w->s, "uploads"), rc == 0 ? 1 : 0);
	if (rc == 0) {
		assert_int_equal(session_enter(w, &u, &err), 0);
		assert_int_equal(upload_cancel(w->s, &u, &err), 0);
		upload_close(&u);
	}
	err_release(&err);
	return reached;
}

static void a_failed_create_leaves_nothing(void **state)
{
	struct session *w = *state;
	unsigned fds = count_descriptors();

	for (size_t e = 0; e < sizeof(errnums) / sizeof(errnums[0]); e++)
		for (unsigned k = 1; create_with_fault(w, k, errnums[e]); k++)
			;
	assert_int_equal(count_descriptors(), fds);
}

static bool append_with_fault(
	struct session *w, const char *bytes, size_t len, unsigned k, int errnum)
{
	struct digest whole = digest_of_bytes(DIGEST_SHA256, bytes, len);
	struct digest half = digest_of_bytes(DIGEST_SHA256, bytes, len / 2);
	enum err_code code;
	struct body b;
	bool reached;
	int rc;

	session_start(w, DIGEST_SHA256);
	session_append(w, bytes, len / 2);
	body_init(&b, bytes + len / 2, len - len / 2);
	io_fault_arm(k, errnum);
	rc = session_append_body(w, &b, b.len, &code);
	reached = disarm(k);
	assert_true(rc == 0 || (reached && errnum != EINTR));
	assert_int_equal(code, rc == 0		  ? ERR_NONE
			       : errnum == ENOSPC ? ERR_FULL
						  : ERR_FAULT);
	/* What it took of a full disk is free again. */
	if (errnum == ENOSPC && rc != 0 && !session_exists(w)) {
		assert_int_equal(count_entries(w->s, "uploads"), 0);
		return reached;
	}
	assert_int_equal(session_offset(w), rc == 0 ? len : len / 2);
	assert_int_equal(session_commit(w, rc == 0 ? &whole : &half, &code), 0);
	return reached;
}

static void a_failed_append_is_undone(void **state)
{
	struct session *w = *state;
	unsigned fds = count_descriptors();
	size_t len = 6 * BLOCK + 10;
	char *bytes = bytes_make(9, len);

	for (size_t e = 0; e < sizeof(errnums) / sizeof(errnums[0]); e++)
		for (unsigned k = 1; append_with_fault(w, bytes, len, k, errnums[e]); k++)
			;
	assert_int_equal(count_descriptors(), fds);
	free(bytes);
}

static bool commit_with_fault(struct session *w, unsigned k, int errnum)
{
	unsigned fds = count_descriptors();
	char text[64];
	struct digest d;
	enum err_code code;
	bool reached;
	int rc;

	snprintf(text, sizeof(text), "call %u, errno %d", k, errnum);
	d = digest_of_text(text);
	session_start(w, DIGEST_SHA256);
	session_append(w, text, strlen(text));
	io_fault_arm(k, errnum);
	rc = session_commit(w, &d, &code);
	reached = disarm(k);
	assert_true(rc == 0 || (reached && errnum != EINTR));
	if (rc == 0)
		assert_true(holds_blob(w->s, "team/app", &d));
	assert_int_equal(count_entries(w->s, "tmp"), 0);
	assert_int_equal(count_descriptors(), fds);
	if (rc == 0) {
		assert_int_equal(count_entries(w->s, "uploads"), 0);
		return reached;
	}
	/* The session is there still and can be finished, or has gone as a whole. */
	if (session_exists(w))
		assert_int_equal(session_commit(w, &d, &code), 0);
	assert_int_equal(count_entries(w->s, "uploads"), 0);
	return reached;
}

static void a_failed_commit_has_not_happened(void **state)
{
	struct session *w = *state;

	for (size_t e = 0; e < sizeof(errnums) / sizeof(errnums[0]); e++)
		for (unsigned k = 1; commit_with_fault(w, k, errnums[e]); k++)
			;
}

static bool cancel_with_fault(struct session *w, unsigned k, int errnum)
{
	struct err err = ERR_INIT;
	struct upload u;
	bool reached;
	int rc;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	assert_int_equal(session_enter(w, &u, &err), 0);
	io_fault_arm(k, errnum);
	rc = upload_cancel(w->s, &u, &err);
	reached = disarm(k);
	upload_close(&u);
	/* A fault that passes is no reason to fail. */
	assert_int_equal(rc, 0);
	assert_int_equal(count_entries(w->s, "uploads"), 0);
	return reached;
}

static void a_cancel_gets_over_a_passing_fault(void **state)
{
	for (unsigned k = 1; cancel_with_fault(*state, k, EIO); k++)
		;
}

static void unsynced_data_are_never_published(void **state)
{
	struct session *w = *state;
	struct digest d = digest_of_text("abc");
	struct err err = ERR_INIT;
	struct upload u;

	session_start(w, DIGEST_SHA256);
	session_append(w, "abc", 3);
	assert_int_equal(session_enter(w, &u, &err), 0);
	/* After fstat comes fdatasync. A second one would say that all is well. */
	io_fault_arm(2, EIO);
	assert_int_equal(upload_commit(w->s, &u, &d, &err), -1);
	io_fault_arm(0, 0);
	upload_close(&u);
	assert_non_null(strstr(err.text, "sync"));
	assert_false(session_exists(w));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_failed_call_leaves_all_or_nothing),
		TEST(a_failed_create_leaves_nothing),
		TEST(a_failed_append_is_undone),
		TEST(a_failed_commit_has_not_happened),
		TEST(a_cancel_gets_over_a_passing_fault),
		TEST(unsynced_data_are_never_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
	return 0;
}
#endif
