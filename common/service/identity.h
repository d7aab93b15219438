/* Who a request comes from. */
#ifndef SERVICE_IDENTITY_H
#define SERVICE_IDENTITY_H

#include "base/attr.h"
#include "format/scope.h"
#include "format/user.h"

#include <stdbool.h>

enum identity_kind {
	IDENTITY_ANONYMOUS, /* no credentials at all */
	IDENTITY_USER,      /* by password, by key, or by the web server */
	IDENTITY_TOKEN,     /* bearer of a token, which may have no name */
};

struct identity {
	enum identity_kind kind;
	struct user_name user; /* nobody for an anonymous request or token */
	bool outside;          /* of an outside issuer: the token is all of its rights */
	struct scope_list grants; /* of the token */
};

/* Without credentials. */
void identity_anonymous(struct identity *who);
void identity_user(struct identity *who, const struct user_name *user);
/*
 * The user a web server has authenticated (RFC 3875, REMOTE_USER); anonymous for the
 * empty text. 0, or -1 when the text is no user name: it must not pass for anybody else.
 */
MUST_USE int identity_remote(struct identity *who, struct view remote_user);

#endif
