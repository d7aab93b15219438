/*
 * Users and their passwords: a file in the form of htpasswd (format/htpasswd.h), read
 * again when it changes. A password costs a run of crypt(3) the first time and a MAC for
 * a minute after that.
 */
#ifndef SERVICE_PASSWORDS_H
#define SERVICE_PASSWORDS_H

#include "base/err.h"
#include "format/user.h"

#include <stdbool.h>
#include <stdint.h>

#define PASSWORDS_STAMP_LENGTH 32

enum password_answer {
	PASSWORD_RIGHT,
	PASSWORD_WRONG,   /* or no such user: nobody learns which */
	PASSWORD_REFUSED, /* the user's hash is of a scheme that is not accepted */
};

struct passwords;

/* Reads the file. ERR_FAULT, "file:line: …", when it cannot be read or is wrong. */
int passwords_open(
        struct passwords **out, const char *path, int64_t now, struct err *err);
void passwords_close(struct passwords **p);
/*
 * Reads the file again when it has changed; one that is wrong is logged, the one before
 * counts.
 */
void passwords_refresh(struct passwords *p, int64_t now);
/*
 * Checks a password. A user who is not in the file takes as long as one who is: the work
 * of somebody else's hash is done for nothing. Unless the answer is RIGHT, it is logged
 * with the user, and *delay_ms says how long it should be held back.
 */
enum password_answer passwords_check(struct passwords *p, const struct user_name *user,
        const char *password, int64_t now, unsigned *delay_ms);
/*
 * A digest of the user's entry, hexadecimal: it changes with the password. False when
 * there is no such user, or when the scheme of the hash is not accepted.
 */
bool passwords_stamp(const struct passwords *p, const struct user_name *user,
        char out[PASSWORDS_STAMP_LENGTH + 1]);

#endif
