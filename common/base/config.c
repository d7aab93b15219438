#include "base/config_parts.h"

#include "base/io.h"
#include "base/log.h"
#include "base/num.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define HOUR UINT64_C(3600)
#define DAY UINT64_C(86400)

/* The words of a choice stand in the order of its enum. */
static const char *const on_off[] = {"off", "on", NULL};
static const char *const durability_words[] = {"full", "relaxed", NULL};
static const char *const sendfile_words[] = {"copy", "x-sendfile", "x-accel", NULL};
static const char *const blob_location_words[] = {"location", "x-blob-location", NULL};
static const char *const log_level_words[] = {"error", "warn", "info", "debug", NULL};

enum type { TYPE_TEXT, TYPE_SIZE, TYPE_DURATION, TYPE_NUMBER, TYPE_SWITCH, TYPE_CHOICE };

/* The field is a char * for a text, a bool for a switch, a uint64_t for all else. */
struct setting {
	const char *name;
	enum type type;
	size_t offset;            /* of the field in struct config */
	const char *start;        /* the default, as a file would say it */
	uint64_t min, max;        /* of sizes, durations and numbers */
	const char *const *words; /* of switches and choices */
	const char *help;
};

#define AT(field) offsetof(struct config, field)
#define TEXT(name, field, start, help) \
	{name, TYPE_TEXT, AT(field), start, 0, 0, NULL, help}
#define SIZE(name, field, start, min, max, help) \
	{name, TYPE_SIZE, AT(field), start, min, max, NULL, help}
#define DURATION(name, field, start, min, max, help) \
	{name, TYPE_DURATION, AT(field), start, min, max, NULL, help}
#define NUMBER(name, field, start, min, max, help) \
	{name, TYPE_NUMBER, AT(field), start, min, max, NULL, help}
#define SWITCH(name, field, start, help) \
	{name, TYPE_SWITCH, AT(field), start, 0, 0, on_off, help}
#define CHOICE(name, field, start, words, help) \
	{name, TYPE_CHOICE, AT(field), start, 0, 0, words, help}

