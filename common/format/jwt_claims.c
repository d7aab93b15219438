#include "format/jwt_claims.h"

#include "format/base64.h"
#include "format/json_text.h"

#include <inttypes.h>
#include <stdlib.h>

#define TIME_MAX ((int64_t)1 << 53) /* beyond it a JSON number is no longer exact */

/* Copies a text member into out[size]; an absent one is "". 0 or -1. */
static int read_text(json_object *o, const char *name, char *out, size_t size)
{
	struct view v;

	return json_member_text(o, name, &v) < 0 ? -1 : view_copy(v, out, size);
}

/* A NumericDate (RFC 7519, section 2): 1, 0 when absent, -1. Fractions are cut off. */
static int read_time(json_object *o, const char *name, int64_t *out)
{
	json_object *v;
	double d;

	*out = 0;
	if (!json_object_object_get_ex(o, name, &v))
		return 0;
	if (json_object_is_type(v, json_type_int)) {
		*out = json_object_get_int64(v);
	} else if (json_object_is_type(v, json_type_double)) {
		d = json_object_get_double(v);
		if (!(d >= 0 && d <= (double)TIME_MAX))
			return -1;
		*out = (int64_t)d;
	} else {
		return -1;
	}
	return *out >= 0 && *out <= TIME_MAX ? 1 : -1;
}

static int add_audience(json_object *v, struct jwt_claims *out)
{
	struct view text;

	if (out->naudiences == JWT_AUDIENCES_MAX ||
	        !json_object_is_type(v, json_type_string))
		return -1;
	text = (struct view){
	        json_object_get_string(v), (size_t)json_object_get_string_len(v)};
	return view_copy(text, out->audiences[out->naudiences++], JWT_TEXT_MAX + 1);
}

static int read_audiences(json_object *o, struct jwt_claims *out)
{
	json_object *v;
	size_t i, n;

	out->naudiences = 0;
	if (!json_object_object_get_ex(o, "aud", &v))
		return 0;
	if (!json_object_is_type(v, json_type_array))
		return add_audience(v, out);
	n = json_object_array_length(v);
	for (i = 0; i < n; i++)
		if (add_audience(json_object_array_get_idx(v, i), out) != 0)
			return -1;
	return 0;
}

/* The bits of a list of action words; unknown words are passed over. */
static int read_actions(json_object *entry, unsigned *out)
{
	json_object *list, *v;
	size_t i, n;

	*out = 0;
	if (!json_object_object_get_ex(entry, "actions", &list))
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return -1;
	n = json_object_array_length(list);
	for (i = 0; i < n; i++) {
		v = json_object_array_get_idx(list, i);
		if (!json_object_is_type(v, json_type_string))
			return -1;
		*out |= action_parse(view_of(json_object_get_string(v)));
	}
	return 0;
}

static int read_grant(json_object *entry, struct scope_list *out)
{
	struct view type, name;
	struct scope s;

	if (!json_object_is_type(entry, json_type_object) ||
	        json_member_text(entry, "type", &type) < 0 ||
	        json_member_text(entry, "name", &name) < 0 ||
	        read_actions(entry, &s.actions) != 0)
		return -1;
	if (scope_type_parse(type, &s.type) != 0 || repo_name_parse(name, &s.name) != 0)
		return 0;
	return scope_list_add(out, &s);
}

static int read_access(json_object *o, struct scope_list *out)
{
	json_object *list;
	size_t i, n;

	out->n = 0;
	if (!json_object_object_get_ex(o, "access", &list) || !list)
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return -1;
	n = json_object_array_length(list);
	for (i = 0; i < n; i++)
		if (read_grant(json_object_array_get_idx(list, i), out) != 0)
			return -1;
	return 0;
}

