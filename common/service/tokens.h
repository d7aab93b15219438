/*
 * Bearer tokens. Ours are JWTs signed with HS256 (secrets.h) that carry what they grant
 * as the Docker token specification has it; "sub" is the user, or "anonymous". Tokens of
 * an outside issuer (issuer.h) are signed with its keys.
 *
 * A refresh token is ours too: it grants nothing, is for another audience and lives
 * longer; its stamp voids it when the user's password changes.
 */
#ifndef SERVICE_TOKENS_H
#define SERVICE_TOKENS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"
#include "format/jwt.h"
#include "format/scope.h"
#include "service/identity.h"

#include <stdbool.h>
#include <stdint.h>

/* Characters of a token that we issue: web servers take header fields of about 8 KiB. */
#define TOKENS_ISSUED_MAX 7000
#define TOKENS_STAMP_MAX 64
/* Seconds for which a signed address of a blob is good (blob_urls.h): a slow pull. */
#define BLOB_URLS_LIFETIME 86400

struct token_settings {
	const char *issuer;  /* "iss" of our tokens */
	const char *service; /* "aud" of our tokens, and the service of challenges */
	uint64_t lifetime;   /* seconds */
	uint64_t refresh_lifetime; /* seconds; 0: no refresh tokens */
	const char *outside_keys; /* path of the keys of an outside issuer, "" for none */
	const char *outside_issuer;
	const char *outside_audience;
	/*
	 * Age in seconds at which the secret that signs is followed by a new one; 0: never.
	 * The old ones verify until their last token has expired.
	 */
	uint64_t rotation;
};

struct secrets;
struct tokens;

/*
 * root is a descriptor of the store's root, borrowed. ERR_FAULT when the secrets or the
 * keys of the issuer cannot be read, or a name is missing or too long.
 */
int tokens_open(struct tokens **out, int root, const struct token_settings *settings,
        int64_t now, struct err *err);
void tokens_close(struct tokens **t);
/* Reads again what has changed on the disk, at most once a second. */
void tokens_refresh(struct tokens *t, int64_t now);
/*
 * Appends a token for who, carrying what was granted (access_grant), after making a new
 * secret when it is time for one. ERR_TOO_LARGE when it would be over TOKENS_ISSUED_MAX.
 */
int tokens_issue(struct tokens *t, const struct identity *who,
        const struct scope_list *granted, int64_t now, struct buf *out, struct err *err);
/*
 * Appends a refresh token for a user, or nothing when they are switched off; stamp is at
 * most TOKENS_STAMP_MAX characters.
 */
int tokens_issue_refresh(struct tokens *t, const struct user_name *user,
        const char *stamp, int64_t now, struct buf *out, struct err *err);
/*
 * JWT_OK and who the bearer is, with what the token grants; else why not. A token that
 * was verified lately costs a hash only.
 */
enum jwt_reason tokens_verify(
        struct tokens *t, struct view text, int64_t now, struct identity *who);
/* JWT_OK, the user and the stamp of a refresh token; else why not. */
enum jwt_reason tokens_verify_refresh(struct tokens *t, struct view text, int64_t now,
        struct user_name *user, char stamp[TOKENS_STAMP_MAX + 1]);
/*
 * The secrets that sign our tokens, borrowed: other things are signed with them too.
 */
struct secrets *tokens_secrets(struct tokens *t);
/*
 * How long the longest-lived token, or address, lives from now on: what secrets_rotate has
 * to keep.
 */
int64_t tokens_longest(const struct token_settings *settings);

/* The answer of the token endpoint (Docker token and OAuth2 specifications) as JSON. */
struct token_answer {
	struct view token;
	struct view refresh_token;        /* empty: none */
	const struct scope_list *granted; /* for "scope", NULL: none is named */
	uint64_t expires_in;
	int64_t issued_at;
};
/* Appends it to out; 0 or -1 when out is full. */
int token_answer_write(const struct token_answer *a, struct buf *out);

#endif
