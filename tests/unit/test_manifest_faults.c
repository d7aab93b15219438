/*
 * Every call of the operating system that a push or a deletion makes fails in turn, or is
 * the process's last: the answer is right, the store is sound, nothing is left over, and
 * the same request again does its work.
 */
#include "store/manifests.h"

#include "base/io.h"
#include "base/log.h"
#include "support/documents.h"
#include "support/fixture.h"
#include "support/invariants.h"
#include "support/values.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef IO_FAULTS

/* One request in a fresh namespace, whose account is as small at each. */
struct request {
	struct fixture *f;
	struct repo_name repo;
	struct digest subject;
	struct document doc;
};

struct operation {
	const char *name;
	void (*prepare)(struct request *q);
	int (*run)(struct request *q, struct err *err);
	/* What must be so after success, and after failure too once it is run again. */
	void (*expect_done)(struct request *q);
};

static void give_content(struct request *q)
{
	plant_blob(q->f, q->repo.text, "{}");
	plant_blob(q->f, q->repo.text, "layer");
}

static void give_manifest(struct request *q)
{
	give_content(q);
	assert_int_equal(document_push_code(q->f, &q->repo, &q->doc), ERR_NONE);
}

/* The manifest is there with another media type, and one tag stands elsewhere. */
static void give_other_type(struct request *q)
{
	struct document other = q->doc, elsewhere = document_image("{}", NULL);

	give_content(q);
	other.type = MEDIA_DOCKER_MANIFEST;
	other.tags[0] = NULL;
	elsewhere.tags[0] = q->doc.tags[0];
	assert_int_equal(document_push_code(q->f, &q->repo, &other), ERR_NONE);
	assert_int_equal(document_push_code(q->f, &q->repo, &elsewhere), ERR_NONE);
}

static int run_push(struct request *q, struct err *err)
{
	return document_push(q->f, &q->repo, &q->doc, err);
}

static int run_delete(struct request *q, struct err *err)
{
	struct digest d = document_digest(&q->doc);

	return manifests_delete(&q->f->store, &q->repo, &d, err);
}

static void expect_pushed(struct request *q)
{
	assert_int_equal(document_get_digest(q->f, &q->repo, &q->doc), ERR_NONE);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			document_get(q->f, &q->repo, by_tag(q->doc.tags[i]), &q->doc),
			ERR_NONE);
	assert_int_equal(document_listed(q->f, &q->repo, &q->subject), 1);
}

static void expect_deleted(struct request *q)
{
	assert_int_equal(
		document_get_digest(q->f, &q->repo, &q->doc), ERR_MANIFEST_UNKNOWN);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			document_get(q->f, &q->repo, by_tag(q->doc.tags[i]), &q->doc),
			ERR_MANIFEST_UNKNOWN);
}

static const struct operation operations[] = {
	{"push", give_content, run_push, expect_pushed},
	{"push again", give_manifest, run_push, expect_pushed},
	{"push another type", give_other_type, run_push, expect_pushed},
	{"delete", give_manifest, run_delete, expect_deleted},
};

static struct request request_in(struct fixture *f, unsigned k)
{
	struct request q = {.f = f, .subject = as_digest(DIGEST_SHA256, "subject")};
	char name[32];

	snprintf(name, sizeof(name), "a%u/r", k);
	q.repo = as_repo(name);
	q.doc = document_image("layer", &q.subject);
	q.doc.tags[0] = "1.0";
	q.doc.tags[1] = "latest";
	return q;
}

/* Only what is tested needs to wait for the disk. */
static void prepare(const struct operation *op, struct request *q)
{
	q->f->config.durability = DURABILITY_RELAXED;
	op->prepare(q);
	q->f->config.durability = DURABILITY_FULL;
}

/* Runs it again without a fault; a deletion may have come to pass already. */
static void run_again(const struct operation *op, struct request *q)
{
	struct err err = ERR_INIT;

	q->f->config.durability = DURABILITY_RELAXED;
	if (op->run(q, &err) != 0) {
		assert_ptr_equal(op->run, run_delete);
		assert_int_equal(err.code, ERR_MANIFEST_UNKNOWN);
	}
	err_release(&err);
	op->expect_done(q);
}

