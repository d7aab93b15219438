/* From the settings to what checks requests (service/auth.h). */
#ifndef GATEWAY_AUTH_SETUP_H
#define GATEWAY_AUTH_SETUP_H

#include "base/config.h"
#include "base/err.h"
#include "service/auth.h"

#include <stdint.h>

/* The name that our tokens are for: token-service, else the host of public-url. */
const char *auth_setup_service(const struct config *c);
/* What the settings say; the texts are those of c. */
struct auth_settings auth_setup_settings(const struct config *c);
/*
 * With auth = on, opens all parts on the store whose root directory is given. ERR_FAULT,
 * "file:line: …", when a file is wrong; ERR_BAD_REQUEST when a name cannot stand in a
 * header field. With auth = off, nothing: *a is AUTH_INIT.
 */
int auth_setup_open(struct auth *a, const struct config *c, int root, int64_t now,
        struct err *err);
/* Whether that would succeed, as far as can be told without a store, which it leaves. */
int auth_setup_check(const struct config *c, int64_t now, struct err *err);

#endif
