/* An exchange that is about to reply, and what has come out of it. */
#ifndef SUPPORT_REPLIES_H
#define SUPPORT_REPLIES_H

#include "gateway/exchange.h"
#include "support/seam.h"

struct reply_test {
	const char *variables[16];
	struct seam seam;
	struct config config; /* defaults */
	struct exchange x;
};

/* For "/v2/a/blobs/x"; extra: more variables as name, value, …, NULL; or NULL. */
void begin(struct reply_test *t, const char *method, const char *const *extra);
void end(struct reply_test *t);
/* All that was sent. */
const char *sent(const struct reply_test *t);
/* Fail the test unless exactly this, or somewhere this, or nowhere this was sent. */
void expect_sent(const struct reply_test *t, const char *text);
void expect_line(const struct reply_test *t, const char *line);
void expect_no(const struct reply_test *t, const char *text);

#endif
