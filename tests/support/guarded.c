#include "support/guarded.h"

#include "format/base64.h"
#include "format/media.h"
#include "gateway/auth_setup.h"

#include <json-c/json.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HASH ":$2y$04$x7aKfqvv228KWFusshSSdOvU2jWCL6eeiDilBir9CkSVvpMAl2fCK\n"
#define SSH_PREFIX "\0\0\0\013ssh-ed25519\0\0\0\040"

static const char *const repositories[] = {
        "alice/app", "team/app", "open/app", "bob/app"};

static int64_t now(void)
{
	return (int64_t)time(NULL);
}

static void reopen(struct guarded *g)
{
	struct err err = ERR_INIT;
	struct fixture *f = &g->cgi->fixture;

	auth_close(&g->auth);
	if (auth_setup_open(&g->auth, &f->config, f->store.root, now(), &err) != 0)
		fail_msg("%s", err.text);
	g->cgi->auth = f->config.auth ? &g->auth : NULL;
}

static void set(struct guarded *g, const char *name, const char *value)
{
	struct err err = ERR_INIT;

	if (config_set(&g->cgi->fixture.config, view_of(name), view_of(value), "test",
	            &err) != 0)
		fail_msg("%s", err.text);
}

void guarded_set(struct guarded *g, const char *name, const char *value)
{
	set(g, name, value);
	reopen(g);
}

void guarded_write(struct guarded *g, const char *name, const char *content)
{
	scratch_write(&g->files, name, content);
	reopen(g);
}

static void add_key(EVP_PKEY *key, struct buf *out)
{
	unsigned char blob[sizeof(SSH_PREFIX) - 1 + 32];
	size_t len = 32;

	memcpy(blob, SSH_PREFIX, sizeof(SSH_PREFIX) - 1);
	assert_int_equal(
	        EVP_PKEY_get_raw_public_key(key, blob + sizeof(SSH_PREFIX) - 1, &len), 1);
	base64_encode(blob, sizeof(blob), out);
}

static void write_keys(struct guarded *g)
{
	struct buf text = BUF_INIT(4096);

	g->key = signer_key(KEY_EDDSA);
	buf_add_str(&text, "ssh-ed25519 ");
	add_key(g->key, &text);
	buf_add_str(&text, " carol\n");
	scratch_write(&g->files, "keys", buf_str(&text));
	buf_release(&text);
	g->issuer = signer_key(KEY_ES256);
	signer_pem(g->issuer, &text);
	scratch_write(&g->files, "issuer", buf_str(&text));
	buf_release(&text);
}

static void write_files(struct guarded *g)
{
	static const struct {
		const char *setting, *name, *content;
	} rows[] = {
	        {"password-file", "users",
	                "alice" HASH "bob" HASH "dave" HASH "root" HASH},
	        {"access-file", "rules",
	                "alice team/** pull,push\n@builders ** pull,push\n"
	                "root ** admin\n"},
	        {"group-file", "groups", "builders: dave\n"},
	        {"key-file", "keys", NULL},
	        {"outside-keys", "issuer", NULL},
	};

	write_keys(g);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].content)
			scratch_write(&g->files, rows[i].name, rows[i].content);
		set(g, rows[i].setting, scratch_path(&g->files, rows[i].name));
	}
	set(g, "outside-issuer", GUARDED_ISSUER);
	set(g, "outside-audience", GUARDED_AUDIENCE);
	set(g, "public", "open/**");
}

int guarded_setup(void **state)
{
	struct guarded *g = calloc(1, sizeof(*g));
	void *cgi = NULL;

	assert_non_null(g);
	assert_int_equal(cgi_setup(&cgi), 0);
	g->cgi = cgi;
	g->auth = AUTH_INIT;
	scratch_open(&g->files);
	for (size_t i = 0; i < sizeof(repositories) / sizeof(*repositories); i++) {
		g->digest = cgi_push_image(
		        g->cgi, repositories[i], "1", image_json("guarded").s);
		g->blob = cgi_push_blob(g->cgi, repositories[i], "a blob");
	}
	write_files(g);
	guarded_set(g, "auth", "on");
	*state = g;
	return 0;
}

int guarded_teardown(void **state)
{
	struct guarded *g = *state;
	void *cgi = g->cgi;

	auth_close(&g->auth);
	scratch_close(&g->files);
	EVP_PKEY_free(g->key);
	EVP_PKEY_free(g->issuer);
	free(g);
	return cgi_teardown(&cgi);
}

