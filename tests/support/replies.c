#include "support/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void begin(struct reply_test *t, const char *method, const char *const *extra)
{
	size_t n = 0;

	memset(t, 0, sizeof(*t));
	t->variables[n++] = "REQUEST_METHOD";
	t->variables[n++] = method;
	t->variables[n++] = "REQUEST_URI";
	t->variables[n++] = "/v2/a/blobs/x";
	while (extra && *extra)
		t->variables[n++] = *extra++;
	seam_init(&t->seam, t->variables);
	assert_int_equal(config_init(&t->config, &t->x.err), 0);
	assert_int_equal(request_init(&t->x.request, &t->seam.gateway, &t->x.err), 0);
	t->x.config = &t->config;
	t->x.reply.headers = BUF_INIT(REPLY_HEADERS_MAX);
	strcpy(t->x.id, "0123456789abcdef");
}

void end(struct reply_test *t)
{
	buf_release(&t->x.reply.headers);
	buf_release(&t->seam.reply);
	config_release(&t->config);
	err_release(&t->x.err);
}

const char *sent(const struct reply_test *t)
{
	return buf_str(&t->seam.reply);
}

void expect_sent(const struct reply_test *t, const char *text)
{
	assert_string_equal(sent(t), text);
}

void expect_line(const struct reply_test *t, const char *line)
{
	if (!strstr(sent(t), line))
		fail_msg("no '%s' in '%s'", line, sent(t));
}

void expect_no(const struct reply_test *t, const char *text)
{
	if (strstr(sent(t), text))
		fail_msg("'%s' in '%s'", text, sent(t));
}
