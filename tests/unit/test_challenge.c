#include "format/challenge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const schemes[] = {"Basic", "Bearer", "other"};

/* All challenges of a field, "scheme|realm|service|scope" each, or "malformed". */
static const char *read_all(const char *field)
{
	static char text[9000];
	struct view rest = view_of(field);
	struct challenge c;
	size_t n = 0;
	int found;

	text[0] = '\0';
	while ((found = challenge_next(&rest, &c)) == 1)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s|%s|%s|%s",
		        n ? " + " : "", schemes[c.scheme], c.realm, c.service, c.scope);
	return found < 0 ? "malformed" : text;
}

static void fields(void **state)
{
	static const struct {
		const char *field, *read;
	} rows[] = {
	        {"", ""},
	        {" , ,", ""},
	        /* Docker's, with every separator that servers write */
	        {"Bearer realm=\"https://a.example/token\",service=\"a\","
	         "scope=\"repository:x/y:pull,push\"",
	                "Bearer|https://a.example/token|a|repository:x/y:pull,push"},
	        {"bearer realm=\"r\" , service=\"s\" ,\tscope=\"\"", "Bearer|r|s|"},
	        {"BEARER REALM=\"r\",error=\"invalid_token\"", "Bearer|r||"},
	        {"Bearer realm=r,service=s.example", "Bearer|r|s.example|"},
	        {"Bearer realm = \"r\"", "Bearer|r||"},
	        {"Bearer scope=\"a b\",realm=\"r\"", "Bearer|r||a b"},
	        {"Basic realm=\"Registry \\\"Realm\\\"\"", "Basic|Registry \"Realm\"||"},
	        {"Basic", "Basic|||"},
	        {"Basic ,", "Basic|||"},
	        /* several */
	        {"Bearer realm=\"r\",service=\"s\", Basic realm=\"b\"",
	                "Bearer|r|s| + Basic|b||"},
	        {"Basic realm=\"b\" , , Bearer realm=\"r\",service=\"s\"",
	                "Basic|b|| + Bearer|r|s|"},
	        {"Negotiate, Basic realm=\"b\"", "other||| + Basic|b||"},
	        {"Negotiate YII+/-._~==, Basic realm=\"b\"", "other||| + Basic|b||"},
	        {"Digest realm=\"d\",nonce=\"a,b\",qop=\"auth\", Basic realm=\"b\"",
	                "other|d|| + Basic|b||"},
	        /* malformed */
	        {"Bearer realm=\"r", "malformed"},
	        {"Bearer realm=\"r\\", "malformed"},
	        /* token68, by the grammar */
	        {"Bearer realm=", "Bearer|||"},
	        {"Bearer realm=\"a\" service=\"b\"", "malformed"},
	        {"Bearer realm=\"a\",realm=\"b\"", "malformed"},
	        {"Bearer realm=\"a\tb\"", "malformed"},
	        {"Bearer realm=\"a\xc3\xa4\"", "malformed"},
	        {"Bearer =\"a\"", "malformed"},
	        {"Bearer two words", "malformed"},
	        {"\"Bearer\"", "malformed"},
	        {"Bearer;realm=\"a\"", "malformed"},
	        {"Bearer realm=\"a\",=", "malformed"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(read_all(rows[i].field), rows[i].read) != 0)
			fail_msg("%s: %s", rows[i].field, read_all(rows[i].field));
}

static void long_values(void **state)
{
	char field[CHALLENGE_TEXT_MAX + 64], value[CHALLENGE_TEXT_MAX + 2];
	struct view rest;
	struct challenge c;

	(void)state;
	memset(value, 'x', sizeof(value));
	value[CHALLENGE_TEXT_MAX + 1] = '\0';
	snprintf(field, sizeof(field), "Bearer realm=\"%s\"", value);
	rest = view_of(field);
	assert_int_equal(challenge_next(&rest, &c), -1);
	/* One that nobody wants may be of any length. */
	snprintf(field, sizeof(field), "Bearer other=\"%s\"", value);
	rest = view_of(field);
	assert_int_equal(challenge_next(&rest, &c), 1);
	value[CHALLENGE_TEXT_MAX] = '\0';
	snprintf(field, sizeof(field), "Bearer realm=\"%s\"", value);
	rest = view_of(field);
	assert_int_equal(challenge_next(&rest, &c), 1);
	assert_string_equal(c.realm, value);
	assert_int_equal(challenge_next(&rest, &c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(fields),
	        cmocka_unit_test(long_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
