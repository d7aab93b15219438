#include "service/identity.h"

void identity_anonymous(struct identity *who)
{
	who->kind = IDENTITY_ANONYMOUS;
	who->user = USER_NOBODY;
	who->outside = false;
	who->grants.n = 0;
}

void identity_user(struct identity *who, const struct user_name *user)
{
	identity_anonymous(who);
	who->kind = IDENTITY_USER;
	who->user = *user;
}

int identity_remote(struct identity *who, struct view remote_user)
{
	struct user_name user;

	identity_anonymous(who);
	if (remote_user.len == 0)
		return 0;
	if (user_name_parse(remote_user, &user) != 0)
		return -1;
	identity_user(who, &user);
	return 0;
}
