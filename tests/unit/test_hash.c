/* Running hashes: known answers, and the state carried from process to process. */
#include "format/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 1000

static const enum digest_algorithm both[] = {DIGEST_SHA256, DIGEST_SHA512};

static void fill(unsigned char bytes[SIZE])
{
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (unsigned char)(i * 131 + (i >> 3));
}

/* FIPS 180-4 example values. */
static void known_answers(void **state)
{
	static const struct {
		enum digest_algorithm a;
		const char *input, *hex;
	} rows[] = {
		{DIGEST_SHA256, "",
			"e3b0c44298fc1c149afbf4c8996fb924"
			"27ae41e4649b934ca495991b7852b855"},
		{DIGEST_SHA256, "abc",
			"ba7816bf8f01cfea414140de5dae2223"
			"b00361a396177a9cb410ff61f20015ad"},
		{DIGEST_SHA512, "",
			"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
			"47d0d13c5d85f2b0ff8318d2877eec2f"
			"63b931bd47417a81a538327af927da3e"},
		{DIGEST_SHA512, "abc",
			"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
			"2192992a274fc1a836ba3c23a3feebbd"
			"454d4423643ce80e2a9ac94fa54ca49f"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct digest d, parsed;

		hash_bytes(rows[i].a, rows[i].input, strlen(rows[i].input), &d);
		assert_string_equal(d.hex, rows[i].hex);
		assert_int_equal(digest_from_hex(rows[i].a, view_of(d.hex), &parsed), 0);
		assert_true(digest_equal(&d, &parsed));
	}
}

/* Cut at every offset, export, import, go on: the digest is the same. */
static void state_survives_at_every_offset(void **state)
{
	unsigned char bytes[SIZE], saved[HASH_STATE_MAX];
	struct digest want, got;
	struct hash h;

	(void)state;
	fill(bytes);
	for (size_t k = 0; k < 2; k++) {
		hash_bytes(both[k], bytes, SIZE, &want);
		for (size_t cut = 0; cut <= SIZE; cut++) {
			size_t len;

			hash_init(&h, both[k]);
			hash_update(&h, bytes, cut);
			len = hash_export(&h, saved);
			assert_in_range(len, 1, HASH_STATE_MAX);
			memset(&h, 0xa5, sizeof(h));
			assert_int_equal(hash_import(&h, both[k], saved, len, cut), 0);
			hash_update(&h, bytes + cut, SIZE - cut);
			hash_final(&h, &got);
			assert_true(digest_equal(&want, &got));
		}
	}
}

static void export_leaves_the_hash_usable(void **state)
{
	unsigned char saved[HASH_STATE_MAX];
	struct digest want, got;
	struct hash h;

	(void)state;
	hash_bytes(DIGEST_SHA256, "abc", 3, &want);
	hash_init(&h, DIGEST_SHA256);
	hash_update(&h, "ab", 2);
	hash_export(&h, saved);
	hash_update(&h, "c", 1);
	hash_final(&h, &got);
	assert_true(digest_equal(&want, &got));
}

static void import_refuses_what_does_not_agree(void **state)
{
	unsigned char bytes[SIZE], saved[HASH_STATE_MAX];
	struct hash h;

	(void)state;
	fill(bytes);
	for (size_t k = 0; k < 2; k++) {
		enum digest_algorithm a = both[k], other = both[1 - k];
		size_t len;

		hash_init(&h, a);
		hash_update(&h, bytes, 300);
		len = hash_export(&h, saved);
		assert_int_equal(hash_import(&h, a, saved, len, 300), 0);
		assert_int_equal(hash_import(&h, other, saved, len, 300), -1);
		assert_int_equal(hash_import(&h, a, saved, len, 299), -1);
		assert_int_equal(hash_import(&h, a, saved, len, 300 + 128), -1);
		assert_int_equal(hash_import(&h, a, saved, len, 300 + (1ULL << 61)), -1);
		for (size_t short_len = 0; short_len < len; short_len++)
			assert_int_equal(hash_import(&h, a, saved, short_len, 300), -1);
		assert_int_equal(hash_import(&h, a, saved, len + 1, 300), -1);
		saved[0]++;
		assert_int_equal(hash_import(&h, a, saved, len, 300), -1);
		saved[0]--;
		saved[1]++;
		assert_int_equal(hash_import(&h, a, saved, len, 300), -1);
	}
}

/* The layout is on disk: a change needs another version byte. */
static void exported_bytes_are_fixed(void **state)
{
	static const unsigned char want[] = {1, 0, 0x6a, 0x09, 0xe6, 0x67, 0xbb, 0x67,
		0xae, 0x85, 0x3c, 0x6e, 0xf3, 0x72, 0xa5, 0x4f, 0xf5, 0x3a, 0x51, 0x0e,
		0x52, 0x7f, 0x9b, 0x05, 0x68, 0x8c, 0x1f, 0x83, 0xd9, 0xab, 0x5b, 0xe0,
		0xcd, 0x19, 0, 0, 0, 0, 0, 0, 0, 24, 'a', 'b', 'c'};
	unsigned char saved[HASH_STATE_MAX];
	struct hash h;

	(void)state;
	hash_init(&h, DIGEST_SHA256);
	hash_update(&h, "abc", 3);
	assert_int_equal(hash_export(&h, saved), sizeof(want));
	assert_memory_equal(saved, want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(state_survives_at_every_offset),
		cmocka_unit_test(export_leaves_the_hash_usable),
		cmocka_unit_test(import_refuses_what_does_not_agree),
		cmocka_unit_test(exported_bytes_are_fixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
