/*
 * Challenges of another registry: the WWW-Authenticate field (RFC 9110 section 11.6.1),
 * of which one may hold several. Bearer with realm, service and scope is that of Docker's
 * token authentication; Basic is RFC 7617.
 */
#ifndef FORMAT_CHALLENGE_H
#define FORMAT_CHALLENGE_H

#include "base/attr.h"
#include "base/view.h"

#define CHALLENGE_TEXT_MAX 2047 /* bytes of one parameter */

enum challenge_scheme { CHALLENGE_BASIC, CHALLENGE_BEARER, CHALLENGE_OTHER };

/* Parameters that are absent are empty; all are of printable ASCII. */
struct challenge {
	enum challenge_scheme scheme;
	char realm[CHALLENGE_TEXT_MAX + 1];
	char service[CHALLENGE_TEXT_MAX + 1];
	char scope[CHALLENGE_TEXT_MAX + 1];
};

/*
 * Takes the first challenge off *rest: 1 and *out, 0 when there is none any more, -1 when
 * the field is malformed, names a parameter twice, or one of ours is too long. Parameters
 * that are not ours are passed over.
 */
MUST_USE int challenge_next(struct view *rest, struct challenge *out);

#endif
