#include "service/issuer.h"

#include "base/log.h"

#include <fcntl.h>

/* Reads the file if it has changed; on -1 the keys are as before. */
static int load(struct issuer *i, int64_t now, struct err *err)
{
	struct buf text = BUF_INIT(KEY_FILE_MAX + 1);
	struct err why = ERR_INIT;
	struct key_set keys;
	int rc = watched_read(&i->file, now, &text, err);

	if (rc == 1) {
		rc = key_set_parse(buf_view(&text), &keys, &why);
		if (rc == 0) {
			key_set_release(&i->keys);
			i->keys = keys;
			i->generation++;
		} else {
			err_set(err, ERR_FAULT, "%s: %s", i->file.path, why.text);
		}
	}
	err_release(&why);
	buf_release(&text);
	return rc;
}

int issuer_open(struct issuer *i, const char *path, const char *name,
        const char *audience, int64_t now, struct err *err)
{
	*i = ISSUER_INIT;
	if (*path && (!*name || !*audience))
		return err_set(err, ERR_FAULT,
		        "the keys of an issuer need its name and an audience");
	if (view_copy(view_of(name), i->name, sizeof(i->name)) != 0 ||
	        view_copy(view_of(audience), i->audience, sizeof(i->audience)) != 0)
		return err_set(err, ERR_FAULT,
		        "the name or audience of an issuer is over %d bytes",
		        JWT_TEXT_MAX);
	if (watched_open(&i->file, AT_FDCWD, path, err) == 0 && load(i, now, err) == 0)
		return 0;
	issuer_close(i);
	return -1;
}

void issuer_close(struct issuer *i)
{
	watched_close(&i->file);
	key_set_release(&i->keys);
}

void issuer_refresh(struct issuer *i, int64_t now)
{
	struct err err = ERR_INIT;

	if (load(i, now, &err) != 0)
		log_event(LOG_LEVEL_ERROR, "issuer-keys", "%s; the keys before stay",
		        err.text);
	err_release(&err);
}

enum jwt_reason issuer_verify(const struct issuer *i, const struct jwt *t, int64_t now,
        struct jwt_claims *claims)
{
	enum jwt_reason reason = jwt_verify_set(t, &i->keys);

	if (reason == JWT_OK)
		reason = jwt_claims_parse(t, claims);
	if (reason == JWT_OK)
		reason = jwt_claims_check(claims, i->name, i->audience, now);
	return reason;
}
