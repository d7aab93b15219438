/*
 * The Authorization header field: Basic (RFC 7617), Bearer (RFC 6750), and the form of
 * Ollama clients, which has no scheme word: "<base64 SSH public key>:<base64 signature>".
 */
#ifndef FORMAT_CREDENTIALS_H
#define FORMAT_CREDENTIALS_H

#include "base/view.h"
#include "format/sshkey.h"
#include "format/user.h"

#define CREDENTIALS_PASSWORD_MAX 511 /* what crypt(3) takes */

enum credentials_kind {
	CREDENTIALS_NONE,      /* no header field */
	CREDENTIALS_BASIC,     /* user, password */
	CREDENTIALS_BEARER,    /* token */
	CREDENTIALS_SIGNATURE, /* key, signature */
	CREDENTIALS_UNKNOWN,   /* a scheme that is not ours */
	CREDENTIALS_MALFORMED,
};

struct credentials {
	enum credentials_kind kind;
	struct user_name user;
	char password[CREDENTIALS_PASSWORD_MAX + 1];
	struct view
	        token; /* a view into the header field; never empty, of printable ASCII */
	struct ssh_key key;
	unsigned char signature[SSH_SIGNATURE_BYTES];
};

/*
 * Reads a header field; fills what belongs to its kind, which is also returned.
 * MALFORMED: broken base64, no ':', a NUL or a control character, a user name that is
 * none, a password too long.
 */
enum credentials_kind credentials_parse(struct view field, struct credentials *out);
/* Overwrites the password; to be called as soon as it was looked at. */
void credentials_wipe(struct credentials *c);

#endif
