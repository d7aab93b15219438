#include "format/challenge.h"

#include <stdbool.h>
#include <string.h>

static bool is_token_char(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c && strchr("!#$%&'*+-.^_`|~", c);
}

static bool is_token68_char(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c && strchr("-._~+/", c);
}

static struct view skip(struct view v, size_t n)
{
	return (struct view){v.ptr + n, v.len - n};
}

static struct view skip_blanks(struct view v)
{
	while (v.len > 0 && (v.ptr[0] == ' ' || v.ptr[0] == '\t'))
		v = skip(v, 1);
	return v;
}

/* Blanks and the commas of empty list elements. */
static struct view skip_separators(struct view v)
{
	while (v.len > 0 && (v.ptr[0] == ' ' || v.ptr[0] == '\t' || v.ptr[0] == ','))
		v = skip(v, 1);
	return v;
}

static struct view take_token(struct view *v)
{
	struct view token = {v->ptr, 0};

	while (token.len < v->len && is_token_char(v->ptr[token.len]))
		token.len++;
	*v = skip(*v, token.len);
	return token;
}

/* Whether v begins with token68, which ends the challenge; *v is then behind it. */
static bool take_token68(struct view *v)
{
	struct view rest = *v;

	while (rest.len > 0 && is_token68_char(rest.ptr[0]))
		rest = skip(rest, 1);
	if (rest.len == v->len)
		return false;
	while (rest.len > 0 && rest.ptr[0] == '=')
		rest = skip(rest, 1);
	rest = skip_blanks(rest);
	if (rest.len > 0 && rest.ptr[0] != ',')
		return false;
	*v = rest;
	return true;
}

/* Where a value goes; one that is of no interest goes nowhere. */
struct sink {
	char *text; /* of CHALLENGE_TEXT_MAX + 1 bytes, or NULL */
	size_t len;
};

static int sink_add(struct sink *s, char c)
{
	if (!s->text)
		return 0;
	if (s->len == CHALLENGE_TEXT_MAX || c < ' ' || c > '~')
		return -1;
	s->text[s->len++] = c;
	s->text[s->len] = '\0';
	return 0;
}

static int take_quoted(struct view *v, struct sink *out)
{
	*v = skip(*v, 1);
	while (v->len > 0 && v->ptr[0] != '"') {
		if (v->ptr[0] == '\\')
			*v = skip(*v, 1);
		if (v->len == 0 || sink_add(out, v->ptr[0]) != 0)
			return -1;
		*v = skip(*v, 1);
	}
	if (v->len == 0)
		return -1;
	*v = skip(*v, 1);
	return 0;
}

static int take_value(struct view *v, struct sink *out)
{
	struct view token;

	if (v->len > 0 && v->ptr[0] == '"')
		return take_quoted(v, out);
	token = take_token(v);
	for (size_t i = 0; i < token.len; i++)
		if (sink_add(out, token.ptr[i]) != 0)
			return -1;
	return token.len > 0 ? 0 : -1;
}

static char *place_of(struct challenge *c, struct view name)
{
	if (view_is_nocase(name, "realm"))
		return c->realm;
	if (view_is_nocase(name, "service"))
		return c->service;
	return view_is_nocase(name, "scope") ? c->scope : NULL;
}

/*
 * A parameter at the start of *v: 1; 0 when what stands there is the next challenge; -1.
 */
static int take_parameter(struct view *v, struct challenge *out)
{
	struct view rest = *v, name = take_token(&rest);
	struct sink sink = {0};

	rest = skip_blanks(rest);
	if (name.len == 0)
		return -1;
	if (rest.len == 0 || rest.ptr[0] != '=')
		return 0;
	rest = skip_blanks(skip(rest, 1));
	sink.text = place_of(out, name);
	if (sink.text && sink.text[0])
		return -1;
	if (take_value(&rest, &sink) != 0)
		return -1;
	rest = skip_blanks(rest);
	if (rest.len > 0 && rest.ptr[0] != ',')
		return -1;
	*v = skip_separators(rest);
	return 1;
}

static int take_parameters(struct view *v, struct challenge *out)
{
	int found = 1;
	bool first = true;

	while (found == 1 && v->len > 0) {
		found = take_parameter(v, out);
		/* A scheme and a word that is neither a parameter nor token68. */
		if (found == 0 && first)
			return -1;
		first = false;
	}
	return found < 0 ? -1 : 1;
}

static enum challenge_scheme scheme_of(struct view word)
{
	if (view_is_nocase(word, "Bearer"))
		return CHALLENGE_BEARER;
	return view_is_nocase(word, "Basic") ? CHALLENGE_BASIC : CHALLENGE_OTHER;
}

int challenge_next(struct view *rest, struct challenge *out)
{
	struct view v = skip_separators(*rest), scheme;
	int found = 1;

	memset(out, 0, sizeof(*out));
	if (v.len == 0) {
		*rest = v;
		return 0;
	}
	scheme = take_token(&v);
	out->scheme = scheme_of(scheme);
	if (scheme.len == 0 || (v.len > 0 && !memchr(" \t,", v.ptr[0], 3)))
		return -1;
	v = skip_blanks(v);
	if (v.len > 0 && v.ptr[0] != ',' && !take_token68(&v))
		found = take_parameters(&v, out);
	*rest = v;
	return found;
}
