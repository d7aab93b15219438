/*
 * A growing byte buffer, born with its ceiling. Append functions return 0, or
 * -1 when the ceiling or the memory is reached; the buffer then keeps what it
 * had and remembers the failure, so that a chain of appends can be checked once
 * with buf_failed(). The content is always followed by a NUL byte.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/attr.h"
#include "base/view.h"

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *ptr;      /* NULL until the first append */
	size_t len;     /* bytes held */
	size_t size;    /* bytes allocated */
	size_t ceiling; /* most bytes it may ever hold */
	bool failed;
};

#define BUF_INIT(max) ((struct buf){NULL, 0, 0, (max), false})

/* Frees the memory; the buffer can be used again, with the same ceiling. */
void buf_release(struct buf *b);
/* Forgets the content and the failure, keeps the memory. */
void buf_clear(struct buf *b);
int buf_add(struct buf *b, const void *bytes, size_t len);
int buf_add_str(struct buf *b, const char *s);
int buf_add_view(struct buf *b, struct view v);
int buf_add_char(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* s as a JSON string with its quotes (RFC 8259); bytes that are not UTF-8 become U+FFFD. */
int buf_add_json(struct buf *b, struct view s);
/* s with everything but RFC 3986 unreserved characters percent-encoded; '/' and ':' too. */
int buf_add_urlencoded(struct buf *b, struct view s);
/* Room for at least len more bytes at buf->ptr + buf->len; 0 or -1. */
int buf_reserve(struct buf *b, size_t len);
bool buf_failed(const struct buf *b);
struct view buf_view(const struct buf *b);
/* The content as a C string ("" when empty); valid until the next append. */
const char *buf_str(const struct buf *b);

#endif
