#include "format/base64.h"

#include <stdint.h>

static const char standard[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int encode(
        const char *alphabet, bool pad, const void *bytes, size_t len, struct buf *out)
{
	const unsigned char *p = bytes;
	uint32_t group;
	size_t n, k;

	for (; len > 0; p += n, len -= n) {
		n = len < 3 ? len : 3;
		group = (uint32_t)p[0] << 16;
		group |= n > 1 ? (uint32_t)p[1] << 8 : 0;
		group |= n > 2 ? p[2] : 0;
		for (k = 0; k < 4; k++) {
			if (k <= n)
				buf_add_char(out, alphabet[group >> (18 - 6 * k) & 63]);
			else if (pad)
				buf_add_char(out, '=');
		}
	}
	return buf_failed(out) ? -1 : 0;
}

int base64_encode(const void *bytes, size_t len, struct buf *out)
{
	return encode(standard, true, bytes, len, out);
}

int base64url_encode(const void *bytes, size_t len, struct buf *out)
{
	return encode(url_safe, false, bytes, len, out);
}

static int value_of(const char alphabet[65], char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == alphabet[62])
		return 62;
	return c == alphabet[63] ? 63 : -1;
}

/* text without padding; its length says how many bytes the last group holds. */
static int decode(const char *alphabet, struct view text, unsigned char *out, size_t size,
        size_t *len)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t i, n = 0;
	int v;

	if (text.len % 4 == 1 || text.len / 4 * 3 + text.len % 4 * 3 / 4 > size)
		return -1;
	for (i = 0; i < text.len; i++) {
		v = value_of(alphabet, text.ptr[i]);
		if (v < 0)
			return -1;
		bits = (bits << 6 | (uint32_t)v) & 0xffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[n++] = (unsigned char)(bits >> held);
		}
	}
	if ((bits & ((1u << held) - 1)) != 0)
		return -1;
	*len = n;
	return 0;
}

int base64_decode(struct view text, void *out, size_t size, size_t *len)
{
	unsigned pad = 0;

	if (text.len % 4 != 0)
		return -1;
	while (pad < 2 && text.len > 0 && text.ptr[text.len - 1] == '=') {
		text.len--;
		pad++;
	}
	return decode(standard, text, out, size, len);
}

int base64url_decode(struct view text, void *out, size_t size, size_t *len)
{
	return decode(url_safe, text, out, size, len);
}
