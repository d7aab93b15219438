/*
 * Users and their SSH keys: a file in the form of authorized_keys (format/sshkey.h), read
 * again when it changes, and the check of the two requests that Ollama clients sign.
 */
#ifndef SERVICE_KEYS_H
#define SERVICE_KEYS_H

#include "base/err.h"
#include "base/view.h"
#include "format/credentials.h"
#include "format/user.h"

#include <stdint.h>

#define KEYS_FILE_MAX (1u << 20) /* bytes of a file */
#define KEYS_API_WINDOW 60 /* seconds that a signed API request may be old or early */
#define KEYS_API_AGAIN 2   /* seconds from its first use in which it may come again */

enum key_answer {
	KEY_GOOD,      /* signed by the user */
	KEY_UNKNOWN,   /* by nobody we know: an anonymous request */
	KEY_SIGNATURE, /* the signature is not of this request */
	KEY_TIME,      /* "ts" is absent, or too far from now */
	KEY_NONCE,     /* "nonce" is absent, or has been used */
};

struct keys;

/* Reads the file. ERR_FAULT, "file:line: …", when it cannot be read or is wrong. */
int keys_open(struct keys **out, const char *path, int64_t now, struct err *err);
void keys_close(struct keys **k);
/*
 * Reads the file again when it has changed; one that is wrong is logged, the one before
 * counts.
 */
void keys_refresh(struct keys *k, int64_t now);
/* A short English phrase. */
const char *key_answer_text(enum key_answer a);
/*
 * Checks a token request: c holds the key and the signature, realm is the address that
 * was advertised, raw_query the query exactly as received. root is the store's: what was
 * signed is used up there. Sets *user on KEY_GOOD. ERR_FAULT or ERR_FULL and -1 when the
 * store fails.
 */
int keys_check_token(struct keys *k, int root, const struct credentials *c,
        const char *realm, struct view raw_query, int64_t now, struct user_name *user,
        enum key_answer *answer, struct err *err);
/*
 * Checks a signed API request; path_and_query as received. It is bound to no host, so
 * that it is good for a minute only, and once, unless the method changes nothing (GET,
 * HEAD). Requests of one second have the same signature, as the body is not signed: a
 * script that copies two models is two of them. So once means KEYS_API_AGAIN seconds.
 */
int keys_check_api(struct keys *k, int root, const struct credentials *c,
        struct view method, struct view path_and_query, int64_t now,
        struct user_name *user, enum key_answer *answer, struct err *err);

#endif
