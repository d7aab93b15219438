#include "format/cidr.h"

#include "base/num.h"

#include <arpa/inet.h>
#include <string.h>

#define IPV4_PREFIX_BITS 96

static const unsigned char ipv4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_ipv4(const struct ip_address *a)
{
	return memcmp(a->bytes, ipv4_prefix, sizeof(ipv4_prefix)) == 0;
}

int ip_parse(struct view text, struct ip_address *out)
{
	char copy[INET6_ADDRSTRLEN];

	if (view_copy(text, copy, sizeof(copy)) != 0)
		return -1;
	memcpy(out->bytes, ipv4_prefix, sizeof(ipv4_prefix));
	if (inet_pton(AF_INET, copy, out->bytes + sizeof(ipv4_prefix)) == 1)
		return 0;
	return inet_pton(AF_INET6, copy, out->bytes) == 1 ? 0 : -1;
}

/* The first bits of both are the same. */
static bool agree(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool has_bits_beyond(const struct cidr *c)
{
	for (unsigned i = c->bits; i < 128; i++)
		if (c->address.bytes[i / 8] & (0x80 >> i % 8))
			return true;
	return false;
}

int cidr_parse(struct view text, struct cidr *out)
{
	struct view address, length;
	bool has_length = view_cut(text, '/', &address, &length), dotted;
	uint64_t bits;

	if (ip_parse(address, &out->address) != 0)
		return -1;
	out->bits = 128;
	if (!has_length)
		return 0;
	dotted = !memchr(address.ptr, ':', address.len);
	if (num_parse(length, &bits) != 0 || bits > (dotted ? 32 : 128))
		return -1;
	out->bits = (unsigned)bits + (dotted ? IPV4_PREFIX_BITS : 0);
	return has_bits_beyond(out) ? -1 : 0;
}

bool cidr_holds(const struct cidr *network, const struct ip_address *address)
{
	if (network->bits < IPV4_PREFIX_BITS && is_ipv4(address))
		return false;
	return agree(network->address.bytes, address->bytes, network->bits);
}

/* Takes the first entry off the list; false when there is none. */
static bool next_entry(struct view *list, struct view *entry)
{
	static const char separators[] = " \t,";
	size_t start = 0, end;

	while (start < list->len && memchr(separators, list->ptr[start], 3))
		start++;
	for (end = start; end < list->len && !memchr(separators, list->ptr[end], 3);)
		end++;
	if (start == list->len)
		return false;
	*entry = (struct view){list->ptr + start, end - start};
	*list = (struct view){list->ptr + end, list->len - end};
	return true;
}

bool cidr_list_is_valid(struct view list, struct view *bad)
{
	struct cidr network;

	while (next_entry(&list, bad))
		if (cidr_parse(*bad, &network) != 0)
			return false;
	return true;
}

bool cidr_list_holds(struct view list, const struct ip_address *address)
{
	struct view entry;
	struct cidr network;

	while (next_entry(&list, &entry))
		if (cidr_parse(entry, &network) == 0 && cidr_holds(&network, address))
			return true;
	return false;
}
