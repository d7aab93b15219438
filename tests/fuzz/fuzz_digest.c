/* Digests read from text, and states of a hash read from disk. */
#include "fuzz/fuzz.h"

#include "format/digest.h"
#include "format/hash.h"

#include <assert.h>
#include <string.h>

static void check_text(struct view text)
{
	char out[DIGEST_TEXT_MAX + 1];
	struct digest d, again;

	if (digest_parse(text, &d) != DIGEST_OK)
		return;
	assert(view_is(text, digest_text(&d, out)));
	assert(strspn(d.hex, "0123456789abcdef") == digest_hex_length(d.algorithm));
	assert(strlen(d.hex) == digest_hex_length(d.algorithm));
	assert(digest_from_hex(d.algorithm, view_of(d.hex), &again) == 0);
	assert(digest_equal(&d, &again));
}

/* The count of bits in the state: with any other offset nothing would match. */
static uint64_t offset_of(enum digest_algorithm a, const uint8_t *data, size_t size)
{
	size_t at = a == DIGEST_SHA256 ? 2 + 8 * 4 : 2 + 9 * 8;
	uint64_t bits = 0;

	for (size_t i = at; i < at + 8 && i < size; i++)
		bits = bits << 8 | data[i];
	return bits / 8;
}

static void check_state(enum digest_algorithm a, const uint8_t *data, size_t size)
{
	unsigned char out[HASH_STATE_MAX];
	struct digest d, again;
	struct hash h;

	if (hash_import(&h, a, data, size, offset_of(a, data, size)) != 0)
		return;
	assert(hash_export(&h, out) == size);
	assert(memcmp(out, data, size) == 0);
	hash_update(&h, "x", 1);
	hash_final(&h, &d);
	assert(digest_from_hex(a, view_of(d.hex), &again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_text((struct view){(const char *)data, size});
	check_state(DIGEST_SHA256, data, size);
	check_state(DIGEST_SHA512, data, size);
	return 0;
}
