#include "service/keys.h"

#include "format/base64.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <time.h>
#include <unistd.h>

/* A key made of the bytes 00 to 1f, and what a client signed with it at that time. */
#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define OTHER_KEY "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG5"
#define REALM "https://registry.example:5443/v2/token"
#define QUERY                                                                            \
	"nonce=AAECAwQFBgcICQoLDA0ODw&scope=repository%3Alibrary%2Fsmol%3Apull%2Cpush"   \
	"&service=registry.example&ts=1717500000"
#define SIGNED 1717500000
#define TOKEN_FIELD                                                                      \
	KEY ":Axa2S5jBHpOHd22XGS5VdGVPbNrQ+vwo8cZHGI0ueQ+n8gZfvwspfkOsoAG3Res6euRkkF"    \
	    "NQyMKCcdeBeJx4Ag=="
#define API_FIELD                                                                        \
	KEY ":DQejNDHvlyWun1X+WlTMUKMFCdiu/ozi3FVp9w268GdNNlnWmV4PDWvKRBsmwtSegDRuF50H"  \
	    "15wAKWsduqxhAw=="

static struct scratch scratch;
static struct keys *keys;
static struct err err;
static struct user_name user;
static int64_t later;

static int setup(void **state)
{
	(void)state;
	scratch_open(&scratch);
	later = (int64_t)time(NULL) + 1000000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	keys_close(&keys);
	err_release(&err);
	scratch_close(&scratch);
	return 0;
}

static void use(const char *text)
{
	scratch_write(&scratch, "keys.pub", text);
	if (keys_open(&keys, scratch_path(&scratch, "keys.pub"), later, &err) != 0)
		fail_msg("%s", err.text);
}

static enum key_answer token(
        const char *field, const char *realm, const char *query, int64_t now)
{
	enum key_answer answer;
	struct credentials c;

	user = USER_NOBODY;
	assert_int_equal(credentials_parse(view_of(field), &c), CREDENTIALS_SIGNATURE);
	assert_int_equal(keys_check_token(keys, scratch.fd, &c, realm, view_of(query),
	                         now, &user, &answer, &err),
	        0);
	return answer;
}

static enum key_answer api(
        const char *field, const char *method, const char *path, int64_t now)
{
	enum key_answer answer;
	struct credentials c;

	user = USER_NOBODY;
	assert_int_equal(credentials_parse(view_of(field), &c), CREDENTIALS_SIGNATURE);
	assert_int_equal(keys_check_api(keys, scratch.fd, &c, view_of(method),
	                         view_of(path), now, &user, &answer, &err),
	        0);
	return answer;
}

/* What the holder of the private key sends for a message. */
static const char *sign(const char *message)
{
	static char field[256];
	unsigned char seed[32], sig[SSH_SIGNATURE_BYTES];
	struct buf text = BUF_INIT(200);
	size_t len = sizeof(sig), i;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY *key;

	for (i = 0; i < sizeof(seed); i++)
		seed[i] = (unsigned char)i;
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &len, (const unsigned char *)message,
	                         strlen(message)),
	        1);
	base64_encode(sig, len, &text);
	snprintf(field, sizeof(field), KEY ":%s", buf_str(&text));
	buf_release(&text);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return field;
}

static const char *sign_token(const char *query)
{
	char message[1024];

	snprintf(message, sizeof(message),
	        "GET," REALM "?%s,ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2"
	        "ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ==",
	        query);
	return sign(message);
}

static void a_token_request_is_good_once(void **state)
{
	(void)state;
	use("# keys\nssh-ed25519 " KEY " alice\n");
	assert_int_equal(token(TOKEN_FIELD, REALM, QUERY, SIGNED), KEY_GOOD);
	assert_string_equal(user.text, "alice");
	assert_int_equal(token(TOKEN_FIELD, REALM, QUERY, SIGNED), KEY_NONCE);
	assert_int_equal(token(TOKEN_FIELD, REALM, QUERY, SIGNED + 300), KEY_NONCE);
	/* The same nonce in another request that is rightly signed. */
	assert_int_equal(
	        token(sign_token("nonce=AAECAwQFBgcICQoLDA0ODw&ts=1717500000"), REALM,
	                "nonce=AAECAwQFBgcICQoLDA0ODw&ts=1717500000", SIGNED),
	        KEY_NONCE);
}

static void a_token_request_is_good_for_a_while(void **state)
{
	(void)state;
	use("ssh-ed25519 " KEY " alice\n");
	assert_int_equal(token(TOKEN_FIELD, REALM, QUERY, SIGNED + 301), KEY_TIME);
	assert_int_equal(token(TOKEN_FIELD, REALM, QUERY, SIGNED - 301), KEY_TIME);
	assert_int_equal(token(TOKEN_FIELD, REALM, QUERY, SIGNED - 300), KEY_GOOD);
}

static void a_token_request_is_bound_to_all_of_its_address(void **state)
{
	(void)state;
	use("ssh-ed25519 " KEY " alice\n");
	assert_int_equal(
	        token(TOKEN_FIELD, "https://registry.example/v2/token", QUERY, SIGNED),
	        KEY_SIGNATURE);
	assert_int_equal(
	        token(TOKEN_FIELD, REALM, QUERY "&scope=x", SIGNED), KEY_SIGNATURE);
	assert_int_equal(token(TOKEN_FIELD, REALM, "", SIGNED), KEY_SIGNATURE);
	assert_int_equal(token(API_FIELD, REALM, QUERY, SIGNED), KEY_SIGNATURE);
	/* None of that has used the nonce up. */
	assert_int_equal(token(TOKEN_FIELD, REALM, QUERY, SIGNED), KEY_GOOD);
}

