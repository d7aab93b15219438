#include "format/sshprivate.h"

#include "format/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Made by ssh-keygen for this test, as are the others; no one is in use. */
static const char ed25519[] =
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
	"QyNTUxOQAAACBhvWoe078GWLYSlUvQYrB4Su+GUNtS0BY4U72bqMERqgAAAJjNoRgczaEY\n"
	"HAAAAAtzc2gtZWQyNTUxOQAAACBhvWoe078GWLYSlUvQYrB4Su+GUNtS0BY4U72bqMERqg\n"
	"AAAECjLZ2Fj/pw8JL68nwjLZ5yc2b+K3XYUeIwOC+O4padn2G9ah7TvwZYthKVS9BisHhK\n"
	"74ZQ21LQFjhTvZuowRGqAAAADnJvYm90QHJlZ2lzdHJ5AQIDBAUGBw==\n"
	"-----END OPENSSH PRIVATE KEY-----\n";
#define ED25519_PUBLIC "AAAAC3NzaC1lZDI1NTE5AAAAIGG9ah7TvwZYthKVS9BisHhK74ZQ21LQFjhTvZuowRGq"

/* With a pass phrase. */
static const char encrypted[] =
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"
	"b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABCytddNRh\n"
	"vibw0pAktHJkfxAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIDNaP/z1hrI3/OOt\n"
	"eg8CA78e4aFRH8s86no7i2SXe21wAAAAkPqyp5E/+SSDpoSATZ5HRBLveHbxGTxZSjcDHq\n"
	"/QcwzcYB0AAlTh7/NP3DZ5kGjNR57ZOAnBAiyZGd83w47dvTkskXBRYUZZx+rfNd+ASp7A\n"
	"g4GvyKJer3Go1ZcAk+/LJXt3v/9ymhlg/6t9S5ImdGk6zutnGoDcFiDBABWBxtju9H80y+\n"
	"MpvgY5hMpLP4QJPA==\n"
	"-----END OPENSSH PRIVATE KEY-----\n";

static const char ecdsa[] =
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS\n"
	"1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQSLasGSyskuBRzGCuHa1WMpYebZl3nG\n"
	"GpfTFYRzixTLqIZ0zR9UxC6t1m/U8H8NimTKtdtTVmUKb4kopC9/Pqo1AAAAoDzO1vc8zt\n"
	"b3AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBItqwZLKyS4FHMYK\n"
	"4drVYylh5tmXecYal9MVhHOLFMuohnTNH1TELq3Wb9Twfw2KZMq121NWZQpviSikL38+qj\n"
	"UAAAAgc0adHTqRkXOiyQHzA++JNTj6Vl3z60vDnw5sbNOWNAMAAAABeAECAwQFBgc=\n"
	"-----END OPENSSH PRIVATE KEY-----\n";

/* The key of the bytes 00 to 1f, and what a client signed with it. */
#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define REALM "https://registry.example:5443/v2/token"
#define QUERY                                                                            \
	"nonce=AAECAwQFBgcICQoLDA0ODw&scope=repository%3Alibrary%2Fsmol%3Apull%2Cpush"   \
	"&service=registry.example&ts=1717500000"
#define SIGNATURE                                                                        \
	"Axa2S5jBHpOHd22XGS5VdGVPbNrQ+vwo8cZHGI0ueQ+n8gZfvwspfkOsoAG3Res6euRkkFN"        \
	"QyMKCcdeBeJx4Ag=="

static void make(struct ssh_private *k)
{
	unsigned char seed[SSH_SEED_BYTES];

	for (unsigned i = 0; i < sizeof(seed); i++)
		seed[i] = (unsigned char)i;
	assert_int_equal(ssh_private_make(seed, k), 0);
}

static void public_is(const struct ssh_private *k, const char *base64)
{
	struct buf text = BUF_INIT(256);

	assert_int_equal(ssh_key_text(&k->public, &text), 0);
	assert_string_equal(buf_str(&text), base64);
	buf_release(&text);
}

