/* A file of public keys, JSON or PEM. */
#include "format/jwks.h"

#include "fuzz/fuzz.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct key_set set;
	int rc = key_set_parse((struct view){(const char *)data, size}, &set, &err);

	if ((rc == 0) != (set.n > 0) || (rc != 0) != (err.code == ERR_FAULT))
		abort();
	key_set_release(&set);
	err_release(&err);
	return 0;
}
