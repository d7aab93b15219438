/*
 * What a token says: the registered claims (RFC 7519, section 4.1) and "access" of the
 * Docker token specification: [{"type":"repository","name":"a/b","actions":["pull"]}].
 */
#ifndef FORMAT_JWT_CLAIMS_H
#define FORMAT_JWT_CLAIMS_H

#include "format/jwt.h"
#include "format/scope.h"

#include <stdint.h>

#define JWT_TEXT_MAX 255
#define JWT_ID_MAX 64
#define JWT_AUDIENCES_MAX 8
#define JWT_SKEW 60 /* seconds that two clocks may differ */

struct jwt_claims {
	char issuer[JWT_TEXT_MAX + 1];  /* "iss" */
	char subject[JWT_TEXT_MAX + 1]; /* "sub", "" when absent */
	size_t naudiences;              /* "aud", one text or a list of them */
	char audiences[JWT_AUDIENCES_MAX][JWT_TEXT_MAX + 1];
	int64_t expires;            /* "exp", always there */
	int64_t not_before;         /* "nbf", 0 when absent */
	int64_t issued;             /* "iat", 0 when absent */
	char id[JWT_ID_MAX + 1];    /* "jti", "" when absent or longer than we issue */
	char stamp[JWT_ID_MAX + 1]; /* "stamp" of our refresh tokens, else "" */
	struct scope_list access;
};

/*
 * Reads the payload of a token whose signature was verified. JWT_OK, or JWT_CLAIMS when
 * it is malformed, lacks "exp", has a text over its limit, or lists over SCOPE_LIST_MAX
 * names. Entries of access with an unknown type or a name that is none grant nothing.
 */
enum jwt_reason jwt_claims_parse(const struct jwt *t, struct jwt_claims *out);
/*
 * Whom it is from and for, and whether it is valid now: JWT_OK, ISSUER, AUDIENCE,
 * EXPIRED, NOT_YET.
 */
enum jwt_reason jwt_claims_check(const struct jwt_claims *c, const char *issuer,
        const char *audience, int64_t now);
/* Appends the payload as JSON; 0 or -1 when out is full. */
int jwt_claims_write(const struct jwt_claims *c, struct buf *out);

#endif
