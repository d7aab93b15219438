#include "service/tokens.h"

#include "base/io.h"
#include "base/log.h"
#include "format/jwt_claims.h"
#include "service/issuer.h"
#include "service/secrets.h"
#include "service/token_cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REFRESH_SUFFIX "/refresh"
/* Workers and hosts may still sign with a superseded secret for as long as this. */
#define ROTATION_MARGIN 60
#define ROTATION_RETRY 3600
#define ROTATION_WAIT_MS 1000
#define STAMP_TEXT_MAX 32

struct tokens {
	int root; /* borrowed */
	struct secrets secrets;
	int64_t rotation, longest; /* seconds */
	int64_t rotate_not_before;
	struct issuer outside;
	char issuer[JWT_TEXT_MAX + 1];
	char audience[JWT_TEXT_MAX + 1];
	char refresh_audience[JWT_TEXT_MAX + 1];
	uint64_t lifetime, refresh_lifetime;
	struct token_cache cache;
	unsigned generation;      /* of the keys that the cache relies on */
	struct jwt_claims claims; /* scratch: too large for the stack */
};

int64_t tokens_longest(const struct token_settings *settings)
{
	uint64_t longest = BLOB_URLS_LIFETIME;

	if (settings->lifetime > longest)
		longest = settings->lifetime;
	if (settings->refresh_lifetime > longest)
		longest = settings->refresh_lifetime;
	return (int64_t)longest + JWT_SKEW + ROTATION_MARGIN;
}

struct secrets *tokens_secrets(struct tokens *t)
{
	return &t->secrets;
}

static int set_names(struct tokens *t, const struct token_settings *s, struct err *err)
{
	int n = snprintf(t->refresh_audience, sizeof(t->refresh_audience), "%s%s",
	        s->service, REFRESH_SUFFIX);

	if (!*s->issuer || !*s->service || n >= (int)sizeof(t->refresh_audience) ||
	        view_copy(view_of(s->issuer), t->issuer, sizeof(t->issuer)) != 0 ||
	        view_copy(view_of(s->service), t->audience, sizeof(t->audience)) != 0)
		return err_set(err, ERR_FAULT,
		        "the issuer or the service of tokens is empty or "
		        "too long");
	t->lifetime = s->lifetime;
	t->refresh_lifetime = s->refresh_lifetime;
	return 0;
}

int tokens_open(struct tokens **out, int root, const struct token_settings *settings,
        int64_t now, struct err *err)
{
	struct tokens *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (!t)
		return err_set(err, ERR_FAULT, "no memory");
	t->root = root;
	t->secrets = SECRETS_INIT;
	t->rotation = (int64_t)settings->rotation;
	t->longest = tokens_longest(settings);
	t->outside = ISSUER_INIT;
	if (set_names(t, settings, err) != 0 ||
	        secrets_open(&t->secrets, root, now, err) != 0 ||
	        issuer_open(&t->outside, settings->outside_keys, settings->outside_issuer,
	                settings->outside_audience, now, err) != 0) {
		tokens_close(&t);
		return -1;
	}
	*out = t;
	return 0;
}

void tokens_close(struct tokens **t)
{
	if (!*t)
		return;
	secrets_close(&(*t)->secrets);
	issuer_close(&(*t)->outside);
	free(*t);
	*t = NULL;
}

void tokens_refresh(struct tokens *t, int64_t now)
{
	secrets_refresh(&t->secrets, now);
	issuer_refresh(&t->outside, now);
}

/* What was verified with keys that are gone counts no more. */
static void mind_new_keys(struct tokens *t)
{
	unsigned generation = t->secrets.generation + t->outside.generation;

	if (generation != t->generation)
		token_cache_clear(&t->cache);
	t->generation = generation;
}

