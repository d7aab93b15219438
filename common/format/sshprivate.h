/*
 * An Ed25519 key with which we sign, in the unencrypted form of OpenSSH (PROTOCOL.key,
 * "openssh-key-v1").
 */
#ifndef FORMAT_SSHPRIVATE_H
#define FORMAT_SSHPRIVATE_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/view.h"
#include "format/sshkey.h"

#define SSH_SEED_BYTES 32
#define SSH_PRIVATE_FILE_MAX 4096 /* bytes of a file that is read */

struct ssh_private {
	unsigned char seed[SSH_SEED_BYTES];
	struct ssh_key public;
};

/* The key of a seed, which is any 32 random bytes. 0, or -1 without memory. */
MUST_USE int ssh_private_make(
        const unsigned char seed[SSH_SEED_BYTES], struct ssh_private *out);
/*
 * Reads a file that holds one key. 0, or -1 and *why in a few words: it is encrypted, of
 * another kind, or broken.
 */
MUST_USE int ssh_private_parse(
        struct view text, struct ssh_private *out, const char **why);
/* Appends the file; 0, or -1 when out is full. */
int ssh_private_text(const struct ssh_private *k, const char *comment, struct buf *out);
/* Signs a message (RFC 8032). 0, or -1 without memory. */
MUST_USE int ssh_private_sign(const struct ssh_private *k, struct view message,
        unsigned char sig[SSH_SIGNATURE_BYTES]);
void ssh_private_wipe(struct ssh_private *k);

#endif
