#include "format/sshkey.h"

#include "format/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A key made of the bytes 00 to 1f, and what a client signed with it. */
#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define REALM "https://registry.example:5443/v2/token"
#define QUERY                                                                            \
	"nonce=AAECAwQFBgcICQoLDA0ODw&scope=repository%3Alibrary%2Fsmol%3Apull%2Cpush"   \
	"&service=registry.example&ts=1717500000"
#define TOKEN_SIGNATURE                                                                  \
	"Axa2S5jBHpOHd22XGS5VdGVPbNrQ+vwo8cZHGI0ueQ+n8gZfvwspfkOsoAG3Res6euRkkFN"        \
	"QyMKCcdeBeJx4Ag=="
#define API_SIGNATURE                                                                    \
	"DQejNDHvlyWun1X+WlTMUKMFCdiu/ozi3FVp9w268GdNNlnWmV4PDWvKRBsmwtSegDRuF50H1"      \
	"5wAKWsduqxhAw=="

static void signature(const char *text, unsigned char out[SSH_SIGNATURE_BYTES])
{
	size_t len;

	assert_int_equal(base64_decode(view_of(text), out, SSH_SIGNATURE_BYTES, &len), 0);
	assert_int_equal(len, SSH_SIGNATURE_BYTES);
}

static void verifies_a_token_request(void **state)
{
	unsigned char sig[SSH_SIGNATURE_BYTES];
	struct buf message = BUF_INIT(4096);
	struct ssh_key key;

	(void)state;
	signature(TOKEN_SIGNATURE, sig);
	assert_int_equal(ssh_key_parse(VIEW_LIT(KEY), &key), 0);
	assert_int_equal(
	        ssh_token_message(VIEW_LIT(REALM), VIEW_LIT(QUERY), &message), 0);
	assert_true(ssh_key_verify(&key, sig, buf_view(&message)));
	message.ptr[5] ^= 1;
	assert_false(ssh_key_verify(&key, sig, buf_view(&message)));
	message.ptr[5] ^= 1;
	sig[63] ^= 1;
	assert_false(ssh_key_verify(&key, sig, buf_view(&message)));
	sig[63] ^= 1;
	key.bytes[0] ^= 1;
	assert_false(ssh_key_verify(&key, sig, buf_view(&message)));
	buf_release(&message);
}

static void verifies_an_api_request(void **state)
{
	unsigned char sig[SSH_SIGNATURE_BYTES];
	struct buf message = BUF_INIT(4096);
	struct ssh_key key;

	(void)state;
	signature(API_SIGNATURE, sig);
	assert_int_equal(ssh_key_parse(VIEW_LIT(KEY), &key), 0);
	assert_int_equal(ssh_api_message(VIEW_LIT("POST"),
	                         VIEW_LIT("/api/show?ts=1717500000"), &message),
	        0);
	assert_true(ssh_key_verify(&key, sig, buf_view(&message)));
	buf_clear(&message);
	assert_int_equal(ssh_api_message(VIEW_LIT("GET"),
	                         VIEW_LIT("/api/show?ts=1717500000"), &message),
	        0);
	assert_false(ssh_key_verify(&key, sig, buf_view(&message)));
	buf_release(&message);
}

static void takes_one_kind_of_key_only(void **state)
{
	static const char *const rows[] = {"", "AAAA",
	        /* a byte short, a byte long, another type, another length of the key */
	        "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTE=",
	        ("AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/"
	         "zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4AA=="),
	        "AAAAC3NzaC1lZDI1NTE4AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
	        "AAAAC3NzaC1lZDI1NTE5AAAAHwOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
	        "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7_zzhC-HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"};
	struct ssh_key key;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_int_equal(ssh_key_parse(view_of(rows[i]), &key), -1);
}

