/*
 * /v2/token: bearer tokens for who can say who they are (Docker Registry v2
 * authentication, "Token Authentication Specification" and "Oauth2 Token
 * Authentication"). Failures have the form of all errors of the registry, which Docker
 * clients show; they read no OAuth2 error object.
 */
#include "handlers.h"

#include "format/query.h"
#include "gateway/access.h"
#include "gateway/auth_setup.h"
#include "gateway/reply.h"

#include <openssl/crypto.h>
#include <time.h>

#define FORM_MAX 65536
#define REALM_MAX 512
#define ANSWER_MAX 65536

/* What a client asks for. */
struct wish {
	struct view parameters; /* of the query or the form */
	struct scope_list scopes;
	bool refresh;           /* a refresh token too */
	bool names_scope;       /* the answer says what was granted */
	int64_t now;
};

static void wipe(struct buf *b)
{
	if (b->ptr)
		OPENSSL_cleanse(b->ptr, b->size);
	buf_release(b);
}

/* A parameter of the wish; text is cleared when there is none. 1, 0 or -1. */
static int parameter(struct exchange *x, const struct wish *w, const char *name,
        unsigned n, struct buf *text)
{
	int found = query_get(w->parameters, name, n, text);

	if (found < 0)
		return err_set(&x->err, ERR_BAD_REQUEST,
		        "the parameter %s is malformed or too long", name);
	if (found == 0)
		buf_clear(text);
	return found;
}

/* Every scope of every parameter "scope". */
static int read_scopes(struct exchange *x, struct wish *w)
{
	struct buf text = BUF_INIT(SCOPE_PARAMETER_MAX);
	unsigned n = 0;
	int found;

	w->scopes.n = 0;
	while ((found = parameter(x, w, "scope", n, &text)) == 1) {
		n++;
		if (scope_list_parse(&w->scopes, buf_view(&text)) == 0)
			continue;
		found = err_set(&x->err, ERR_BAD_REQUEST,
		        "a token for more than %d repositories was asked for",
		        SCOPE_LIST_MAX);
		break;
	}
	buf_release(&text);
	return found;
}

/* Whether a parameter has exactly this value. */
static bool parameter_is(const struct wish *w, const char *name, const char *value)
{
	struct buf text = BUF_INIT(64);
	bool is = query_get(w->parameters, name, 0, &text) == 1 &&
	          view_is(buf_view(&text), value);

	buf_release(&text);
	return is;
}

static int send_answer(struct exchange *x, const struct wish *w, const struct buf *token,
        const struct buf *refresh, const struct scope_list *granted)
{
	const struct token_answer answer = {
	        .token = buf_view(token),
	        .refresh_token = buf_view(refresh),
	        .granted = w->names_scope ? granted : NULL,
	        .expires_in = x->config->token_lifetime,
	        .issued_at = w->now,
	};
	struct buf json = BUF_INIT(ANSWER_MAX);
	int rc;

	token_answer_write(&answer, &json);
	reply_header(x, "Cache-Control", "no-store");
	rc = reply_json(x, 200, &json);
	wipe(&json);
	return rc;
}

/* What the caller asked for and may do, signed. */
static int issue(struct exchange *x, const struct wish *w)
{
	struct buf token = BUF_INIT(JWT_MAX), refresh = BUF_INIT(JWT_MAX);
	struct scope_list granted;
	int rc;

	access_grant(x->auth->access, &x->who, &w->scopes, &granted);
	rc = tokens_issue(x->auth->tokens, &x->who, &granted, w->now, &token, &x->err);
	if (rc == 0 && w->refresh)
		rc = auth_issue_refresh(x->auth, &x->who, w->now, &refresh, &x->err);
	if (rc == 0)
		rc = send_answer(x, w, &token, &refresh, &granted);
	wipe(&token);
	wipe(&refresh);
	return rc;
}

/* -1, with a challenge when it was credentials that failed. */
static int refuse(struct exchange *x)
{
	if (x->err.code == ERR_UNAUTHORIZED)
		reply_header(x, "WWW-Authenticate", "Basic realm=\"%s\"",
		        auth_setup_service(x->config));
	return -1;
}

