/* Queries of signed addresses: what is read is written again the same. */
#include "fuzz/fuzz.h"

#include "format/signed_url.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf query = BUF_INIT(1024);
	struct signed_url u, again;

	if (signed_url_parse((struct view){(const char *)data, size}, &u) == 1) {
		assert(u.expires >= 0 && u.key_id[0]);
		assert(strspn(u.key_id, "0123456789abcdef") == strlen(u.key_id));
		assert(signed_url_add_query(&u, &query) == 0);
		assert(signed_url_parse(buf_view(&query), &again) == 1);
		assert(u.expires == again.expires);
		assert(strcmp(u.key_id, again.key_id) == 0);
		assert(memcmp(u.mac, again.mac, sizeof(u.mac)) == 0);
	}
	buf_release(&query);
	return 0;
}
