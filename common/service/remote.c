#include "service/remote.h"

#include "format/json.h"
#include "service/remote_auth.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define REFUSAL_MAX 16384 /* bytes of the body of a refusal that are looked at */
#define FIELDS_MAX 4

static bool is_set(const char *s)
{
	return s && *s;
}

static int set_origin(struct remote *r, struct err *err)
{
	char port[16] = "";
	struct buf text = BUF_INIT(REMOTE_URL_MAX);
	int rc;

	if (r->name.port > 0)
		snprintf(port, sizeof(port), ":%u", r->name.port);
	buf_addf(&text, "%s://%s%s/", r->rule->http ? "http" : "https", r->name.host,
	        port);
	rc = remote_url_read(NULL, buf_view(&text), &r->origin, err);
	buf_release(&text);
	return rc;
}

static int set_login(
        struct remote *r, const struct remote_settings *settings, struct err *err)
{
	struct view user = r->rule->user, password = r->rule->password;

	if (is_set(settings->user)) {
		user = view_of(settings->user);
		password = view_of(settings->password);
	} else if (r->rule->key) {
		r->key = settings->key;
	}
	if (view_copy(user, r->user, sizeof(r->user)) != 0 ||
	        view_copy(password, r->password, sizeof(r->password)) != 0 ||
	        strchr(r->user, ':'))
		return err_set(err, ERR_BAD_REQUEST,
		        "the user's name or the password is too long or malformed");
	return 0;
}

static int find_rule(
        struct remote *r, const struct remote_settings *settings, struct err *err)
{
	r->rule = remotes_find(settings->rules, view_of(r->name.host), r->name.port);
	if (!r->rule && r->name.port > 0)
		return err_set(err, ERR_DENIED,
		        "%.150s:%u is none of the registries that may be asked here",
		        r->name.host, r->name.port);
	if (!r->rule)
		return err_set(err, ERR_DENIED,
		        "%.150s is none of the registries that may be asked here",
		        r->name.host);
	if ((r->name.scheme == REMOTE_HTTP && !r->rule->http) ||
	        (r->name.scheme == REMOTE_HTTPS && r->rule->http))
		return err_set(err, ERR_DENIED, "%s is listed here as %s",
		        r->name.host, r->rule->http ? "http" : "https");
	return 0;
}

int remote_open(struct remote *r, const struct remote_settings *settings,
        const struct remote_name *name, struct err *err)
{
	struct fetch_settings fetch = {
	        NULL, settings->stall, settings->cancelled, settings->arg};

	r->name = *name;
	r->push = settings->push;
	if (find_rule(r, settings, err) != 0 || set_origin(r, err) != 0 ||
	        set_login(r, settings, err) != 0)
		return -1;
	fetch.rule = r->rule;
	return fetch_open(&r->fetch, &fetch, err);
}

void remote_close(struct remote *r)
{
	fetch_close(&r->fetch);
	OPENSSL_cleanse(r->password, sizeof(r->password));
	if (r->authorization.ptr)
		OPENSSL_cleanse(r->authorization.ptr, r->authorization.size);
	buf_release(&r->authorization);
}

int remote_address(
        const struct remote *r, const char *tail, struct remote_url *out, struct err *err)
{
	struct buf text = BUF_INIT(REMOTE_URL_MAX);
	int rc;

	buf_addf(&text, "/v2/%s/%s", r->name.path, tail);
	rc = remote_url_read(r->origin.text, buf_view(&text), out, err);
	buf_release(&text);
	return rc;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 ||
	       status == 308;
}

/* Only what was not changed on its way may be asked again elsewhere. */
static bool may_follow(const char *method, int status)
{
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return true;
	return status == 307 || status == 308;
}

/* One request to one address. */
static int send_once(struct remote *r, const struct remote_request *q, int *status,
        struct err *err)
{
	const char *fields[FIELDS_MAX] = {q->field, q->field ? q->field2 : NULL};
	struct buf authorization = BUF_INIT(r->authorization.ceiling + 64);
	struct fetch_request f = {q->method, r->at.text, fields, NULL, 0};
	int rc = 0;