static void reads_lines(void **state)
{
	static const struct {
		const char *line;
		enum ssh_line kind;
		const char *user;
	} rows[] = {
	        {"", SSH_LINE_BLANK, ""},
	        {" \t\r", SSH_LINE_BLANK, ""},
	        {"# ssh-ed25519 " KEY " alice", SSH_LINE_BLANK, ""},
	        {"ssh-ed25519 " KEY " alice", SSH_LINE_KEY, "alice"},
	        {"ssh-ed25519\t" KEY "  alice \r", SSH_LINE_KEY, "alice"},
	        {"user=\"bob\" ssh-ed25519 " KEY, SSH_LINE_KEY, "bob"},
	        {"user=\"bob\" ssh-ed25519 " KEY " alice@laptop of hers", SSH_LINE_KEY,
	                "bob"},
	        {"user=\"bob@example.org\" ssh-ed25519 " KEY, SSH_LINE_KEY,
	                "bob@example.org"},
	        /* nobody is named */
	        {"ssh-ed25519 " KEY, SSH_LINE_MALFORMED, ""},
	        {"ssh-ed25519 " KEY " alice@laptop", SSH_LINE_MALFORMED, ""},
	        {"ssh-ed25519 " KEY " two words", SSH_LINE_MALFORMED, ""},
	        {"ssh-ed25519 " KEY " anonymous", SSH_LINE_MALFORMED, ""},
	        {"user=\"\" ssh-ed25519 " KEY " alice", SSH_LINE_MALFORMED, ""},
	        {"user=\"a/b\" ssh-ed25519 " KEY " alice", SSH_LINE_MALFORMED, ""},
	        {"ssh-ed25519 AAAA alice", SSH_LINE_MALFORMED, ""},
	        {"ssh-ed25519", SSH_LINE_MALFORMED, ""},
	        /* another kind, or an option that says what we would not heed */
	        {"ssh-rsa AAAAB3NzaC1yc2E= alice", SSH_LINE_UNSUPPORTED, ""},
	        {"ecdsa-sha2-nistp256 AAAA alice", SSH_LINE_UNSUPPORTED, ""},
	        {"sk-ssh-ed25519@openssh.com AAAA alice", SSH_LINE_UNSUPPORTED, ""},
	        {"user=\"bob\" ssh-rsa AAAA", SSH_LINE_UNSUPPORTED, ""},
	        {"from=\"10.0.0.1\" ssh-ed25519 " KEY " alice", SSH_LINE_UNSUPPORTED, ""},
	        {"user=\"a\",from=\"10.0.0.1\" ssh-ed25519 " KEY, SSH_LINE_UNSUPPORTED,
	                ""},
	        {"from=\"10.0.0.1\",user=\"a\" ssh-ed25519 " KEY, SSH_LINE_UNSUPPORTED,
	                ""},
	        {"user=bob ssh-ed25519 " KEY, SSH_LINE_UNSUPPORTED, ""},
	        {"user=\" ssh-ed25519 " KEY, SSH_LINE_UNSUPPORTED, ""},
	        {"nonsense", SSH_LINE_UNSUPPORTED, ""},
	};
	struct ssh_authorized a;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (ssh_line_parse(view_of(rows[i].line), &a) != rows[i].kind)
			fail_msg("%s", rows[i].line);
		if (rows[i].kind == SSH_LINE_KEY)
			assert_string_equal(a.user.text, rows[i].user);
	}
}

static void compares_keys(void **state)
{
	struct ssh_key a, b;

	(void)state;
	assert_int_equal(ssh_key_parse(VIEW_LIT(KEY), &a), 0);
	assert_int_equal(ssh_key_parse(VIEW_LIT(KEY), &b), 0);
	assert_true(ssh_key_equal(&a, &b));
	b.bytes[31] ^= 1;
	assert_false(ssh_key_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(verifies_a_token_request),
	        cmocka_unit_test(verifies_an_api_request),
	        cmocka_unit_test(takes_one_kind_of_key_only),
	        cmocka_unit_test(reads_lines),
	        cmocka_unit_test(compares_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
