/* A private key: as a file, and what the base64 within it would hold. */
#include "fuzz/fuzz.h"

#include "format/base64.h"
#include "format/sshprivate.h"

#include <assert.h>
#include <string.h>

static void check(struct view text)
{
	struct buf again = BUF_INIT(SSH_PRIVATE_FILE_MAX);
	struct ssh_private k, same;
	const char *why;

	if (ssh_private_parse(text, &k, &why) != 0) {
		assert(why);
		return;
	}
	assert(ssh_private_text(&k, "x", &again) == 0);
	assert(ssh_private_parse(buf_view(&again), &same, &why) == 0);
	assert(memcmp(&k, &same, sizeof(k)) == 0);
	buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = BUF_INIT(3 * SSH_PRIVATE_FILE_MAX);

	check((struct view){(const char *)data, size});
	buf_add_str(&file, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	base64_encode(data, size, &file);
	buf_add_str(&file, "\n-----END OPENSSH PRIVATE KEY-----\n");
	if (!buf_failed(&file))
		check(buf_view(&file));
	buf_release(&file);
	return 0;
}
