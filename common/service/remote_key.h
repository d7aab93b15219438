/*
 * The Ed25519 key that our own requests are signed with: keys/id_ed25519 in the store, in
 * the form of OpenSSH, unencrypted, readable by its owner only. One that people put there
 * is used; without one it is made by whoever needs it first, together with
 * keys/id_ed25519.pub, which is to be made known to the other registry.
 */
#ifndef SERVICE_REMOTE_KEY_H
#define SERVICE_REMOTE_KEY_H

#include "base/err.h"
#include "format/sshprivate.h"

/*
 * Reads the key below the root directory of a store, making it when there is none.
 * ERR_FAULT when that fails, when the file is no such key, or when others may read it.
 * Wipe it with ssh_private_wipe.
 */
int remote_key_load(int root, struct ssh_private *out, struct err *err);

#endif