static const struct setting settings[] = {
	TEXT("root", root, "", "absolute path of the store"),
	TEXT("public-url", public_url, "",
		"scheme://host[:port] that clients use, for absolute Location fields"),
	TEXT("blob-host", blob_host, "",
		"second host name, with its port, that Ollama clients get blobs from"),
	CHOICE("blob-location", blob_location, "location", blob_location_words,
		"field with the address of a blob for Ollama clients"),
	TEXT("trusted-proxies", trusted_proxies, "",
		"addresses and networks of proxies whose Forwarded and X-Forwarded fields "
		"count"),
	CHOICE("durability", durability, "full", durability_words,
		"full: a success has reached the disk; relaxed: a power cut may undo it"),
	CHOICE("sendfile", sendfile, "copy", sendfile_words,
		"who sends blobs: this program, or the web server by a header field"),
	TEXT("accel-prefix", accel_prefix, "/_store",
		"URL path of the internal location that serves the root, for x-accel"),
	SIZE("manifest-limit", manifest_limit, "4MiB", 4 * MIB, 64 * MIB,
		"largest manifest that is accepted"),
	SIZE("blob-limit", blob_limit, "0", 0, INT64_MAX,
		"largest blob that is accepted; 0: no limit"),
	SIZE("quota-bytes", quota_bytes, "0", 0, INT64_MAX,
		"what a namespace may hold unless it has a limit of its own; 0: no limit"),
	NUMBER("quota-manifests", quota_manifests, "0", 0, INT64_MAX,
		"the same for its number of manifests"),
	NUMBER("page-limit", page_limit, "10000", 1, 100000,
		"most entries of one page of a listing"),
	SWITCH("accept-sparse", accept_sparse, "off",
		"accept manifests that refer to content the repository does not hold"),
	TEXT("quantize-command", quantize_command, "",
		"absolute path of the program that quantizes models"),
	SWITCH("ollama-names", ollama_names, "off",
		"take the names of Ollama that are no names of repositories"),
	DURATION("receive-timeout", receive_timeout, "60s", 1, DAY,
		"how long a peer that sends nothing may hold a worker"),
	DURATION("lock-wait", lock_wait, "10s", 0, HOUR,
		"how long to wait for a lock before answering 503"),
	DURATION("gc-grace", gc_grace, "1d", 0, 3650 * DAY,
		"age below which content that nothing refers to is kept"),
	DURATION("gc-untagged", gc_untagged, "0", 0, 3650 * DAY,
		"age at which collection removes manifests without a tag; 0: never"),
	NUMBER("gc-probability", gc_probability, "0", 0, 1000,
		"plain CGI: of 1000 requests so many collect a little when they are done"),
	DURATION("upload-idle", upload_idle, "7d", 60, 3650 * DAY,
		"how long an upload may stand still before collection removes it"),
	TEXT("cleanup-file", cleanup_file, "",
		"rules of which tags may go; default: the file cleanup below the root"),
	SWITCH("auth", auth, "off", "check who a request comes from and what it may do"),
	TEXT("password-file", password_file, "", "users and passwords, as htpasswd -B writes"),
	TEXT("key-file", key_file, "", "users and SSH keys, as authorized_keys"),
	TEXT("access-file", access_file, "", "rules: who, repositories, actions"),
	TEXT("group-file", group_file, "", "groups for the access file"),
	TEXT("remotes-file", remotes_file, "",
		"other registries to pull from and push to; default: auth/remotes in root"),
	TEXT("public", public, "", "repositories that everybody may pull, as globs"),
	SWITCH("basic", basic, "on", "offer Basic beside tokens"),
	SWITCH("trust-remote-user", trust_remote_user, "off",
		"the web server authenticates: REMOTE_USER counts"),
	TEXT("token-issuer", token_issuer, "", "issuer of tokens; default: public-url"),
	TEXT("token-service", token_service, "",
		"audience of tokens; default: the host of public-url"),
	DURATION("token-lifetime", token_lifetime, "5m", 60, DAY, "how long a token counts"),
	DURATION("refresh-lifetime", refresh_lifetime, "90d", 0, 3650 * DAY,
		"how long a login with docker lasts; 0: no refresh tokens"),
	DURATION("token-rotation", token_rotation, "30d", 0, 3650 * DAY,
		"age at which the secret that signs tokens is followed by another; 0: never"),
	TEXT("outside-keys", outside_keys, "",
		"public keys of an outside issuer of tokens, PEM or JWKS"),
	TEXT("outside-issuer", outside_issuer, "", "name of that issuer"),
	TEXT("outside-audience", outside_audience, "", "audience its tokens must have"),
	CHOICE("log-level", log_level, "warn", log_level_words,
		"least severe event to log"),
};

#define NSETTINGS (sizeof(settings) / sizeof(settings[0]))
_Static_assert(NSETTINGS <= CONFIG_SETTINGS_MAX, "no room for every setting");

static const char *const type_names[] = {
	[TYPE_TEXT] = "text",
	[TYPE_SIZE] = "size",
	[TYPE_DURATION] = "duration",
	[TYPE_NUMBER] = "number",
	[TYPE_SWITCH] = "switch",
	[TYPE_CHOICE] = "choice",
};

static const struct setting *find(struct view name)
{
	for (size_t i = 0; i < NSETTINGS; i++)
		if (view_is(name, settings[i].name))
			return &settings[i];
	return NULL;
}

static void *field(struct config *c, const struct setting *s)
{
	return (char *)c + s->offset;
}

static uint64_t value_of(const struct config *c, const struct setting *s)
{
	const char *at = (const char *)c + s->offset;

	if (s->type == TYPE_SWITCH)
		return *(const bool *)at;
	return *(const uint64_t *)(const void *)at;
}

static const char *text_of(const struct config *c, const struct setting *s)
{
	const char *text = *(char *const *)(const void *)((const char *)c + s->offset);

	return text ? text : "";
}

