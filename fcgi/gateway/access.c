#include "gateway/access.h"

#include "base/log.h"
#include "gateway/auth_setup.h"
#include "gateway/origin.h"
#include "gateway/route.h"
#include "service/blob_urls.h"

#include <stdio.h>
#include <time.h>

#define SCOPE_TEXT_MAX 1024
/*
 * A password that is tried on a route with a small pool must not hold that pool: less
 * than what the token endpoint waits.
 */
#define DELAY_MAX_MS 400

/* The action on a repository that a route needs, and the scope to ask a token for. */
static const struct {
	enum access_need need;
	unsigned action;
	const char *scope;
} needs[] = {
        {ACCESS_PULL, ACTION_PULL, "pull"},
        {ACCESS_BLOB, ACTION_PULL, "pull"},
        {ACCESS_PUSH, ACTION_PUSH, "pull,push"},
        {ACCESS_SESSION, ACTION_PUSH, "pull,push"},
        {ACCESS_DELETE, ACTION_DELETE, "delete"},
        {ACCESS_REMOVE, ACTION_DELETE, "delete,admin"},
        {ACCESS_ADMIN, ACTION_ADMIN, "admin"},
};

#define NEEDS (sizeof(needs) / sizeof(needs[0]))

static size_t need_of(const struct exchange *x)
{
	size_t i = 0;

	while (i < NEEDS - 1 && needs[i].need != x->need)
		i++;
	return i;
}

static struct view authorization_of(const struct request *r)
{
	return request_header(r, "HTTP_AUTHORIZATION");
}

/* Whether the credentials are of a scheme. */
static bool has_scheme(struct view authorization, const char *scheme)
{
	struct view word, rest;

	view_cut(view_trim(authorization), ' ', &word, &rest);
	return view_is_nocase(word, scheme);
}

/* The request target as received; path and query are views into the same text. */
static struct view path_and_query(const struct request *r)
{
	struct view path = r->raw_path;

	if (r->query.len > 0)
		path.len = (size_t)(r->query.ptr - path.ptr) + r->query.len;
	return path;
}

void access_realm(const struct exchange *x, struct buf *out)
{
	char origin[ORIGIN_SIZE];

	origin_of(x, origin);
	buf_addf(out, "%s" ACCESS_TOKEN_PATH, origin);
}

/*
 * Bearer first: clients that read one field only want that one. Values are quoted and
 * separated by a comma alone, because some clients cut them at exactly '",'.
 */
static void add_challenge(struct exchange *x, const char *scope, const char *error)
{
	struct buf realm = BUF_INIT(ORIGIN_SIZE + sizeof(ACCESS_TOKEN_PATH));

	access_realm(x, &realm);
	reply_header(x, "WWW-Authenticate",
	        "Bearer realm=\"%s\",service=\"%s\"%s%s%s%s%s%s", buf_str(&realm),
	        auth_setup_service(x->config), scope[0] ? ",scope=\"" : "", scope,
	        scope[0] ? "\"" : "", error[0] ? ",error=\"" : "", error,
	        error[0] ? "\"" : "");
	if (x->config->basic)
		reply_header(x, "WWW-Authenticate", "Basic realm=\"%s\"",
		        auth_setup_service(x->config));
	buf_release(&realm);
}

/* The scope of a token for what the route needs, "" for the use of the registry. */
static void write_scope(const struct exchange *x, struct buf *out)
{
	if (x->name.text[0])
		buf_addf(out, "repository:%s:%s", x->name.text, needs[need_of(x)].scope);
	else if (x->need == ACCESS_LIST)
		buf_add_str(out, "registry:" SCOPE_CATALOG ":*");
	else if (x->need == ACCESS_USAGE)
		buf_add_str(out, "registry:" SCOPE_USAGE ":*");
	else if (x->need == ACCESS_ADMIN)
		buf_add_str(out, "registry:" SCOPE_ADMIN ":*");
}

static void challenge(struct exchange *x, const char *error)
{
	struct buf scope = BUF_INIT(SCOPE_TEXT_MAX);

	write_scope(x, &scope);
	add_challenge(x, buf_str(&scope), error);
	buf_release(&scope);
}

