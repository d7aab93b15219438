#include "format/remote_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char *const schemes[] = {"", "http://", "https://"};

static const char *read_name(const char *text, const char *host_default)
{
	static char out[1024];
	char digest[DIGEST_TEXT_MAX + 1] = "";
	struct remote_name n;

	if (remote_name_parse(view_of(text), host_default, &n) != 0)
		return "malformed";
	if (n.has_digest)
		digest_text(&n.digest, digest);
	snprintf(out, sizeof(out), "%s%s %u %s %s%s%s", schemes[n.scheme], n.host, n.port,
	        n.path, n.tag.text, n.has_digest ? "@" : "", digest);
	return out;
}

static void names(void **state)
{
	static const struct {
		const char *text, *read;
	} rows[] = {
	        {"smol", "ollama.test 0 library/smol latest"},
	        {"smol:135m", "ollama.test 0 library/smol 135m"},
	        {"ns/Model_1.x:Q4_K_M", "ollama.test 0 ns/Model_1.x Q4_K_M"},
	        {"_ns/_m", "ollama.test 0 _ns/_m latest"},
	        {"registry.example/a", "registry.example 0 a latest"},
	        {"Registry.Example/a/b/c:1", "registry.example 0 a/b/c 1"},
	        {"localhost/a", "localhost 0 a latest"},
	        {"host:5000/a/b:1", "host 5000 a/b 1"},
	        {"[::1]:5000/a:1", "[::1] 5000 a 1"},
	        {"127.0.0.1:5000/a@sha256:" HEX, "127.0.0.1 5000 a latest@sha256:" HEX},
	        {"a.b/c:1@sha256:" HEX, "a.b 0 c 1@sha256:" HEX},
	        {"http://host/a", "http://host 0 a latest"},
	        {"https://host:8443/a/b:x", "https://host 8443 a/b x"},
	        {"", "malformed"},
	        {"/", "malformed"},
	        {"a/", "malformed"},
	        {"/a", "malformed"},
	        {"a//b", "malformed"},
	        {"a/../b", "malformed"},
	        {"a/./b", "malformed"},
	        {"a/-b", "malformed"},
	        {"a/b:", "malformed"},
	        {"a/b:x y", "malformed"},
	        {"a/b?x", "malformed"},
	        {"a/b#x", "malformed"},
	        {"a/%2e%2e/b", "malformed"},
	        {"a/b@sha256:00", "malformed"},
	        {"a/b@", "malformed"},
	        {"ftp://host.example/a", "malformed"},
	        {"http://host", "malformed"},
	        {"http:///a", "malformed"},
	        {"user@host.example/a", "malformed"},
	        {"host.example:0/a", "malformed"},
	        {"host.example:65536/a", "malformed"},
	        {"host.example:/a", "malformed"},
	        {"host..example/a", "malformed"},
	        {".example/a", "malformed"},
	        {"[::1/a", "malformed"},
	        {"[::g]/a.b", "malformed"},
	        {"ho\nst.example/a", "malformed"},
	        {"a/b\n", "malformed"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(read_name(rows[i].text, "ollama.test"), rows[i].read) != 0)
			fail_msg("%s: %s", rows[i].text,
			        read_name(rows[i].text, "ollama.test"));
	assert_string_equal(read_name("ns/model", NULL), "malformed");
	assert_string_equal(read_name("a.b/model", NULL), "a.b 0 model latest");
}

static void long_names(void **state)
{
	char text[400] = "a.b/";

	(void)state;
	memset(text + 4, 'x', REPO_NAME_MAX);
	assert_string_not_equal(read_name(text, NULL), "malformed");
	text[4 + REPO_NAME_MAX] = 'x';
	assert_string_equal(read_name(text, NULL), "malformed");
	/* library/ counts */
	text[REPO_NAME_MAX] = '\0';
	memset(text, 'x', REPO_NAME_MAX);
	assert_string_equal(read_name(text, "a.b"), "malformed");
	memset(text, 'x', sizeof(text));
	memcpy(text + REMOTE_HOST_MAX - 2, ".x/a", 5);
	assert_string_not_equal(read_name(text, NULL), "malformed");
	memset(text, 'x', sizeof(text));
	memcpy(text + REMOTE_HOST_MAX - 1, ".x/a", 5);
	assert_string_equal(read_name(text, NULL), "malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names),
	        cmocka_unit_test(long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