/* n in the largest unit that divides it: as somebody would have written it. */
static void add_value(struct buf *out, enum type type, uint64_t n)
{
	static const struct {
		enum type type;
		uint64_t factor;
		const char *suffix;
	} units[] = {
		{TYPE_SIZE, MIB * MIB, "TiB"},
		{TYPE_SIZE, KIB * MIB, "GiB"},
		{TYPE_SIZE, MIB, "MiB"},
		{TYPE_SIZE, KIB, "KiB"},
		{TYPE_DURATION, DAY, "d"},
		{TYPE_DURATION, HOUR, "h"},
		{TYPE_DURATION, 60, "m"},
		{TYPE_DURATION, 1, "s"},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].type == type && n > 0 && n % units[i].factor == 0) {
			buf_addf(out, "%llu%s", (unsigned long long)(n / units[i].factor),
				units[i].suffix);
			return;
		}
	}
	buf_addf(out, "%llu", (unsigned long long)n);
}

static void add_limits(struct buf *out, const struct setting *s)
{
	if (s->words) {
		for (size_t i = 0; s->words[i]; i++)
			buf_addf(out, "%s%s", i ? " | " : "", s->words[i]);
		return;
	}
	buf_add_str(out, type_names[s->type]);
	if (s->type == TYPE_TEXT)
		return;
	buf_add_str(out, ", ");
	add_value(out, s->type, s->min);
	if (s->max == INT64_MAX) {
		buf_add_str(out, " or more");
		return;
	}
	buf_add_str(out, " to ");
	add_value(out, s->type, s->max);
}

static int bad_value(
	const struct setting *s, struct view value, const char *where, struct err *err)
{
	struct buf limits = BUF_INIT(256);

	add_limits(&limits, s);
	err_set(err, ERR_BAD_REQUEST, "%s: bad value \"%.*s\" for %s (%s)", where,
		value.len < 64 ? (int)value.len : 64, value.ptr, s->name,
		buf_str(&limits));
	buf_release(&limits);
	return -1;
}

static int parse_word(const struct setting *s, struct view value, uint64_t *out)
{
	for (size_t i = 0; s->words[i]; i++) {
		if (view_is(value, s->words[i])) {
			*out = i;
			return 0;
		}
	}
	return -1;
}

static int parse_value(const struct setting *s, struct view value, uint64_t *out)
{
	int rc;

	if (s->words)
		return parse_word(s, value, out);
	if (s->type == TYPE_SIZE)
		rc = num_parse_size(value, out);
	else if (s->type == TYPE_DURATION)
		rc = num_parse_duration(value, out);
	else
		rc = num_parse(value, out);
	return rc == 0 && *out >= s->min && *out <= s->max ? 0 : -1;
}

/* What a file can hold, so that the dump can always be read back. */
static bool is_text(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		unsigned char c = (unsigned char)v.ptr[i];

		if (c < 0x20 || c == 0x7f || c == '#')
			return false;
	}
	return true;
}

static int set_text(
	struct config *c, const struct setting *s, struct view value, struct err *err)
{
	char **at = field(c, s);
	char *copy = strndup(value.len ? value.ptr : "", value.len);

	if (!copy)
		return err_set(err, ERR_FAULT, "no memory for the setting %s", s->name);
	free(*at);
	*at = copy;
	return 0;
}

static int set(struct config *c, const struct setting *s, struct view value,
	const char *where, struct err *err)
{
	uint64_t n;

	if (s->type == TYPE_TEXT) {
		if (!is_text(value))
			return bad_value(s, value, where, err);
		return set_text(c, s, value, err);
	}
	if (parse_value(s, value, &n) != 0)
		return bad_value(s, value, where, err);
	if (s->type == TYPE_SWITCH)
		*(bool *)field(c, s) = n != 0;
	else
		*(uint64_t *)field(c, s) = n;
	return 0;
}

int config_init(struct config *c, struct err *err)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < NSETTINGS; i++)
		if (set(c, &settings[i], view_of(settings[i].start), "default", err) != 0)
			return -1;
	return 0;
}

