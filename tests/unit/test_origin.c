/* The origin of a request: settings, proxies that are trusted or not, the web server. */
#include "gateway/origin.h"

#include "support/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PROXY "REMOTE_ADDR", "10.0.0.1"
#define HOST "HTTP_HOST", "inner:8080"

static void expect_origin(const char *public_url, const char *proxies,
        const char *const *variables, const char *want)
{
	char got[ORIGIN_SIZE];
	struct reply_test t;
	bool found;

	begin(&t, "GET", variables);
	assert_int_equal(config_set(&t.config, VIEW_LIT("public-url"),
	                         view_of(public_url), "test", &t.x.err),
	        0);
	assert_int_equal(config_set(&t.config, VIEW_LIT("trusted-proxies"),
	                         view_of(proxies), "test", &t.x.err),
	        0);
	assert_int_equal(origin_check_settings(&t.config, &t.x.err), 0);
	found = origin_of(&t.x, got);
	assert_string_equal(got, want);
	assert_int_equal(found, want[0] != '\0');
	end(&t);
}

static void without_proxies(void **state)
{
	static const struct {
		const char *public_url;
		const char *variables[9];
		const char *want;
	} rows[] = {
	        {"", {HOST, NULL}, "http://inner:8080"},
	        {"", {HOST, "HTTPS", "on", NULL}, "https://inner:8080"},
	        {"", {HOST, "HTTPS", "off", NULL}, "http://inner:8080"},
	        {"", {HOST, "REQUEST_SCHEME", "https", NULL}, "https://inner:8080"},
	        {"", {"HTTP_HOST", "[::1]:80", NULL}, "http://[::1]:80"},
	        {"https://r.example", {HOST, NULL}, "https://r.example"},
	        {"https://r.example", {NULL}, "https://r.example"},
	        {"", {NULL}, ""},
	        {"", {"HTTP_HOST", "", NULL}, ""},
	        {"", {"HTTP_HOST", "a/b", NULL}, ""},
	        {"", {"HTTP_HOST", "u@a", NULL}, ""},
	        {"", {"HTTP_HOST", "a\"b", NULL}, ""},
	        /* Nobody is trusted by default. */
	        {"",
	                {HOST, "REMOTE_ADDR", "127.0.0.1", "HTTP_X_FORWARDED_HOST",
	                        "evil", "HTTP_FORWARDED", "host=evil;proto=https", NULL},
	                "http://inner:8080"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_origin(
		        rows[i].public_url, "", rows[i].variables, rows[i].want);
}

static void behind_proxies(void **state)
{
	static const struct {
		const char *variables[11];
		const char *want;
	} rows[] = {
	        {{HOST, PROXY, NULL}, "http://inner:8080"},
	        {{HOST, PROXY, "HTTP_X_FORWARDED_PROTO", "https", NULL},
	                "https://inner:8080"},
	        {{HOST, PROXY, "HTTP_X_FORWARDED_PROTO", "https", "HTTP_X_FORWARDED_HOST",
	                 "r.example", NULL},
	                "https://r.example"},
	        /* TLS on our side only. */
	        {{HOST, PROXY, "HTTPS", "on", "HTTP_X_FORWARDED_PROTO", "http", NULL},
	                "http://inner:8080"},
	        {{HOST, PROXY, "HTTP_X_FORWARDED_PROTO", "gopher",
	                 "HTTP_X_FORWARDED_HOST", "a/b", NULL},
	                "http://inner:8080"},
	        {{HOST, "REMOTE_ADDR", "192.0.2.9", "HTTP_X_FORWARDED_HOST", "evil",
	                 NULL},
	                "http://inner:8080"},
	        {{HOST, "REMOTE_ADDR", "unix:", "HTTP_X_FORWARDED_HOST", "evil", NULL},
	                "http://inner:8080"},
	        /* A client may have sent such a field itself: its part is the leftmost. */
	        {{HOST, PROXY, "HTTP_X_FORWARDED_HOST", "evil, r.example",
	                 "HTTP_X_FORWARDED_FOR", "10.0.0.7, 192.0.2.9", NULL},
	                "http://r.example"},
	        /* Two proxies, each appending. */
	        {{HOST, PROXY, "HTTP_X_FORWARDED_HOST", "evil, r.example, middle",
	                 "HTTP_X_FORWARDED_FOR", "192.0.2.9, 10.0.0.2", NULL},
	                "http://r.example"},
	        /* Two proxies, the second repeating what the first one said. */
	        {{HOST, PROXY, "HTTP_X_FORWARDED_PROTO", "https", "HTTP_X_FORWARDED_HOST",
	                 "r.example", "HTTP_X_FORWARDED_FOR", "192.0.2.9, 10.0.0.2",
	                 NULL},
	                "https://r.example"},
	        {{HOST, PROXY, "HTTP_FORWARDED",
	                 "for=192.0.2.9;host=\"r.example:444\";proto=https", NULL},
	                "https://r.example:444"},
	        {{HOST, PROXY, "HTTP_FORWARDED", "host=evil, for=192.0.2.9;proto=https",
	                 NULL},
	                "https://inner:8080"},
	        {{HOST, PROXY, "HTTP_FORWARDED",
	                 "host=evil, for=192.0.2.9;host=r.example;proto=https, "
	                 "for=\"10.0.0.2:4711\";host=middle;proto=http",
	                 NULL},
	                "https://r.example"},
	        /* Forwarded is the word of the proxy, and the older fields are passed on. */
	        {{HOST, PROXY, "HTTP_FORWARDED", "for=192.0.2.9;host=r.example",
	                 "HTTP_X_FORWARDED_HOST", "evil", NULL},
	                "http://r.example"},
	        {{HOST, PROXY, "HTTP_FORWARDED", "host=\"r.example", NULL},
	                "http://inner:8080"},
	        {{"HTTP_X_FORWARDED_HOST", "r.example", PROXY, NULL}, "http://r.example"},
	        {{HOST, PROXY, "HTTP_X_FORWARDED_HOST", "[2001:db8::1]:444", NULL},
	                "http://[2001:db8::1]:444"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect_origin("", "::1, 10.0.0.0/8", rows[i].variables, rows[i].want);
		expect_origin(
		        "https://p", "10.0.0.0/8", rows[i].variables, "https://p");
	}
}

/* Clients compare the text of the host with what they have used. */
static void the_public_host_in_the_words_of_the_client(void **state)
{
	static const struct {
		const char *url, *host, *want;
	} rows[] = {
	        {"https://r.example", "r.example:443", "https://r.example:443"},
	        {"https://r.example:443", "r.example", "https://r.example"},
	        {"https://r.example", "R.Example", "https://R.Example"},
	        {"http://r.example", "r.example:80", "http://r.example:80"},
	        {"http://[::1]", "[::1]:80", "http://[::1]:80"},
	        {"https://r.example", "r.example:80", "https://r.example"},
	        {"https://r.example:5000", "r.example", "https://r.example:5000"},
	        {"https://r.example", "r.example:", "https://r.example:"},
	        {"https://r.example", "r.example:0443", "https://r.example"},
	        {"https://r.example", "x.r.example", "https://r.example"},
	        {"https://r.example", "r.example/", "https://r.example"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *variables[] = {"HTTP_HOST", rows[i].host, NULL};
		const char *behind[] = {HOST, PROXY, "HTTP_X_FORWARDED_HOST",
		        rows[i].host, NULL};

		expect_origin(rows[i].url, "", variables, rows[i].want);
		expect_origin(rows[i].url, "10.0.0.0/8", behind, rows[i].want);
	}
}

static void the_host_of_blobs(void **state)
{
	static const struct {
		const char *blobs, *url, *host, *want;
	} rows[] = {
	        {"", "", "r.example", ""},
	        {"b.example", "", "r.example:5000", "http://b.example"},
	        {"b.example:81", "", "r.example:5000", "http://b.example:81"},
	        {"b.example", "https://r.example", "inner", "https://b.example"},
	        /* Already there. */
	        {"b.example:81", "", "b.example:81", ""},
	        {"b.example:81", "", "B.Example", ""},
	        {"b.example:81", "https://r.example", "b.example", ""},
	        {"b.example", "", "", ""},
	};
	char got[ORIGIN_SIZE];
	struct reply_test t;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *variables[] = {"HTTP_HOST", rows[i].host, NULL};

		begin(&t, "GET", variables);
		assert_int_equal(config_set(&t.config, VIEW_LIT("public-url"),
		                         view_of(rows[i].url), "test", &t.x.err),
		        0);
		assert_int_equal(config_set(&t.config, VIEW_LIT("blob-host"),
		                         view_of(rows[i].blobs), "test", &t.x.err),
		        0);
		assert_int_equal(origin_check_settings(&t.config, &t.x.err), 0);
		assert_int_equal(
		        origin_of_blobs(&t.x, got), rows[i].want[0] != '\0');
		assert_string_equal(got, rows[i].want);
		end(&t);
	}
}

static void a_long_host(void **state)
{
	static char host[300];
	const char *variables[] = {"HTTP_HOST", host, NULL};
	char want[ORIGIN_SIZE] = "http://";

	(void)state;
	memset(host, 'a', 261);
	memset(want + 7, 'a', 261);
	expect_origin("", "", variables, want);
	host[261] = 'a';
	expect_origin("", "", variables, "");
}

static void bad_settings(void **state)
{
	struct config c;
	struct err err = ERR_INIT;
	char url[300] = "https://";

	(void)state;
	assert_int_equal(config_init(&c, &err), 0);
	assert_int_equal(config_set(&c, VIEW_LIT("trusted-proxies"),
	                         VIEW_LIT("127.0.0.1 proxy.example"), "test", &err),
	        0);
	assert_int_equal(origin_check_settings(&c, &err), -1);
	assert_string_equal(err.text, "trusted-proxies: \"proxy.example\" is neither an "
	                              "address nor a network");
	err_release(&err);
	assert_int_equal(config_set(&c, VIEW_LIT("trusted-proxies"), VIEW_LIT(""), "test",
	                         &err),
	        0);
	assert_int_equal(config_set(&c, VIEW_LIT("blob-host"),
	                         VIEW_LIT("http://b.example"), "test", &err),
	        0);
	assert_int_equal(origin_check_settings(&c, &err), -1);
	assert_string_equal(
	        err.text, "blob-host is no host or host:port: \"http://b.example\"");
	err_release(&err);
	assert_int_equal(
	        config_set(&c, VIEW_LIT("blob-host"), VIEW_LIT("b:81"), "test", &err),
	        0);
	assert_int_equal(origin_check_settings(&c, &err), 0);
	memset(url + 8, 'a', 280);
	assert_int_equal(config_set(&c, VIEW_LIT("public-url"), view_of(url), "test",
	                         &err),
	        0);
	assert_int_equal(origin_check_settings(&c, &err), -1);
	assert_int_equal(err.code, ERR_BAD_REQUEST);
	err_release(&err);
	config_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(without_proxies),
	        cmocka_unit_test(behind_proxies),
	        cmocka_unit_test(the_public_host_in_the_words_of_the_client),
	        cmocka_unit_test(the_host_of_blobs),
	        cmocka_unit_test(a_long_host),
	        cmocka_unit_test(bad_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
