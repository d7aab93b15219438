#include "format/signed_url.h"

#include "base/num.h"
#include "format/base64.h"
#include "format/query.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define VALUE_MAX 64 /* characters of a parameter */
#define TEXT_MAX (REPO_NAME_MAX + DIGEST_TEXT_MAX + 64)

static int parse_expires(struct view text, struct signed_url *out)
{
	uint64_t seconds;

	if (num_parse(text, &seconds) != 0)
		return -1;
	out->expires = (int64_t)seconds;
	return 0;
}

static int parse_key(struct view text, struct signed_url *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return -1;
	}
	return text.len > 0 ? view_copy(text, out->key_id, sizeof(out->key_id)) : -1;
}

static int parse_mac(struct view text, struct signed_url *out)
{
	size_t len;

	if (base64url_decode(text, out->mac, sizeof(out->mac), &len) != 0)
		return -1;
	return len == sizeof(out->mac) ? 0 : -1;
}

int signed_url_parse(struct view query, struct signed_url *out)
{
	static const struct {
		const char *name;
		int (*parse)(struct view text, struct signed_url *out);
	} parameters[] = {
	        {"signature", parse_mac},
	        {"expires", parse_expires},
	        {"key", parse_key},
	};
	struct buf value = BUF_INIT(VALUE_MAX);
	int rc = 1;

	*out = (struct signed_url){0};
	for (size_t i = 0; i < sizeof(parameters) / sizeof(*parameters) && rc == 1; i++) {
		rc = query_get(query, parameters[i].name, 0, &value);
		/* Only the first says whether there is a signature. */
		if (rc == 0 && i > 0)
			rc = -1;
		if (rc == 1 && parameters[i].parse(buf_view(&value), out) != 0)
			rc = -1;
	}
	buf_release(&value);
	return rc;
}

static int compute(const struct signed_url *u, const void *secret, size_t len,
        const struct repo_name *name, const struct digest *d,
        unsigned char mac[SIGNED_URL_MAC_BYTES])
{
	struct buf text = BUF_INIT(TEXT_MAX);
	char digest[DIGEST_TEXT_MAX + 1];
	unsigned size = 0;
	int rc = -1;

	buf_addf(&text, "lighter blob 1\n%s\n%s\n%" PRId64 "\n", name->text,
	        digest_text(d, digest), u->expires);
	if (!buf_failed(&text) &&
	        HMAC(EVP_sha256(), secret, (int)len, (const unsigned char *)text.ptr,
	                text.len, mac, &size) &&
	        size == SIGNED_URL_MAC_BYTES)
		rc = 0;
	buf_release(&text);
	return rc;
}

int signed_url_sign(struct signed_url *u, const void *secret, size_t len,
        const struct repo_name *name, const struct digest *d)
{
	return compute(u, secret, len, name, d, u->mac);
}

bool signed_url_is_right(const struct signed_url *u, const void *secret, size_t len,
        const struct repo_name *name, const struct digest *d)
{
	unsigned char mac[SIGNED_URL_MAC_BYTES];

	return compute(u, secret, len, name, d, mac) == 0 &&
	       CRYPTO_memcmp(mac, u->mac, sizeof(mac)) == 0;
}

int signed_url_add_query(const struct signed_url *u, struct buf *out)
{
	buf_addf(out, "expires=%" PRId64 "&key=%s&signature=", u->expires, u->key_id);
	return base64url_encode(u->mac, sizeof(u->mac), out);
}
