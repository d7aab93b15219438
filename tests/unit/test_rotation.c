/* Token secrets that are followed by new ones as they grow old. */
#include "service/secrets.h"
#include "service/tokens.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define START 1800000000
#define AGE 1000

static struct err err;

static void open_tokens(struct tokens **t, int root)
{
	const struct token_settings settings = {
		.issuer = "https://reg.example",
		.service = "reg.example",
		.lifetime = 300,
		.refresh_lifetime = 3600,
		.outside_keys = "",
		.outside_issuer = "",
		.outside_audience = "",
		.rotation = AGE,
	};

	if (tokens_open(t, root, &settings, START, &err) != 0)
		fail_msg("%s", err.text);
}

static void issue(struct tokens *t, int64_t now, struct buf *out)
{
	struct scope_list granted = {0};
	struct identity who;

	identity_anonymous(&who);
	buf_clear(out);
	assert_int_equal(tokens_issue(t, &who, &granted, now, out, &err), 0);
}

/* How many secrets there are now, and the id of the newest. */
static size_t look(int root, int64_t now, char id[SECRET_ID_LENGTH + 1])
{
	struct secrets s = SECRETS_INIT;
	size_t n;

	assert_int_equal(secrets_open(&s, root, now, &err), 0);
	n = s.n;
	memcpy(id, secrets_newest(&s)->id, SECRET_ID_LENGTH + 1);
	secrets_close(&s);
	return n;
}

static void a_secret_of_age_is_followed_by_another(void **state)
{
	char first[SECRET_ID_LENGTH + 1], second[SECRET_ID_LENGTH + 1];
	struct tokens *here = NULL, *elsewhere = NULL;
	struct buf text = BUF_INIT(65536);
	struct scratch scratch;

	(void)state;
	scratch_open(&scratch);
	open_tokens(&here, scratch.fd);
	open_tokens(&elsewhere, scratch.fd);
	assert_int_equal(look(scratch.fd, START, first), 1);
	issue(here, START + AGE - 1, &text);
	assert_int_equal(look(scratch.fd, START, second), 1);
	assert_string_equal(second, first);
	issue(here, START + AGE, &text);
	/* The second worker finds that the first has made one. */
	issue(elsewhere, START + AGE, &text);
	assert_int_equal(look(scratch.fd, START + AGE, second), 2);
	assert_string_not_equal(second, first);
	tokens_close(&here);
	tokens_close(&elsewhere);
	buf_release(&text);
	scratch_close(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_of_age_is_followed_by_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