static void a_token_request_needs_time_and_nonce(void **state)
{
	static const struct {
		const char *query;
		enum key_answer answer;
	} rows[] = {
	        {"", KEY_TIME},
	        {"nonce=abc", KEY_TIME},
	        {"nonce=abc&ts=", KEY_TIME},
	        {"nonce=abc&ts=x", KEY_TIME},
	        {"nonce=abc&ts=-1", KEY_TIME},
	        {"nonce=abc&ts=1717500000.5", KEY_TIME},
	        {"nonce=abc&ts=%zz", KEY_TIME},
	        {"ts=1717500000", KEY_NONCE},
	        {"nonce=&ts=1717500000", KEY_NONCE},
	        {"nonce=abc&ts=1717500000", KEY_GOOD},
	};
	size_t i;

	(void)state;
	use("ssh-ed25519 " KEY " alice\n");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (token(sign_token(rows[i].query), REALM, rows[i].query, SIGNED) !=
		        rows[i].answer)
			fail_msg("%s", rows[i].query);
}

static void an_unknown_key_is_told_apart_and_leaves_no_trace(void **state)
{
	(void)state;
	use("ssh-ed25519 " OTHER_KEY " bob\n");
	assert_int_equal(token(TOKEN_FIELD, REALM, QUERY, SIGNED), KEY_UNKNOWN);
	assert_int_equal(
	        api(API_FIELD, "POST", "/api/show?ts=1717500000", SIGNED), KEY_UNKNOWN);
	assert_int_equal(access(scratch_path(&scratch, "keys"), F_OK), -1);
}

static int make_older(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const time_t then = time(NULL) - KEYS_API_AGAIN - 2;
	const struct timespec times[2] = {{.tv_sec = then}, {.tv_sec = then}};

	(void)st;
	(void)ftw;
	return type == FTW_F ? utimensat(AT_FDCWD, path, times, 0) : 0;
}

static void an_api_request_is_good_for_a_minute_and_once(void **state)
{
	const char *path = "/api/show?ts=1717500000";

	(void)state;
	use("user=\"carol\" ssh-ed25519 " KEY " alice@laptop\n");
	assert_int_equal(api(API_FIELD, "POST", path, SIGNED + 61), KEY_TIME);
	assert_int_equal(api(API_FIELD, "POST", path, SIGNED - 61), KEY_TIME);
	assert_int_equal(api(API_FIELD, "DELETE", path, SIGNED), KEY_SIGNATURE);
	assert_int_equal(
	        api(API_FIELD, "POST", "/api/tags?ts=1717500000", SIGNED), KEY_SIGNATURE);
	assert_int_equal(api(API_FIELD, "POST", path, SIGNED + 60), KEY_GOOD);
	assert_string_equal(user.text, "carol");
	/* Another one of the same second, and a replay. */
	assert_int_equal(api(API_FIELD, "POST", path, SIGNED + 60), KEY_GOOD);
	assert_int_equal(
	        nftw(scratch_path(&scratch, "keys/nonces"), make_older, 8, FTW_PHYS), 0);
	assert_int_equal(api(API_FIELD, "POST", path, SIGNED + 60), KEY_NONCE);
	assert_int_equal(
	        api(sign("POST,/api/show"), "POST", "/api/show", SIGNED), KEY_TIME);
}

static void reading_may_be_asked_for_twice(void **state)
{
	char field[256];

	(void)state;
	use("ssh-ed25519 " KEY " alice\n");
	snprintf(field, sizeof(field), "%s", sign("GET,/api/tags?ts=1717500000"));
	assert_int_equal(api(field, "GET", "/api/tags?ts=1717500000", SIGNED), KEY_GOOD);
	assert_int_equal(api(field, "GET", "/api/tags?ts=1717500000", SIGNED), KEY_GOOD);
}

static void an_edit_takes_effect_and_a_broken_one_does_not(void **state)
{
	(void)state;
	use("ssh-ed25519 " KEY " alice\nssh-rsa AAAA bob\n");
	scratch_write(&scratch, "keys.pub",
	        "ssh-ed25519 " KEY " alice\nssh-ed25519 " KEY " bob\n");
	keys_refresh(keys, ++later);
	assert_int_equal(token(TOKEN_FIELD, REALM, QUERY, SIGNED), KEY_GOOD);
	scratch_write(&scratch, "keys.pub", "");
	keys_refresh(keys, ++later);
	assert_int_equal(token(TOKEN_FIELD, REALM, QUERY, SIGNED), KEY_UNKNOWN);
}

static void a_broken_file_is_refused_at_the_start(void **state)
{
	static const char *const rows[] = {"\nssh-ed25519 " KEY "\n",
	        "\nssh-ed25519 AAAA alice\n",
	        "ssh-ed25519 " KEY " alice\nssh-ed25519 " KEY " bob\n",
	        "# one\nssh-ed25519 " KEY " alice@laptop\n"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		scratch_write(&scratch, "keys.pub", rows[i]);
		assert_int_equal(
		        keys_open(&keys, scratch_path(&scratch, "keys.pub"), later, &err),
		        -1);
		assert_non_null(strstr(err.text, "keys.pub:2: "));
		err_release(&err);
	}
	assert_int_equal(
	        keys_open(&keys, scratch_path(&scratch, "absent"), later, &err), -1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(a_token_request_is_good_once),
	        TEST(a_token_request_is_good_for_a_while),
	        TEST(a_token_request_is_bound_to_all_of_its_address),
	        TEST(a_token_request_needs_time_and_nonce),
	        TEST(an_unknown_key_is_told_apart_and_leaves_no_trace),
	        TEST(an_api_request_is_good_for_a_minute_and_once),
	        TEST(reading_may_be_asked_for_twice),
	        TEST(an_edit_takes_effect_and_a_broken_one_does_not),
	        TEST(a_broken_file_is_refused_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