void access_refused(struct exchange *x, unsigned delay_ms)
{
	struct view address = request_header(&x->request, "REMOTE_ADDR");
	struct timespec t;

	log_event(LOG_LEVEL_WARN, "credentials-refused", "address=%.*s",
	        address.len > 64 ? 64 : (int)address.len, address.len ? address.ptr : "");
	if (x->route->access != ACCESS_NONE && delay_ms > DELAY_MAX_MS)
		delay_ms = DELAY_MAX_MS;
	t.tv_sec = delay_ms / 1000;
	t.tv_nsec = (long)(delay_ms % 1000) * 1000000;
	nanosleep(&t, NULL);
}

int access_identify(struct exchange *x, const char *realm, struct err *err)
{
	const struct request *r = &x->request;
	const struct auth_request from = {
	        .authorization = authorization_of(r),
	        .remote_user = request_header(r, "REMOTE_USER"),
	        .method = r->method,
	        .path_and_query = path_and_query(r),
	        .realm = realm,
	        .now = (int64_t)time(NULL),
	};
	unsigned delay_ms = 0;

	auth_refresh(x->auth, from.now);
	if (auth_identify(x->auth, &from, &x->who, &delay_ms, err) == 0) {
		snprintf(x->user, sizeof(x->user), "%s", x->who.user.text);
		return 0;
	}
	if (err->code == ERR_UNAUTHORIZED)
		access_refused(x, delay_ms);
	return -1;
}

/* Basic where the configuration has it, or where it is for the web server alone. */
static bool scheme_is_accepted(const struct exchange *x)
{
	if (x->config->basic || !has_scheme(authorization_of(&x->request), "Basic"))
		return true;
	return x->config->trust_remote_user &&
	       request_header(&x->request, "REMOTE_USER").len > 0;
}

static int identify(struct exchange *x, struct err *err)
{
	bool bearer = has_scheme(authorization_of(&x->request), "Bearer");

	if (!scheme_is_accepted(x)) {
		err_set(err, ERR_UNAUTHORIZED, "this registry wants a token");
		challenge(x, "");
		return -1;
	}
	if (access_identify(x, NULL, err) == 0)
		return 0;
	if (err->code != ERR_UNAUTHORIZED)
		return -1;
	/* The id of the session is as good without the token. */
	if (bearer && x->need == ACCESS_SESSION) {
		err_release(err);
		identity_anonymous(&x->who);
		return 0;
	}
	challenge(x, bearer ? "invalid_token" : "");
	return -1;
}

/* Either right will do; the answer is that of the one which is closer to it. */
static enum access_answer decide_remove(const struct exchange *x, struct err *err)
{
	struct err other = ERR_INIT;
	enum access_answer may_delete, administers;

	administers =
	        access_decide(x->auth->access, &x->who, &x->name, ACTION_ADMIN, &other);
	if (administers == ACCESS_ALLOWED)
		return ACCESS_ALLOWED;
	may_delete =
	        access_decide(x->auth->access, &x->who, &x->name, ACTION_DELETE, err);
	if (may_delete == ACCESS_FORBIDDEN && administers == ACCESS_CHALLENGE) {
		err_release(err);
		*err = other;
		return ACCESS_CHALLENGE;
	}
	err_release(&other);
	return may_delete;
}

static enum access_answer decide(const struct exchange *x, struct err *err)
{
	const struct access *rules = x->auth->access;

	if (x->need == ACCESS_SESSION || x->need == ACCESS_BODY)
		return ACCESS_ALLOWED;
	if (x->need == ACCESS_LOGIN)
		return access_decide_login(rules, &x->who, err);
	if (x->need == ACCESS_LIST)
		return access_decide_list(rules, &x->who, err);
	if (x->need == ACCESS_USAGE)
		return access_decide_usage(rules, &x->who, &x->ns, err);
	if (x->need == ACCESS_REMOVE)
		return decide_remove(x, err);
	if (!x->name.text[0])
		return access_decide_admin(rules, &x->who, err);
	return access_decide(rules, &x->who, &x->name, needs[need_of(x)].action, err);
}

/*
 * Ollama has nothing to offer but the key it has just signed with, and some versions ask
 * for tokens without end as long as they are answered 401.
 */
static bool is_ollama_without_key(const struct exchange *x)
{
	return x->who.kind == IDENTITY_TOKEN && !x->user[0] && !x->who.outside &&
	       request_is_ollama(&x->request);
}

/*
 * On a challenge to one of its own commands Ollama says only that something went wrong,
 * and can do nothing but sign: what is to be done is for its user.
 */
