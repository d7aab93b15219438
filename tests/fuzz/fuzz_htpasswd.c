/* A password file: whoever is in it is found. */
#include "format/htpasswd.h"

#include "fuzz/fuzz.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct htpasswd file;
	struct user_name user;
	struct err err = ERR_INIT;
	size_t i;

	if (htpasswd_parse(
	            (struct view){(const char *)data, size}, "file", &file, &err) == 0) {
		for (i = 0; i < file.n; i++)
			if (user_name_parse(file.entries[i].user, &user) != 0 ||
			        htpasswd_find(&file, &user) != &file.entries[i])
				abort();
	} else if (err.code != ERR_FAULT) {
		abort();
	}
	htpasswd_release(&file);
	err_release(&err);
	return 0;
}
