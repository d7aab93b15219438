/*
 * Ed25519 keys in the forms of OpenSSH, and the two requests that Ollama clients sign
 * with them. Other kinds of keys are known to exist and passed over.
 */
#ifndef FORMAT_SSHKEY_H
#define FORMAT_SSHKEY_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/view.h"
#include "format/user.h"

#include <stdbool.h>

#define SSH_KEY_BYTES 32
#define SSH_SIGNATURE_BYTES 64

struct ssh_key {
	unsigned char bytes[SSH_KEY_BYTES];
};

struct ssh_authorized {
	struct ssh_key key;
	struct user_name user;
};

/* What a line of an authorized_keys file is. */
enum ssh_line {
	SSH_LINE_KEY,         /* *out is set */
	SSH_LINE_BLANK,       /* or a comment */
	SSH_LINE_UNSUPPORTED, /* another kind of key, or an option that would narrow its
	                         use */
	SSH_LINE_MALFORMED,   /* a broken key, or a user that is none */
};

/*
 * A public key blob in base64 (the middle column of a .pub file): 0, or -1 unless it is
 * Ed25519.
 */
MUST_USE int ssh_key_parse(struct view base64, struct ssh_key *out);
/*
 * One line of sshd(8)'s authorized_keys format: [options] type key [comment]. The user is
 * named by the option user="…", without it by the comment, which must then be a user name
 * without '@' (alice@laptop is a machine's comment, not a user). No other option is
 * known.
 */
enum ssh_line ssh_line_parse(struct view line, struct ssh_authorized *out);
/* Appends the public key blob in base64; 0, or -1 when out is full. */
int ssh_key_text(const struct ssh_key *key, struct buf *out);
bool ssh_key_equal(const struct ssh_key *a, const struct ssh_key *b);
/* Whether sig is the key's Ed25519 signature of message (RFC 8032). */
bool ssh_key_verify(const struct ssh_key *key,
        const unsigned char sig[SSH_SIGNATURE_BYTES], struct view message);
/*
 * Appends what a token request signs: "GET,<realm>?<raw query>,<constant>", the realm as
 * it was advertised and the query exactly as received. 0 or -1 when out is full.
 */
int ssh_token_message(struct view realm, struct view raw_query, struct buf *out);
/* Appends what an API request signs: "METHOD,/path?query". 0 or -1 when out is full. */
int ssh_api_message(struct view method, struct view path_and_query, struct buf *out);

#endif
