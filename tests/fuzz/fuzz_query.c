/* Percent-decoding and queries: what comes out is clean, and encoding brings it back. */
#include "fuzz/fuzz.h"

#include "format/query.h"

#include <assert.h>

#define CEILING 65536

static void check_clean(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		assert((unsigned char)v.ptr[i] >= 0x20 && v.ptr[i] != 0x7f);
}

static void check_decode(struct view text, bool plus)
{
	struct buf once = BUF_INIT(CEILING), encoded = BUF_INIT(3 * CEILING);
	struct buf twice = BUF_INIT(CEILING);

	if (percent_decode(text, plus, &once) == 0) {
		assert(once.len <= text.len);
		check_clean(buf_view(&once));
		assert(buf_add_urlencoded(&encoded, buf_view(&once)) == 0);
		assert(percent_decode(buf_view(&encoded), plus, &twice) == 0);
		assert(view_equal(buf_view(&once), buf_view(&twice)));
	}
	buf_release(&once);
	buf_release(&encoded);
	buf_release(&twice);
}

static void check_query(struct view query, const char *name)
{
	struct buf value = BUF_INIT(CEILING);
	unsigned n = 0;
	int rc;

	while ((rc = query_get(query, name, n, &value)) != 0) {
		if (rc == 1)
			check_clean(buf_view(&value));
		n++;
	}
	assert(n <= query.len + 1);
	assert(query_get(query, name, n + 1, &value) == 0);
	buf_release(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = {(const char *)data, size};

	check_decode(text, false);
	check_decode(text, true);
	check_query(text, "n");
	check_query(text, "tag");
	check_query(text, "artifactType");
	return 0;
}
