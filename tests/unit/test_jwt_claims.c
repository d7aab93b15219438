#include "format/jwt_claims.h"

#include "support/signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW 1717500000

static struct jwt_claims c;

static enum jwt_reason parse(const char *payload)
{
	struct buf token = BUF_INIT(65536);
	enum jwt_reason reason;
	struct jwt t;

	signer_token(NULL, KEY_HS256, "{\"alg\":\"HS256\"}", payload, &token);
	assert_int_equal(jwt_parse(buf_view(&token), &t), JWT_OK);
	reason = jwt_claims_parse(&t, &c);
	buf_release(&token);
	return reason;
}

static void reads_a_docker_token(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"iss\":\"auth.docker.com\",\"sub\":\"jlhawn\","
	                       "\"aud\":\"registry.docker.com\",\"exp\":1415387315,"
	                       "\"nbf\":1415387015,"
	                       "\"iat\":1415387015,\"jti\":"
	                       "\"tYJCO1c6cnyy7kAn0c7rKPgbV1H1bFws\",\"access\":[{"
	                       "\"type\":\"repository\",\"name\":\"samalba/"
	                       "my-app\",\"actions\":[\"pull\",\"push\"]}]}"),
	        JWT_OK);
	assert_string_equal(c.issuer, "auth.docker.com");
	assert_string_equal(c.subject, "jlhawn");
	assert_int_equal(c.naudiences, 1);
	assert_string_equal(c.audiences[0], "registry.docker.com");
	assert_int_equal(c.expires, 1415387315);
	assert_int_equal(c.not_before, 1415387015);
	assert_int_equal(c.issued, 1415387015);
	assert_string_equal(c.id, "tYJCO1c6cnyy7kAn0c7rKPgbV1H1bFws");
	assert_int_equal(c.access.n, 1);
	assert_int_equal(
	        scope_list_actions(&c.access, SCOPE_REPOSITORY, "samalba/my-app"),
	        ACTION_PULL | ACTION_PUSH);
}

static void needs_only_an_end(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"exp\":12.9}"), JWT_OK);
	assert_int_equal(c.expires, 12);
	assert_int_equal(c.not_before, 0);
	assert_int_equal(c.naudiences, 0);
	assert_string_equal(c.subject, "");
	assert_string_equal(c.stamp, "");
	assert_int_equal(c.access.n, 0);
	assert_int_equal(parse("{\"exp\":1,\"access\":null}"), JWT_OK);
	assert_int_equal(parse("{\"exp\":1,\"aud\":[\"a\",\"b\"]}"), JWT_OK);
	assert_int_equal(c.naudiences, 2);
	assert_string_equal(c.audiences[1], "b");
}

