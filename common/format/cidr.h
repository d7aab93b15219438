/*
 * IP addresses and networks of them (RFC 4632, RFC 4291): "192.0.2.7", "10.0.0.0/8",
 * "::1", "fd00::/8". An IPv4 address that is written as IPv6 ("::ffff:192.0.2.7", as a
 * dual-stack socket reports it) is that IPv4 address.
 */
#ifndef FORMAT_CIDR_H
#define FORMAT_CIDR_H

#include "base/attr.h"
#include "base/view.h"

#include <stdbool.h>

struct ip_address {
	unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
};

struct cidr {
	struct ip_address address;
	unsigned bits; /* of 128 */
};

/* 0, or -1 when text is no address; no zone, no brackets, no port. */
MUST_USE int ip_parse(struct view text, struct ip_address *out);
/*
 * An address alone is the network that holds nothing else. -1 when malformed, and when
 * bits are set beyond the prefix: "10.0.0.1/8" is more likely a slip than meant.
 */
MUST_USE int cidr_parse(struct view text, struct cidr *out);
/* A network of IPv6 holds no address of IPv4. */
bool cidr_holds(const struct cidr *network, const struct ip_address *address);

/*
 * Whether the address is one of the public internet: not of this machine, of a private or
 * local network, of a group, or set aside. An IPv6 address that carries one of IPv4 (6to4,
 * NAT64) is as public as that one.
 */
bool ip_is_public(const struct ip_address *a);

/*
 * A list of networks, separated by blanks or commas. *bad, when the answer is false, is
 * the entry that is none.
 */
bool cidr_list_is_valid(struct view list, struct view *bad);
/* Whether an entry of the list holds the address; malformed entries hold nothing. */
bool cidr_list_holds(struct view list, const struct ip_address *address);

#endif
