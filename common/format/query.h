/*
 * The query of a URL (application/x-www-form-urlencoded) and percent-decoding.
 * Nothing is split or decoded before it is asked for.
 */
#ifndef FORMAT_QUERY_H
#define FORMAT_QUERY_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/view.h"

/*
 * Decodes %XX (and '+' as a blank when plus is true) from text into out, replacing
 * its content. 0, or -1 on a broken escape, a decoded NUL or control byte, or when
 * out is full.
 */
MUST_USE int percent_decode(struct view text, bool plus, struct buf *out);
/*
 * The n-th (from 0) value of the parameter name, decoded into out. 1 when it is
 * there, 0 when it is not, -1 when it is malformed. A name without '=' has the
 * empty value.
 */
MUST_USE int query_get(struct view query, const char *name, unsigned n, struct buf *out);
/*
 * The parameter at the front of *rest, decoded into name and value, and *rest behind it:
 * 1, 0 when none is left, -1 when it is malformed. Parameters without a name and a value
 * are passed over.
 */
MUST_USE int query_next(struct view *rest, struct buf *name, struct buf *value);

#endif
