#include "format/remotes.h"

#include "base/num.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define PORT_HTTP 80
#define PORT_HTTPS 443

void remotes_release(struct remotes *r)
{
	if (r->text)
		OPENSSL_cleanse(r->text, r->length);
	free(r->text);
	free(r->rules);
	*r = REMOTES_INIT;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct view next_word(struct view *rest)
{
	struct view v = *rest, word;
	size_t n = 0;

	while (v.len > 0 && is_blank(v.ptr[0])) {
		v.ptr++;
		v.len--;
	}
	while (n < v.len && !is_blank(v.ptr[n]))
		n++;
	word = (struct view){v.ptr, n};
	*rest = (struct view){v.ptr + n, v.len - n};
	return word;
}

static bool is_printable(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] <= ' ' || v.ptr[i] > '~')
			return false;
	return v.len > 0;
}

/* One label of a pattern: "**" may be the first only. */
static bool label_is_valid(struct view label, bool first)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789-_*";

	for (size_t i = 0; i < label.len; i++)
		if (!label.ptr[i] || !strchr(set, label.ptr[i]))
			return false;
	if (memmem(label.ptr, label.len, "**", 2))
		return first && label.len == 2;
	return label.len > 0;
}

static bool is_bracketed(struct view name)
{
	if (!view_starts(name, "[") || !view_ends(name, "]") || name.len < 4)
		return false;
	for (size_t i = 1; i + 1 < name.len; i++)
		if (!name.ptr[i] || !strchr("0123456789abcdef:.", name.ptr[i]))
			return false;
	return true;
}

static bool name_is_valid(struct view name)
{
	struct view label, rest = name;
	bool first = true, more;

	if (name.len > REMOTE_HOST_MAX)
		return false;
	if (view_starts(name, "["))
		return is_bracketed(name);
	do {
		more = view_cut(rest, '.', &label, &rest);
		if (!label_is_valid(label, first))
			return false;
		first = false;
	} while (more);
	return true;
}

static int parse_host(struct view word, struct remote_host *out)
{
	struct view name, port;
	uint64_t n;

	*out = (struct remote_host){word, {word.ptr, 0}};
	/* The last colon, unless it is within brackets. */
	if (view_cut_last(word, ':', &name, &port) && !memchr(port.ptr, ']', port.len)) {
		*out = (struct remote_host){name, port};
		if (!view_is(port, "*") &&
		        (num_parse(port, &n) != 0 || n == 0 || n > 65535))
			return -1;
	}
	return name_is_valid(out->name) ? 0 : -1;
}

static int add_host(struct remote_host *hosts, size_t *n, struct view word)
{
	if (*n == REMOTE_HOSTS_MAX || parse_host(word, &hosts[*n]) != 0)
		return -1;
	++*n;
	return 0;
}

static int set_text(struct view *text, struct view value)
{
	if (text->len > 0 || !is_printable(value))
		return -1;
	*text = value;
	return 0;
}

static int set_flag(struct view word, struct remote_rule *r)
{
	if (view_is(word, "insecure"))
		r->insecure = true;
	else if (view_is(word, "private"))
		r->private = true;
	else if (view_is(word, "key"))
		r->key = true;
	else
		return -1;
	return 0;
}

static int set_chunk(struct view value, struct remote_rule *r)
{
	return num_parse_size(value, &r->chunk) == 0 && r->chunk > 0 ? 0 : -1;
}

static int set_authorities(struct view value, struct remote_rule *r)
{
	if (!view_starts(value, "/") || value.len > REMOTE_PATH_MAX)
		return -1;
	return set_text(&r->ca, value);
}

static int set_user(struct view value, struct remote_rule *r)
{
	/* The scheme Basic ends it at a colon. */
	if (memchr(value.ptr, ':', value.len))
		return -1;
	return set_text(&r->user, value);
}

static int set_password(struct view value, struct remote_rule *r)
{
	return set_text(&r->password, value);
}

static int add_redirect(struct view value, struct remote_rule *r)
{
	return add_host(r->redirects, &r->nredirects, value);
}

static int add_realm(struct view value, struct remote_rule *r)
{
	return add_host(r->realms, &r->nrealms, value);
}

static int parse_option(struct view word, struct remote_rule *r)
{
	static const struct {
		const char *name;
		int (*set)(struct view value, struct remote_rule *r);
	} options[] = {
	        {"user", set_user},
	        {"password", set_password},
	        {"ca", set_authorities},
	        {"chunk", set_chunk},
	        {"redirect", add_redirect},
	        {"realm", add_realm},
	};
	struct view name, value;

	if (!view_cut(word, '=', &name, &value))
		return set_flag(word, r);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (view_is(name, options[i].name))
			return options[i].set(value, r);
	return -1;
}

/* What is shown of an option that is wrong: its name, for the value may be a secret. */
struct excerpt {
	char text[41];
};

static struct excerpt excerpt_of(struct view word)
{
	struct excerpt e = {{0}};
	struct view name, value;

	view_cut(word, '=', &name, &value);
	for (size_t i = 0; i < name.len && i + 1 < sizeof(e.text); i++)
		e.text[i] = name.ptr[i] > ' ' && name.ptr[i] <= '~' ? name.ptr[i] : '?';
	return e;
}

/* [scheme://]host[:port] */
static int parse_registry(struct view word, struct remote_rule *r, bool *scheme)
{
	*scheme = true;
	if (view_starts(word, "http://")) {
		r->http = true;
		word = (struct view){word.ptr + 7, word.len - 7};
	} else if (view_starts(word, "https://")) {
		word = (struct view){word.ptr + 8, word.len - 8};
	} else {
		*scheme = false;
	}
	return parse_host(word, &r->host);
}

