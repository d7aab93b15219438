/* One request and its reply, with all that a handler needs. */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include "base/config.h"
#include "base/err.h"
#include "format/name.h"
#include "format/signed_url.h"
#include "gateway/reply.h"
#include "gateway/request.h"
#include "service/auth.h"
#include "store/manifests.h"
#include "store/store.h"

struct route;

struct exchange {
	const struct config *config;
	struct store *store;
	struct auth *auth; /* NULL: everybody may do everything */
	struct request request;
	struct reply reply;
	const struct route *route;
	unsigned need;              /* enum access_need: of the route, or of access_for */
	struct repo_name name;      /* <name> */
	struct reference reference; /* <reference> */
	struct digest digest;       /* <digest>: supported and well formed */
	bool digest_unsupported;    /* referrers: grammatical, another algorithm */
	struct session_id session;  /* <session> */
	struct repo_name ns;        /* <namespace>: has the one component */
	struct buf body;            /* BODY_MEMORY */
	struct identity who;        /* of the caller; set by access_check */
	char user[256];             /* its name, "" for nobody in particular */
	bool by_url;                /* let in by a signed address, which is: */
	struct signed_url url;
	bool is_private;            /* the reply is for this caller only */
	char id[17];                /* request id: in the log and in 5xx replies */
	struct err err;             /* what a handler that returns -1 has set */
};

#endif
