/* Addresses, networks, and lists of them. */
#include "format/cidr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void well_formed(void **state)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{"0.0.0.0/0", 0},
		{"10.0.0.0/8", 0},
		{"192.0.2.7", 0},
		{"192.0.2.7/32", 0},
		{"192.0.2.6/31", 0},
		{"::/0", 0},
		{"::1", 0},
		{"::1/128", 0},
		{"fd00::/8", 0},
		{"2001:db8:0:1::/64", 0},
		{"::ffff:192.0.2.7", 0},
		{"::ffff:10.0.0.0/104", 0},
		{"", -1},
		{"/8", -1},
		{"10.0.0.0/", -1},
		{"10.0.0.0/33", -1},
		{"10.0.0.0/08", -1},
		{"10.0.0.0/-1", -1},
		{"10.0.0.0/8/8", -1},
		{"10.0.0.1/8", -1},
		{"192.0.2.7/31", -1},
		{"10.0.0/8", -1},
		{"10.0.0.256", -1},
		{"010.0.0.1", -1},
		{"::/129", -1},
		{"fd00::1/8", -1},
		{"fe80::1%eth0", -1},
		{"[::1]", -1},
		{"127.0.0.1:80", -1},
		{"localhost", -1},
		{"*", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cidr network;
		int got = cidr_parse(view_of(rows[i].text), &network);

		if (got != rows[i].want)
			fail_msg("\"%s\": %d", rows[i].text, got);
	}
}

static void membership(void **state)
{
	static const struct {
		const char *list;
		const char *address;
		bool want;
	} rows[] = {
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "::ffff:10.1.2.3", true},
		{"::ffff:10.0.0.0/104", "10.1.2.3", true},
		{"192.0.2.128/25", "192.0.2.128", true},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.6", false},
		{"0.0.0.0/0", "255.255.255.255", true},
		{"0.0.0.0/0", "::1", false},
		{"::/0", "2001:db8::1", true},
		{"::/0", "192.0.2.7", false},
		{"2001:db8:0:1::/64", "2001:db8:0:1:ffff::", true},
		{"2001:db8:0:1::/64", "2001:db8:0:2::", false},
		{"127.0.0.1 ::1 10.0.0.0/8", "10.0.0.9", true},
		{"127.0.0.1,::1,\t10.0.0.0/8,", "::1", true},
		{"127.0.0.1 ::1 10.0.0.0/8", "127.0.0.2", false},
		{"nonsense 10.0.0.0/8", "10.0.0.9", true},
		{"nonsense", "10.0.0.9", false},
		{"", "127.0.0.1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip_address address;

		assert_int_equal(ip_parse(view_of(rows[i].address), &address), 0);
		if (cidr_list_holds(view_of(rows[i].list), &address) != rows[i].want)
			fail_msg("\"%s\" in \"%s\"", rows[i].address, rows[i].list);
	}
}

static void lists(void **state)
{
	struct view bad;

	(void)state;
	assert_true(cidr_list_is_valid(view_of(""), &bad));
	assert_true(cidr_list_is_valid(view_of(" , "), &bad));
	assert_true(cidr_list_is_valid(view_of("127.0.0.1, ::1 10.0.0.0/8"), &bad));
	assert_false(cidr_list_is_valid(view_of("127.0.0.1, 10.0.0.1/8 x"), &bad));
	assert_true(view_is(bad, "10.0.0.1/8"));
}

static void public_addresses(void **state)
{
	static const struct {
		const char *text;
		bool is_public;
	} rows[] = {
		{"1.1.1.1", true},
		{"9.255.255.255", true},
		{"11.0.0.0", true},
		{"172.15.255.255", true},
		{"172.32.0.0", true},
		{"223.255.255.255", true},
		{"0.0.0.0", false},
		{"10.1.2.3", false},
		{"100.64.0.1", false},
		{"127.0.0.1", false},
		{"127.255.255.254", false},
		{"169.254.169.254", false},
		{"172.16.0.1", false},
		{"172.31.255.255", false},
		{"192.168.0.1", false},
		{"198.18.0.1", false},
		{"224.0.0.1", false},
		{"255.255.255.255", false},
		{"::ffff:8.8.8.8", true},
		{"::ffff:127.0.0.1", false},
		{"2606:4700::1111", true},
		{"::", false},
		{"::1", false},
		{"::8.8.8.8", false},
		{"fe80::1", false},
		{"fc00::1", false},
		{"fd12:3456::1", false},
		{"ff02::1", false},
		{"2001:db8::1", false},
		{"2001::1", false},
		{"4000::1", false},
		/* IPv4 in IPv6 */
		{"2002:0808:0808::1", true},
		{"2002:0a00:0001::1", false},
		{"64:ff9b::8.8.8.8", true},
		{"64:ff9b::192.168.0.1", false},
		{"64:ff9b:1::8.8.8.8", false},
	};
	struct ip_address a;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ip_parse(view_of(rows[i].text), &a), 0);
		if (ip_is_public(&a) != rows[i].is_public)
			fail_msg("%s", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed),
		cmocka_unit_test(membership),
		cmocka_unit_test(lists),
		cmocka_unit_test(public_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
