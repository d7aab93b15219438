#include "service/blob_urls.h"

#include "service/secrets.h"

int blob_urls_sign(struct tokens *t, const struct repo_name *name, const struct digest *d,
        int64_t now, struct signed_url *out, struct err *err)
{
	const struct secret *s = secrets_newest(tokens_secrets(t));

	*out = (struct signed_url){.expires = now + BLOB_URLS_LIFETIME};
	if (view_copy(view_of(s->id), out->key_id, sizeof(out->key_id)) != 0 ||
	        signed_url_sign(out, s->bytes, SECRET_BYTES, name, d) != 0)
		return err_set(err, ERR_FAULT, "an address cannot be signed");
	return 0;
}

int blob_urls_check(struct tokens *t, const struct repo_name *name,
        const struct digest *d, const struct signed_url *u, int64_t now, struct err *err)
{
	const struct secret *s = secrets_find(tokens_secrets(t), u->key_id, now);

	if (!s || !signed_url_is_right(u, s->bytes, SECRET_BYTES, name, d))
		return err_set(err, ERR_DENIED,
		        "the signature of the address is not of this blob");
	if (now > u->expires)
		return err_set(err, ERR_DENIED,
		        "the address has expired: ask for the blob once more");
	return 0;
}
