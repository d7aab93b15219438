/* Requests to another registry: what is asked, with which credentials, and where to. */
#include "service/remote.h"

#include "format/credentials.h"
#include "support/web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Two servers: the registry, and another host, which is only told apart by its port. */
struct stage {
	struct web registry, other;
	struct remotes rules;
	struct ssh_private key;
	struct remote remote;
	struct err err;
	char scopes[512];        /* of the last request for a token */
	char token_credentials[1024];
	char other_credentials[512];
	const char *location;    /* what /redirect says */
	const char *realm;       /* "" for the registry's own */
	unsigned cancel_after;   /* questions; 0: never */
	unsigned asked;
};

static struct stage stage;

static void add_field(struct web_reply *out, const char *name, const char *value)
{
	buf_addf(&out->fields, "%s: %s\r\n", name, value);
}

static void demand_token(const struct web_request *q, struct web_reply *out)
{
	char value[512];

	if (strcmp(web_field(q, "Authorization"), "Bearer good.token") == 0)
		return;
	out->status = 401;
	snprintf(value, sizeof(value),
	        "Bearer realm=\"%s/token?x=1\",service=\"svc\","
	        "scope=\"repository:a/b:pull registry:x:*\"",
	        stage.realm);
	add_field(out, "WWW-Authenticate", "Negotiate");
	add_field(out, "WWW-Authenticate", value);
}

static void demand_basic(const struct web_request *q, struct web_reply *out)
{
	if (strcmp(web_field(q, "Authorization"), "Basic cm9ib3Q6czNjcmV0") == 0)
		return;
	out->status = 401;
	add_field(out, "WWW-Authenticate", "Basic realm=\"x\"");
}

static void give_token(const struct web_request *q, struct web_reply *out)
{
	snprintf(stage.token_credentials, sizeof(stage.token_credentials), "%s",
	        web_field(q, "Authorization"));
	snprintf(stage.scopes, sizeof(stage.scopes), "%.500s", q->target);
	buf_add_str(&out->body, "{\"token\":\"good.token\",\"expires_in\":300}");
}

static void answer(void *arg, const struct web_request *q, struct web_reply *out)
{
	(void)arg;
	if (strstr(q->target, "/token?"))
		give_token(q, out);
	else if (strcmp(q->target, "/v2/a/b/bearer") == 0)
		demand_token(q, out);
	else if (strcmp(q->target, "/v2/a/b/basic") == 0)
		demand_basic(q, out);
	else if (strcmp(q->target, "/v2/a/b/never") == 0)
		demand_basic(&(struct web_request){{0}, {0}, {0}, {0}}, out);
	else if (strcmp(q->target, "/v2/a/b/digest") == 0) {
		out->status = 401;
		add_field(out, "WWW-Authenticate", "Digest realm=\"x\"");
	} else if (strcmp(q->target, "/v2/a/b/redirect") == 0) {
		out->status = 307;
		add_field(out, "Location", stage.location);
	} else if (strcmp(q->target, "/v2/a/b/silent") == 0) {
		out->silent = true;
	} else if (strcmp(q->target, "/v2/a/b/big-head") == 0) {
		for (int i = 0; i < 20; i++)
			buf_addf(&out->fields, "X-%d: %04000d\r\n", i, 1);
	} else if (strcmp(q->target, "/v2/a/b/refused") == 0) {
		out->status = 404;
		buf_add_str(&out->body, "{\"errors\":[{\"code\":\"X\",\"message\":"
		                        "\"no \\u0007such thing\"}]}");
	}
	if (out->status == 200 && out->body.len == 0)
		buf_addf(&out->body, "%s %s %s", q->method, q->target,
		        buf_str(&q->body));
}

static void answer_other(void *arg, const struct web_request *q, struct web_reply *out)
{
	(void)arg;
	snprintf(stage.other_credentials, sizeof(stage.other_credentials), "%.500s",
	        web_field(q, "Authorization"));
	if (strstr(q->target, "/token"))
		give_token(q, out);
	else
		buf_addf(&out->body, "other %s", q->target);
}

static bool is_cancelled(void *arg)
{
	struct stage *s = arg;

	return s->cancel_after > 0 && ++s->asked >= s->cancel_after;
}

