#include "format/credentials.h"

#include "format/base64.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <string.h>

#define PAIR_MAX (USER_NAME_MAX + 1 + CREDENTIALS_PASSWORD_MAX)

static bool has_control(struct view v)
{
	size_t i;

	for (i = 0; i < v.len; i++)
		if ((unsigned char)v.ptr[i] < ' ' || v.ptr[i] == 0x7f)
			return true;
	return false;
}

static enum credentials_kind parse_basic(struct view base64, struct credentials *out)
{
	char pair[PAIR_MAX];
	struct view user, password;
	enum credentials_kind kind = CREDENTIALS_MALFORMED;
	size_t len;

	if (base64_decode(base64, pair, sizeof(pair), &len) != 0)
		goto out;
	if (!view_cut((struct view){pair, len}, ':', &user, &password) ||
	        has_control(password))
		goto out;
	if (user_name_parse(user, &out->user) != 0)
		goto out;
	if (view_copy(password, out->password, sizeof(out->password)) == 0)
		kind = CREDENTIALS_BASIC;
out:
	OPENSSL_cleanse(pair, sizeof(pair));
	return kind;
}

static enum credentials_kind parse_bearer(struct view token, struct credentials *out)
{
	size_t i;

	for (i = 0; i < token.len; i++)
		if (token.ptr[i] <= ' ' || token.ptr[i] > '~')
			return CREDENTIALS_MALFORMED;
	out->token = token;
	return token.len > 0 ? CREDENTIALS_BEARER : CREDENTIALS_MALFORMED;
}

static enum credentials_kind parse_signature(struct view field, struct credentials *out)
{
	struct view key, sig;
	size_t len;

	if (!view_cut(field, ':', &key, &sig))
		return CREDENTIALS_MALFORMED;
	if (ssh_key_parse(key, &out->key) != 0)
		return CREDENTIALS_MALFORMED;
	if (base64_decode(sig, out->signature, sizeof(out->signature), &len) != 0)
		return CREDENTIALS_MALFORMED;
	return len == SSH_SIGNATURE_BYTES ? CREDENTIALS_SIGNATURE : CREDENTIALS_MALFORMED;
}

static enum credentials_kind parse_field(struct view field, struct credentials *out)
{
	struct view scheme, rest;

	if (field.len == 0)
		return CREDENTIALS_NONE;
	if (!view_cut(field, ' ', &scheme, &rest))
		return parse_signature(field, out);
	if (view_is_nocase(scheme, "Basic"))
		return parse_basic(view_trim(rest), out);
	if (view_is_nocase(scheme, "Bearer"))
		return parse_bearer(view_trim(rest), out);
	return CREDENTIALS_UNKNOWN;
}

enum credentials_kind credentials_parse(struct view field, struct credentials *out)
{
	memset(out, 0, sizeof(*out));
	out->kind = parse_field(view_trim(field), out);
	return out->kind;
}

void credentials_wipe(struct credentials *c)
{
	OPENSSL_cleanse(c->password, sizeof(c->password));
}
