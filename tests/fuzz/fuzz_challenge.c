/* A WWW-Authenticate field. */
#include "fuzz/fuzz.h"

#include "format/challenge.h"

#include <assert.h>
#include <string.h>

static void check_text(const char *text)
{
	assert(strlen(text) <= CHALLENGE_TEXT_MAX);
	for (; *text; text++)
		assert(*text >= ' ' && *text <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = {(const char *)data, size};
	struct challenge c;
	size_t before;

	for (before = size + 1; rest.len < before;) {
		before = rest.len;
		if (challenge_next(&rest, &c) != 1)
			return 0;
		check_text(c.realm);
		check_text(c.service);
		check_text(c.scope);
	}
	/* Every challenge takes something off. */
	assert(rest.len < before);
	return 0;
}
