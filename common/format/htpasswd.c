#include "format/htpasswd.h"

#include "base/num.h"

#include <stdlib.h>
#include <string.h>

#define BCRYPT_LENGTH 60

static const struct {
	const char *prefix;
	enum password_scheme scheme;
} prefixes[] = {
        {"$2y$", PASSWORD_BCRYPT},
        {"$2a$", PASSWORD_BCRYPT},
        {"$2b$", PASSWORD_BCRYPT},
        {"$5$", PASSWORD_SHA_CRYPT},
        {"$6$", PASSWORD_SHA_CRYPT},
        {"$y$", PASSWORD_YESCRYPT},
        {"$apr1$", PASSWORD_MD5},
        {"$1$", PASSWORD_MD5},
        {"{SHA}", PASSWORD_SHA1},
};

static const char *const scheme_names[] = {
        [PASSWORD_BCRYPT] = "bcrypt",
        [PASSWORD_SHA_CRYPT] = "SHA-crypt",
        [PASSWORD_YESCRYPT] = "yescrypt",
        [PASSWORD_MD5] = "MD5",
        [PASSWORD_SHA1] = "SHA-1",
        [PASSWORD_PLAIN] = "DES or plain text",
};

enum password_scheme password_scheme_of(struct view hash)
{
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (view_starts(hash, prefixes[i].prefix))
			return prefixes[i].scheme;
	return PASSWORD_PLAIN;
}

bool password_scheme_accepted(enum password_scheme s)
{
	return s < PASSWORD_MD5;
}

const char *password_scheme_name(enum password_scheme s)
{
	return scheme_names[s];
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "$2y$10$" and 53 more. */
static bool bcrypt_ok(struct view hash)
{
	int cost;

	if (hash.len != BCRYPT_LENGTH || !is_digit(hash.ptr[4]) || !is_digit(hash.ptr[5]))
		return false;
	cost = (hash.ptr[4] - '0') * 10 + hash.ptr[5] - '0';
	return hash.ptr[6] == '$' && cost >= 4 && cost <= HTPASSWD_BCRYPT_COST_MAX;
}

/* "$5$[rounds=N$]salt$hash" */
static bool sha_crypt_ok(struct view hash)
{
	struct view rest = {hash.ptr + 3, hash.len - 3}, field;
	uint64_t rounds;

	if (!view_cut(rest, '$', &field, &rest))
		return false;
	if (!view_starts(field, "rounds="))
		return rest.len > 0;
	field = (struct view){field.ptr + 7, field.len - 7};
	return num_parse(field, &rounds) == 0 && rounds <= HTPASSWD_SHA_ROUNDS_MAX &&
	       view_cut(rest, '$', &field, &rest) && rest.len > 0;
}

/* "$y$parameters$salt$hash" */
static bool yescrypt_ok(struct view hash)
{
	struct view rest = {hash.ptr + 3, hash.len - 3}, field;

	return view_cut(rest, '$', &field, &rest) && field.len > 0 &&
	       view_cut(rest, '$', &field, &rest) && rest.len > 0;
}

static bool hash_ok(const struct htpasswd_entry *e)
{
	size_t i;

	if (e->hash.len == 0 || e->hash.len > HTPASSWD_HASH_MAX)
		return false;
	for (i = 0; i < e->hash.len; i++)
		if (e->hash.ptr[i] <= ' ' || e->hash.ptr[i] > '~')
			return false;
	switch (e->scheme) {
	case PASSWORD_BCRYPT:
		return bcrypt_ok(e->hash);
	case PASSWORD_SHA_CRYPT:
		return sha_crypt_ok(e->hash);
	case PASSWORD_YESCRYPT:
		return yescrypt_ok(e->hash);
	default:
		return true;
	}
}

/* The message never holds a part of the line: it may be a password. */
static int parse_line(struct view line, const char *file, unsigned number,
        struct htpasswd *out, struct err *err)
{
	struct htpasswd_entry *e = &out->entries[out->n];
	struct user_name user;

	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0 || line.ptr[0] == '#')
		return 0;
	if (!view_cut(line, ':', &e->user, &e->hash))
		return err_set(err, ERR_FAULT, "%s:%u: not \"user:hash\"", file, number);
	if (user_name_parse(e->user, &user) != 0)
		return err_set(err, ERR_FAULT, "%s:%u: not a user name", file, number);
	e->scheme = password_scheme_of(e->hash);
	e->line = number;
	if (!hash_ok(e))
		return err_set(err, ERR_FAULT,
		        "%s:%u: the %s hash of %s is broken or too costly", file, number,
		        scheme_names[e->scheme], user.text);
	out->n++;
	return 0;
}

static int by_user(const void *a, const void *b)
{
	const struct htpasswd_entry *x = a, *y = b;

	return view_compare(x->user, y->user);
}

static int parse_lines(
        struct view rest, const char *file, struct htpasswd *out, struct err *err)
{
	struct view line;
	unsigned number = 0;
	size_t i;

	while (rest.len > 0) {
		view_cut(rest, '\n', &line, &rest);
		if (parse_line(line, file, ++number, out, err) != 0)
			return -1;
	}
	if (out->n > 0)
		qsort(out->entries, out->n, sizeof(out->entries[0]), by_user);
	for (i = 1; i < out->n; i++)
		if (view_equal(out->entries[i - 1].user, out->entries[i].user))
			return err_set(err, ERR_FAULT,
			        "%s: lines %u and %u name the same user", file,
			        out->entries[i - 1].line, out->entries[i].line);
	return 0;
}

static size_t count_lines(struct view text)
{
	size_t n = 1, i;

	for (i = 0; i < text.len; i++)
		n += text.ptr[i] == '\n';
	return n;
}

int htpasswd_parse(
        struct view text, const char *file, struct htpasswd *out, struct err *err)
{
	*out = HTPASSWD_INIT;
	if (text.len > HTPASSWD_FILE_MAX)
		return err_set(
		        err, ERR_FAULT, "%s: over %u bytes", file, HTPASSWD_FILE_MAX);
	/* One entry more than lines, because a line is taken apart in its place. */
	out->text = malloc(text.len + 1);
	out->entries = calloc(count_lines(text) + 1, sizeof(out->entries[0]));
	if (!out->text || !out->entries) {
		err_set(err, ERR_FAULT, "%s: no memory", file);
		goto fail;
	}
	if (text.len > 0)
		memcpy(out->text, text.ptr, text.len);
	if (parse_lines((struct view){out->text, text.len}, file, out, err) == 0)
		return 0;
fail:
	htpasswd_release(out);
	return -1;
}

void htpasswd_release(struct htpasswd *h)
{
	free(h->text);
	free(h->entries);
	*h = HTPASSWD_INIT;
}

const struct htpasswd_entry *htpasswd_find(
        const struct htpasswd *h, const struct user_name *user)
{
	struct htpasswd_entry key = {.user = view_of(user->text)};

	if (h->n == 0)
		return NULL;
	return bsearch(&key, h->entries, h->n, sizeof(key), by_user);
}