static void signs_as_ollama_does(void **state)
{
	unsigned char sig[SSH_SIGNATURE_BYTES];
	struct buf message = BUF_INIT(4096), text = BUF_INIT(256);
	struct ssh_private k;

	(void)state;
	make(&k);
	public_is(&k, KEY);
	assert_int_equal(
	        ssh_token_message(VIEW_LIT(REALM), VIEW_LIT(QUERY), &message), 0);
	assert_int_equal(ssh_private_sign(&k, buf_view(&message), sig), 0);
	assert_int_equal(base64_encode(sig, sizeof(sig), &text), 0);
	assert_string_equal(buf_str(&text), SIGNATURE);
	assert_true(ssh_key_verify(&k.public, sig, buf_view(&message)));
	buf_release(&message);
	buf_release(&text);
}

static void reads_what_ssh_keygen_writes(void **state)
{
	struct ssh_private k;
	const char *why;

	(void)state;
	assert_int_equal(ssh_private_parse(view_of(ed25519), &k, &why), 0);
	public_is(&k, ED25519_PUBLIC);
	ssh_private_wipe(&k);
	for (size_t i = 0; i < sizeof(k); i++)
		assert_int_equal(((const unsigned char *)&k)[i], 0);
}

static void reads_what_it_writes(void **state)
{
	static const char *const comments[] = {"", "a", "ab", "abc", "abcd", "robot@registry"};
	struct buf text = BUF_INIT(SSH_PRIVATE_FILE_MAX);
	struct ssh_private k, again;
	const char *why;

	(void)state;
	make(&k);
	for (size_t i = 0; i < sizeof(comments) / sizeof(comments[0]); i++) {
		buf_clear(&text);
		assert_int_equal(ssh_private_text(&k, comments[i], &text), 0);
		assert_int_equal(ssh_private_parse(buf_view(&text), &again, &why), 0);
		assert_memory_equal(&k, &again, sizeof(k));
	}
	buf_release(&text);
	text = BUF_INIT(100);
	assert_int_equal(ssh_private_text(&k, "", &text), -1);
	buf_release(&text);
}

static void with_other_line_ends(void **state)
{
	struct buf text = BUF_INIT(SSH_PRIVATE_FILE_MAX);
	struct ssh_private k;
	const char *why;

	(void)state;
	for (const char *c = ed25519; *c; c++) {
		if (*c == '\n')
			buf_add_char(&text, '\r');
		buf_add_char(&text, *c);
	}
	assert_int_equal(ssh_private_parse(buf_view(&text), &k, &why), 0);
	public_is(&k, ED25519_PUBLIC);
	buf_release(&text);
}

static void refuses(const char *text, size_t len, const char *reason)
{
	struct ssh_private k;
	const char *why = "";

	assert_int_equal(ssh_private_parse((struct view){text, len}, &k, &why), -1);
	assert_string_equal(why, reason);
}

static void refuses_other_kinds(void **state)
{
	static const char no_key[] = "no private key in the form of OpenSSH";

	(void)state;
	refuses(encrypted, strlen(encrypted), "encrypted");
	refuses(ecdsa, strlen(ecdsa), "not Ed25519");
	refuses("", 0, no_key);
	refuses("ssh-ed25519 " KEY "\n", strlen("ssh-ed25519 " KEY "\n"), no_key);
	refuses("-----BEGIN PRIVATE KEY-----\n", 28, no_key);
	/* Cut off wherever it is. */
	for (size_t n = 0; n + 1 < strlen(ed25519); n++) {
		struct ssh_private k;
		const char *why;

		assert_int_equal(
		        ssh_private_parse((struct view){ed25519, n}, &k, &why), -1);
	}
}

/* No byte of what is decoded can be another without being noticed, but for the comment. */
static void notices_what_was_changed(void **state)
{
	struct buf text = BUF_INIT(SSH_PRIVATE_FILE_MAX);
	struct ssh_private k, again;
	const char *why;

	(void)state;
	make(&k);
	assert_int_equal(ssh_private_text(&k, "", &text), 0);
	for (size_t i = 40; i + 40 < text.len; i++) {
		char was = text.ptr[i];

		if (was == '\n')
			continue;
		text.ptr[i] = was == 'A' ? 'B' : 'A';
		if (ssh_private_parse(buf_view(&text), &again, &why) == 0)
			assert_memory_equal(&again, &k, sizeof(k));
		text.ptr[i] = was;
	}
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(signs_as_ollama_does),
	        cmocka_unit_test(reads_what_ssh_keygen_writes),
	        cmocka_unit_test(reads_what_it_writes),
	        cmocka_unit_test(with_other_line_ends),
	        cmocka_unit_test(refuses_other_kinds),
	        cmocka_unit_test(notices_what_was_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
