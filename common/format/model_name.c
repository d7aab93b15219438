#include "format/model_name.h"

#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#define ESCAPED "u---"
/* Every character in two, behind the mark. */
#define COMPONENT_MAX (sizeof(ESCAPED) - 1 + 2 * (size_t)MODEL_PART_MAX)

static const char separators[] = "_.-";

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
	return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_separator(char c)
{
	return c != '\0' && strchr(separators, c);
}

/* ---- grammar ---- */

static bool is_part(struct view v, const char *also, size_t max)
{
	if (v.len == 0 || v.len > max || !(is_alnum(v.ptr[0]) || v.ptr[0] == '_'))
		return false;
	for (size_t i = 1; i < v.len; i++)
		if (v.ptr[i] == '\0' || !(is_alnum(v.ptr[i]) || strchr(also, v.ptr[i])))
			return false;
	return true;
}

static bool is_host(struct view v)
{
	return is_part(v, "_.:-", MODEL_HOST_MAX);
}

static bool is_space(struct view v)
{
	return is_part(v, "_-", MODEL_PART_MAX);
}

static bool is_model(struct view v)
{
	return is_part(v, separators, MODEL_PART_MAX);
}

static void put(struct view v, char *out, size_t size)
{
	(void)view_copy(v, out, size);
}

/* What stands before the last '/' of a name without its tag: [scheme://][host/]namespace.
 */
static int read_origin(struct view text, struct model_name *out)
{
	struct view host, space;
	char *scheme;

	if (!view_cut_last(text, '/', &host, &space)) {
		put(text, out->space, sizeof(out->space));
		return is_space(text) ? 0 : -1;
	}
	scheme = memmem(host.ptr, host.len, "://", 3);
	if (scheme) {
		host.len -= (size_t)(scheme + 3 - host.ptr);
		host.ptr = scheme + 3;
	}
	if (!is_host(host) || !is_space(space))
		return -1;
	put(host, out->host, sizeof(out->host));
	put(space, out->space, sizeof(out->space));
	return 0;
}

static int read_parts(struct view text, struct model_name *out)
{
	struct view origin, model, name, tag;
	bool has_tag =
	        view_cut_last(text, ':', &name, &tag) && !memchr(tag.ptr, '/', tag.len);

	if (has_tag) {
		if (!is_model(tag))
			return -1;
		put(tag, out->tag, sizeof(out->tag));
		text = name;
	}
	if (view_cut_last(text, '/', &origin, &model) && read_origin(origin, out) != 0)
		return -1;
	if (!is_model(model))
		return -1;
	put(model, out->model, sizeof(out->model));
	return 0;
}

int model_name_parse(struct view text, struct model_name *out)
{
	*out = (struct model_name){
	        .space = MODEL_DEFAULT_SPACE, .tag = MODEL_DEFAULT_TAG};
	if (read_parts(text, out) == 0)
		return 0;
	*out = (struct model_name){.host = ""};
	return -1;
}

void model_name_text(const struct model_name *n, char out[MODEL_TEXT_SIZE])
{
	bool is_default = strcmp(n->space, MODEL_DEFAULT_SPACE) == 0;

	snprintf(out, MODEL_TEXT_SIZE, "%s%s%s:%s", is_default ? "" : n->space,
	        is_default ? "" : "/", n->model, n->tag);
}

bool model_name_equal(const struct model_name *a, const struct model_name *b)
{
	return strcmp(a->host, b->host) == 0 && strcmp(a->space, b->space) == 0 &&
	       strcmp(a->model, b->model) == 0 && strcmp(a->tag, b->tag) == 0;
}

/* ---- escapes ---- */

/* Length of the run of separators at i when a repository name can have it there, or 0. */
static size_t plain_run(struct view v, size_t i)
{
	size_t end = i;
	char around[64];

	while (end < v.len && is_separator(v.ptr[end]))
		end++;
	if (i == 0 || end == v.len || end - i > sizeof(around) - 3)
		return 0;
	snprintf(around, sizeof(around), "a%.*sa", (int)(end - i), v.ptr + i);
	return repo_name_is_component(view_of(around)) ? end - i : 0;
}

static void escape_run(struct view v, size_t i, struct buf *out)
{
	for (; i < v.len && is_separator(v.ptr[i]); i++)
		buf_addf(out, "q%zu",
		        strchr(separators, v.ptr[i]) - separators + (size_t)1);
}

