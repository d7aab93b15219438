/*
 * A conversation with one repository of another registry: requests with the credentials
 * that it wants, and redirects followed as far as the rule of that registry allows.
 * Credentials go to the registry and to where it says its tokens come from, never to a
 * host that it redirects to.
 */
#ifndef SERVICE_REMOTE_H
#define SERVICE_REMOTE_H

#include "base/buf.h"
#include "base/err.h"
#include "format/remote_name.h"
#include "format/remotes.h"
#include "format/sshprivate.h"
#include "service/fetch.h"
#include "service/remote_url.h"

#include <stdbool.h>
#include <stdint.h>

#define REMOTE_REDIRECTS_MAX 5
#define REMOTE_SECRET_MAX 1023 /* bytes of a user's name and of a password */

struct remote_settings {
	const struct remotes *rules;
	const struct ssh_private *key; /* for rules that say so; may be NULL */
	const char *user, *password;   /* instead of those of the rule; NULL or "" */
	bool push;                     /* also wants to write */
	uint64_t stall;                /* seconds; see fetch.h */
	bool (*cancelled)(void *arg);  /* see fetch.h */
	void *arg;
};

struct remote {
	struct remote_name name;
	const struct remote_rule *rule;
	const struct ssh_private *key;
	bool push;
	struct remote_url origin; /* of the registry: scheme, host and port count */
	struct remote_url at;     /* of the last reply */
	struct fetch *fetch;
	char user[REMOTE_SECRET_MAX + 1], password[REMOTE_SECRET_MAX + 1];
	struct buf authorization; /* the field's value; "" for none */
};

#define REMOTE_INIT ((struct remote){.authorization = BUF_INIT(32768)})

/* What is sent as a body; it may have to be sent again. */
struct remote_body {
	struct body_source source;
	uint64_t length;
	/* Back to the first byte; called before it is sent. 0 or -1. */
	int (*rewind)(void *arg, struct err *err);
};

struct remote_request {
	const char *method;
	const struct remote_url *url;
	const char *field, *field2; /* "Name: value", or NULL */
	struct remote_body *body;   /* or NULL */
};

/*
 * Prepares a conversation; rules, key and arg are borrowed until its end. ERR_DENIED when
 * no rule fits the registry, or when the name wants another scheme than the rule.
 * *r must be REMOTE_INIT and is to be released in any case.
 */
int remote_open(struct remote *r, const struct remote_settings *settings,
        const struct remote_name *name, struct err *err);
/* Overwrites what is secret. */
void remote_close(struct remote *r);
/* The address /v2/<path>/<tail> at the registry. ERR_REMOTE when it is too long. */
int remote_address(
        const struct remote *r, const char *tail, struct remote_url *out, struct err *err);
/*
 * Sends a request until it is answered with something else than a demand for credentials
 * that we have or, but for HEAD of what can only be sent, a redirect that is allowed. 0:
 * *status is that of the reply, whose fields and body are got from r->fetch until
 * fetch_end. ERR_DENIED when credentials are wanted that we do not have, or a redirect
 * leads where none is allowed; else as fetch_begin.
 */
int remote_send(struct remote *r, const struct remote_request *q, int *status,
        struct err *err);
/*
 * Sets *err for a reply that says no: ERR_NOT_FOUND for 404, ERR_DENIED for 401 and 403,
 * ERR_TOO_MANY_REQUESTS for 429, else ERR_REMOTE; with what was asked and what the reply
 * says, and ends the exchange. Returns -1.
 */
int remote_refused(struct remote *r, const char *what, int status, struct err *err);

#endif
