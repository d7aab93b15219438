/*
 * Everything that decides who a request comes from and what it may do, opened together:
 * passwords, keys, tokens and the access rules. A part that is not configured accepts
 * nothing.
 */
#ifndef SERVICE_AUTH_H
#define SERVICE_AUTH_H

#include "base/err.h"
#include "base/view.h"
#include "service/access.h"
#include "service/identity.h"
#include "service/keys.h"
#include "service/passwords.h"
#include "service/tokens.h"

#include <stdbool.h>
#include <stdint.h>

struct auth_settings {
	struct access_settings access;
	struct token_settings tokens;
	const char *passwords;  /* path of the password file, "" for none */
	const char *keys;       /* path of the key file, "" for none */
	bool trust_remote_user; /* the web server authenticates: REMOTE_USER counts */
};

struct auth {
	int root; /* of the store, borrowed */
	bool trust_remote_user;
	struct passwords *passwords; /* NULL when not configured */
	struct keys *keys;           /* NULL when not configured */
	struct tokens *tokens;
	struct access *access;
};

#define AUTH_INIT ((struct auth){.root = -1})

/* Opens all parts. ERR_FAULT when a file of one cannot be read or is wrong. */
int auth_open(struct auth *a, int root, const struct auth_settings *settings, int64_t now,
        struct err *err);
/* Safe on AUTH_INIT. */
void auth_close(struct auth *a);
/*
 * Reads again what has changed on the disk, at most once a second; to be called per
 * request.
 */
void auth_refresh(struct auth *a, int64_t now);

/* What a request says about its origin. Views are borrowed; absent ones are empty. */
struct auth_request {
	struct view authorization; /* the header field */
	struct view remote_user;   /* of the web server */
	struct view method;
	struct view path_and_query; /* as received */
	const char *realm; /* at the token endpoint its advertised address, else NULL */
	int64_t now;       /* seconds */
};

/*
 * Finds out who it is. A token counts first, then REMOTE_USER where it is trusted, then a
 * password, then a key; the signature of a key that nobody registered is an anonymous
 * request. -1: ERR_UNAUTHORIZED for credentials that are wrong, with a sentence that
 * tells the client nothing of use (the log has the reason), *delay_ms being the
 * milliseconds to wait before answering; or a fault of the store.
 */
int auth_identify(struct auth *a, const struct auth_request *r, struct identity *who,
        unsigned *delay_ms, struct err *err);
/*
 * The two grants of the token endpoint's POST form (RFC 6749, sections 4.3 and 6): a user
 * with a password, or with a refresh token. Failures as above.
 */
int auth_login(struct auth *a, struct view user, const char *password, int64_t now,
        struct identity *who, unsigned *delay_ms, struct err *err);
int auth_resume(struct auth *a, struct view refresh_token, int64_t now,
        struct identity *who, struct err *err);
/*
 * Appends a refresh token for a user with a password, or nothing when there is none to
 * give. 0, or -1 with ERR_FAULT.
 */
int auth_issue_refresh(struct auth *a, const struct identity *who, int64_t now,
        struct buf *out, struct err *err);

#endif
