/*
 * A token, taken apart, verified and read: nothing that is not rightly signed gets
 * through.
 */
#include "format/jwt_claims.h"

#include "fuzz/fuzz.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct key_set none;
	static struct jwt_claims claims;
	struct buf text = BUF_INIT(1 << 20);
	struct jwt t;

	if (jwt_parse((struct view){(const char *)data, size}, &t) != JWT_OK)
		return 0;
	if (jwt_verify_set(&t, &none) != JWT_KEY_UNKNOWN)
		abort();
	/* A fuzzer finds no signature: the claims are read all the same. */
	jwt_verify_secret(&t, "secret", 6);
	if (jwt_claims_parse(&t, &claims) == JWT_OK) {
		jwt_claims_check(&claims, "issuer", "audience", 1717500000);
		if (jwt_claims_write(&claims, &text) != 0)
			abort();
	}
	buf_release(&text);
	return 0;
}