void guarded_send(struct guarded *g, const char *method, const char *uri,
        const char *authorization)
{
	struct cgi_request q = {
	        .method = method,
	        .uri = uri,
	        .fields = {"HTTP_HOST", GUARDED_HOST, "REMOTE_ADDR", "192.0.2.1"},
	};

	if (authorization) {
		q.fields[4] = "HTTP_AUTHORIZATION";
		q.fields[5] = authorization;
	}
	cgi_send(g->cgi, &q);
}

/* Takes what a buffer holds. */
static struct field take(struct buf *b)
{
	struct field f;

	assert_false(buf_failed(b));
	assert_int_equal(view_copy(buf_view(b), f.s, sizeof(f.s)), 0);
	buf_release(b);
	return f;
}

struct field basic_of(const char *user, const char *password)
{
	struct buf out = BUF_INIT(1024);
	struct text pair = text_of("%s:%s", user, password);

	buf_add_str(&out, "Basic ");
	base64_encode(pair.s, strlen(pair.s), &out);
	return take(&out);
}

struct field token_for(struct guarded *g, const char *user, const char *scope)
{
	struct field basic = basic_of(user ? user : "", GUARDED_PASSWORD);
	struct field token;
	struct buf out = BUF_INIT(sizeof(token.s));

	guarded_send(g, "GET", text_of("/v2/token?service=x&scope=%s", scope).s,
	        user ? basic.s : NULL);
	expect_status(g->cgi, 200);
	token = member(g, "token");
	buf_addf(&out, "Bearer %s", token.s);
	return take(&out);
}

struct field token_issued_at(
        struct guarded *g, const char *user, const char *repo, int64_t at)
{
	struct scope_list granted = {.n = 1};
	struct identity who;
	struct user_name name;
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT(8000);

	assert_int_equal(user_name_parse(view_of(user), &name), 0);
	identity_user(&who, &name);
	granted.items[0].type = SCOPE_REPOSITORY;
	granted.items[0].actions = ACTION_ALL;
	assert_int_equal(repo_name_parse(view_of(repo), &granted.items[0].name), 0);
	buf_add_str(&out, "Bearer ");
	assert_int_equal(
	        tokens_issue(g->auth.tokens, &who, &granted, at, &out, &err), 0);
	return take(&out);
}

static struct field sign_outside(struct guarded *g, const char *payload)
{
	struct buf out = BUF_INIT(8000);

	buf_add_str(&out, "Bearer ");
	signer_token(g->issuer, KEY_ES256, "{\"alg\":\"ES256\",\"typ\":\"JWT\"}",
	        payload, &out);
	return take(&out);
}

struct field outside_token(
        struct guarded *g, const char *claims, const char *repo, const char *actions)
{
	return sign_outside(g, text_of("{\"sub\":\"erin\",%s,\"access\":[{\"type\":"
	                               "\"repository\",\"name\":\"%s\",\"actions\":"
	                               "[%s]}]}",
	                               claims, repo, actions)
	                               .s);
}

struct field outside_registry_token(struct guarded *g, const char *name)
{
	return sign_outside(g,
	        text_of("{\"sub\":\"erin\",\"iss\":\"%s\",\"aud\":\"%s\",\"exp\":%lld,"
	                "\"access\":[{\"type\":\"registry\",\"name\":\"%s\","
	                "\"actions\":[\"*\"]}]}",
	                GUARDED_ISSUER, GUARDED_AUDIENCE, (long long)now() + 300, name)
	                .s);
}

struct field signature_of(EVP_PKEY *key, const char *message)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[64];
	size_t len = sizeof(sig);
	struct buf out = BUF_INIT(1024);

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &len, (const unsigned char *)message,
	                         strlen(message)),
	        1);
	EVP_MD_CTX_free(ctx);
	add_key(key, &out);
	buf_add_char(&out, ':');
	base64_encode(sig, len, &out);
	return take(&out);
}

struct field member(struct guarded *g, const char *name)
{
	struct json_object *doc = json_tokener_parse(cgi_body(g->cgi));
	struct json_object *value;
	struct field f = {""};

	assert_non_null(doc);
	if (json_object_object_get_ex(doc, name, &value))
		snprintf(f.s, sizeof(f.s), "%s", json_object_get_string(value));
	json_object_put(doc);
	return f;
}

const char *challenge_of(struct guarded *g, unsigned n)
{
	static const char name[] = "WWW-Authenticate: ";
	const char *p = g->cgi->head.ptr, *end = p + g->cgi->head.len;

	for (; p < end; p += strlen(p) + 1)
		if (strncmp(p, name, strlen(name)) == 0 && n-- == 0)
			return p + strlen(name);
	return NULL;
}
