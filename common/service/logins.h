/*
 * What a worker remembers of recent logins: which passwords were right, for a minute, and
 * which users had failures. Fixed tables; of a password there is only a MAC under a key
 * that no other process knows.
 */
#ifndef SERVICE_LOGINS_H
#define SERVICE_LOGINS_H

#include "base/attr.h"
#include "base/view.h"
#include "format/user.h"

#include <stdbool.h>
#include <stdint.h>

#define LOGINS_SECONDS 60
#define LOGINS_SETS 64
#define LOGINS_WAYS 4
#define LOGINS_MAC_BYTES 32
#define LOGINS_DELAY_FIRST_MS 100
#define LOGINS_DELAY_MAX_MS 1600

struct login_mac {
	unsigned char bytes[LOGINS_MAC_BYTES];
};

struct logins {
	unsigned char key[32];
	struct {
		struct login_mac mac;
		int64_t until; /* seconds; 0 for an empty place */
	} good[LOGINS_SETS][LOGINS_WAYS];
	struct {
		struct login_mac user;
		int64_t last;
		unsigned count;
	} bad[LOGINS_SETS];
};

/* An empty memory with a random key: 0, or -1 and errno without random bytes. */
MUST_USE int logins_init(struct logins *l);
/* Overwrites everything. */
void logins_wipe(struct logins *l);
/*
 * The MAC of a user, the stored hash and the password that was tried: when the stored
 * hash changes, nothing that was remembered fits any more.
 */
struct login_mac logins_mac(const struct logins *l, const struct user_name *user,
        struct view hash, struct view password);
/* Whether it was right less than LOGINS_SECONDS ago. Compares in constant time. */
bool logins_known(const struct logins *l, const struct login_mac *mac, int64_t now);
/* Remembers that it was right; the oldest of its set gives way. */
void logins_succeeded(struct logins *l, const struct login_mac *mac, int64_t now);
/*
 * Counts a failure of a user and returns for how many milliseconds the answer should be
 * held back: twice as long each time, at most LOGINS_DELAY_MAX_MS; forgotten after a
 * minute without failures.
 */
unsigned logins_failed(struct logins *l, const struct user_name *user, int64_t now);

#endif
