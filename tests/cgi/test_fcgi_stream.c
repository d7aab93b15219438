/*
 * Long replies over FastCGI: what is flushed arrives while the program still works, and
 * it notices when nobody waits for the rest any more.
 */
#include "support/calls.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void begin_long(struct peer *p, struct peer_reply *reply)
{
	*reply = PEER_REPLY_INIT;
	peer_connect(p);
	SEND(p, .mode = "long", .length = "0");
	peer_read_on(p, reply, 6);
	assert_false(reply->complete);
	assert_string_equal(buf_str(&reply->content), "begun\n");
}

static void expect_abandoned(struct peer_reply *reply)
{
	assert_string_equal(take_seen(), "abandoned");
	buf_release(&reply->content);
}

static void peer_leaves(void **state)
{
	struct peer *p = *state;
	struct peer_reply reply;

	begin_long(p, &reply);
	peer_disconnect(p);
	expect_abandoned(&reply);
	expect_alive(p);
}

static void peer_aborts(void **state)
{
	struct buf out = BUF_INIT(64);
	struct peer *p = *state;
	struct peer_reply reply;

	begin_long(p, &reply);
	peer_add_record(&out, PEER_ABORT, VIEW_LIT(""), 0);
	peer_send(p, buf_view(&out));
	expect_abandoned(&reply);
	buf_release(&out);
	peer_disconnect(p);
	expect_alive(p);
}

/* The peer is still there, and gets what there is to say in the end. */
static void stopped(struct peer *p, int sig)
{
	struct peer_reply reply;

	begin_long(p, &reply);
	peer_signal(p, sig);
	peer_read_on(p, &reply, SIZE_MAX);
	assert_true(reply.complete);
	assert_string_equal(buf_str(&reply.content), "begun\nended\n");
	expect_abandoned(&reply);
	assert_int_equal(peer_wait(p), 0);
}

static void told_to_stop_by_sigterm(void **state)
{
	stopped(*state, SIGTERM);
}

static void told_to_stop_by_sigusr1(void **state)
{
	stopped(*state, SIGUSR1);
}

#define PEER_TEST(f) cmocka_unit_test_setup_teardown(f, calls_setup, calls_teardown)
#define STOP_TEST(f) cmocka_unit_test_setup_teardown(f, calls_setup, calls_teardown_ended)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        PEER_TEST(peer_leaves),
	        PEER_TEST(peer_aborts),
	        STOP_TEST(told_to_stop_by_sigterm),
	        STOP_TEST(told_to_stop_by_sigusr1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
