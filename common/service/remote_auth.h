/* What another registry demands before it answers, and how it gets that. */
#ifndef SERVICE_REMOTE_AUTH_H
#define SERVICE_REMOTE_AUTH_H

#include "service/remote.h"

/*
 * Meets the first challenge of a WWW-Authenticate field that can be met, Bearer before
 * Basic, and sets r->authorization. For Bearer a token is fetched: anonymously, with user
 * and password, or signed with our key as Ollama's client does it. ERR_DENIED when it
 * cannot be met, or when the realm is at a host that is not listed.
 */
int remote_authorize(struct remote *r, struct view field, struct err *err);

#endif
