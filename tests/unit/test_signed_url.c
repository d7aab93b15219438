/* Signed addresses: what is signed, what a query must look like, when one is good. */
#include "format/signed_url.h"
#include "service/blob_urls.h"
#include "service/secrets.h"

#include "support/bodies.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAC "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static void queries(void **state)
{
	static const struct {
		const char *query;
		int want;
	} rows[] = {
	        {"expires=17&key=0a&signature=" MAC, 1},
	        {"signature=" MAC "&key=0a&expires=17", 1},
	        {"x=y&signature=" MAC "&key=0a&expires=0&z", 1},
	        {"", 0},
	        {"expires=17&key=0a", 0},
	        {"signatures=" MAC, 0},
	        {"signature=", -1},
	        {"signature", -1},
	        {"signature=" MAC, -1},
	        {"expires=17&signature=" MAC, -1},
	        {"key=0a&signature=" MAC, -1},
	        {"expires=-1&key=0a&signature=" MAC, -1},
	        {"expires=017&key=0a&signature=" MAC, -1},
	        {"expires=99999999999999999999&key=0a&signature=" MAC, -1},
	        {"expires=17&key=&signature=" MAC, -1},
	        {"expires=17&key=0A&signature=" MAC, -1},
	        {"expires=17&key=../x&signature=" MAC, -1},
	        {"expires=17&key=000000000000000000000000000000000&signature=" MAC, -1},
	        {"expires=17&key=0a&signature=" MAC "A", -1},
	        {"expires=17&key=0a&signature=" MAC "%3D", -1},
	        {"expires=17&key=0a&signature=%zz", -1},
	        {"expires=17&key=0a&signature=AAEC", -1},
	        /* The last characters hold two bits that must be zero. */
	        {"expires=17&key=0a&signature="
	         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9",
	                -1},
	};
	struct signed_url u;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int got = signed_url_parse(view_of(rows[i].query), &u);

		if (got != rows[i].want)
			fail_msg("\"%s\": %d", rows[i].query, got);
	}
	assert_int_equal(signed_url_parse(view_of(rows[0].query), &u), 1);
	assert_int_equal(u.expires, 17);
	assert_string_equal(u.key_id, "0a");
	assert_int_equal(u.mac[31], 31);
}

/* Computed with another implementation of HMAC-SHA256. */
static void what_is_signed(void **state)
{
	struct signed_url u = {.expires = 1717500000, .key_id = "0123456789abcdef"};
	struct repo_name name = repo_of("library/smol");
	struct digest d = digest_of_text("hello");
	struct buf out = BUF_INIT(256);

	(void)state;
	assert_int_equal(signed_url_sign(&u, "0123456789abcdef0123456789abcdef", 32,
	                         &name, &d),
	        0);
	assert_int_equal(signed_url_add_query(&u, &out), 0);
	assert_string_equal(buf_str(&out), "expires=1717500000&key=0123456789abcdef&signature="
	                                   "RzhuD8848kQF5TaNSC6Xc2Ptm6H5ryGB5_jwlqVy9GA");
	assert_int_equal(signed_url_parse(buf_view(&out), &u), 1);
	assert_true(signed_url_is_right(
	        &u, "0123456789abcdef0123456789abcdef", 32, &name, &d));
	assert_false(signed_url_is_right(
	        &u, "0123456789abcdef0123456789abcdeF", 32, &name, &d));
	buf_release(&out);
}

static enum err_code check(struct tokens *t, const char *repo, const char *content,
        const struct signed_url *u, int64_t now)
{
	struct repo_name name = repo_of(repo);
	struct digest d = digest_of_text(content);
	struct err err = ERR_INIT;
	enum err_code code;

	blob_urls_check(t, &name, &d, u, now, &err);
	code = err.code;
	err_release(&err);
	return code;
}

static void what_is_good(void **state)
{
	const struct token_settings settings = {
	        .issuer = "x", .service = "x", .lifetime = 60, .outside_keys = ""};
	struct repo_name name = repo_of("library/smol");
	struct digest d = digest_of_text("hello");
	const int64_t now = 1717500000;
	struct signed_url u, changed;
	struct err err = ERR_INIT;
	struct scratch scratch;
	struct tokens *t, *other;

	(void)state;
	scratch_open(&scratch);
	assert_int_equal(tokens_open(&t, scratch.fd, &settings, now, &err), 0);
	assert_int_equal(tokens_open(&other, scratch.fd, &settings, now, &err), 0);
	assert_int_equal(blob_urls_sign(t, &name, &d, now, &u, &err), 0);
	assert_int_equal(u.expires, now + 86400);
	assert_int_equal(check(t, "library/smol", "hello", &u, now), ERR_NONE);
	assert_int_equal(check(t, "library/smol", "hello", &u, now + 86400), ERR_NONE);
	/* On another host of the store. */
	assert_int_equal(check(other, "library/smol", "hello", &u, now), ERR_NONE);
	assert_int_equal(check(t, "library/smol", "hello", &u, now + 86401), ERR_DENIED);
	assert_int_equal(check(t, "library/smol2", "hello", &u, now), ERR_DENIED);
	assert_int_equal(check(t, "library/smol", "hallo", &u, now), ERR_DENIED);
	changed = u;
	changed.expires++;
	assert_int_equal(check(t, "library/smol", "hello", &changed, now), ERR_DENIED);
	changed = u;
	changed.mac[0] ^= 1;
	assert_int_equal(check(t, "library/smol", "hello", &changed, now), ERR_DENIED);
	changed = u;
	changed.key_id[0] = changed.key_id[0] == '0' ? '1' : '0';
	assert_int_equal(check(t, "library/smol", "hello", &changed, now), ERR_DENIED);
	/* A new secret leaves it good, for as long as it lives. */
	assert_int_equal(secrets_rotate(scratch.fd, now + 1, tokens_longest(&settings),
	                         1000, &err),
	        0);
	tokens_refresh(t, now + 10);
	assert_int_equal(check(t, "library/smol", "hello", &u, now + 86400), ERR_NONE);
	tokens_close(&t);
	tokens_close(&other);
	scratch_close(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(queries),
	        cmocka_unit_test(what_is_signed),
	        cmocka_unit_test(what_is_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
