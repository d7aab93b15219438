/*
 * What a proxy says. The input is a list of networks, a line feed, and the value of a
 * Forwarded field.
 */
#include "fuzz/fuzz.h"

#include "format/forwarded.h"

#include <assert.h>

static void check_inside(struct view whole, struct view part)
{
	assert(part.len == 0 || (part.ptr >= whole.ptr &&
	                                part.ptr + part.len <= whole.ptr + whole.len));
}

static void check_node(struct view networks, struct view node)
{
	struct ip_address address;
	struct view bad;

	if (forwarded_address(node, &address) != 0)
		return;
	if (cidr_list_is_valid(networks, &bad) && networks.len == 0)
		assert(!cidr_list_holds(networks, &address));
	assert(cidr_list_holds(VIEW_LIT("0.0.0.0/0 ::/0"), &address));
}

static void check_network(struct view text)
{
	struct cidr network;

	if (cidr_parse(text, &network) != 0)
		return;
	assert(network.bits <= 128);
	/* Its first address is one of its own, but for IPv4 written as IPv6. */
	if (network.bits >= 96)
		assert(cidr_holds(&network, &network.address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct forwarded elements[FORWARDED_MAX];
	struct view networks, field;
	ssize_t n;

	view_cut((struct view){(const char *)data, size}, '\n', &networks, &field);
	n = forwarded_parse(field, elements);
	assert(n >= -1 && n <= FORWARDED_MAX);
	for (ssize_t i = 0; i < n; i++) {
		check_inside(field, elements[i].client);
		check_inside(field, elements[i].host);
		check_inside(field, elements[i].proto);
		check_node(networks, elements[i].client);
	}
	check_inside(field, forwarded_nth_last(field, size % 5));
	check_node(networks, field);
	check_network(networks);
	return 0;
}