/* What every token of ours says. */
static int begin_claims(struct tokens *t, const char *subject, const char *audience,
        uint64_t lifetime, int64_t now, struct err *err)
{
	struct jwt_claims *c = &t->claims;
	unsigned char id[16];
	size_t i;

	if (io_random(id, sizeof(id)) != 0)
		return err_io(err, "random bytes for a token");
	for (i = 0; i < sizeof(id); i++)
		snprintf(c->id + 2 * i, 3, "%02x", id[i]);
	view_copy(view_of(t->issuer), c->issuer, sizeof(c->issuer));
	view_copy(view_of(subject), c->subject, sizeof(c->subject));
	view_copy(view_of(audience), c->audiences[0], sizeof(c->audiences[0]));
	c->naudiences = 1;
	c->issued = c->not_before = now;
	c->expires = now + (int64_t)lifetime;
	c->stamp[0] = '\0';
	c->access.n = 0;
	return 0;
}

/* Whether the newest secret of the store is due for a successor. */
static bool is_due(struct tokens *t, int64_t now)
{
	if (t->rotation == 0 || now < t->rotate_not_before ||
	        now - secrets_newest(&t->secrets)->made < t->rotation)
		return false;
	/* Another worker may have been first. */
	watched_look_again(&t->secrets.file);
	secrets_refresh(&t->secrets, now);
	return now - secrets_newest(&t->secrets)->made >= t->rotation;
}

/* The old secret goes on signing when there cannot be a new one: that is no failure. */
static void rotate_when_due(struct tokens *t, int64_t now)
{
	struct err err = ERR_INIT;

	if (!is_due(t, now))
		return;
	if (secrets_rotate(t->root, now, t->longest, ROTATION_WAIT_MS, &err) != 0) {
		log_event(LOG_LEVEL_WARN, "rotation-failed", "errno=%d text=\"%s\"",
		        err.errnum, err.text);
		t->rotate_not_before = now + ROTATION_RETRY;
	}
	err_release(&err);
	watched_look_again(&t->secrets.file);
	secrets_refresh(&t->secrets, now);
}

static int sign(struct tokens *t, int64_t now, struct buf *out, struct err *err)
{
	const struct secret *s;
	struct buf payload = BUF_INIT(JWT_MAX);
	size_t start = out->len;
	int rc = -1;

	rotate_when_due(t, now);
	s = secrets_newest(&t->secrets);
	if (jwt_claims_write(&t->claims, &payload) != 0 ||
	        jwt_sign(s->id, s->bytes, SECRET_BYTES, buf_view(&payload), out) != 0 ||
	        out->len - start > TOKENS_ISSUED_MAX)
		err_set(err, ERR_TOO_LARGE,
		        "a token for all that was asked for would be too "
		        "large: ask for fewer repositories at once");
	else
		rc = 0;
	buf_release(&payload);
	return rc;
}

int tokens_issue(struct tokens *t, const struct identity *who,
        const struct scope_list *granted, int64_t now, struct buf *out, struct err *err)
{
	const char *subject = who->user.text[0] ? who->user.text : USER_ANONYMOUS;

	if (begin_claims(t, subject, t->audience, t->lifetime, now, err) != 0)
		return -1;
	t->claims.access = *granted;
	return sign(t, now, out, err);
}

int tokens_issue_refresh(struct tokens *t, const struct user_name *user,
        const char *stamp, int64_t now, struct buf *out, struct err *err)
{
	if (t->refresh_lifetime == 0)
		return 0;
	if (begin_claims(t, user->text, t->refresh_audience, t->refresh_lifetime, now,
	            err) != 0)
		return -1;
	if (view_copy(view_of(stamp), t->claims.stamp, sizeof(t->claims.stamp)) != 0)
		return err_set(err, ERR_FAULT, "the stamp of a token is too long");
	return sign(t, now, out, err);
}

static enum jwt_reason verify_own(
        struct tokens *t, const struct jwt *token, const char *audience, int64_t now)
{
	const struct secret *s = secrets_find(&t->secrets, token->key_id, now);
	enum jwt_reason reason = JWT_KEY_UNKNOWN;

	if (s)
		reason = jwt_verify_secret(token, s->bytes, SECRET_BYTES);
	if (reason == JWT_OK)
		reason = jwt_claims_parse(token, &t->claims);
	if (reason == JWT_OK)
		reason = jwt_claims_check(&t->claims, t->issuer, audience, now);
	return reason;
}

