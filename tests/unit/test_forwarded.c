/* What proxies say: Forwarded (RFC 7239) and the lists of X-Forwarded fields. */
#include "format/forwarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void fields(void **state)
{
	static const struct {
		const char *field;
		ssize_t n;
		const char *client, *host, *proto; /* of the last element */
	} rows[] = {
		{"", 0, "", "", ""},
		{"for=192.0.2.60;proto=http;by=203.0.113.43", 1, "192.0.2.60", "",
			"http"},
		{"For=\"[2001:db8:cafe::17]:4711\"", 1, "[2001:db8:cafe::17]:4711", "",
			""},
		{"for=192.0.2.43, for=198.51.100.17", 2, "198.51.100.17", "", ""},
		{"for=a;host=one,for=b; HOST=\"two:80\" ;Proto=https", 2, "b", "two:80",
			"https"},
		{"host=two:80", 1, "", "two:80", ""},
		{"for=\"a,b;c=d\";proto=https", 1, "a,b;c=d", "", "https"},
		{"secret=_x;for=unknown", 1, "unknown", "", ""},
		{"for=\"\"", 1, "", "", ""},
		{"for", -1, "", "", ""},
		{"for=", -1, "", "", ""},
		{"=x", -1, "", "", ""},
		{"for=a;", -1, "", "", ""},
		{"for=a,", -1, "", "", ""},
		{",for=a", -1, "", "", ""},
		{"for=a for=b", -1, "", "", ""},
		{"for=\"a", -1, "", "", ""},
		{"for=\"a\\\"b\"", -1, "", "", ""},
		{"for=a/b", -1, "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct forwarded e[FORWARDED_MAX];
		ssize_t n = forwarded_parse(view_of(rows[i].field), e);

		if (n != rows[i].n)
			fail_msg("\"%s\": %zd", rows[i].field, n);
		if (n > 0 && (!view_is(e[n - 1].client, rows[i].client) ||
				     !view_is(e[n - 1].host, rows[i].host) ||
				     !view_is(e[n - 1].proto, rows[i].proto)))
			fail_msg("\"%s\": the last element", rows[i].field);
	}
}

static void too_many_elements(void **state)
{
	char field[(FORWARDED_MAX + 1) * 6];
	struct forwarded e[FORWARDED_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(field); i++)
		field[i] = "for=a,"[i % 6];
	assert_int_equal(forwarded_parse((struct view){field, FORWARDED_MAX * 6 - 1}, e),
		FORWARDED_MAX);
	assert_int_equal(forwarded_parse((struct view){field, sizeof(field) - 1}, e), -1);
}

static void nodes(void **state)
{
	static const struct {
		const char *node;
		const char *address; /* NULL: none */
	} rows[] = {
		{"192.0.2.60", "192.0.2.60"},
		{"192.0.2.60:4711", "192.0.2.60"},
		{"2001:db8::17", "2001:db8::17"},
		{"[2001:db8::17]", "2001:db8::17"},
		{"[2001:db8::17]:4711", "2001:db8::17"},
		{"[2001:db8::17", NULL},
		{"unknown", NULL},
		{"_hidden", NULL},
		{"unix:", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip_address got, want;
		int rc = forwarded_address(view_of(rows[i].node), &got);

		if ((rc == 0) != (rows[i].address != NULL))
			fail_msg("\"%s\": %d", rows[i].node, rc);
		if (rc != 0)
			continue;
		assert_int_equal(ip_parse(view_of(rows[i].address), &want), 0);
		assert_memory_equal(got.bytes, want.bytes, sizeof(got.bytes));
	}
}

static void lists(void **state)
{
	static const struct {
		const char *list;
		size_t n;
		const char *want;
	} rows[] = {
		{"", 0, ""},
		{"", 3, ""},
		{"a", 0, "a"},
		{"a", 5, "a"},
		{"a, b ,c", 0, "c"},
		{"a, b ,c", 1, "b"},
		{"a, b ,c", 2, "a"},
		{"a, b ,c", 3, "a"},
		{"a,", 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!view_is(forwarded_nth_last(view_of(rows[i].list), rows[i].n),
			    rows[i].want))
			fail_msg("\"%s\", %zu", rows[i].list, rows[i].n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(too_many_elements),
		cmocka_unit_test(nodes),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
