/*
 * The FastCGI back end against a web server of our own: records cut anywhere, peers
 * that vanish, stall or talk nonsense, signals at the worst moment.
 */
#include "support/calls.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void cut_at_every_byte(void **state)
{
	struct peer *p = *state;
	struct buf out = BUF_INIT(CALL_MAX);
	char expected[64];

	snprintf(expected, sizeof(expected), "11 %x cut", sum_of("hello world", 11));
	add_request(&out, &(struct call){.mode = "echo",
	                          .note = "cut",
	                          .length = "11",
	                          .body = VIEW_LIT("hello world"),
	                          .keep = true});
	peer_connect(p);
	for (size_t cut = 1; cut < out.len; cut++) {
		peer_send(p, (struct view){out.ptr, cut});
		peer_settle(p);
		peer_send(p, (struct view){out.ptr + cut, out.len - cut});
		expect_reply(p, expected);
	}
	buf_release(&out);
}

static void byte_by_byte(void **state)
{
	struct peer *p = *state;
	struct buf out = BUF_INIT(CALL_MAX);

	add_request(&out, &(struct call){.mode = "echo",
	                          .note = "slow",
	                          .length = "3",
	                          .body = VIEW_LIT("abc")});
	peer_connect(p);
	for (size_t i = 0; i < out.len; i++) {
		peer_send(p, (struct view){out.ptr + i, 1});
		peer_settle(p);
	}
	buf_clear(&out);
	buf_addf(&out, "3 %x slow", sum_of("abc", 3));
	expect_reply(p, buf_str(&out));
	buf_release(&out);
}

static void parameters_in_many_records(void **state)
{
	struct peer *p = *state;
	char note[300];

	memset(note, 'n', sizeof(note) - 1);
	note[sizeof(note) - 1] = '\0';
	for (size_t piece = 1; piece < 40; piece++) {
		char expected[320];

		snprintf(expected, sizeof(expected), "0 0 %s", note);
		peer_connect(p);
		SEND(p, .mode = "echo", .note = note, .param_piece = piece);
		expect_reply(p, expected);
	}
}

static void body_in_many_records(void **state)
{
	static const size_t pieces[] = {1, 7, 8191, 8192, 8193, 65535};
	static char body[200000];
	struct peer *p = *state;
	char expected[64];

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t len = pieces[i] == 1 ? 3000 : sizeof(body);

		snprintf(expected, sizeof(expected), "%zu %x -", len, sum_of(body, len));
		peer_connect(p);
		/* Without a length: the end of the stream is the only end there is. */
		SEND(p, .mode = "echo", .body = {body, len}, .body_piece = pieces[i]);
		expect_reply(p, expected);
	}
}

static void kept_connection(void **state)
{
	struct peer *p = *state;

	peer_connect(p);
	for (int i = 0; i < 3; i++) {
		SEND(p, .mode = "echo", .note = "kept", .keep = true);
		expect_reply(p, "0 0 kept");
	}
	/* Not kept when the web server does not ask for it. */
	SEND(p, .mode = "echo", .note = "last");
	expect_reply(p, "0 0 last");
	assert_true(peer_is_closed(p));
	expect_alive(p);
}

static void unread_body_is_drained(void **state)
{
	static char body[50000];
	struct peer *p = *state;

	peer_connect(p);
	for (int i = 0; i < 3; i++) {
		SEND(p, .mode = "refuse", .note = "no", .length = "50000",
		        .body = {body, sizeof(body)}, .keep = true);
		expect_reply(p, "0 0 no");
	}
	SEND(p, .mode = "echo", .note = "next", .keep = true);
	expect_reply(p, "0 0 next");
}

/* The record that ends an empty body comes after the reply: it is no next request. */
static void late_end_of_body(void **state)
{
	struct peer_reply reply = PEER_REPLY_INIT;
	struct buf rest = BUF_INIT(64);
	struct peer *p = *state;

	peer_connect(p);
	peer_add_record(&rest, PEER_STDIN, VIEW_LIT(""), 0);
	for (int i = 0; i < 3; i++) {
		SEND(p, .mode = "refuse", .note = "late", .keep = true,
		        .unfinished = true);
		assert_string_equal(take_seen(), "0 0 late");
		peer_send(p, buf_view(&rest));
		peer_read(p, &reply);
		assert_true(reply.complete);
		assert_string_equal(buf_str(&reply.content), "0 0 late");
	}
	buf_release(&reply.content);
	buf_release(&rest);
}

