#include "base/buf.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_release(struct buf *b)
{
	free(b->ptr);
	*b = BUF_INIT(b->ceiling);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->ptr)
		b->ptr[0] = '\0';
}

int buf_reserve(struct buf *b, size_t len)
{
	size_t want, size;
	char *p;

	if (b->failed || len > b->ceiling || b->len > b->ceiling - len)
		goto fail;
	want = b->len + len + 1;
	if (want <= b->size)
		return 0;
	size = b->size * 2 > want ? b->size * 2 : want;
	if (size < 64)
		size = 64;
	p = realloc(b->ptr, size);
	if (!p)
		goto fail;
	b->ptr = p;
	b->size = size;
	b->ptr[b->len] = '\0';
	return 0;
fail:
	b->failed = true;
	return -1;
}

int buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (buf_reserve(b, len) != 0)
		return -1;
	if (len > 0)
		memcpy(b->ptr + b->len, bytes, len);
	b->len += len;
	b->ptr[b->len] = '\0';
	return 0;
}

int buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int buf_add_view(struct buf *b, struct view v)
{
	return buf_add(b, v.ptr, v.len);
}

int buf_add_char(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || buf_reserve(b, (size_t)n) != 0) {
		b->failed = true;
		return -1;
	}
	va_start(ap, fmt);
	vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

int buf_add_json(struct buf *b, struct view s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t n;

	buf_add_char(b, '"');
	for (size_t i = 0; i < s.len; i += n ? n : 1) {
		n = utf8_length((struct view){s.ptr + i, s.len - i});
		if (n == 0)
			buf_add_str(b, "\\ufffd");
		else if (p[i] == '"' || p[i] == '\\')
			buf_addf(b, "\\%c", p[i]);
		else if (p[i] < 0x20 || p[i] == 0x7f)
			buf_addf(b, "\\u%04x", p[i]);
		else
			buf_add(b, p + i, n);
	}
	return buf_add_char(b, '"');
}

int buf_add_urlencoded(struct buf *b, struct view s)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789-._~";

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '\0' && strchr(unreserved, s.ptr[i]))
			buf_add_char(b, s.ptr[i]);
		else
			buf_addf(b, "%%%02X", (unsigned char)s.ptr[i]);
	}
	return b->failed ? -1 : 0;
}

bool buf_failed(const struct buf *b)
{
	return b->failed;
}

struct view buf_view(const struct buf *b)
{
	return (struct view){b->ptr ? b->ptr : "", b->len};
}

const char *buf_str(const struct buf *b)
{
	return b->ptr ? b->ptr : "";
}