/* Begins a conversation under a line for the registry, with these options. */
static int begin(const char *options, const char *user, const char *password)
{
	char text[1024], name[64];
	struct remote_settings settings = {&stage.rules, &stage.key, user, password,
	        false, 1, is_cancelled, &stage};
	struct remote_name n;

	remote_close(&stage.remote);
	stage.remote = REMOTE_INIT;
	remotes_release(&stage.rules);
	err_release(&stage.err);
	snprintf(text, sizeof(text), "%s %s\n", stage.registry.host, options);
	snprintf(name, sizeof(name), "%s/a/b:1", stage.registry.host);
	assert_int_equal(
	        remotes_parse(view_of(text), "remotes", &stage.rules, &stage.err), 0);
	assert_int_equal(remote_name_parse(view_of(name), NULL, &n), 0);
	stage.scopes[0] = stage.token_credentials[0] = stage.other_credentials[0] = '\0';
	stage.realm = "";
	stage.cancel_after = stage.asked = 0;
	return remote_open(&stage.remote, &settings, &n, &stage.err);
}

/* GET of a path below the repository: the body of a 200, or the error or the status. */
static const char *get(const char *tail)
{
	static char text[1024];
	struct remote_url url;
	struct remote_request q = {"GET", &url, NULL, NULL, NULL};
	struct buf body = BUF_INIT(1000);
	char realm[64];
	int status;

	err_release(&stage.err);
	snprintf(realm, sizeof(realm), "http://%s", stage.registry.host);
	if (!stage.realm[0])
		stage.realm = realm;
	if (remote_address(&stage.remote, tail, &url, &stage.err) != 0 ||
	        remote_send(&stage.remote, &q, &status, &stage.err) != 0) {
		buf_release(&body);
		return stage.err.text;
	}
	if (status != 200)
		remote_refused(&stage.remote, tail, status, &stage.err);
	else if (fetch_read_all(stage.remote.fetch, &body, &stage.err) == 0)
		snprintf(text, sizeof(text), "%s", buf_str(&body));
	fetch_end(stage.remote.fetch);
	buf_release(&body);
	return stage.err.code != ERR_NONE ? stage.err.text : text;
}