static int begin(struct exchange *x, struct wish *w)
{
	w->now = (int64_t)time(NULL);
	if (x->auth)
		return 0;
	return err_set(&x->err, ERR_NOT_FOUND, "nobody has to log in here");
}

/*
 * A token must not renew itself. Nobody in particular gets one only where it is of use;
 * a key that is not known counts as nobody.
 */
static int check_caller(struct exchange *x)
{
	if (x->who.kind == IDENTITY_TOKEN)
		return err_set(&x->err, ERR_UNAUTHORIZED,
		        "a token is not enough to get another one");
	if (x->who.kind == IDENTITY_USER || access_anonymous(x->auth->access))
		return 0;
	if (request_header(&x->request, "HTTP_AUTHORIZATION").len > 0)
		return err_set(&x->err, ERR_UNAUTHORIZED, "this key is not known here");
	return err_set(&x->err, ERR_UNAUTHORIZED, "this needs a login");
}

static int identify(struct exchange *x)
{
	struct buf realm = BUF_INIT(REALM_MAX);
	int rc;

	access_realm(x, &realm);
	rc = access_identify(x, buf_str(&realm), &x->err);
	buf_release(&realm);
	return rc == 0 ? check_caller(x) : -1;
}

/* GET /v2/token?scope=&service=: by a password, by a signature, or anonymous. */
int token_get(struct exchange *x)
{
	struct wish w = {.parameters = x->request.query};

	if (begin(x, &w) != 0 || read_scopes(x, &w) != 0)
		return -1;
	w.refresh = parameter_is(&w, "offline_token", "true");
	if (identify(x) != 0)
		return refuse(x);
	return issue(x, &w);
}

/* grant_type=password: RFC 6749, section 4.3. */
static int login(struct exchange *x, const struct wish *w)
{
	struct buf user = BUF_INIT(USER_NAME_MAX + 1);
	struct buf password = BUF_INIT(CREDENTIALS_PASSWORD_MAX);
	unsigned delay_ms = 0;
	int rc = -1;

	if (parameter(x, w, "username", 0, &user) >= 0 &&
	        parameter(x, w, "password", 0, &password) >= 0) {
		rc = auth_login(x->auth, buf_view(&user), buf_str(&password), w->now,
		        &x->who, &delay_ms, &x->err);
		if (rc != 0 && x->err.code == ERR_UNAUTHORIZED)
			access_refused(x, delay_ms);
	}
	buf_release(&user);
	wipe(&password);
	return rc;
}

/* grant_type=refresh_token: RFC 6749, section 6. */
static int resume(struct exchange *x, const struct wish *w)
{
	struct buf token = BUF_INIT(JWT_MAX);
	int rc = -1;

	if (parameter(x, w, "refresh_token", 0, &token) >= 0) {
		rc = auth_resume(
		        x->auth, buf_view(&token), w->now, &x->who, &x->err);
		if (rc != 0 && x->err.code == ERR_UNAUTHORIZED)
			access_refused(x, 0);
	}
	wipe(&token);
	return rc;
}

static int grant(struct exchange *x, struct wish *w)
{
	if (read_scopes(x, w) != 0)
		return -1;
	w->refresh = parameter_is(w, "access_type", "offline");
	auth_refresh(x->auth, w->now);
	if (parameter_is(w, "grant_type", "password"))
		return login(x, w);
	if (parameter_is(w, "grant_type", "refresh_token"))
		return resume(x, w);
	return err_set(&x->err, ERR_BAD_REQUEST,
	        "grant_type is neither password nor refresh_token");
}

/* POST /v2/token: a form with a password or a refresh token. */
int token_post(struct exchange *x)
{
	struct buf form = BUF_INIT(FORM_MAX);
	struct wish w = {.names_scope = true};
	int rc = begin(x, &w);

	if (rc == 0)
		rc = request_read_all(&x->request, &form, &x->err);
	if (rc == 0) {
		w.parameters = buf_view(&form);
		rc = grant(x, &w);
		rc = rc == 0 ? issue(x, &w) : refuse(x);
	}
	wipe(&form);
	return rc;
}
