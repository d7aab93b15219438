#include "gateway/ollama.h"

#include "format/json.h"
#include "format/json_text.h"
#include "gateway/access.h"
#include "gateway/origin.h"
#include "service/models.h"

#include <string.h>

int ollama_body(struct exchange *x, struct json_object **out)
{
	const char *why;

	if (x->body.len == 0)
		return err_set(&x->err, ERR_BAD_REQUEST, "missing request body");
	*out = json_parse_object(buf_view(&x->body), &why);
	if (*out)
		return 0;
	return err_set(
	        &x->err, ERR_BAD_REQUEST, "the request is no JSON object: %s", why);
}

/* Whether the host that a name has, if any, is the one that the client speaks to. */
static bool is_here(const struct exchange *x, const struct model_name *name)
{
	char origin[ORIGIN_SIZE];
	const char *host;

	if (!name->host[0])
		return true;
	host = origin_of(x, origin) ? strstr(origin, "://") : NULL;
	return host && view_is_nocase(view_of(name->host), host + strlen("://"));
}

int ollama_expect_here(struct exchange *x, const struct model_name *name)
{
	if (is_here(x, name))
		return 0;
	return err_set(&x->err, ERR_BAD_REQUEST,
	        "the model is of another registry (%s), and has to be pulled into this "
	        "one "
	        "first",
	        name->host);
}

int ollama_model(struct exchange *x, struct json_object *body, struct model_name *out)
{
	struct view text;
	int found = json_member_text(body, "model", &text);

	if (found >= 0 && text.len == 0)
		found = json_member_text(body, "name", &text);
	if (found < 0 || model_name_parse(text, out) != 0)
		return err_set(&x->err, ERR_BAD_REQUEST, "invalid model name");
	return ollama_expect_here(x, out);
}

int ollama_name(struct exchange *x, struct json_object *body, const char *member,
        struct model_name *out)
{
	struct view text;

	if (json_member_text(body, member, &text) < 0 || model_name_parse(text, out) != 0)
		return err_set(&x->err, ERR_BAD_REQUEST, "%s \"%.*s\" is invalid", member,
		        text.len > 80 ? 80 : (int)text.len, text.len ? text.ptr : "");
	return ollama_expect_here(x, out);
}

int ollama_access(
        struct exchange *x, const struct model_name *name, enum access_need need)
{
	struct repo_name repo;
	struct tag tag;

	if (model_name_repo(name, x->config->ollama_names, &repo, &tag, &x->err) != 0)
		return -1;
	return access_for(x, &repo, need);
}

int ollama_flag(struct exchange *x, struct json_object *body, const char *name, bool *out)
{
	struct json_object *value;

	if (!json_member(body, name, json_type_boolean, &value))
		return err_set(&x->err, ERR_BAD_REQUEST, "\"%s\" is no boolean", name);
	*out = value && json_object_get_boolean(value);
	return 0;
}

int ollama_stream(struct exchange *x, struct json_object *body, bool *out)
{
	struct json_object *value;

	if (!json_member(body, "stream", json_type_boolean, &value))
		return err_set(&x->err, ERR_BAD_REQUEST, "\"stream\" is no boolean");
	*out = !value || json_object_get_boolean(value);
	return 0;
}

int ollama_staging(struct exchange *x, struct repo_name *out)
{
	if (x->auth && !x->user[0])
		return access_for(x, NULL, ACCESS_LOGIN) == 0
		               ? err_set(&x->err, ERR_DENIED,
		                         "uploads are for users only")
		               : -1;
	return models_staging(x->user, out, &x->err);
}
