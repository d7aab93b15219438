#include "service/passwords.h"

#include "base/log.h"
#include "format/digest.h"
#include "format/hash.h"
#include "format/htpasswd.h"
#include "service/logins.h"
#include "service/watched.h"

#include <crypt.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct passwords {
	struct watched file;
	struct htpasswd users;
	struct logins logins;
	struct crypt_data crypt; /* 32 KiB of scratch */
};

static void warn_of_schemes(const struct passwords *p, const struct htpasswd *users)
{
	const struct htpasswd_entry *e;
	size_t i;

	for (i = 0; i < users->n; i++) {
		e = &users->entries[i];
		if (!password_scheme_accepted(e->scheme))
			log_event(LOG_LEVEL_WARN, "password-scheme",
			        "%s:%u: %.*s cannot log in: %s "
			        "is not accepted, set the password again with bcrypt",
			        p->file.path, e->line, VIEW_ARG(e->user),
			        password_scheme_name(e->scheme));
	}
}

/* Reads the file if it has changed; on -1 the users are as before. */
static int load(struct passwords *p, int64_t now, struct err *err)
{
	struct buf text = BUF_INIT(HTPASSWD_FILE_MAX + 1);
	struct htpasswd users;
	int rc = watched_read(&p->file, now, &text, err);

	if (rc == 1) {
		rc = htpasswd_parse(buf_view(&text), p->file.path, &users, err);
		if (rc == 0) {
			warn_of_schemes(p, &users);
			htpasswd_release(&p->users);
			p->users = users;
		}
	}
	buf_release(&text);
	return rc;
}

int passwords_open(struct passwords **out, const char *path, int64_t now, struct err *err)
{
	struct passwords *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (!p)
		return err_set(err, ERR_FAULT, "no memory");
	if (logins_init(&p->logins) != 0) {
		err_io(err, "random bytes for a key");
		goto fail;
	}
	if (watched_open(&p->file, AT_FDCWD, path, err) != 0 || load(p, now, err) != 0)
		goto fail;
	*out = p;
	return 0;
fail:
	passwords_close(&p);
	return -1;
}

void passwords_close(struct passwords **p)
{
	if (!*p)
		return;
	watched_close(&(*p)->file);
	htpasswd_release(&(*p)->users);
	logins_wipe(&(*p)->logins);
	OPENSSL_cleanse(&(*p)->crypt, sizeof((*p)->crypt));
	free(*p);
	*p = NULL;
}

void passwords_refresh(struct passwords *p, int64_t now)
{
	struct err err = ERR_INIT;

	if (load(p, now, &err) != 0)
		log_event(LOG_LEVEL_ERROR, "password-file", "%s; the users before stay",
		        err.text);
	err_release(&err);
}

/* Whether crypt(3) makes the same hash of the password. */
static bool matches(struct passwords *p, struct view hash, const char *password)
{
	char setting[HTPASSWD_HASH_MAX + 1];
	const char *made;
	size_t n;

	if (view_copy(hash, setting, sizeof(setting)) != 0)
		return false;
	made = crypt_r(password, setting, &p->crypt);
	/* A failure is NULL or a text that is no hash, such as "*0". */
	n = made ? strlen(made) : 0;
	return n == hash.len && made[0] != '*' && CRYPTO_memcmp(made, hash.ptr, n) == 0;
}

/* Somebody else's hash, always the same for a name, so that repeating tells nothing. */
static const struct htpasswd_entry *stand_in(
        const struct passwords *p, const struct user_name *user)
{
	struct login_mac mac = logins_mac(&p->logins, user, VIEW_LIT(""), VIEW_LIT("-"));
	size_t i, from = (mac.bytes[0] | (size_t)mac.bytes[1] << 8) % p->users.n;
	const struct htpasswd_entry *e;

	for (i = 0; i < p->users.n; i++) {
		e = &p->users.entries[(from + i) % p->users.n];
		if (password_scheme_accepted(e->scheme))
			return e;
	}
	return NULL;
}

static void burn(struct passwords *p, const struct user_name *user, const char *password)
{
	const struct htpasswd_entry *e = p->users.n > 0 ? stand_in(p, user) : NULL;

	if (e)
		(void)matches(p, e->hash, password);
}

static enum password_answer check(struct passwords *p, const struct user_name *user,
        const char *password, int64_t now)
{
	const struct htpasswd_entry *e = htpasswd_find(&p->users, user);
	struct login_mac mac;

	if (!e || !password_scheme_accepted(e->scheme)) {
		burn(p, user, password);
		return e ? PASSWORD_REFUSED : PASSWORD_WRONG;
	}
	mac = logins_mac(&p->logins, user, e->hash, view_of(password));
	if (logins_known(&p->logins, &mac, now))
		return PASSWORD_RIGHT;
	if (!matches(p, e->hash, password))
		return PASSWORD_WRONG;
	logins_succeeded(&p->logins, &mac, now);
	return PASSWORD_RIGHT;
}

enum password_answer passwords_check(struct passwords *p, const struct user_name *user,
        const char *password, int64_t now, unsigned *delay_ms)
{
	enum password_answer answer = check(p, user, password, now);

	*delay_ms = 0;
	if (answer == PASSWORD_RIGHT)
		return answer;
	*delay_ms = logins_failed(&p->logins, user, now);
	log_event(LOG_LEVEL_WARN, "login-failed", "user=%s reason=%s", user->text,
	        answer == PASSWORD_WRONG ? "wrong-user-or-password"
	                                 : "hash-not-accepted");
	return answer;
}

bool passwords_stamp(const struct passwords *p, const struct user_name *user,
        char out[PASSWORDS_STAMP_LENGTH + 1])
{
	const struct htpasswd_entry *e = htpasswd_find(&p->users, user);
	struct digest d;

	if (!e || !password_scheme_accepted(e->scheme))
		return false;
	/*
	 * The hash holds a salt and costs what it costs to guess: its digest tells no
	 * more.
	 */
	hash_bytes(DIGEST_SHA256, e->hash.ptr, e->hash.len, &d);
	memcpy(out, d.hex, PASSWORDS_STAMP_LENGTH);
	out[PASSWORDS_STAMP_LENGTH] = '\0';
	return true;
}
