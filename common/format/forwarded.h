/*
 * What a proxy says about the request that it passes on: the Forwarded field (RFC 7239),
 * and lists like those of X-Forwarded-For. Each proxy appends to the right of what came
 * in, so only what stands right of the first proxy that is not trusted means anything.
 */
#ifndef FORMAT_FORWARDED_H
#define FORMAT_FORWARDED_H

#include "base/attr.h"
#include "base/view.h"
#include "format/cidr.h"

#include <sys/types.h>

/* A field with more elements than this is taken for malformed. */
#define FORWARDED_MAX 32

struct forwarded {
	struct view client; /* for=: the node that sent the request to the proxy */
	struct view host;   /* host= as that proxy received it */
	struct view proto;  /* proto= as that proxy received it */
};

/*
 * The elements of a Forwarded field from left to right, views into it without quotes;
 * what an element does not say is empty. Their number, or -1 when the field is malformed:
 * an escape inside of quotes counts as that, for no host and no address needs one.
 */
MUST_USE ssize_t forwarded_parse(
	struct view field, struct forwarded out[FORWARDED_MAX]);
/*
 * The address in a value of for= or of X-Forwarded-For: brackets and port are allowed.
 * -1 for a name that is hidden ("unknown", "_hidden") and whatever else is no address.
 */
MUST_USE int forwarded_address(struct view node, struct ip_address *out);
/*
 * The n-th element from the right of a list with commas, trimmed; n counts from 0. The
 * leftmost when there are fewer, the empty view for an empty list.
 */
struct view forwarded_nth_last(struct view list, size_t n);

#endif
