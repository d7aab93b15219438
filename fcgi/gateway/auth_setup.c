#include "gateway/auth_setup.h"

#include "service/issuer.h"

#include <string.h>

/* Without a public URL: any number of hosts on one store must agree. */
#define NAME_DEFAULT "lighter"

const char *auth_setup_service(const struct config *c)
{
	const char *host = strstr(c->public_url, "://");

	if (c->token_service[0])
		return c->token_service;
	return host ? host + strlen("://") : NAME_DEFAULT;
}

static const char *issuer_of(const struct config *c)
{
	if (c->token_issuer[0])
		return c->token_issuer;
	return c->public_url[0] ? c->public_url : NAME_DEFAULT;
}

struct auth_settings auth_setup_settings(const struct config *c)
{
	return (struct auth_settings){
	        .access = {c->access_file, c->group_file, c->public},
	        .tokens =
	                {
	                        .issuer = issuer_of(c),
	                        .service = auth_setup_service(c),
	                        .lifetime = c->token_lifetime,
	                        .refresh_lifetime = c->refresh_lifetime,
	                        .outside_keys = c->outside_keys,
	                        .outside_issuer = c->outside_issuer,
	                        .outside_audience = c->outside_audience,
	                        .rotation = c->token_rotation,
	                },
	        .passwords = c->password_file,
	        .keys = c->key_file,
	        .trust_remote_user = c->trust_remote_user,
	};
}

/* Clients cut a challenge at quotes and commas, each in its own way. */
static int check_names(const struct config *c, struct err *err)
{
	if (strpbrk(auth_setup_service(c), "\"\\, "))
		return err_set(err, ERR_BAD_REQUEST,
		        "token-service holds a quote, a backslash, a comma or a blank");
	return 0;
}

int auth_setup_open(struct auth *a, const struct config *c, int root, int64_t now,
        struct err *err)
{
	struct auth_settings settings = auth_setup_settings(c);

	*a = AUTH_INIT;
	if (!c->auth)
		return 0;
	if (check_names(c, err) != 0)
		return -1;
	return auth_open(a, root, &settings, now, err);
}

int auth_setup_check(const struct config *c, int64_t now, struct err *err)
{
	const struct auth_settings s = auth_setup_settings(c);
	struct auth a = AUTH_INIT;
	struct issuer outside = ISSUER_INIT;
	int rc = 0;

	if (!c->auth)
		return 0;
	if (check_names(c, err) != 0 ||
	        access_open(&a.access, &s.access, now, err) != 0 ||
	        issuer_open(&outside, s.tokens.outside_keys, s.tokens.outside_issuer,
	                s.tokens.outside_audience, now, err) != 0)
		rc = -1;
	if (rc == 0 && *s.passwords)
		rc = passwords_open(&a.passwords, s.passwords, now, err);
	if (rc == 0 && *s.keys)
		rc = keys_open(&a.keys, s.keys, now, err);
	issuer_close(&outside);
	auth_close(&a);
	return rc;
}