static void what_is_not_listed_is_not_asked(void **state)
{
	struct remote_settings settings = {&stage.rules, NULL, NULL, NULL, false, 1,
	        NULL, NULL};
	struct remote r = REMOTE_INIT;
	struct err err = ERR_INIT;
	struct remote_name n;

	(void)state;
	assert_int_equal(begin("insecure private", NULL, NULL), 0);
	assert_int_equal(remote_name_parse(VIEW_LIT("127.0.0.1:1/a"), NULL, &n), 0);
	assert_int_equal(remote_open(&r, &settings, &n, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	remote_close(&r);
	err_release(&err);
	/* The scheme that is listed, no other. */
	n.port = stage.registry.port;
	n.scheme = REMOTE_HTTPS;
	r = REMOTE_INIT;
	assert_int_equal(remote_open(&r, &settings, &n, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	remote_close(&r);
	err_release(&err);
}

static void private_addresses_are_refused(void **state)
{
	unsigned before = stage.registry.requests;

	(void)state;
	assert_int_equal(begin("insecure", NULL, NULL), 0);
	assert_non_null(strstr(get("x"), "not of the public internet"));
	assert_int_equal(stage.err.code, ERR_DENIED);
	assert_int_equal(stage.registry.requests, before);
	assert_int_equal(begin("insecure private", NULL, NULL), 0);
	assert_string_equal(get("x"), "GET /v2/a/b/x ");
}

static void tokens(void **state)
{
	(void)state;
	assert_int_equal(begin("insecure private", NULL, NULL), 0);
	assert_string_equal(get("bearer"), "GET /v2/a/b/bearer ");
	assert_string_equal(stage.scopes, "/token?x=1&scope=repository%3Aa%2Fb%3Apull&"
	                                  "scope=registry%3Ax%3A%2A&service=svc");
	assert_string_equal(stage.token_credentials, "");
	/* It is kept. */
	stage.scopes[0] = '\0';
	assert_string_equal(get("bearer"), "GET /v2/a/b/bearer ");
	assert_string_equal(stage.scopes, "");
	/* Of the file, and those of a request over them. */
	assert_int_equal(begin("insecure private user=robot password=s3cret", NULL, NULL),
	        0);
	assert_string_equal(get("bearer"), "GET /v2/a/b/bearer ");
	assert_string_equal(stage.token_credentials, "Basic cm9ib3Q6czNjcmV0");
	assert_int_equal(begin("insecure private user=x password=y", "robot", "s3cret"),
	        0);
	assert_string_equal(get("bearer"), "GET /v2/a/b/bearer ");
	assert_string_equal(stage.token_credentials, "Basic cm9ib3Q6czNjcmV0");
}

static void tokens_are_asked_for_where_it_is_allowed(void **state)
{
	char options[128], realm[64];

	(void)state;
	snprintf(realm, sizeof(realm), "http://%s", stage.other.host);
	assert_int_equal(begin("insecure private user=robot password=s3cret", NULL, NULL),
	        0);
	stage.realm = realm;
	assert_non_null(strstr(get("bearer"), "realm=HOST"));
	assert_int_equal(stage.err.code, ERR_DENIED);
	/* A host for content is none for credentials. */
	snprintf(options, sizeof(options),
	        "insecure private user=robot password=s3cret redirect=%s",
	        stage.other.host);
	assert_int_equal(begin(options, NULL, NULL), 0);
	stage.realm = realm;
	assert_non_null(strstr(get("bearer"), "realm=HOST"));
	assert_string_equal(stage.token_credentials, "");
	snprintf(options, sizeof(options),
	        "insecure private user=robot password=s3cret realm=%s", stage.other.host);
	assert_int_equal(begin(options, NULL, NULL), 0);
	stage.realm = realm;
	assert_string_equal(get("bearer"), "GET /v2/a/b/bearer ");
	assert_string_equal(stage.token_credentials, "Basic cm9ib3Q6czNjcmV0");
}

static void our_key_signs(void **state)
{
	struct buf message = BUF_INIT(4096), realm = BUF_INIT(128);
	struct credentials c;
	struct view query;

	(void)state;
	assert_int_equal(begin("insecure private key", NULL, NULL), 0);
	assert_string_equal(get("bearer"), "GET /v2/a/b/bearer ");
	assert_int_equal(credentials_parse(view_of(stage.token_credentials), &c),
	        CREDENTIALS_SIGNATURE);
	assert_true(ssh_key_equal(&c.key, &stage.key.public));
	view_cut(view_of(stage.scopes), '?', &(struct view){0}, &query);
	buf_addf(&realm, "http://%s/token", stage.registry.host);
	assert_int_equal(ssh_token_message(buf_view(&realm), query, &message), 0);
	assert_true(ssh_key_verify(&c.key, c.signature, buf_view(&message)));
	assert_non_null(strstr(stage.scopes, "&nonce="));
	assert_non_null(strstr(stage.scopes, "&ts="));
	buf_release(&message);
	buf_release(&realm);
}

static void basic(void **state)
{
	(void)state;
	assert_int_equal(begin("insecure private user=robot password=s3cret", NULL, NULL),
	        0);
	assert_string_equal(get("basic"), "GET /v2/a/b/basic ");
	assert_non_null(strstr(get("never"), "never: 401"));
	assert_int_equal(stage.err.code, ERR_DENIED);
	assert_null(strstr(stage.err.text, "s3cret"));
	assert_int_equal(begin("insecure private", NULL, NULL), 0);
	assert_non_null(strstr(get("basic"), "wants a user and a password"));
	assert_int_equal(stage.err.code, ERR_DENIED);
	assert_non_null(strstr(get("digest"), "not known here"));
	assert_int_equal(begin("insecure private", "a:b", "c"), -1);
	assert_int_equal(stage.err.code, ERR_BAD_REQUEST);
}

static void redirects(void **state)
{
	static const char login[] = "insecure private user=robot password=s3cret";
	char options[128], location[128];

	(void)state;
	assert_int_equal(begin(login, NULL, NULL), 0);
	stage.location = "basic";
	assert_string_equal(get("redirect"), "GET /v2/a/b/basic ");
	stage.location = "/v2/a/b/x?y=z#fragment";
	assert_string_equal(get("redirect"), "GET /v2/a/b/x?y=z ");
	stage.location = "redirect";
	assert_non_null(strstr(get("redirect"), "more than 5 times"));
	assert_int_equal(stage.err.code, ERR_REMOTE);
	/* Elsewhere: not unless it is listed, and then without what we are known by. */
	snprintf(location, sizeof(location), "http://%s/blob", stage.other.host);
	stage.location = location;
	assert_non_null(strstr(get("redirect"), "redirect=HOST"));
	assert_int_equal(stage.err.code, ERR_DENIED);
	snprintf(options, sizeof(options), "%s redirect=%s", login, stage.other.host);
	assert_int_equal(begin(options, NULL, NULL), 0);
	assert_string_equal(get("basic"), "GET /v2/a/b/basic ");
	assert_string_equal(get("redirect"), "other /blob");
	assert_string_equal(stage.other_credentials, "");
}

static void redirects_that_are_none(void **state)
{
	static const char *const rows[] = {"", "file:///etc/passwd", "ftp://127.0.0.1/x",
	        "gopher://127.0.0.1/x", "http://user:pw@127.0.0.1/", "http://",
	        "http://127.0.0.1:99999/", "http://[::1%25lo]/", "//other.example/x",
	        "http://169.254.169.254/latest/meta-data", "http://localhost/",
	        "http://0x7f000001/", "http://2130706433/"};
	unsigned before = stage.other.requests;

	(void)state;
	assert_int_equal(begin("insecure private", NULL, NULL), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		stage.location = rows[i];
		get("redirect");
		if (stage.err.code != ERR_DENIED && stage.err.code != ERR_REMOTE)
			fail_msg("%s: %s", rows[i], stage.err.text);
	}
	assert_int_equal(stage.other.requests, before);
}

static void replies_that_are_none(void **state)
{
	(void)state;
	assert_int_equal(begin("insecure private", NULL, NULL), 0);
	assert_non_null(strstr(get("big-head"), "too long"));
	assert_int_equal(stage.err.code, ERR_REMOTE);
	assert_non_null(strstr(get("refused"), "refused: 404: no such thing"));
	assert_int_equal(stage.err.code, ERR_NOT_FOUND);
	assert_non_null(strstr(get("silent"), "sends nothing more"));
	assert_int_equal(stage.err.code, ERR_REMOTE);
	stage.cancel_after = 1;
	assert_string_equal(get("silent"), "cancelled");
	assert_int_equal(stage.err.code, ERR_GONE);
}

static void the_environment_tells_nothing(void **state)
{
	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	assert_int_equal(begin("insecure private", NULL, NULL), 0);
	assert_string_equal(get("x"), "GET /v2/a/b/x ");
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

/* A body that can be read from the start again. */
struct text_body {
	struct view left, all;
};

static ssize_t pull_text(void *arg, void *bytes, size_t len, struct err *err)
{
	struct text_body *b = arg;

	(void)err;
	len = len < b->left.len ? len : b->left.len;
	memcpy(bytes, b->left.ptr, len);
	b->left.ptr += len;
	b->left.len -= len;
	return (ssize_t)len;
}

static int rewind_text(void *arg, struct err *err)
{
	struct text_body *b = arg;

	(void)err;
	b->left = b->all;
	return 0;
}

static const char *put(const char *method, const char *tail, const char *content)
{
	static char text[1024];
	struct text_body b = {{0}, view_of(content)};
	struct remote_body body = {{pull_text, &b}, b.all.len, rewind_text};
	struct remote_url url;
	struct remote_request q = {method, &url, "Content-Type: text/plain", NULL, &body};
	struct buf reply = BUF_INIT(1000);
	int status = 0;

	assert_int_equal(remote_address(&stage.remote, tail, &url, &stage.err), 0);
	assert_int_equal(remote_send(&stage.remote, &q, &status, &stage.err), 0);
	assert_int_equal(fetch_read_all(stage.remote.fetch, &reply, &stage.err), 0);
	snprintf(text, sizeof(text), "%d %s", status, buf_str(&reply));
	fetch_end(stage.remote.fetch);
	buf_release(&reply);
	return text;
}

static void bodies_are_sent_again_with_credentials(void **state)
{
	(void)state;
	assert_int_equal(begin("insecure private user=robot password=s3cret", NULL, NULL),
	        0);
	assert_string_equal(put("PUT", "basic", "some content"),
	        "200 PUT /v2/a/b/basic some content");
	assert_string_equal(put("PATCH", "x", ""), "200 PATCH /v2/a/b/x ");
	stage.location = "x?to=here";
	assert_string_equal(put("PUT", "redirect", "again"),
	        "200 PUT /v2/a/b/x?to=here again");
}

static int start(void **state)
{
	unsigned char seed[SSH_SEED_BYTES] = "known to everybody";

	(void)state;
	stage = (struct stage){.remote = REMOTE_INIT};
	web_start(&stage.registry, answer, NULL);
	web_start(&stage.other, answer_other, NULL);
	return ssh_private_make(seed, &stage.key);
}

static int end(void **state)
{
	(void)state;
	remote_close(&stage.remote);
	remotes_release(&stage.rules);
	err_release(&stage.err);
	web_stop(&stage.registry);
	web_stop(&stage.other);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_not_listed_is_not_asked),
	        cmocka_unit_test(private_addresses_are_refused),
	        cmocka_unit_test(tokens),
	        cmocka_unit_test(tokens_are_asked_for_where_it_is_allowed),
	        cmocka_unit_test(our_key_signs),
	        cmocka_unit_test(basic),
	        cmocka_unit_test(redirects),
	        cmocka_unit_test(redirects_that_are_none),
	        cmocka_unit_test(replies_that_are_none),
	        cmocka_unit_test(the_environment_tells_nothing),
	        cmocka_unit_test(bodies_are_sent_again_with_credentials),
	};

	return cmocka_run_group_tests(tests, start, end);
}