/* The issuer of a token is known by its algorithm: nobody else has our secrets. */
static enum jwt_reason verify_any(struct tokens *t, const struct jwt *token, int64_t now)
{
	if (token->algorithm == KEY_HS256)
		return verify_own(t, token, t->audience, now);
	return issuer_verify(&t->outside, token, now, &t->claims);
}

/* Who the verified claims speak of. */
static enum jwt_reason bearer_of(
        const struct jwt_claims *c, bool outside, struct identity *who)
{
	/* The Docker specification has the empty subject for an anonymous client. */
	if (c->subject[0] && strcmp(c->subject, USER_ANONYMOUS) != 0 &&
	        user_name_parse(view_of(c->subject), &who->user) != 0)
		return JWT_SUBJECT;
	who->kind = IDENTITY_TOKEN;
	who->outside = outside;
	who->grants.n = c->access.n;
	memcpy(who->grants.items, c->access.items,
	        c->access.n * sizeof(c->access.items[0]));
	return JWT_OK;
}

enum jwt_reason tokens_verify(
        struct tokens *t, struct view text, int64_t now, struct identity *who)
{
	struct token_mark mark;
	struct jwt token;
	enum jwt_reason reason;

	identity_anonymous(who);
	if (text.len > JWT_MAX)
		return JWT_TOO_LARGE;
	mind_new_keys(t);
	mark = token_cache_mark(text);
	if (token_cache_get(&t->cache, &mark, now, who))
		return JWT_OK;
	reason = jwt_parse(text, &token);
	if (reason == JWT_OK)
		reason = verify_any(t, &token, now);
	if (reason == JWT_OK)
		reason = bearer_of(&t->claims, token.algorithm != KEY_HS256, who);
	if (reason == JWT_OK)
		token_cache_put(&t->cache, &mark, t->claims.expires + JWT_SKEW, who);
	return reason;
}

enum jwt_reason tokens_verify_refresh(struct tokens *t, struct view text, int64_t now,
        struct user_name *user, char stamp[TOKENS_STAMP_MAX + 1])
{
	struct jwt token;
	enum jwt_reason reason = jwt_parse(text, &token);

	*user = USER_NOBODY;
	if (reason == JWT_OK && token.algorithm != KEY_HS256)
		reason = JWT_KEY_MISMATCH;
	if (reason == JWT_OK)
		reason = verify_own(t, &token, t->refresh_audience, now);
	if (reason != JWT_OK)
		return reason;
	if (view_copy(view_of(t->claims.stamp), stamp, TOKENS_STAMP_MAX + 1) != 0)
		return JWT_CLAIMS;
	return user_name_parse(view_of(t->claims.subject), user) == 0 ? JWT_OK
	                                                              : JWT_SUBJECT;
}

static void write_scope(const struct scope_list *granted, struct buf *out)
{
	struct buf text = BUF_INIT(SCOPE_LIST_MAX * 320);
	size_t i;

	for (i = 0; i < granted->n; i++) {
		buf_add_str(&text, i ? " " : "");
		scope_text(&granted->items[i], &text);
	}
	buf_add_str(out, ",\"scope\":");
	buf_add_json(out, buf_view(&text));
	buf_release(&text);
}

int token_answer_write(const struct token_answer *a, struct buf *out)
{
	char stamp[STAMP_TEXT_MAX] = "";
	time_t at = (time_t)a->issued_at;
	struct tm tm;

	if (gmtime_r(&at, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_addf(out, "{\"token\":\"%.*s\",\"access_token\":\"%.*s\"", VIEW_ARG(a->token),
	        VIEW_ARG(a->token));
	buf_addf(out, ",\"expires_in\":%" PRIu64 ",\"issued_at\":\"%s\"", a->expires_in,
	        stamp);
	if (a->refresh_token.len > 0)
		buf_addf(out, ",\"refresh_token\":\"%.*s\"", VIEW_ARG(a->refresh_token));
	if (a->granted)
		write_scope(a->granted, out);
	return buf_add_str(out, "}\n");
}