/* The k-th call fails; false when the operation makes fewer. */
static bool fail_once(
	const struct operation *op, struct fixture *f, unsigned k, int errnum)
{
	struct request q = request_in(f, k);
	unsigned descriptors, calls;
	struct err err = ERR_INIT;
	int rc;

	prepare(op, &q);
	descriptors = open_descriptors();
	io_fault_arm(k, errnum);
	rc = op->run(&q, &err);
	calls = io_fault_calls();
	io_fault_arm(0, 0);
	if (rc == 0)
		op->expect_done(&q);
	else if (err.code != (errnum == ENOSPC ? ERR_FULL : ERR_FAULT) || errnum == EINTR)
		fail_msg("%s, call %u, errno %d: %d %s", op->name, k, errnum, err.code,
			err.text);
	if (open_descriptors() != descriptors || invariants_check(f->dir) != 0)
		fail_msg("%s, call %u, errno %d", op->name, k, errnum);
	err_release(&err);
	run_again(op, &q);
	return calls >= k;
}

static void every_fault_is_survived(void **state)
{
	static const int errnums[] = {EIO, ENOSPC, EINTR};
	unsigned cases = 0;

	(void)state;
	for (size_t o = 0; o < sizeof(operations) / sizeof(operations[0]); o++) {
		for (size_t e = 0; e < 3; e++) {
			struct fixture f;

			fixture_open(&f);
			f.config.lock_wait = 1;
			for (unsigned k = 1; fail_once(&operations[o], &f, k, errnums[e]);
				k++)
				cases++;
			assert_int_equal(invariants_check(f.dir), 0);
			fixture_close(&f);
		}
	}
	print_message("%u faults\n", cases);
	assert_true(cases > 300);
}

/* Runs the operation in a process that is killed at its k-th call; false when it ended
 * first. */
static bool kill_once(const struct operation *op, struct fixture *f, unsigned k)
{
	struct request q = request_in(f, k);
	struct err err = ERR_INIT;
	int status;
	pid_t child;

	prepare(op, &q);
	child = fork();
	if (child == 0) {
		io_fault_arm(k, -1);
		_exit(op->run(&q, &err) == 0 ? 0 : 1);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (invariants_check_but(f->dir, INVARIANTS_TMP | INVARIANTS_LISTED) != 0)
		fail_msg("%s, killed at call %u", op->name, k);
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		op->expect_done(&q);
		return false;
	}
	assert_int_equal(WTERMSIG(status), SIGKILL);
	run_again(op, &q);
	return true;
}

static void every_kill_is_survived(void **state)
{
	unsigned cases = 0;

	(void)state;
	for (size_t o = 0; o < sizeof(operations) / sizeof(operations[0]); o++) {
		struct fixture f;

		fixture_open(&f);
		f.config.lock_wait = 1;
		for (unsigned k = 1; kill_once(&operations[o], &f, k); k++)
			cases++;
		fixture_close(&f);
	}
	print_message("%u kills\n", cases);
	assert_true(cases > 100);
}

#endif

static void a_fault_of_reading_is_no_404(void **state)
{
#ifdef IO_FAULTS
	struct fixture f;
	struct request q;

	(void)state;
	fixture_open(&f);
	q = request_in(&f, 0);
	give_manifest(&q);
	for (unsigned k = 1;; k++) {
		unsigned descriptors = open_descriptors();
		enum err_code code;

		io_fault_arm(k, EIO);
		code = document_get(&f, &q.repo, by_tag("latest"), &q.doc);
		if (io_fault_calls() < k) {
			/* readlink, open, fstat, read: no more than that. */
			assert_int_equal(code, ERR_NONE);
			assert_int_equal(io_fault_calls(), 4);
			break;
		}
		assert_int_equal(code, ERR_FAULT);
		assert_int_equal(open_descriptors(), descriptors);
	}
	io_fault_arm(0, 0);
	fixture_close(&f);
#else
	(void)state;
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_of_reading_is_no_404),
#ifdef IO_FAULTS
		cmocka_unit_test(every_fault_is_survived),
		cmocka_unit_test(every_kill_is_survived),
#endif
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