static int read_claims(json_object *o, struct jwt_claims *out)
{
	if (read_text(o, "iss", out->issuer, sizeof(out->issuer)) != 0 ||
	        read_text(o, "sub", out->subject, sizeof(out->subject)) != 0 ||
	        read_text(o, "stamp", out->stamp, sizeof(out->stamp)) != 0)
		return -1;
	/* It is only for the log, and issuers choose its length freely. */
	if (read_text(o, "jti", out->id, sizeof(out->id)) != 0)
		out->id[0] = '\0';
	if (read_time(o, "exp", &out->expires) != 1 ||
	        read_time(o, "nbf", &out->not_before) < 0 ||
	        read_time(o, "iat", &out->issued) < 0)
		return -1;
	return read_audiences(o, out) != 0 ? -1 : read_access(o, &out->access);
}

enum jwt_reason jwt_claims_parse(const struct jwt *t, struct jwt_claims *out)
{
	size_t size = BASE64_DECODED_MAX(t->payload.len), len;
	char *bytes = malloc(size);
	const char *why;
	json_object *o = NULL;
	enum jwt_reason reason = JWT_CLAIMS;

	if (!bytes || base64url_decode(t->payload, bytes, size, &len) != 0)
		goto out;
	o = json_parse_object((struct view){bytes, len}, &why);
	if (o && read_claims(o, out) == 0)
		reason = JWT_OK;
out:
	json_object_put(o);
	free(bytes);
	return reason;
}

static bool is_for(const struct jwt_claims *c, const char *audience)
{
	size_t i;

	for (i = 0; i < c->naudiences; i++)
		if (view_is(view_of(audience), c->audiences[i]))
			return true;
	return false;
}

enum jwt_reason jwt_claims_check(
        const struct jwt_claims *c, const char *issuer, const char *audience, int64_t now)
{
	if (!view_is(view_of(issuer), c->issuer))
		return JWT_ISSUER;
	if (!is_for(c, audience))
		return JWT_AUDIENCE;
	if (now >= c->expires + JWT_SKEW)
		return JWT_EXPIRED;
	if (now < c->not_before - JWT_SKEW || now < c->issued - JWT_SKEW)
		return JWT_NOT_YET;
	return JWT_OK;
}

static void write_text(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, ",\"%s\":", name);
	buf_add_json(out, view_of(value));
}

static void write_actions(struct buf *out, unsigned actions)
{
	struct buf words = BUF_INIT(64);
	struct view rest, word;
	const char *comma = "";

	actions_text(actions, &words);
	rest = buf_view(&words);
	buf_add_char(out, '[');
	while (rest.len > 0) {
		view_cut(rest, ',', &word, &rest);
		buf_addf(out, "%s\"%.*s\"", comma, VIEW_ARG(word));
		comma = ",";
	}
	buf_add_char(out, ']');
	buf_release(&words);
}

static void write_access(struct buf *out, const struct scope_list *access)
{
	const struct scope *s;
	size_t i;

	buf_add_str(out, ",\"access\":[");
	for (i = 0; i < access->n; i++) {
		s = &access->items[i];
		buf_addf(out,
		        "%s{\"type\":\"%s\",\"name\":\"%s\",\"actions\":", i ? "," : "",
		        scope_type_name(s->type), s->name.text);
		write_actions(out, s->actions);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void write_audiences(struct buf *out, const struct jwt_claims *c)
{
	size_t i;

	if (c->naudiences == 1) {
		write_text(out, "aud", c->audiences[0]);
		return;
	}
	buf_add_str(out, ",\"aud\":[");
	for (i = 0; i < c->naudiences; i++) {
		buf_add_str(out, i ? "," : "");
		buf_add_json(out, view_of(c->audiences[i]));
	}
	buf_add_char(out, ']');
}

int jwt_claims_write(const struct jwt_claims *c, struct buf *out)
{
	buf_addf(out, "{\"exp\":%" PRId64 ",\"nbf\":%" PRId64 ",\"iat\":%" PRId64,
	        c->expires, c->not_before, c->issued);
	write_text(out, "iss", c->issuer);
	write_text(out, "sub", c->subject);
	write_text(out, "jti", c->id);
	write_audiences(out, c);
	if (c->stamp[0])
		write_text(out, "stamp", c->stamp);
	write_access(out, &c->access);
	buf_add_char(out, '}');
	return buf_failed(out) ? -1 : 0;
}
