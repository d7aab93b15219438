/*
 * An Authorization header field, and the same bytes as lines of an authorized_keys
 * file.
 */
#include "format/credentials.h"

#include "fuzz/fuzz.h"

#include <stdint.h>
#include <stdlib.h>

static void check_user(const struct user_name *user)
{
	struct user_name again;

	if (user_name_parse(view_of(user->text), &again) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = {(const char *)data, size}, line;
	struct ssh_authorized a;
	struct credentials c;

	if (credentials_parse(text, &c) == CREDENTIALS_BASIC)
		check_user(&c.user);
	if (c.kind == CREDENTIALS_BEARER && c.token.len == 0)
		abort();
	credentials_wipe(&c);
	while (text.len > 0) {
		view_cut(text, '\n', &line, &text);
		if (ssh_line_parse(line, &a) == SSH_LINE_KEY)
			check_user(&a.user);
	}
	return 0;
}
