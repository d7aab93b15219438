/*
 * A route: what a row of the route table says, and how a path is matched. Paths are
 * matched from the right, because names may contain "blobs", "tags" and "manifests".
 */
#ifndef GATEWAY_ROUTE_H
#define GATEWAY_ROUTE_H

#include "gateway/exchange.h"

/* What the caller must be allowed to do on the named repository. */
enum access_need {
	ACCESS_NONE,  /* anybody: the handler reveals nothing */
	ACCESS_LOGIN, /* who may use the registry at all: the version check */
	ACCESS_LIST,  /* as ACCESS_LOGIN; the handler filters by what may be pulled */
	ACCESS_PULL,
	ACCESS_BLOB, /* as ACCESS_PULL, or a signed address of this blob */
	ACCESS_PUSH,
	ACCESS_SESSION, /* the session's id is the capability; see access.h */
	ACCESS_DELETE,
	ACCESS_REMOVE, /* all of a repository: ACCESS_DELETE, or who administers it */
	ACCESS_USAGE,  /* the account of x->ns; without one the handler filters */
	ACCESS_ADMIN,
	ACCESS_BODY, /* the body names the repository: the handler calls access_for */
};

/* What is done with a request body. */
enum body_policy {
	BODY_NONE,   /* left to the back end, which throws it away */
	BODY_STREAM, /* the handler reads it as a source */
	BODY_MEMORY, /* read whole into x->body, at most config->manifest_limit bytes:
	                else 413 */
};

struct route {
	const char *method; /* GET serves HEAD too */
	/*
	 * "/v2/<name>/manifests/<reference>": a literal path in which a word stands for
	 * a typed value:
	 *   <name>       a repository
	 *   <reference>  a tag or a digest
	 *   <digest>     a digest of a supported algorithm
	 *   <subject>    a digest of any algorithm
	 *   <session>    an upload session
	 *   <namespace>  one component of a name
	 * <name> comes first and may hold slashes; at most one other follows, as the
	 * last component, which it may also be without a <name>. A trailing '/' may be
	 * left out by the client.
	 */
	const char *path;
	enum access_need access;
	enum body_policy body;
	int (*handler)(struct exchange *x); /* NULL in a program that does not serve it */
	const char *clause;                 /* of the specification */
};

/*
 * Finds the row for x->request, sets x->route and fills x->name, x->reference,
 * x->digest, x->session, x->ns. The first row whose path fits decides which resource it
 * is; of the rows with that path, the method decides. Failures: ERR_NOT_FOUND; ERR_METHOD
 * with an Allow field; ERR_NAME_INVALID, ERR_DIGEST_INVALID, ERR_MANIFEST_INVALID,
 * ERR_MANIFEST_UNKNOWN (a GET by a reference that cannot exist), ERR_BLOB_UNKNOWN,
 * ERR_BLOB_UPLOAD_UNKNOWN.
 */
int route_find(
        const struct route *table, size_t rows, struct exchange *x, struct err *err);

#endif
