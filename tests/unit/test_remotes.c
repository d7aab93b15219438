#include "format/remotes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct remotes remotes;

/* The message of the error, or "" when the text was taken. */
static const char *parse(const char *text)
{
	static struct err err;

	remotes_release(&remotes);
	err_release(&err);
	if (remotes_parse(view_of(text), "remotes", &remotes, &err) == 0)
		return "";
	assert_int_equal(err.code, ERR_FAULT);
	assert_null(remotes.rules);
	return err.text;
}

/* The number of the line that counts for a registry, 0 for none. */
static unsigned line_for(const char *host, unsigned port)
{
	const struct remote_rule *r = remotes_find(&remotes, view_of(host), port);

	return r ? r->line : 0;
}

static void which_line_counts(void **state)
{
	static const struct {
		const char *host;
		unsigned port, line;
	} rows[] = {
	        {"registry.ollama.ai", 0, 2},
	        {"registry.ollama.ai", 443, 2},
	        {"registry.ollama.ai", 80, 0},
	        {"registry.ollama.ai", 5000, 0},
	        {"ollama.ai", 0, 0},
	        {"xregistry.ollama.ai", 0, 0},
	        {"registry.ollama.ai.evil.example", 0, 0},
	        {"127.0.0.1", 5001, 4},
	        {"127.0.0.1", 0, 0},
	        {"127.0.0.1", 5002, 0},
	        {"a.corp.example", 0, 5},
	        {"corp.example", 0, 0},
	        {"a.b.corp.example", 0, 6},
	        {"a.corp.example", 8443, 6},
	        {"eu-1.cdn.example", 0, 7},
	        {"eu-1x.cdn.example", 0, 0},
	        {"[::1]", 5000, 8},
	        {"[::1]", 80, 0},
	        {"plain.example", 0, 9},
	        {"plain.example", 80, 9},
	        {"plain.example", 443, 0},
	        {"self.example", 0, 10},
	        {"self.example", 443, 10},
	        {"", 0, 0},
	};

	(void)state;
	assert_string_equal(parse("# other registries\n"
	                          "registry.ollama.ai key\n"
	                          "\n"
	                          "\t127.0.0.1:5001 insecure private\r\n"
	                          "*.corp.example\n"
	                          "**.corp.example:*\n"
	                          "eu-*1.cdn.example\n"
	                          "[::1]:5000\n"
	                          "plain.example insecure\n"
	                          "https://self.example insecure"),
	        "");
	for (size_t i = 0; i < COUNT(rows); i++)
		if (line_for(rows[i].host, rows[i].port) != rows[i].line)
			fail_msg("%s:%u: line %u", rows[i].host, rows[i].port,
			        line_for(rows[i].host, rows[i].port));
}

static void nothing_is_allowed_by_default(void **state)
{
	(void)state;
	assert_string_equal(parse(""), "");
	assert_int_equal(line_for("registry.ollama.ai", 0), 0);
	assert_string_equal(parse("# a\n \n#b"), "");
	assert_int_equal(remotes.n, 0);
	assert_string_equal(parse("**:*"), "");
	assert_int_equal(line_for("any.example", 1234), 1);
	assert_int_equal(line_for("[2001:db8::1]", 1234), 1);
}

static bool redirects(const char *host, unsigned port)
{
	return remote_hosts_hold(remotes.rules[0].redirects, remotes.rules[0].nredirects,
	        view_of(host), port, 443);
}

