#include "service/token_cache.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

struct token_mark token_cache_mark(struct view token)
{
	struct token_mark mark;

	SHA256((const unsigned char *)token.ptr, token.len, mark.bytes);
	return mark;
}

static size_t place_of(const struct token_mark *mark)
{
	return mark->bytes[0] % TOKEN_CACHE_ENTRIES;
}

bool token_cache_get(const struct token_cache *c, const struct token_mark *mark,
        int64_t now, struct identity *who)
{
	size_t at = place_of(mark);

	if (c->entries[at].until <= now || CRYPTO_memcmp(c->entries[at].mark.bytes,
	                                           mark->bytes, sizeof(mark->bytes)) != 0)
		return false;
	who->kind = IDENTITY_TOKEN;
	who->user = c->entries[at].user;
	who->outside = c->entries[at].outside;
	who->grants.n = c->entries[at].n;
	memcpy(who->grants.items, c->entries[at].grants,
	        c->entries[at].n * sizeof(c->entries[at].grants[0]));
	return true;
}

void token_cache_put(struct token_cache *c, const struct token_mark *mark, int64_t until,
        const struct identity *who)
{
	size_t at = place_of(mark);

	if (who->grants.n > TOKEN_CACHE_GRANTS)
		return;
	c->entries[at].mark = *mark;
	c->entries[at].until = until;
	c->entries[at].user = who->user;
	c->entries[at].outside = who->outside;
	c->entries[at].n = who->grants.n;
	memcpy(c->entries[at].grants, who->grants.items,
	        who->grants.n * sizeof(who->grants.items[0]));
}

void token_cache_clear(struct token_cache *c)
{
	size_t i;

	for (i = 0; i < TOKEN_CACHE_ENTRIES; i++)
		c->entries[i].until = 0;
}
