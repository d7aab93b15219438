#include "service/auth.h"

#include "base/log.h"
#include "format/credentials.h"

#include <string.h>

int auth_open(struct auth *a, int root, const struct auth_settings *settings, int64_t now,
        struct err *err)
{
	*a = AUTH_INIT;
	a->root = root;
	a->trust_remote_user = settings->trust_remote_user;
	if (*settings->passwords &&
	        passwords_open(&a->passwords, settings->passwords, now, err) != 0)
		goto fail;
	if (*settings->keys && keys_open(&a->keys, settings->keys, now, err) != 0)
		goto fail;
	if (access_open(&a->access, &settings->access, now, err) != 0)
		goto fail;
	if (tokens_open(&a->tokens, root, &settings->tokens, now, err) == 0)
		return 0;
fail:
	auth_close(a);
	return -1;
}

void auth_close(struct auth *a)
{
	passwords_close(&a->passwords);
	keys_close(&a->keys);
	tokens_close(&a->tokens);
	access_close(&a->access);
}

void auth_refresh(struct auth *a, int64_t now)
{
	if (a->passwords)
		passwords_refresh(a->passwords, now);
	if (a->keys)
		keys_refresh(a->keys, now);
	tokens_refresh(a->tokens, now);
	access_refresh(a->access, now);
}

static int refuse_token(enum jwt_reason reason, struct err *err)
{
	log_event(LOG_LEVEL_WARN, "token-refused", "reason=\"%s\"",
	        jwt_reason_text(reason));
	return err_set(err, ERR_UNAUTHORIZED, "the token is not accepted: %s",
	        jwt_reason_text(reason));
}

static int by_password(struct auth *a, const struct user_name *user, const char *password,
        int64_t now, struct identity *who, unsigned *delay_ms, struct err *err)
{
	if (!a->passwords)
		return err_set(err, ERR_UNAUTHORIZED, "passwords are not accepted here");
	if (passwords_check(a->passwords, user, password, now, delay_ms) !=
	        PASSWORD_RIGHT)
		return err_set(err, ERR_UNAUTHORIZED, "wrong user name or password");
	identity_user(who, user);
	return 0;
}

static int by_key(struct auth *a, const struct auth_request *r,
        const struct credentials *c, struct identity *who, struct err *err)
{
	struct user_name user = USER_NOBODY;
	enum key_answer answer;
	struct view path, query;
	int rc;

	if (!a->keys)
		return 0;
	view_cut(r->path_and_query, '?', &path, &query);
	if (r->realm)
		rc = keys_check_token(a->keys, a->root, c, r->realm, query, r->now, &user,
		        &answer, err);
	else
		rc = keys_check_api(a->keys, a->root, c, r->method, r->path_and_query,
		        r->now, &user, &answer, err);
	if (rc != 0)
		return -1;
	if (answer == KEY_GOOD)
		identity_user(who, &user);
	if (answer == KEY_GOOD || answer == KEY_UNKNOWN)
		return 0;
	log_event(LOG_LEVEL_WARN, "key-refused", "user=%s reason=\"%s\"", user.text,
	        key_answer_text(answer));
	return err_set(err, ERR_UNAUTHORIZED, "the signed request is not accepted: %s",
	        key_answer_text(answer));
}

static int by_token(struct auth *a, const struct auth_request *r, struct view token,
        struct identity *who, struct err *err)
{
	enum jwt_reason reason = tokens_verify(a->tokens, token, r->now, who);

	return reason == JWT_OK ? 0 : refuse_token(reason, err);
}

static int by_web_server(
        const struct auth_request *r, struct identity *who, struct err *err)
{
	if (identity_remote(who, r->remote_user) == 0)
		return 0;
	log_event(LOG_LEVEL_WARN, "remote-user", "reason=not-a-user-name");
	return err_set(
	        err, ERR_UNAUTHORIZED, "the user of the web server is no user here");
}

static int by_credentials(struct auth *a, const struct auth_request *r,
        const struct credentials *c, struct identity *who, unsigned *delay_ms,
        struct err *err)
{
	if (c->kind == CREDENTIALS_BEARER)
		return by_token(a, r, c->token, who, err);
	if (a->trust_remote_user && r->remote_user.len > 0)
		return by_web_server(r, who, err);
	switch (c->kind) {
	case CREDENTIALS_NONE:
		return 0;
	case CREDENTIALS_BASIC:
		return by_password(a, &c->user, c->password, r->now, who, delay_ms, err);
	case CREDENTIALS_SIGNATURE:
		return by_key(a, r, c, who, err);
	default:
		return err_set(
		        err, ERR_UNAUTHORIZED, "the credentials are of no accepted form");
	}
}

int auth_identify(struct auth *a, const struct auth_request *r, struct identity *who,
        unsigned *delay_ms, struct err *err)
{
	struct credentials c;
	int rc;

	identity_anonymous(who);
	*delay_ms = 0;
	credentials_parse(r->authorization, &c);
	rc = by_credentials(a, r, &c, who, delay_ms, err);
	credentials_wipe(&c);
	return rc;
}

int auth_login(struct auth *a, struct view user, const char *password, int64_t now,
        struct identity *who, unsigned *delay_ms, struct err *err)
{
	struct user_name name;

	identity_anonymous(who);
	*delay_ms = 0;
	if (user_name_parse(user, &name) != 0)
		return err_set(err, ERR_UNAUTHORIZED, "wrong user name or password");
	return by_password(a, &name, password, now, who, delay_ms, err);
}

int auth_resume(struct auth *a, struct view refresh_token, int64_t now,
        struct identity *who, struct err *err)
{
	char given[TOKENS_STAMP_MAX + 1], right[PASSWORDS_STAMP_LENGTH + 1];
	struct user_name user;
	enum jwt_reason reason;

	identity_anonymous(who);
	reason = tokens_verify_refresh(a->tokens, refresh_token, now, &user, given);
	if (reason != JWT_OK)
		return refuse_token(reason, err);
	if (!a->passwords || !passwords_stamp(a->passwords, &user, right) ||
	        strcmp(given, right) != 0) {
		log_event(LOG_LEVEL_WARN, "token-refused",
		        "user=%s reason=password-changed", user.text);
		return err_set(
		        err, ERR_UNAUTHORIZED, "the password was changed: log in again");
	}
	identity_user(who, &user);
	return 0;
}

int auth_issue_refresh(struct auth *a, const struct identity *who, int64_t now,
        struct buf *out, struct err *err)
{
	char stamp[PASSWORDS_STAMP_LENGTH + 1];

	if (who->kind != IDENTITY_USER || !a->passwords ||
	        !passwords_stamp(a->passwords, &who->user, stamp))
		return 0;
	return tokens_issue_refresh(a->tokens, &who->user, stamp, now, out, err);
}