static void refuses_malformed_claims(void **state)
{
	static const char *const rows[] = {
	        "",
	        "{",
	        "[]",
	        "1",
	        "{} {}",
	        "{}",
	        "{\"exp\":\"1\"}",
	        "{\"exp\":null}",
	        "{\"exp\":-1}",
	        "{\"exp\":1e300}",
	        "{\"exp\":NaN}",
	        "{\"exp\":9223372036854775807}",
	        "{\"exp\":99999999999999999999999}",
	        "{\"exp\":1,\"nbf\":\"x\"}",
	        "{\"exp\":1,\"iat\":{}}",
	        "{\"exp\":1,\"sub\":1}",
	        "{\"exp\":1,\"iss\":[]}",
	        "{\"exp\":1,\"sub\":\"a\\u0000b\"}",
	        "{\"exp\":1,\"aud\":1}",
	        "{\"exp\":1,\"aud\":[1]}",
	        "{\"exp\":1,\"aud\":[[\"a\"]]}",
	        "{\"exp\":1,\"aud\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\","
	        "\"9\"]}",
	        "{\"exp\":1,\"access\":{}}",
	        "{\"exp\":1,\"access\":[1]}",
	        "{\"exp\":1,\"access\":[{\"type\":1}]}",
	        "{\"exp\":1,\"access\":[{\"type\":\"repository\",\"name\":\"a\","
	        "\"actions\":\"*\"}]}",
	        "{\"exp\":1,\"access\":[{\"type\":\"repository\",\"name\":\"a\","
	        "\"actions\":[1]}]}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		if (parse(rows[i]) != JWT_CLAIMS)
			fail_msg("accepted: %s", rows[i]);
}

static void entries_it_does_not_know_grant_nothing(void **state)
{
	(void)state;
	assert_int_equal(
	        parse("{\"exp\":1,\"access\":["
	              "{\"type\":\"repository\",\"name\":\"../"
	              "etc\",\"actions\":[\"pull\"]},"
	              "{\"type\":\"wiki\",\"name\":\"a\",\"actions\":[\"pull\"]},"
	              "{\"type\":\"repository\",\"actions\":[\"pull\"]},"
	              "{\"type\":\"repository\",\"name\":\"a\"},"
	              "{\"type\":\"repository\",\"name\":\"b\",\"actions\":[\"fly\","
	              "\"push\"]},"
	              "{\"type\":\"registry\",\"name\":\"catalog\",\"actions\":[\"*\"]}]"
	              "}"),
	        JWT_OK);
	assert_int_equal(c.access.n, 3);
	assert_int_equal(scope_list_actions(&c.access, SCOPE_REPOSITORY, "a"), 0);
	assert_int_equal(
	        scope_list_actions(&c.access, SCOPE_REPOSITORY, "b"), ACTION_PUSH);
	assert_int_equal(
	        scope_list_actions(&c.access, SCOPE_REGISTRY, "catalog"), ACTION_ALL);
}

static void refuses_too_many_names(void **state)
{
	struct buf text = BUF_INIT(16384);
	int i;

	(void)state;
	buf_add_str(&text, "{\"exp\":1,\"access\":[");
	for (i = 0; i <= SCOPE_LIST_MAX; i++)
		buf_addf(&text, "%s{\"type\":\"repository\",\"name\":\"a%d\"}",
		        i ? "," : "", i);
	buf_add_str(&text, "]}");
	assert_int_equal(parse(buf_str(&text)), JWT_CLAIMS);
	buf_release(&text);
}

static void checks_time_issuer_and_audience(void **state)
{
	static const struct {
		const char *payload;
		enum jwt_reason reason;
	} rows[] = {
	        {"{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1717500001}", JWT_OK},
	        {"{\"iss\":\"i\",\"aud\":[\"x\",\"a\"],\"exp\":1717500001}", JWT_OK},
	        {"{\"aud\":\"a\",\"exp\":1717500001}", JWT_ISSUER},
	        {"{\"iss\":\"I\",\"aud\":\"a\",\"exp\":1717500001}", JWT_ISSUER},
	        {"{\"iss\":\"i\",\"exp\":1717500001}", JWT_AUDIENCE},
	        {"{\"iss\":\"i\",\"aud\":\"aa\",\"exp\":1717500001}", JWT_AUDIENCE},
	        {"{\"iss\":\"i\",\"aud\":[],\"exp\":1717500001}", JWT_AUDIENCE},
	        /* The clocks may differ by a minute. */
	        {"{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1717499941}", JWT_OK},
	        {"{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1717499940}", JWT_EXPIRED},
	        {"{\"iss\":\"i\",\"aud\":\"a\",\"exp\":0}", JWT_EXPIRED},
	        {"{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1717600000,\"nbf\":1717500060}",
	                JWT_OK},
	        {"{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1717600000,\"nbf\":1717500061}",
	                JWT_NOT_YET},
	        {"{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1717600000,\"iat\":1717500060}",
	                JWT_OK},
	        {"{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1717600000,\"iat\":1717500061}",
	                JWT_NOT_YET},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(parse(rows[i].payload), JWT_OK);
		if (jwt_claims_check(&c, "i", "a", NOW) != rows[i].reason)
			fail_msg("%s", rows[i].payload);
	}
}

static void reads_what_it_writes(void **state)
{
	static struct jwt_claims in;
	struct buf text = BUF_INIT(4096);

	(void)state;
	in = (struct jwt_claims){.issuer = "i\"\\",
	        .subject = "alice",
	        .naudiences = 1,
	        .audiences = {"aud"},
	        .expires = NOW + 300,
	        .not_before = NOW - 1,
	        .issued = NOW,
	        .id = "0123",
	        .stamp = "st"};
	assert_int_equal(scope_list_parse(&in.access,
	                         VIEW_LIT("repository:a/b:pull,push repository:c: "
	                                  "registry:catalog:*")),
	        0);
	assert_int_equal(jwt_claims_write(&in, &text), 0);
	assert_int_equal(parse(buf_str(&text)), JWT_OK);
	assert_string_equal(c.issuer, in.issuer);
	assert_string_equal(c.subject, in.subject);
	assert_string_equal(c.audiences[0], "aud");
	assert_string_equal(c.id, "0123");
	assert_string_equal(c.stamp, "st");
	assert_int_equal(c.expires, in.expires);
	assert_int_equal(c.not_before, in.not_before);
	assert_int_equal(c.issued, in.issued);
	assert_int_equal(c.access.n, 3);
	assert_int_equal(scope_list_actions(&c.access, SCOPE_REPOSITORY, "a/b"),
	        ACTION_PULL | ACTION_PUSH);
	assert_int_equal(
	        scope_list_actions(&c.access, SCOPE_REGISTRY, "catalog"), ACTION_ALL);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_a_docker_token),
	        cmocka_unit_test(needs_only_an_end),
	        cmocka_unit_test(refuses_malformed_claims),
	        cmocka_unit_test(entries_it_does_not_know_grant_nothing),
	        cmocka_unit_test(refuses_too_many_names),
	        cmocka_unit_test(checks_time_issuer_and_audience),
	        cmocka_unit_test(reads_what_it_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