	if (r->authorization.len > 0 && remote_url_same_origin(&r->at, &r->origin)) {
		buf_addf(&authorization, "Authorization: %s", buf_str(&r->authorization));
		fields[q->field ? (q->field2 ? 2 : 1) : 0] = buf_str(&authorization);
	}
	if (q->body) {
		f.body = &q->body->source;
		f.length = q->body->length;
		rc = q->body->rewind(q->body->source.arg, err);
	}
	if (rc == 0)
		rc = fetch_begin(r->fetch, &f, status, err);
	if (authorization.ptr)
		OPENSSL_cleanse(authorization.ptr, authorization.size);
	buf_release(&authorization);
	return rc;
}

/* Where a redirect leads, if it may. */
static int redirect(struct remote *r, struct err *err)
{
	struct view location = fetch_field(r->fetch, "Location");
	struct remote_url next;

	if (location.len == 0)
		return err_set(err, ERR_REMOTE, "%.100s redirects to nowhere",
		        r->at.host);
	if (remote_url_read(r->at.text, location, &next, err) != 0 ||
	        remote_url_check(r->rule, &r->origin, &next, REMOTE_CONTENT, err) != 0)
		return -1;
	r->at = next;
	return 0;
}

static int follow(struct remote *r, const struct remote_request *q, int *status,
        struct err *err)
{
	if (remote_url_check(r->rule, &r->origin, q->url, REMOTE_CONTENT, err) != 0)
		return -1;
	r->at = *q->url;
	for (int i = 0; i <= REMOTE_REDIRECTS_MAX; i++) {
		if (send_once(r, q, status, err) != 0)
			return -1;
		if (!is_redirect(*status) || !may_follow(q->method, *status))
			return 0;
		if (redirect(r, err) != 0) {
			fetch_end(r->fetch);
			return -1;
		}
	}
	fetch_end(r->fetch);
	return err_set(err, ERR_REMOTE, "%.100s redirects more than %d times",
	        r->origin.host, REMOTE_REDIRECTS_MAX);
}

int remote_send(struct remote *r, const struct remote_request *q, int *status,
        struct err *err)
{
	struct buf field = BUF_INIT(FETCH_HEAD_MAX);
	int rc = follow(r, q, status, err);

	if (rc == 0 && *status == 401 && remote_url_same_origin(&r->at, &r->origin)) {
		buf_add_view(&field, fetch_field(r->fetch, "WWW-Authenticate"));
		fetch_end(r->fetch);
		rc = remote_authorize(r, buf_view(&field), err);
		if (rc == 0)
			rc = follow(r, q, status, err);
	}
	buf_release(&field);
	return rc;
}

/* The first message of a body in the form of the specification, or its beginning. */
static void read_message(struct view body, char *out, size_t size)
{
	struct json_object *root, *list, *first = NULL, *message = NULL;
	const char *why;
	struct view text;
	size_t n = 0;

	root = json_parse_object(body, &why);
	if (root && json_member(root, "errors", json_type_array, &list) && list)
		first = json_object_array_get_idx(list, 0);
	if (first && json_object_is_type(first, json_type_object) &&
	        !json_member(first, "message", json_type_string, &message))
		message = NULL;
	text = message ? json_text(message) : VIEW_LIT("");
	for (size_t i = 0; i < text.len && n + 1 < size; i++)
		if (text.ptr[i] >= ' ' && text.ptr[i] <= '~')
			out[n++] = text.ptr[i];
	out[n] = '\0';
	json_object_put(root);
}

static enum err_code code_of(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_NOT_FOUND;
	case 429:
		return ERR_TOO_MANY_REQUESTS;
	default:
		return ERR_REMOTE;
	}
}

int remote_refused(struct remote *r, const char *what, int status, struct err *err)
{
	struct buf body = BUF_INIT(REFUSAL_MAX);
	struct err ignored = ERR_INIT;
	char message[128] = "";

	if (fetch_read_all(r->fetch, &body, &ignored) == 0)
		read_message(buf_view(&body), message, sizeof(message));
	fetch_end(r->fetch);
	buf_release(&body);
	err_release(&ignored);
	return err_set(err, code_of(status), "%.80s: %s: %d%s%s", r->origin.host, what,
	        status, message[0] ? ": " : "", message);
}
