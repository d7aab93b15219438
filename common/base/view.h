/*
 * A view: a pointer and a length over bytes that somebody else owns. Views are
 * passed by value, need no terminating NUL and never outlive what they look at.
 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>

struct view {
	const char *ptr;
	size_t len;
};

/* For printf("%.*s", VIEW_ARG(v)). */
#define VIEW_ARG(v) (int)(v).len, (v).ptr
/* A view of a string literal. */
#define VIEW_LIT(s) ((struct view){(s), sizeof(s) - 1})

/* A view of a C string; NULL gives the empty view. */
struct view view_of(const char *s);
bool view_equal(struct view a, struct view b);
/* Equal to a C string, byte for byte. */
bool view_is(struct view v, const char *s);
/* Equal to a C string without regard to ASCII case (header field names, schemes). */
bool view_is_nocase(struct view v, const char *s);
bool view_starts(struct view v, const char *prefix);
bool view_ends(struct view v, const char *suffix);
/* Byte order, shorter first when one is a prefix: <0, 0, >0. */
int view_compare(struct view a, struct view b);
/*
 * Cuts v at the first byte c: *head is what stands before it, *tail what
 * follows. Without c, *head is all of v, *tail is empty and the answer is false.
 */
bool view_cut(struct view v, char c, struct view *head, struct view *tail);
/* The same at the last byte c; without c, *tail is all of v and *head is empty. */
bool view_cut_last(struct view v, char c, struct view *head, struct view *tail);
/* Without blanks and tabs (RFC 9110 OWS) at both ends. */
struct view view_trim(struct view v);
/*
 * Copies v and a NUL into dst[size]. 0, or -1 when it does not fit or holds a
 * NUL byte (dst is then the empty string).
 */
int view_copy(struct view v, char *dst, size_t size);

#endif
