#include "support/calls.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * What the handler of these tests saw is told through a pipe, for when there is no
 * reply.
 */
static int seen[2];

static uint32_t add_to_sum(uint32_t sum, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + (unsigned char)bytes[i];
	return sum;
}

uint32_t sum_of(const char *bytes, size_t len)
{
	return add_to_sum(0, bytes, len);
}

/* Replies one line, and the rest when nobody wants more. */
static void handle_long(struct gateway *g)
{
	static const char text[] = "abandoned";
	char byte;

	while (g->body(g, &byte, 1) > 0)
		continue;
	g->reply(g, "begun\n", 6);
	g->flush(g);
	while (!g->abandoned(g))
		poll(NULL, 0, 2);
	if (write(seen[1], text, sizeof(text)) < 0)
		return;
	g->reply(g, "ended\n", 6);
}

static void handle(struct gateway *g, void *arg)
{
	const char *mode = g->variable(g, "MODE");
	const char *note = g->variable(g, "NOTE");
	char bytes[5000], text[512];
	size_t total = 0;
	uint32_t sum = 0;
	ssize_t n = 0;
	int len;

	(void)arg;
	if (mode && strcmp(mode, "long") == 0) {
		handle_long(g);
		return;
	}
	while (mode && strcmp(mode, "echo") == 0 &&
	        (n = g->body(g, bytes, sizeof(bytes))) > 0) {
		sum = add_to_sum(sum, bytes, (size_t)n);
		total += (size_t)n;
	}
	len = snprintf(text, sizeof(text), "%s%zu %x %s", n < 0 ? "broken " : "", total,
	        sum, note ? note : "-");
	if (write(seen[1], text, (size_t)len + 1) < 0 || n < 0)
		return;
	g->reply(g, text, (size_t)len);
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; mode && strcmp(mode, "big") == 0 && i < 60; i++)
		if (g->reply(g, bytes, sizeof(bytes)) != 0)
			break;
}

const char *take_seen(void)
{
	static char text[512];

	for (size_t i = 0; i < sizeof(text); i++) {
		if (read(seen[0], text + i, 1) != 1)
			fail_msg("nothing was seen");
		if (text[i] == '\0')
			return text;
	}
	fail();
	return NULL;
}

void add_request(struct buf *out, const struct call *q)
{
	struct buf pairs = BUF_INIT(CALL_MAX), body = BUF_INIT(CALL_MAX);

	peer_add_pair(&pairs, "MODE", q->mode);
	if (q->note)
		peer_add_pair(&pairs, "NOTE", q->note);
	if (q->length)
		peer_add_pair(&pairs, "CONTENT_LENGTH", q->length);
	peer_add_begin(out, q->keep);
	peer_add_stream(out, PEER_PARAMS, buf_view(&pairs),
	        q->param_piece ? q->param_piece : 65000);
	peer_add_stream(
	        &body, PEER_STDIN, q->body, q->body_piece ? q->body_piece : 65000);
	buf_add(out, body.ptr, body.len - (q->unfinished ? 8 : 0));
	assert_false(buf_failed(out) || buf_failed(&body) || buf_failed(&pairs));
	buf_release(&pairs);
	buf_release(&body);
}

void send_request(struct peer *p, const struct call *q)
{
	struct buf out = BUF_INIT(CALL_MAX);

	add_request(&out, q);
	peer_send(p, buf_view(&out));
	buf_release(&out);
}

void expect_reply(struct peer *p, const char *text)
{
	struct peer_reply reply = PEER_REPLY_INIT;

	peer_read(p, &reply);
	assert_true(reply.complete);
	assert_string_equal(buf_str(&reply.content), text);
	assert_string_equal(take_seen(), text);
	buf_release(&reply.content);
}

void expect_alive(struct peer *p)
{
	peer_connect(p);
	SEND(p, .mode = "echo", .note = "alive");
	expect_reply(p, "0 0 alive");
}

static void start(void **state, unsigned timeout_s)
{
	struct peer *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	assert_int_equal(pipe(seen), 0);
	peer_start(p, timeout_s, handle, NULL);
	*state = p;
}

int calls_setup(void **state)
{
	start(state, 60);
	return 0;
}

int calls_setup_impatient(void **state)
{
	start(state, 1);
	return 0;
}

static int end(void **state, int status)
{
	close(seen[0]);
	close(seen[1]);
	free(*state);
	return status;
}

int calls_teardown(void **state)
{
	return end(state, peer_stop(*state));
}

int calls_teardown_ended(void **state)
{
	return end(state, 0);
}