static void options(void **state)
{
	const struct remote_rule *r;

	(void)state;
	assert_string_equal(parse("a.example user=robot password=pass=word#:x "
	                          "redirect=*.cdn.example redirect=b.example:8443 "
	                          "realm=auth.example private ca=/etc/ca.pem\n"
	                          "b.example key insecure chunk=100M\n"),
	        "");
	r = &remotes.rules[0];
	assert_true(view_is(r->user, "robot"));
	assert_true(view_is(r->password, "pass=word#:x"));
	assert_true(view_is(r->ca, "/etc/ca.pem"));
	assert_true(r->private && !r->insecure && !r->key && !r->http);
	assert_true(redirects("x.cdn.example", 0));
	assert_true(redirects("x.cdn.example", 443));
	assert_false(redirects("x.cdn.example", 444));
	assert_false(redirects("x.y.cdn.example", 0));
	assert_true(redirects("b.example", 8443));
	assert_false(redirects("b.example", 0));
	assert_false(redirects("auth.example", 0));
	assert_true(remote_hosts_hold(
	        r->realms, r->nrealms, VIEW_LIT("auth.example"), 0, 443));
	assert_true(remotes.rules[1].key && remotes.rules[1].insecure);
	assert_int_equal(remotes.rules[1].chunk, 100 << 20);
	assert_true(remotes.rules[1].http && !remotes.rules[1].private);
}

static void lines_that_are_wrong(void **state)
{
	static const struct {
		const char *line, *message;
	} rows[] = {
	        {"Registry.example", "is no registry"},
	        {"a..example", "is no registry"},
	        {".example", "is no registry"},
	        {"a.example/path", "is no registry"},
	        {"a.**.example", "is no registry"},
	        {"***", "is no registry"},
	        {"a.example:", "is no registry"},
	        {"a.example:0", "is no registry"},
	        {"a.example:65536", "is no registry"},
	        {"a.example:http", "is no registry"},
	        {"ftp://a.example", "is no registry"},
	        {"https://", "is no registry"},
	        {"[::1", "is no registry"},
	        {"[]", "is no registry"},
	        {"[::g]", "is no registry"},
	        {"user@a.example", "is no registry"},
	        {"a.example open", "\"open\" is not known"},
	        {"a.example key=x", "\"key\" is not known"},
	        {"a.example user=", "\"user\" is not known"},
	        {"a.example user=a:b password=x", "\"user\" is not known"},
	        {"a.example user=a user=b password=x", "\"user\" is not known"},
	        {"a.example ca=relative", "\"ca\" is not known"},
	        {"a.example chunk=0", "\"chunk\" is not known"},
	        {"a.example chunk=much", "\"chunk\" is not known"},
	        {"a.example redirect=", "\"redirect\" is not known"},
	        {"a.example redirect=https://b", "\"redirect\" is not known"},
	        {"a.example redirect=b redirect=b redirect=b redirect=b redirect=b "
	         "redirect=b redirect=b redirect=b redirect=b",
	                "\"redirect\" is not known"},
	        {"a.example user=a", "come together"},
	        {"a.example password=hunter2", "come together"},
	        {"a.example user=a password=b key", "either a key or a user"},
	        {"http://a.example", "wants the option insecure"},
	        {"a.example password=hunter2 password=hunter2", "\"password\" is not"},
	        {"a.example \x01=hunter2", "\"?\" is not known"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *message;
		char text[512];

		snprintf(text, sizeof(text), "# x\n%s\n", rows[i].line);
		message = parse(text);
		if (strncmp(message, "remotes:2: ", 11) != 0 ||
		        !strstr(message, rows[i].message) || strstr(message, "hunter2"))
			fail_msg("%s: %s", rows[i].line, message);
	}
}

static void limits(void **state)
{
	char *text = malloc(REMOTES_FILE_MAX + 2);
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	memset(text, '#', REMOTES_FILE_MAX + 1);
	text[REMOTES_FILE_MAX + 1] = '\0';
	assert_string_equal(parse(text), "remotes: over 1048576 bytes");
	text[REMOTES_FILE_MAX] = '\0';
	assert_string_equal(parse(text), "");
	for (unsigned i = 0; i < REMOTES_RULES_MAX; i++)
		n += (size_t)sprintf(text + n, "a.example\n");
	assert_string_equal(parse(text), "");
	sprintf(text + n, "a.example\n");
	assert_string_equal(parse(text), "remotes:1001: over 1000 lines");
	free(text);
}

static int end(void **state)
{
	(void)state;
	remotes_release(&remotes);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(which_line_counts),
	        cmocka_unit_test(nothing_is_allowed_by_default),
	        cmocka_unit_test(options),
	        cmocka_unit_test(lines_that_are_wrong),
	        cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
