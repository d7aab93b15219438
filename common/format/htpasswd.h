/*
 * A password file: lines "user:hash" as htpasswd(1) writes them; '#' begins a comment
 * line. Hashes that are worth keeping are checked with crypt(3): bcrypt, SHA-crypt,
 * yescrypt. Those that are not (MD5, SHA-1, DES, plain text) are read, so that a login
 * can be refused with the reason.
 */
#ifndef FORMAT_HTPASSWD_H
#define FORMAT_HTPASSWD_H

#include "base/attr.h"
#include "base/err.h"
#include "base/view.h"
#include "format/user.h"

#include <stdbool.h>
#include <stddef.h>

#define HTPASSWD_FILE_MAX (16u << 20) /* bytes of a file */
#define HTPASSWD_HASH_MAX 255
#define HTPASSWD_BCRYPT_COST_MAX 16 /* a login would hold a worker for seconds */
#define HTPASSWD_SHA_ROUNDS_MAX 5000000u

enum password_scheme {
	PASSWORD_BCRYPT,    /* $2y$ $2a$ $2b$ */
	PASSWORD_SHA_CRYPT, /* $5$ $6$ */
	PASSWORD_YESCRYPT,  /* $y$ */
	/* refused */
	PASSWORD_MD5,   /* $apr1$ $1$ */
	PASSWORD_SHA1,  /* {SHA} */
	PASSWORD_PLAIN, /* DES, plain text and anything else */
};

struct htpasswd_entry {
	struct view user; /* of the grammar of user.h */
	struct view hash;
	enum password_scheme scheme;
	unsigned line;
};

struct htpasswd {
	char *text;                     /* what the views look at */
	struct htpasswd_entry *entries; /* in byte order of the user */
	size_t n;
};

#define HTPASSWD_INIT ((struct htpasswd){0, 0, 0})

/*
 * Reads a whole file, whose name is used in messages ("file:line: …"). ERR_FAULT, with
 * out empty, for a line without ':', a user that is none, a user named twice, a hash of
 * an accepted scheme that is broken or too costly, and a file over its limit. Release
 * with htpasswd_release.
 */
int htpasswd_parse(
        struct view text, const char *file, struct htpasswd *out, struct err *err);
void htpasswd_release(struct htpasswd *h);
/* The entry of a user, or NULL. */
const struct htpasswd_entry *htpasswd_find(
        const struct htpasswd *h, const struct user_name *user);
/* The scheme of a hash by its prefix. */
enum password_scheme password_scheme_of(struct view hash);
bool password_scheme_accepted(enum password_scheme s);
/* "bcrypt", "MD5" and so on. */
const char *password_scheme_name(enum password_scheme s);

#endif
