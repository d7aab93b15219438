/* POST /api/pull and /api/push: what is refused before another registry is asked. */
#include "support/cgi.h"

#include <string.h>

static void refused(struct cgi *c, const char *path, const char *body, int status, const char *why)
{
	cgi_post(c, body, "%s", path);
	expect_status(c, status);
	assert_string_equal(cgi_header(c, "Content-Type"), "application/json");
	assert_true(strncmp(cgi_body(c), "{\"error\":\"", 10) == 0);
	if (!strstr(cgi_body(c), why))
		fail_msg("%s %s: %s", path, body, cgi_body(c));
}

static void bad_requests(void **state)
{
	static const struct {
		const char *body, *why;
	} rows[] = {
	        {"", "missing request body"},
	        {"[]", "no JSON object"},
	        {"{\"model\":", "no JSON object"},
	        {"{}", "invalid model name"},
	        {"{\"model\":\"\"}", "invalid model name"},
	        {"{\"model\":7}", "\\\"model\\\" is no text"},
	        {"{\"model\":\"a b\"}", "invalid model name"},
	        {"{\"model\":\"../x\"}", "invalid model name"},
	        {"{\"model\":\"x.y/a/../b\"}", "invalid model name"},
	        {"{\"model\":\"x.y/a\",\"destination\":\"z.y/b\"}", "invalid"},
	        {"{\"model\":\"x.y/a\",\"destination\":\"a b\"}", "invalid"},
	        {"{\"model\":\"x.y/a\",\"insecure\":\"yes\"}", "neither true nor false"},
	        {"{\"model\":\"x.y/a\",\"stream\":0}", "neither true nor false"},
	        {"{\"model\":\"x.y/a\",\"username\":{}}", "\\\"username\\\" is no text"},
	};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		refused(c, "/api/pull", rows[i].body, 400, rows[i].why);
		refused(c, "/api/push", rows[i].body, 400, rows[i].why);
	}
}

static void no_registry_is_listed(void **state)
{
	static const char why[] = "none of the registries that may be asked";

	struct cgi *c = *state;

	refused(c, "/api/pull", "{\"model\":\"smol\"}", 403, why);
	refused(c, "/api/pull", "{\"model\":\"x.y/a\"}", 403, why);
	refused(c, "/api/pull", "{\"name\":\"127.0.0.1:5000/a/b:c\"}", 403, why);
	refused(c, "/api/pull", "{\"model\":\"x.y/a\",\"destination\":\"b\"}", 403, why);
	refused(c, "/api/push", "{\"model\":\"x.y/a\"}", 403, why);
	refused(c, "/api/push", "{\"model\":\"a\",\"destination\":\"x.y/a\"}", 403, why);
	refused(c, "/api/pull", "{\"model\":\"smol\",\"stream\":false}", 403, why);
}

static void other_methods(void **state)
{
	struct cgi *c = *state;

	cgi_get(c, "/api/pull");
	expect_status(c, 405);
	assert_string_equal(cgi_header(c, "Allow"), "POST");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(bad_requests),
	        CGI_TEST(no_registry_is_listed),
	        CGI_TEST(other_methods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
