#include "service/remote_auth.h"

#include "base/io.h"
#include "format/base64.h"
#include "format/challenge.h"
#include "format/json.h"
#include "format/json_text.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>
#include <time.h>

#define TOKEN_REPLY_MAX 65536
#define NONCE_BYTES 16

static void wipe(struct buf *b)
{
	if (b->ptr)
		OPENSSL_cleanse(b->ptr, b->size);
	buf_release(b);
}

/* "Basic …" of user and password. */
static int add_basic(const struct remote *r, struct buf *out, struct err *err)
{
	struct buf pair = BUF_INIT(2 * REMOTE_SECRET_MAX + 2);
	int rc = -1;

	if (buf_reserve(&pair, 2 * REMOTE_SECRET_MAX + 1) == 0) {
		buf_addf(&pair, "%s:%s", r->user, r->password);
		buf_add_str(out, "Basic ");
		rc = base64_encode(pair.ptr, pair.len, out);
	}
	wipe(&pair);
	return rc == 0 ? 0 : err_set(err, ERR_FAULT, "no memory");
}

/* The first challenge of a scheme: 1, 0 when there is none, -1 when malformed. */
static int find(struct view field, enum challenge_scheme scheme, struct challenge *out)
{
	int found;

	while ((found = challenge_next(&field, out)) == 1)
		if (out->scheme == scheme)
			return 1;
	return found;
}

static int add_scopes(
        const struct remote *r, const char *scope, struct remote_url *u, struct err *err)
{
	struct buf own = BUF_INIT(REPO_NAME_MAX + 64);
	struct view rest = view_of(scope), word;
	int rc = 0;

	buf_addf(&own, "repository:%s:pull%s", r->name.path, r->push ? ",push" : "");
	if (rest.len == 0)
		rest = buf_view(&own);
	while (rc == 0 && rest.len > 0) {
		view_cut(rest, ' ', &word, &rest);
		if (word.len > 0)
			rc = remote_url_add(u, "scope", word, err);
	}
	buf_release(&own);
	return rc;
}

static int add_nonce(struct remote_url *u, struct err *err)
{
	unsigned char bytes[NONCE_BYTES];
	struct buf text = BUF_INIT(64);
	int rc;

	if (io_random(bytes, sizeof(bytes)) != 0)
		return err_io(err, "random bytes for a nonce");
	base64url_encode(bytes, sizeof(bytes), &text);
	rc = remote_url_add(u, "nonce", buf_view(&text), err);
	buf_release(&text);
	return rc;
}

static int add_time(struct remote_url *u, struct err *err)
{
	struct buf text = BUF_INIT(32);
	int rc;

	buf_addf(&text, "%" PRId64, (int64_t)time(NULL));
	rc = remote_url_add(u, "ts", buf_view(&text), err);
	buf_release(&text);
	return rc;
}

/* The parameters in the order of their names, as a client of Ollama sends them. */
static int token_address(const struct remote *r, const struct challenge *c,
        struct remote_url *u, struct err *err)
{
	if (remote_url_read(NULL, view_of(c->realm), u, err) != 0 ||
	        remote_url_check(r->rule, &r->origin, u, REMOTE_TOKEN, err) != 0)
		return -1;
	if (r->key && add_nonce(u, err) != 0)
		return -1;
	if (add_scopes(r, c->scope, u, err) != 0)
		return -1;
	if (c->service[0] && remote_url_add(u, "service", view_of(c->service), err) != 0)
		return -1;
	return r->key ? add_time(u, err) : 0;
}

/* "<public key>:<signature>" of a request for that address. */
static int add_signature(const struct ssh_private *key, const struct remote_url *u,
        struct buf *out, struct err *err)
{
	struct buf message = BUF_INIT(REMOTE_URL_MAX + 256);
	unsigned char sig[SSH_SIGNATURE_BYTES];
	struct view realm, query;
	int rc = -1;

	view_cut(view_of(u->text), '?', &realm, &query);
	if (ssh_token_message(realm, query, &message) == 0 &&
	        ssh_private_sign(key, buf_view(&message), sig) == 0 &&
	        ssh_key_text(&key->public, out) == 0 && buf_add_char(out, ':') == 0)
		rc = base64_encode(sig, sizeof(sig), out);
	buf_release(&message);
	return rc == 0 ? 0 : err_set(err, ERR_FAULT, "a request cannot be signed");
}

static bool is_token(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] <= ' ' || v.ptr[i] > '~')
			return false;
	return v.len > 0;
}

static int read_token(struct remote *r, struct view body, struct err *err)
{
	const char *why;
	struct json_object *root = json_parse_object(body, &why);
	struct view token = {0};
	int rc = -1;

	if (root && (json_member_text(root, "token", &token) != 1 || token.len == 0) &&
	        json_member_text(root, "access_token", &token) != 1)
		token.len = 0;
	buf_clear(&r->authorization);
	if (root && is_token(token)) {
		buf_add_str(&r->authorization, "Bearer ");
		rc = buf_add_view(&r->authorization, token);
	}
	json_object_put(root);
	if (rc == 0)
		return 0;
	buf_clear(&r->authorization);
	return err_set(err, ERR_REMOTE, "%.100s gives us no token", r->origin.host);
}

static int ask_for_token(struct remote *r, const struct remote_url *u,
        const char *field, struct err *err)
{
	const char *fields[] = {field, NULL};
	const struct fetch_request q = {"GET", u->text, fields, NULL, 0};
	struct buf body = BUF_INIT(TOKEN_REPLY_MAX);
	int status, rc = fetch_begin(r->fetch, &q, &status, err);

	if (rc == 0 && status != 200) {
		remote_refused(r, "no token", status, err);
		/* Not our caller's fault, but as good as a refusal. */
		rc = -1;
	}
	if (rc == 0)
		rc = fetch_read_all(r->fetch, &body, err);
	fetch_end(r->fetch);
	if (rc == 0)
		rc = read_token(r, buf_view(&body), err);
	wipe(&body);
	return rc;
}

static int bearer(struct remote *r, const struct challenge *c, struct err *err)
{
	struct buf field = BUF_INIT(4 * REMOTE_SECRET_MAX);
	struct remote_url u;
	int rc = token_address(r, c, &u, err);

	if (rc == 0 && (r->key || r->user[0]))
		buf_add_str(&field, "Authorization: ");
	if (rc == 0 && r->key)
		rc = add_signature(r->key, &u, &field, err);
	else if (rc == 0 && r->user[0])
		rc = add_basic(r, &field, err);
	if (rc == 0)
		rc = ask_for_token(r, &u, field.len > 0 ? buf_str(&field) : NULL, err);
	wipe(&field);
	return rc;
}

static int basic(struct remote *r, struct err *err)
{
	if (!r->user[0])
		return err_set(err, ERR_DENIED, "%.100s wants a user and a password",
		        r->origin.host);
	buf_clear(&r->authorization);
	return add_basic(r, &r->authorization, err);
}

int remote_authorize(struct remote *r, struct view field, struct err *err)
{
	struct challenge c;
	int found = find(field, CHALLENGE_BEARER, &c);

	if (found == 1)
		return bearer(r, &c, err);
	if (found == 0)
		found = find(field, CHALLENGE_BASIC, &c);
	if (found == 1)
		return basic(r, err);
	return err_set(err, ERR_DENIED,
	        "%.100s wants credentials of a kind that is not known here",
	        r->origin.host);
}
