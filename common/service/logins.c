#include "service/logins.h"

#include "base/io.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define TEXT_MAX 2048 /* a user, a hash and a password with their ends */

int logins_init(struct logins *l)
{
	memset(l, 0, sizeof(*l));
	return io_random(l->key, sizeof(l->key));
}

void logins_wipe(struct logins *l)
{
	OPENSSL_cleanse(l, sizeof(*l));
}

static size_t add(unsigned char text[TEXT_MAX], size_t at, struct view v)
{
	size_t n = v.len < TEXT_MAX - at - 1 ? v.len : TEXT_MAX - at - 1;

	if (n > 0)
		memcpy(text + at, v.ptr, n);
	/* None of them holds a NUL, so no two triples make the same text. */
	text[at + n] = '\0';
	return at + n + 1;
}

struct login_mac logins_mac(const struct logins *l, const struct user_name *user,
        struct view hash, struct view password)
{
	struct login_mac mac = {{0}};
	unsigned char text[TEXT_MAX];
	size_t n = 0;

	n = add(text, n, view_of(user->text));
	n = add(text, n, hash);
	n = add(text, n, password);
	/* Only without memory; a MAC of zeros is then remembered for nobody. */
	if (!HMAC(EVP_sha256(), l->key, sizeof(l->key), text, n, mac.bytes, NULL))
		memset(mac.bytes, 0, sizeof(mac.bytes));
	OPENSSL_cleanse(text, sizeof(text));
	return mac;
}

static bool is_zero(const struct login_mac *mac)
{
	static const struct login_mac zero;

	return CRYPTO_memcmp(mac->bytes, zero.bytes, LOGINS_MAC_BYTES) == 0;
}

static size_t set_of(const struct login_mac *mac)
{
	return mac->bytes[0] % LOGINS_SETS;
}

bool logins_known(const struct logins *l, const struct login_mac *mac, int64_t now)
{
	size_t set = set_of(mac), i;
	bool known = false;

	for (i = 0; i < LOGINS_WAYS; i++)
		if (l->good[set][i].until > now)
			known |= CRYPTO_memcmp(l->good[set][i].mac.bytes, mac->bytes,
			                 LOGINS_MAC_BYTES) == 0;
	return known && !is_zero(mac);
}

void logins_succeeded(struct logins *l, const struct login_mac *mac, int64_t now)
{
	size_t set = set_of(mac), i, oldest = 0;

	if (is_zero(mac))
		return;
	for (i = 1; i < LOGINS_WAYS; i++)
		if (l->good[set][i].until < l->good[set][oldest].until)
			oldest = i;
	l->good[set][oldest].mac = *mac;
	l->good[set][oldest].until = now + LOGINS_SECONDS;
}

unsigned logins_failed(struct logins *l, const struct user_name *user, int64_t now)
{
	struct login_mac mac = logins_mac(l, user, VIEW_LIT(""), VIEW_LIT(""));
	size_t set = set_of(&mac);
	unsigned delay = LOGINS_DELAY_FIRST_MS, i;

	if (memcmp(l->bad[set].user.bytes, mac.bytes, LOGINS_MAC_BYTES) != 0 ||
	        l->bad[set].last + LOGINS_SECONDS <= now)
		l->bad[set].count = 0;
	for (i = 0; i < l->bad[set].count && delay < LOGINS_DELAY_MAX_MS; i++)
		delay *= 2;
	l->bad[set].user = mac;
	l->bad[set].last = now;
	l->bad[set].count++;
	return delay;
}