static const char *check_rule(const struct remote_rule *r)
{
	if ((r->user.len > 0) != (r->password.len > 0))
		return "user and password come together";
	if (r->key && r->user.len > 0)
		return "either a key or a user";
	if (r->http && !r->insecure)
		return "http wants the option insecure";
	return NULL;
}

static int parse_rule(struct view line, const char *file, struct remote_rule *r,
        struct err *err)
{
	struct view word = next_word(&line);
	const char *why;
	bool scheme;

	if (parse_registry(word, r, &scheme) != 0)
		return err_set(err, ERR_FAULT, "%s:%u: \"%s\" is no registry: "
		        "[scheme://]host[:port], in lower case",
		        file, r->line, excerpt_of(word).text);
	for (word = next_word(&line); word.len > 0; word = next_word(&line))
		if (parse_option(word, r) != 0)
			return err_set(err, ERR_FAULT,
			        "%s:%u: the option \"%s\" is not known, has a bad value, "
			        "or is there too often",
			        file, r->line, excerpt_of(word).text);
	if (!scheme)
		r->http = r->insecure;
	why = check_rule(r);
	if (why)
		return err_set(err, ERR_FAULT, "%s:%u: %s", file, r->line, why);
	return 0;
}

static bool says_something(struct view line)
{
	struct view word = next_word(&line);

	return word.len > 0 && word.ptr[0] != '#';
}

static int parse_lines(struct remotes *r, const char *name, struct err *err)
{
	struct view rest = {r->text, r->length}, line;
	unsigned number = 0;

	while (rest.len > 0) {
		view_cut(rest, '\n', &line, &rest);
		number++;
		if (!says_something(line))
			continue;
		if (r->n == REMOTES_RULES_MAX)
			return err_set(err, ERR_FAULT, "%s:%u: over %d lines", name,
			        number, REMOTES_RULES_MAX);
		r->rules[r->n].line = number;
		if (parse_rule(line, name, &r->rules[r->n], err) != 0)
			return -1;
		r->n++;
	}
	return 0;
}

static size_t count_rules(struct view rest)
{
	struct view line;
	size_t n = 0;

	while (rest.len > 0 && n < REMOTES_RULES_MAX) {
		view_cut(rest, '\n', &line, &rest);
		n += says_something(line);
	}
	return n;
}

int remotes_parse(
        struct view text, const char *name, struct remotes *out, struct err *err)
{
	*out = REMOTES_INIT;
	if (text.len > REMOTES_FILE_MAX)
		return err_set(
		        err, ERR_FAULT, "%s: over %u bytes", name, REMOTES_FILE_MAX);
	out->text = malloc(text.len + 1);
	out->rules = calloc(count_rules(text) + 1, sizeof(out->rules[0]));
	if (!out->text || !out->rules) {
		remotes_release(out);
		return err_set(err, ERR_FAULT, "%s: no memory", name);
	}
	if (text.len > 0)
		memcpy(out->text, text.ptr, text.len);
	out->length = text.len;
	if (parse_lines(out, name, err) == 0)
		return 0;
	remotes_release(out);
	return -1;
}

/* One label; a star goes on taking characters until what follows it fits. */
static bool label_fits(struct view glob, struct view label)
{
	size_t g = 0, n = 0, star = SIZE_MAX, taken = 0;

	while (g < glob.len || n < label.len) {
		if (g < glob.len && glob.ptr[g] == '*') {
			star = g++;
			taken = n;
		} else if (g < glob.len && n < label.len && glob.ptr[g] == label.ptr[n]) {
			g++;
			n++;
		} else if (star != SIZE_MAX && taken < label.len) {
			g = star + 1;
			n = ++taken;
		} else {
			return false;
		}
	}
	return true;
}

/* From the right, so that "**" comes last. */
static bool name_fits(struct view glob, struct view name)
{
	struct view glob_label, label;
	bool more_glob = true, more_name = true;

	if (view_starts(glob, "[") || view_starts(name, "["))
		return view_equal(glob, name) || view_is(glob, "**");
	while (more_glob && more_name) {
		if (view_is(glob, "**"))
			return true;
		more_glob = view_cut_last(glob, '.', &glob, &glob_label);
		more_name = view_cut_last(name, '.', &name, &label);
		if (!label_fits(glob_label, label))
			return false;
	}
	return more_glob == more_name;
}

static bool port_fits(struct view glob, unsigned port, unsigned port_default)
{
	uint64_t n = port_default;

	if (view_is(glob, "*"))
		return true;
	if (glob.len > 0 && num_parse(glob, &n) != 0)
		return false;
	return n == (port == 0 ? port_default : port);
}

bool remote_hosts_hold(const struct remote_host *hosts, size_t n, struct view host,
        unsigned port, unsigned port_default)
{
	for (size_t i = 0; i < n; i++)
		if (name_fits(hosts[i].name, host) &&
		        port_fits(hosts[i].port, port, port_default))
			return true;
	return false;
}

const struct remote_rule *remotes_find(
        const struct remotes *r, struct view host, unsigned port)
{
	for (size_t i = 0; i < r->n; i++)
		if (remote_hosts_hold(&r->rules[i].host, 1, host, port,
		            r->rules[i].http ? PORT_HTTP : PORT_HTTPS))
			return &r->rules[i];
	return NULL;
}