static bool is_ollama_command(const struct exchange *x)
{
	return reply_is_ollama(x) &&
	       view_starts(request_header(&x->request, "HTTP_USER_AGENT"), "ollama/");
}

static int refuse_command(struct exchange *x, struct err *err)
{
	bool is_signed = authorization_of(&x->request).len > 0;

	err_release(err);
	return err_set(err, ERR_DENIED,
	        "%s~/.ollama/id_ed25519.pub of its user to be added",
	        is_signed ? "the key of this client is not known here, or may not do "
	                    "this: ask "
	                    "for "
	                  : "this needs a login: set OLLAMA_AUTH=1 for this client, and "
	                    "ask for "
	                    "");
}

static int refuse(struct exchange *x, struct err *err)
{
	if (is_ollama_command(x))
		return refuse_command(x, err);
	if (is_ollama_without_key(x)) {
		err_release(err);
		return err_set(err, ERR_DENIED,
		        "the key of this client is not known here: ask for "
		        "~/.ollama/id_ed25519.pub of its user to be added");
	}
	challenge(x, x->who.kind == IDENTITY_TOKEN ? "insufficient_scope" : "");
	return -1;
}

/* What is not open to everybody is for the cache of one client only. */
static bool is_private(const struct exchange *x)
{
	struct identity nobody;

	identity_anonymous(&nobody);
	return !x->name.text[0] ||
	       !access_allows(x->auth->access, &nobody, &x->name, ACTION_PULL);
}

static int check_need(struct exchange *x, struct err *err)
{
	switch (decide(x, err)) {
	case ACCESS_ALLOWED:
		x->is_private = is_private(x);
		return 0;
	case ACCESS_CHALLENGE:
		return refuse(x, err);
	default:
		return -1;
	}
}

/* 1 when the address lets the caller in, 0 when it is not signed, -1. */
static int check_url(struct exchange *x, struct err *err)
{
	int64_t now = (int64_t)time(NULL);
	int found = signed_url_parse(x->request.query, &x->url);

	if (found < 0)
		return err_set(err, ERR_DENIED, "the signature of the address is malformed");
	if (found == 0)
		return 0;
	auth_refresh(x->auth, now);
	if (blob_urls_check(x->auth->tokens, &x->name, &x->digest, &x->url, now, err) != 0)
		return -1;
	x->by_url = true;
	x->is_private = is_private(x);
	return 1;
}

int access_check(struct exchange *x, struct err *err)
{
	int by_url = 0;

	x->need = x->route->access;
	if (!x->auth || x->need == ACCESS_NONE)
		return 0;
	if (x->need == ACCESS_BLOB)
		by_url = check_url(x, err);
	if (by_url != 0)
		return by_url < 0 ? -1 : 0;
	return identify(x, err) == 0 ? check_need(x, err) : -1;
}

int access_for(struct exchange *x, const struct repo_name *repo, enum access_need need)
{
	x->name.text[0] = '\0';
	if (repo)
		x->name = *repo;
	x->need = need;
	return x->auth ? check_need(x, &x->err) : 0;
}

bool access_lists_for(const struct exchange *x, const struct repo_name *repo)
{
	return !x->auth || access_lists(x->auth->access, &x->who, repo);
}

bool access_sees_account(const struct exchange *x, const struct repo_name *ns)
{
	return !x->auth || access_sees_usage(x->auth->access, &x->who, ns);
}

bool access_pulls(const struct exchange *x, const struct repo_name *repo)
{
	return !x->auth || access_allows(x->auth->access, &x->who, repo, ACTION_PULL);
}

int access_mounts(struct exchange *x, const struct repo_name *from)
{
	struct buf scope = BUF_INIT(SCOPE_TEXT_MAX);
	struct err why = ERR_INIT;
	bool would_do;

	if (access_pulls(x, from))
		return 1;
	would_do = access_decide(x->auth->access, &x->who, from, ACTION_PULL, &why) ==
	                   ACCESS_CHALLENGE &&
	           x->who.kind == IDENTITY_TOKEN && x->user[0] && !x->who.outside;
	err_release(&why);
	if (!would_do)
		return 0;
	buf_addf(&scope, "repository:%s:pull,push repository:%s:pull", x->name.text,
	        from->text);
	add_challenge(x, buf_str(&scope), "insufficient_scope");
	buf_release(&scope);
	return err_set(
	        &x->err, ERR_UNAUTHORIZED, "the token was not made for %s", from->text);
}
