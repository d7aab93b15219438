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

/* IPv4: what the IANA registry of special purpose addresses does not call global. */
#define IPV4_SPECIAL                                                                     \
	"0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 "   \
	"192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 "         \
	"198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
/* IPv6: the same within the block that is handed out at all. */
#define IPV6_GLOBAL "2000::/3"
#define IPV6_SPECIAL "2001::/23 2001:db8::/32 3fff::/20"
#define NAT64 "64:ff9b::/96"
#define SIX_TO_FOUR "2002::/16"

static bool holds(const char *list, const struct ip_address *a)
{
	return cidr_list_holds(view_of(list), a);
}

/* The IPv4 address that stands in an IPv6 address at a byte. */
static struct ip_address carried(const struct ip_address *a, size_t at)
{
	struct ip_address v4;

	memcpy(v4.bytes, ipv4_prefix, sizeof(ipv4_prefix));
	memcpy(v4.bytes + sizeof(ipv4_prefix), a->bytes + at, 4);
	return v4;
}

bool ip_is_public(const struct ip_address *a)
{
	struct ip_address v4 = *a;

	if (holds(NAT64, a))
		v4 = carried(a, 12);
	else if (holds(SIX_TO_FOUR, a))
		v4 = carried(a, 2);
	if (is_ipv4(&v4))
		return !holds(IPV4_SPECIAL, &v4);
	return holds(IPV6_GLOBAL, a) && !holds(IPV6_SPECIAL, a);
}
