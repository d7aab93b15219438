#include "service/remote_url.h"

#include "base/num.h"
#include "service/curl_calls.h"

#include <string.h>

#define PORT_HTTP 80
#define PORT_HTTPS 443

/* A part of the address in out[size]; 0, or -1 when it is absent or too long. */
static int part(const struct curl_calls *curl, CURLU *u, CURLUPart what,
        unsigned flags, char *out, size_t size)
{
	char *text = NULL;
	int rc = -1;

	out[0] = '\0';
	if (curl->url_get(u, what, &text, flags) == CURLUE_OK)
		rc = view_copy(view_of(text), out, size);
	curl->free(text);
	return rc;
}

static bool has_part(const struct curl_calls *curl, CURLU *u, CURLUPart what)
{
	char *text = NULL;
	bool has = curl->url_get(u, what, &text, 0) == CURLUE_OK;

	curl->free(text);
	return has;
}

static void lower(char *s)
{
	for (; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

static int take_apart(
        const struct curl_calls *curl, CURLU *u, struct remote_url *out)
{
	char scheme[8], port[8];
	uint64_t n;

	curl->url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	if (has_part(curl, u, CURLUPART_USER) || has_part(curl, u, CURLUPART_PASSWORD))
		return -1;
	if (part(curl, u, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) != 0 ||
	        part(curl, u, CURLUPART_HOST, 0, out->host, sizeof(out->host)) != 0 ||
	        part(curl, u, CURLUPART_URL, 0, out->text, sizeof(out->text)) != 0 ||
	        part(curl, u, CURLUPART_PORT, CURLU_DEFAULT_PORT, port,
	                sizeof(port)) != 0)
		return -1;
	lower(out->host);
	out->https = strcmp(scheme, "https") == 0;
	if (!out->https && strcmp(scheme, "http") != 0)
		return -1;
	/* A zone is the name of an interface of ours. */
	if (has_part(curl, u, CURLUPART_ZONEID) || num_parse(view_of(port), &n) != 0)
		return -1;
	out->port = (unsigned)n;
	return 0;
}

int remote_url_read(
        const char *base, struct view text, struct remote_url *out, struct err *err)
{
	const struct curl_calls *curl = curl_calls(err);
	CURLU *u = curl ? curl->url() : NULL;
	char copy[REMOTE_URL_MAX + 1];
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (!u)
		return err_set(err, ERR_FAULT, "no memory");
	if (view_copy(text, copy, sizeof(copy)) == 0 &&
	        (!base || curl->url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK) &&
	        curl->url_set(u, CURLUPART_URL, copy, 0) == CURLUE_OK)
		rc = take_apart(curl, u, out);
	curl->url_cleanup(u);
	if (rc != 0)
		return err_set(err, ERR_REMOTE,
		        "the other registry names an address that is none");
	return 0;
}

bool remote_url_same_origin(const struct remote_url *a, const struct remote_url *b)
{
	return a->https == b->https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

int remote_url_add(
        struct remote_url *u, const char *name, struct view value, struct err *err)
{
	struct buf text = BUF_INIT(REMOTE_URL_MAX + 1);
	int rc;

	buf_add_str(&text, u->text);
	buf_add_char(&text, strchr(u->text, '?') ? '&' : '?');
	buf_add_str(&text, name);
	buf_add_char(&text, '=');
	buf_add_urlencoded(&text, value);
	rc = buf_failed(&text) ? -1 : view_copy(buf_view(&text), u->text, sizeof(u->text));
	buf_release(&text);
	if (rc != 0)
		return err_set(err, ERR_REMOTE,
		        "an address at the other registry is too long");
	return 0;
}

static bool is_listed(
        const struct remote_rule *rule, const struct remote_url *u, enum remote_use use)
{
	unsigned port = u->https ? PORT_HTTPS : PORT_HTTP;

	if (use == REMOTE_TOKEN)
		return remote_hosts_hold(
		        rule->realms, rule->nrealms, view_of(u->host), u->port, port);
	return remote_hosts_hold(
	        rule->redirects, rule->nredirects, view_of(u->host), u->port, port);
}

int remote_url_check(const struct remote_rule *rule, const struct remote_url *origin,
        const struct remote_url *u, enum remote_use use, struct err *err)
{
	const char *word = use == REMOTE_TOKEN ? "realm" : "redirect";

	if (!u->https && !rule->insecure)
		return err_set(err, ERR_DENIED,
		        "%.100s sends us to %.100s without TLS, which is not allowed",
		        origin->host, u->host);
	if (u->port == origin->port && strcmp(u->host, origin->host) == 0)
		return 0;
	if (is_listed(rule, u, use))
		return 0;
	return err_set(err, ERR_DENIED,
	        "%.80s sends us to %.80s:%u, which is not listed: %s=HOST allows it",
	        origin->host, u->host, u->port, word);
}