/* A refused upload is answered at once, not when its gigabyte has been carried here. */
static void refused_upload_is_not_drained(void **state)
{
	struct peer *p = *state;

	peer_connect(p);
	SEND(p, .mode = "refuse", .note = "no", .length = "1073741824",
	        .body = VIEW_LIT("first"), .keep = true, .unfinished = true);
	expect_reply(p, "0 0 no");
	assert_true(peer_is_closed(p));
	expect_alive(p);
}

static void peer_vanishes_in_the_body(void **state)
{
	struct peer *p = *state;
	char expected[64];

	snprintf(expected, sizeof(expected), "broken 5 %x -", sum_of("first", 5));
	peer_connect(p);
	SEND(p, .mode = "echo", .length = "100", .body = VIEW_LIT("first"),
	        .unfinished = true);
	peer_disconnect(p);
	assert_string_equal(take_seen(), expected);
	expect_alive(p);
}

static void peer_vanishes_in_the_parameters(void **state)
{
	struct peer *p = *state;
	struct buf out = BUF_INIT(CALL_MAX);

	add_request(&out, &(struct call){.mode = "echo", .note = "cut"});
	for (size_t cut = 0; cut < out.len - 17; cut += 5) {
		peer_connect(p);
		peer_send(p, (struct view){out.ptr, cut});
		peer_disconnect(p);
	}
	buf_release(&out);
	expect_alive(p);
}

static void peer_vanishes_before_the_reply(void **state)
{
	struct peer *p = *state;

	for (int i = 0; i < 3; i++) {
		peer_connect(p);
		SEND(p, .mode = "big");
		peer_disconnect(p);
		take_seen();
	}
	expect_alive(p);
}

static void abort_record(void **state)
{
	struct peer *p = *state;
	struct buf out = BUF_INIT(64);
	char expected[64];

	snprintf(expected, sizeof(expected), "broken 5 %x -", sum_of("first", 5));
	peer_add_record(&out, PEER_ABORT, VIEW_LIT(""), 0);
	peer_connect(p);
	SEND(p, .mode = "echo", .length = "100", .body = VIEW_LIT("first"),
	        .unfinished = true, .keep = true);
	peer_send(p, buf_view(&out));
	assert_string_equal(take_seen(), expected);
	buf_release(&out);
	expect_alive(p);
}

static void nonsense(void **state)
{
	static const char *const rows[] = {
	        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	        "\x02\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01",
	        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	};
	struct peer *p = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		peer_connect(p);
		peer_send(p, view_of(rows[i]));
		assert_true(peer_is_closed(p));
	}
	expect_alive(p);
}

static void large_reply(void **state)
{
	struct peer_reply reply = PEER_REPLY_INIT;
	struct peer *p = *state;

	peer_connect(p);
	SEND(p, .mode = "big", .note = "b");
	peer_read(p, &reply);
	assert_true(reply.complete);
	assert_int_equal(reply.content.len, 5 + 60 * 5000);
	assert_true(view_starts(buf_view(&reply.content), "0 0 bxxx"));
	assert_true(view_ends(buf_view(&reply.content), "xxx"));
	buf_release(&reply.content);
}

static void stalled_body(void **state)
{
	struct peer_reply reply = PEER_REPLY_INIT;
	struct peer *p = *state;
	char expected[64];

	snprintf(expected, sizeof(expected), "broken 5 %x -", sum_of("first", 5));
	peer_connect(p);
	SEND(p, .mode = "echo", .length = "100", .body = VIEW_LIT("first"),
	        .unfinished = true);
	assert_string_equal(take_seen(), expected);
	/*
	 * The web server is told that nothing more comes; it knows what to tell the
	 * client.
	 */
	peer_read(p, &reply);
	assert_int_equal(reply.content.len, 0);
	assert_true(peer_is_closed(p));
	buf_release(&reply.content);
	expect_alive(p);
}