static void escape(struct view v, struct buf *out)
{
	size_t n;

	buf_add_str(out, ESCAPED);
	for (size_t i = 0; i < v.len; i += n) {
		n = 1;
		if (is_upper(v.ptr[i])) {
			buf_addf(out, "q%c", v.ptr[i] - 'A' + 'a');
		} else if (v.ptr[i] == 'q') {
			buf_add_str(out, "q0");
		} else if (!is_separator(v.ptr[i])) {
			buf_add_char(out, v.ptr[i]);
		} else {
			n = plain_run(v, i);
			if (n > 0) {
				buf_add(out, v.ptr + i, n);
				continue;
			}
			escape_run(v, i, out);
			while (i + n < v.len && is_separator(v.ptr[i + n]))
				n++;
			n += n == 0;
		}
	}
}

/* What an escape stands for, or NUL. */
static char unescaped(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if (c >= '1' && c <= '3')
		return separators[c - '1'];
	return c == '0' ? 'q' : '\0';
}

/* False when the component is not what escape() makes of anything that needs it. */
static bool unescape(struct view v, struct buf *out)
{
	struct buf again = BUF_INIT(COMPONENT_MAX);
	bool ok = view_starts(v, ESCAPED);

	for (size_t i = sizeof(ESCAPED) - 1; ok && i < v.len; i++) {
		char c = v.ptr[i];

		if (c == 'q')
			c = ++i < v.len ? unescaped(v.ptr[i]) : '\0';
		ok = c != '\0' && buf_add_char(out, c) == 0;
	}
	ok = ok && is_model(buf_view(out)) && !repo_name_is_component(buf_view(out));
	if (ok) {
		escape(buf_view(out), &again);
		ok = view_equal(v, buf_view(&again));
	}
	buf_release(&again);
	return ok;
}

/* Appends the component as it is stored: 0 or -1. */
static int add_component(struct view v, bool escapes, struct buf *out)
{
	if (repo_name_is_component(v))
		return buf_add_view(out, v);
	if (!escapes || !is_model(v))
		return -1;
	escape(v, out);
	return buf_failed(out) ? -1 : 0;
}

int model_repo_parse(struct view text, bool escapes, struct repo_name *out)
{
	struct buf stored = BUF_INIT(REPO_NAME_MAX);
	struct view component, rest = text;
	bool more, ok;

	out->text[0] = '\0';
	do {
		more = view_cut(rest, '/', &component, &rest);
		ok = add_component(component, escapes, &stored) == 0;
		if (ok && more)
			ok = buf_add_char(&stored, '/') == 0;
	} while (ok && more);
	if (ok)
		ok = repo_name_parse(buf_view(&stored), out) == 0;
	buf_release(&stored);
	return ok ? 0 : -1;
}

int model_name_repo(const struct model_name *n, bool escapes, struct repo_name *repo,
        struct tag *tag, struct err *err)
{
	char text[MODEL_TEXT_SIZE];

	snprintf(text, sizeof(text), "%s/%s", n->space, n->model);
	if (model_repo_parse(view_of(text), escapes, repo) != 0)
		return err_set(err, ERR_NAME_INVALID,
		        escapes ? "the name %s is too long"
		                : "the name %s is not lower case joined by single "
		                  "separators, "
		                  "which is all that this registry takes",
		        text);
	if (tag_parse(view_of(n->tag), tag) != 0)
		return err_set(err, ERR_NAME_INVALID, "'%s' is not a tag", n->tag);
	return 0;
}

/* The part that a stored component stands for: 0, or -1 when it is none. */
static int read_component(
        struct view v, bool (*is_valid)(struct view), char out[MODEL_PART_MAX + 1])
{
	struct buf part = BUF_INIT(MODEL_PART_MAX);
	bool escaped = unescape(v, &part) && is_valid(buf_view(&part));
	int rc = -1;

	if (escaped || is_valid(v))
		rc = view_copy(escaped ? buf_view(&part) : v, out, MODEL_PART_MAX + 1);
	buf_release(&part);
	return rc;
}

int model_name_of_repo(
        const struct repo_name *repo, struct view tag, struct model_name *out)
{
	struct view space, model;

	*out = (struct model_name){.host = ""};
	if (!view_cut(view_of(repo->text), '/', &space, &model) ||
	        read_component(space, is_space, out->space) != 0 ||
	        read_component(model, is_model, out->model) != 0 || !is_model(tag))
		return -1;
	return view_copy(tag, out->tag, sizeof(out->tag));
}