void config_release(struct config *c)
{
	for (size_t i = 0; i < NSETTINGS; i++)
		if (settings[i].type == TYPE_TEXT)
			free(*(char **)field(c, &settings[i]));
	memset(c, 0, sizeof(*c));
}

int config_set_named(struct config *c, struct view name, struct view value,
	const char *where, bool *seen, struct err *err)
{
	const struct setting *s = find(name);

	if (!s)
		return err_set(err, ERR_BAD_REQUEST,
			"%s: unknown setting \"%.*s\"; see --help", where,
			name.len < 64 ? (int)name.len : 64, name.ptr);
	if (seen && seen[s - settings])
		return err_set(err, ERR_BAD_REQUEST, "%s: %s is set a second time", where,
			s->name);
	if (seen)
		seen[s - settings] = true;
	return set(c, s, value, where, err);
}

int config_set(struct config *c, struct view name, struct view value, const char *where,
	struct err *err)
{
	return config_set_named(c, view_trim(name), view_trim(value), where, NULL, err);
}

static bool is_host_char(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c != '\0' && strchr(".-_:[]", c);
}

/* Goes into Location fields: nothing but what a host and a port are written with. */
static bool is_public_url(struct view url)
{
	struct view scheme, host;

	view_cut(url, ':', &scheme, &host);
	if (!view_is(scheme, "http") && !view_is(scheme, "https"))
		return false;
	if (!view_starts(host, "//") || host.len < 3)
		return false;
	for (size_t i = 2; i < host.len; i++)
		if (!is_host_char(host.ptr[i]))
			return false;
	return true;
}

/* A worker does not run in the directory of whoever wrote the file. */
static int check_files(const struct config *c, struct err *err)
{
	static const char *const names[] = {
		"password-file", "key-file", "access-file", "group-file", "cleanup-file",
		"outside-keys", "remotes-file"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *path = text_of(c, find(view_of(names[i])));

		if (path[0] != '\0' && path[0] != '/')
			return err_set(err, ERR_BAD_REQUEST,
				"%s is no absolute path: \"%s\"", names[i], path);
	}
	return 0;
}

int config_check(const struct config *c, struct err *err)
{
	struct view url = view_of(c->public_url);

	if (!c->root || c->root[0] == '\0')
		return err_set(err, ERR_BAD_REQUEST,
			"root is not set: give the path of the store (root = /path)");
	if (c->root[0] != '/')
		return err_set(err, ERR_BAD_REQUEST, "root is no absolute path: \"%s\"",
			c->root);
	if (url.len > 0 && !is_public_url(url))
		return err_set(err, ERR_BAD_REQUEST,
			"public-url is no http://host[:port] or https://host[:port] "
			"(without a slash at the end): \"%s\"",
			c->public_url);
	if (c->sendfile == SENDFILE_X_ACCEL &&
		!view_starts(view_of(c->accel_prefix), "/"))
		return err_set(err, ERR_BAD_REQUEST,
			"accel-prefix does not begin with a slash: \"%s\"",
			c->accel_prefix);
	if (c->quantize_command[0] && c->quantize_command[0] != '/')
		return err_set(err, ERR_BAD_REQUEST,
			"quantize-command is no absolute path: \"%s\"",
			c->quantize_command);
	return check_files(c, err);
}

void config_dump(const struct config *c, struct buf *out)
{
	for (size_t i = 0; i < NSETTINGS; i++) {
		const struct setting *s = &settings[i];

		buf_addf(out, "%s = ", s->name);
		if (s->type == TYPE_TEXT)
			buf_add_str(out, text_of(c, s));
		else if (s->words)
			buf_add_str(out, s->words[value_of(c, s)]);
		else
			add_value(out, s->type, value_of(c, s));
		buf_add_char(out, '\n');
	}
}

void config_help(struct buf *out)
{
	for (size_t i = 0; i < NSETTINGS; i++) {
		const struct setting *s = &settings[i];

		buf_addf(out, "  %s = %s\n      ", s->name, s->start);
		add_limits(out, s);
		buf_addf(out, "\n      %s\n", s->help);
	}
}
