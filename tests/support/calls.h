/*
 * A FastCGI program for tests that answers with what it saw of a request, and the calls
 * to it. MODE=echo reads the body; refuse does not; big does not and replies 300 KB. What
 * it saw is "[broken ]<bytes> <sum> <NOTE or ->". MODE=long reads the body and replies
 * "begun\n"; when it sees that the reply is abandoned it says so, and replies "ended\n".
 */
#ifndef SUPPORT_CALLS_H
#define SUPPORT_CALLS_H

#include "support/peer.h"

#include <stdint.h>

#define CALL_MAX ((size_t)16 << 20)

struct call {
	const char *mode;
	const char *note;
	const char *length; /* CONTENT_LENGTH, or NULL */
	struct view body;
	size_t param_piece; /* 0: one record */
	size_t body_piece;
	bool keep;
	bool unfinished; /* without the record that ends the body */
};

/* cmocka fixtures: *state becomes a struct peer; the impatient one gives up after 1 s. */
int calls_setup(void **state);
int calls_setup_impatient(void **state);
int calls_teardown(void **state);
/* For tests that have seen the child end. */
int calls_teardown_ended(void **state);

/* The sum that is reported of a body. */
uint32_t sum_of(const char *bytes, size_t len);
/* Appends the records of a request. */
void add_request(struct buf *out, const struct call *q);
void send_request(struct peer *p, const struct call *q);
#define SEND(p, ...) send_request((p), &(struct call){__VA_ARGS__})
/* The next thing the program saw, told through a pipe: also when there was no reply. */
const char *take_seen(void);
/* The next reply is whole and this, and so is what was seen. */
void expect_reply(struct peer *p, const char *text);
/* The program serves a new connection. */
void expect_alive(struct peer *p);

#endif