static void stalled_parameters(void **state)
{
	struct peer *p = *state;
	struct buf out = BUF_INIT(CALL_MAX);

	add_request(&out, &(struct call){.mode = "echo", .note = "half"});
	peer_connect(p);
	peer_send(p, (struct view){out.ptr, 30});
	assert_true(peer_is_closed(p));
	buf_release(&out);
	expect_alive(p);
}

static void idle_kept_connection_is_not_stalled(void **state)
{
	struct peer *p = *state;

	peer_connect(p);
	SEND(p, .mode = "echo", .note = "one", .keep = true);
	expect_reply(p, "0 0 one");
	/* Longer than the child waits for bytes within a request. */
	usleep(1300000);
	SEND(p, .mode = "echo", .note = "two", .keep = true);
	expect_reply(p, "0 0 two");
}

/* An upload in progress when the program is told to stop is finished, and is whole. */
static void stop_during_a_request(struct peer *p, int sig)
{
	struct buf rest = BUF_INIT(1024);
	char expected[64];

	snprintf(expected, sizeof(expected), "11 %x -", sum_of("hello world", 11));
	peer_connect(p);
	SEND(p, .mode = "echo", .length = "11", .body = VIEW_LIT("hello "),
	        .unfinished = true, .keep = true);
	peer_settle(p);
	peer_signal(p, sig);
	peer_add_stream(&rest, PEER_STDIN, VIEW_LIT("world"), 100);
	peer_send(p, buf_view(&rest));
	expect_reply(p, expected);
	assert_int_equal(peer_wait(p), 0);
	buf_release(&rest);
}

static void sigterm_during_a_request(void **state)
{
	stop_during_a_request(*state, SIGTERM);
}

static void sigusr1_during_a_request(void **state)
{
	stop_during_a_request(*state, SIGUSR1);
}

static void sigterm_in_a_kept_connection(void **state)
{
	struct peer *p = *state;

	peer_connect(p);
	SEND(p, .mode = "echo", .note = "idle", .keep = true);
	expect_reply(p, "0 0 idle");
	peer_signal(p, SIGTERM);
	assert_true(peer_is_closed(p));
	assert_int_equal(peer_wait(p), 0);
}

static void sigterm_before_any_request(void **state)
{
	struct peer *p = *state;

	/* It has set itself up once it serves. */
	expect_alive(p);
	assert_int_equal(peer_stop(p), 0);
}

#define PEER_TEST(f) cmocka_unit_test_setup_teardown(f, calls_setup, calls_teardown)
#define STALL_TEST(f)                                                                    \
	cmocka_unit_test_setup_teardown(f, calls_setup_impatient, calls_teardown)
#define STOP_TEST(f) cmocka_unit_test_setup_teardown(f, calls_setup, calls_teardown_ended)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        PEER_TEST(cut_at_every_byte),
	        PEER_TEST(byte_by_byte),
	        PEER_TEST(parameters_in_many_records),
	        PEER_TEST(body_in_many_records),
	        PEER_TEST(kept_connection),
	        PEER_TEST(unread_body_is_drained),
	        PEER_TEST(late_end_of_body),
	        PEER_TEST(refused_upload_is_not_drained),
	        PEER_TEST(peer_vanishes_in_the_body),
	        PEER_TEST(peer_vanishes_in_the_parameters),
	        PEER_TEST(peer_vanishes_before_the_reply),
	        PEER_TEST(abort_record),
	        PEER_TEST(nonsense),
	        PEER_TEST(large_reply),
	        STALL_TEST(stalled_body),
	        STALL_TEST(stalled_parameters),
	        STALL_TEST(idle_kept_connection_is_not_stalled),
	        STOP_TEST(sigterm_during_a_request),
	        STOP_TEST(sigusr1_during_a_request),
	        STOP_TEST(sigterm_in_a_kept_connection),
	        STOP_TEST(sigterm_before_any_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
