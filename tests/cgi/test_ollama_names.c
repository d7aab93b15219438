/* Names that only Ollama has: with ollama-names = on they are those of repositories. */
#include "support/cgi.h"

#include <stdio.h>
#include <string.h>

#define HOST "reg.example:5000"
#define AGENT "ollama/0.5.13 (amd64 linux) Go/go1.24.0"
#define MANIFEST_TYPE "application/vnd.docker.distribution.manifest.v2+json"

static void switch_on(struct cgi *c)
{
	struct err err = ERR_INIT;

	assert_int_equal(config_set(&c->fixture.config, VIEW_LIT("ollama-names"),
	                         VIEW_LIT("on"), "test", &err),
	        0);
}

static void send(struct cgi *c, const char *method, const char *uri, const char *body)
{
	CGI_SEND(c, .method = method, .uri = uri, .body = view_of(body),
	        .fields = {"HTTP_HOST", HOST, "HTTP_USER_AGENT", AGENT, "CONTENT_TYPE",
	                MANIFEST_TYPE});
}

static struct text model_json(const char *config)
{
	return text_of("{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE
	               "\",\"config\":{\"mediaType\":"
	               "\"application/vnd.docker.container.image.v1+json\","
	               "\"digest\":\"%s\",\"size\":%zu},\"layers\":[]}",
	        sha256_of(config).s, strlen(config));
}

/* Pushes a model that tells its own name. */
static void push(struct cgi *c, const char *name, const char *tag)
{
	struct text d = sha256_of(name);
	struct text session;

	send(c, "POST", text_of("/v2/%s/blobs/uploads/", name).s, "");
	expect_status(c, 202);
	session = text_of("%s", strstr(cgi_header(c, "Location"), "/v2/"));
	send(c, "PATCH", session.s, name);
	expect_status(c, 202);
	send(c, "PUT", text_of("%s?digest=sha256%%3A%s&etag=x-1", session.s, d.s + 7).s,
	        "");
	expect_status(c, 201);
	send(c, "PUT", text_of("/v2/%s/manifests/%s", name, tag).s, model_json(name).s);
	expect_status(c, 201);
}

static void expect_model(struct cgi *c, const char *name, const char *tag)
{
	send(c, "GET", text_of("/v2/%s/manifests/%s", name, tag).s, "");
	expect_status(c, 200);
	expect_body(c, model_json(name).s);
	send(c, "GET", text_of("/v2/%s/blobs/%s", name, sha256_of(name).s).s, "");
	expect_status(c, 200);
	expect_body(c, name);
	send(c, "HEAD", text_of("/v2/%s/blobs/%s", name, sha256_of(name).s).s, "");
	expect_header(c, "Content-Length", text_of("%zu", strlen(name)).s);
}

#define LONGEST \
	"library/0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz-._-._-Z"

static const char *const names[] = {
        "_why/_The.Lucky-1",
        "_why/_the.lucky-1",
        "library/Smol",
        "library/smol",
        "Library/smol",
        "library/sm..ol-",
        "library/sm.ol",
        "library/SMOL",
        "0/_",
        LONGEST,
};

static void every_name_is_a_repository_of_its_own(void **state)
{
	struct cgi *c = *state;

	switch_on(c);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		push(c, names[i], "_T");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		expect_model(c, names[i], "_T");
	/* As it is stored it can be asked for, too. */
	send(c, "GET", "/v2/library/u---qsmol/manifests/_T", "");
	expect_body(c, model_json("library/Smol").s);
	send(c, "GET", "/v2/library/sMol/manifests/_T", "");
	expect_status(c, 404);
}

static void a_mount_from_such_a_name(void **state)
{
	struct cgi *c = *state;
	struct text d = sha256_of("_why/_The.Lucky-1");

	switch_on(c);
	push(c, "_why/_The.Lucky-1", "latest");
	send(c, "POST",
	        text_of("/v2/library/x/blobs/uploads/?from=_why%%2F_The.Lucky-1&mount=%s",
	                d.s)
	                .s,
	        "");
	expect_status(c, 201);
	send(c, "POST",
	        text_of("/v2/library/x/blobs/uploads/?from=_why%%2F_the.lucky-1&mount=%s",
	                d.s)
	                .s,
	        "");
	/* It is there by now, whatever from= says. */
	expect_status(c, 201);
}

static void what_stays_no_name(void **state)
{
	static const struct {
		const char *name;
		int status;
	} rows[] = {
	        {"_oci/x", 404},
	        {"_lighter/x", 404},
	        {"_catalog/x", 404},
	        {"library/-x", 400},
	        {"library/.x", 400},
	        {"library/@blobs", 400},
	        {"library/x%40", 400},
	        {"library/%E2%98%83", 400},
	        {"_x/-x", 404},
	        {"library/a:b", 400},
	        {"..x/y", 400},
	};
	struct cgi *c = *state;

	switch_on(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		send(c, "POST", text_of("/v2/%s/blobs/uploads/", rows[i].name).s, "");
		if (c->status != rows[i].status)
			fail_msg("%s: %d", rows[i].name, c->status);
	}
	cgi_get(c, "/v2/_oci/ext/discover");
	expect_status(c, 200);
	cgi_get(c, "/v2/_lighter/health");
	expect_status(c, 200);
	cgi_get(c, "/v2/_catalog");
	expect_status(c, 200);
}

static void without_the_switch_they_are_refused(void **state)
{
	struct cgi *c = *state;

	send(c, "POST", "/v2/library/Smol/blobs/uploads/", "");
	expect_error(c, 400, "NAME_INVALID");
	send(c, "POST", "/v2/library/smol-/blobs/uploads/", "");
	expect_error(c, 400, "NAME_INVALID");
	send(c, "POST", "/v2/_why/smol/blobs/uploads/", "");
	expect_error(c, 404, "NAME_UNKNOWN");
	switch_on(c);
	send(c, "POST", "/v2/library/Smol/blobs/uploads/", "");
	expect_status(c, 202);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(every_name_is_a_repository_of_its_own),
	        CGI_TEST(a_mount_from_such_a_name),
	        CGI_TEST(what_stays_no_name),
	        CGI_TEST(without_the_switch_they_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
