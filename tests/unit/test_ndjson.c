#include "gateway/ndjson.h"

#include "support/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                             \
	"Status: 200 OK\r\n"                                                             \
	"Docker-Distribution-API-Version: registry/2.0\r\n"                              \
	"Content-Type: application/x-ndjson\r\n"                                         \
	"Cache-Control: no-store\r\n"                                                    \
	"X-Accel-Buffering: no\r\n\r\n"
#define START "{\"progress\":{\"step\":\"count\",\"done\":1,\"total\":2}}\n"
#define RESULT "{\"result\":{\"n\":1}}\n"

struct job_test {
	struct reply_test t;
	struct ndjson n;
	struct buf result;
};

static void start(struct job_test *j)
{
	begin(&j->t, "POST", NULL);
	ndjson_begin(&j->n, &j->t.x);
	j->result = BUF_INIT(1024);
	buf_add_str(&j->result, "{\"n\":1}");
}

static void stop(struct job_test *j)
{
	buf_release(&j->result);
	end(&j->t);
}

static void item(struct job_test *j, const char *text)
{
	const struct job_field fields[] = {JOB_TEXT("name", text), JOB_END};

	job_item(&j->n.job, "blob", fields);
}

static void lines_in_the_order_they_were_told(void **state)
{
	struct job_test j;

	(void)state;
	start(&j);
	job_progress(&j.n.job, "count", 1, 2);
	assert_int_equal(j.t.seam.flushed, strlen(HEAD START));
	item(&j, "a\"b\n");
	item(&j, "c");
	assert_int_equal(ndjson_end(&j.n, &j.result), 0);
	expect_sent(&j.t, HEAD START "{\"blob\":{\"name\":\"a\\\"b\\u000a\"}}\n"
	                             "{\"blob\":{\"name\":\"c\"}}\n" RESULT);
	assert_true(j.t.x.reply.sent);
	assert_int_equal(j.t.x.reply.bytes, strlen(sent(&j.t)) - strlen(HEAD));
	stop(&j);
}

static void progress_is_not_told_all_the_time(void **state)
{
	struct job_test j;
	unsigned lines = 0;

	(void)state;
	start(&j);
	for (unsigned i = 0; i < 10000; i++)
		job_progress(&j.n.job, "count", i, 10000);
	ndjson_end(&j.n, &j.result);
	for (const char *p = sent(&j.t); (p = strstr(p, "progress")); p++)
		lines++;
	/* However slow the machine: it takes no forty minutes. */
	assert_in_range(lines, 1, 9999);
	stop(&j);
}

static void a_result_alone(void **state)
{
	struct job_test j;

	(void)state;
	start(&j);
	assert_false(job_cancelled(&j.n.job));
	assert_int_equal(ndjson_end(&j.n, &j.result), 0);
	expect_sent(&j.t, HEAD RESULT);
	stop(&j);
}

static void a_failure_before_the_first_line_is_an_ordinary_error(void **state)
{
	struct job_test j;

	(void)state;
	start(&j);
	err_set(&j.n.err, ERR_NAME_UNKNOWN, "none");
	assert_int_equal(ndjson_end(&j.n, &j.result), -1);
	expect_sent(&j.t, "");
	assert_int_equal(j.t.x.err.code, ERR_NAME_UNKNOWN);
	assert_string_equal(j.t.x.err.text, "none");
	stop(&j);
}

static void a_failure_after_it_is_the_last_line(void **state)
{
	struct job_test j;

	(void)state;
	start(&j);
	item(&j, "a");
	err_set(&j.n.err, ERR_NAME_UNKNOWN, "gone by now");
	err_detail(&j.n.err, "[1]");
	assert_int_equal(ndjson_end(&j.n, &j.result), 0);
	expect_sent(&j.t, HEAD "{\"blob\":{\"name\":\"a\"}}\n"
	                       "{\"error\":{\"code\":\"NAME_UNKNOWN\","
	                       "\"message\":\"gone by now\",\"detail\":[1]}}\n");
	stop(&j);
}

static void a_fault_is_for_the_log(void **state)
{
	struct job_test j;

	(void)state;
	start(&j);
	item(&j, "a");
	err_set(&j.n.err, ERR_FAULT, "secret");
	assert_int_equal(ndjson_end(&j.n, &j.result), 0);
	expect_no(&j.t, "secret");
	expect_line(&j.t, "{\"error\":{\"code\":\"UNKNOWN\"");
	expect_line(&j.t, "\"request\":\"0123456789abcdef\"");
	stop(&j);
}

static void a_result_that_found_no_memory_is_a_fault(void **state)
{
	struct job_test j;

	(void)state;
	start(&j);
	j.result.failed = true;
	assert_int_equal(ndjson_end(&j.n, &j.result), -1);
	assert_int_equal(j.t.x.err.code, ERR_FAULT);
	stop(&j);
}

static void a_peer_that_takes_nothing_ends_the_job(void **state)
{
	struct job_test j;

	(void)state;
	start(&j);
	j.t.seam.deaf = true;
	item(&j, "a");
	assert_true(job_cancelled(&j.n.job));
	item(&j, "b");
	job_progress(&j.n.job, "count", 1, 1);
	assert_int_equal(j.t.seam.writes, 1);
	err_set(&j.n.err, ERR_FAULT, "what came of it");
	assert_int_equal(ndjson_end(&j.n, &j.result), -1);
	assert_int_equal(j.t.x.err.code, ERR_GONE);
	stop(&j);
}

static void a_peer_that_is_seen_to_have_gone_ends_the_job(void **state)
{
	struct job_test j;

	(void)state;
	start(&j);
	j.t.seam.gone = true;
	assert_true(job_cancelled(&j.n.job));
	/* Perhaps it is a stop that was seen: then the peer hears how it ended. */
	assert_int_equal(ndjson_end(&j.n, &j.result), 0);
	expect_sent(&j.t, HEAD RESULT);
	stop(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(lines_in_the_order_they_were_told),
	        cmocka_unit_test(progress_is_not_told_all_the_time),
	        cmocka_unit_test(a_result_alone),
	        cmocka_unit_test(a_failure_before_the_first_line_is_an_ordinary_error),
	        cmocka_unit_test(a_failure_after_it_is_the_last_line),
	        cmocka_unit_test(a_fault_is_for_the_log),
	        cmocka_unit_test(a_result_that_found_no_memory_is_a_fault),
	        cmocka_unit_test(a_peer_that_takes_nothing_ends_the_job),
	        cmocka_unit_test(a_peer_that_is_seen_to_have_gone_ends_the_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
