/*
 * The tokens that a worker has verified lately, and whose they are: clients send the same
 * one with every request of a push or pull. A small fixed table, found by SHA-256.
 */
#ifndef SERVICE_TOKEN_CACHE_H
#define SERVICE_TOKEN_CACHE_H

#include "base/view.h"
#include "service/identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKEN_CACHE_ENTRIES 64
#define TOKEN_CACHE_GRANTS 4 /* a token that grants more is not kept */

struct token_mark {
	unsigned char bytes[32];
};

struct token_cache {
	struct {
		struct token_mark mark;
		int64_t until; /* the end of the token; 0 for an empty place */
		struct user_name user;
		bool outside;
		size_t n;
		struct scope grants[TOKEN_CACHE_GRANTS];
	} entries[TOKEN_CACHE_ENTRIES];
};

/* The SHA-256 of a token. */
struct token_mark token_cache_mark(struct view token);
/* Fills who and answers true when the token is known and has not ended. */
bool token_cache_get(const struct token_cache *c, const struct token_mark *mark,
        int64_t now, struct identity *who);
/* Remembers the bearer of a token that was verified and ends at until. */
void token_cache_put(struct token_cache *c, const struct token_mark *mark, int64_t until,
        const struct identity *who);
/* Forgets all. */
void token_cache_clear(struct token_cache *c);

#endif
