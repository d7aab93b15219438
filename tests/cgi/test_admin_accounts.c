/* /v2/_lighter/usage and quota: what namespaces hold and may hold. */
#include "support/cgi.h"
#include "support/values.h"

#include "format/media.h"

#include <string.h>

#define NO_LIMITS "{\"bytes\":0,\"manifests\":0,\"blob-size\":0}"
#define NO_OWN "{\"bytes\":null,\"manifests\":null,\"blob-size\":null}"
#define EMPTY_INDEX "{\"schemaVersion\":2,\"manifests\":[]}"

/* The account of a namespace as JSON. */
static struct text usage(const char *ns, int bytes, int blobs, int manifests)
{
	return text_of("{\"namespace\":\"%s\",\"bytes\":%d,\"blobs\":%d,"
	               "\"manifests\":%d,\"limits\":" NO_LIMITS "}",
	        ns, bytes, blobs, manifests);
}

static struct text quota(const char *ns, const char *own, const char *in_force)
{
	return text_of("{\"namespace\":\"%s\",\"limits\":%s,\"in-force\":%s}", ns, own,
	        in_force);
}

static void put_quota(struct cgi *c, const char *ns, const char *json)
{
	cgi_put(c, "application/json", json, "/v2/_lighter/quota/%s", ns);
}

static void an_empty_registry(void **state)
{
	struct cgi *c = *state;

	cgi_get(c, "/v2/_lighter/usage");
	expect_status(c, 200);
	expect_header(c, "Content-Type", "application/json");
	expect_body(c, "{\"namespaces\":[]}");
	expect_no_header(c, "Link");
}

static void what_repositories_hold(void **state)
{
	struct cgi *c = *state;
	int size = (int)strlen(EMPTY_INDEX);

	cgi_push_blob(c, "alice/app", "hello");
	cgi_push_blob(c, "alice/other/app", "hello");
	cgi_push_blob(c, "alice", "hello!");
	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/alice/app/manifests/1");
	expect_status(c, 201);
	cgi_get(c, "/v2/_lighter/usage/alice");
	expect_status(c, 200);
	expect_body(c, usage("alice", 16 + size, 3, 1).s);
	cgi_head(c, "/v2/_lighter/usage/alice");
	expect_status(c, 200);
	cgi_delete(c, "/v2/alice/app/manifests/%s", sha256_of(EMPTY_INDEX).s);
	expect_status(c, 202);
	cgi_get(c, "/v2/_lighter/usage/alice");
	expect_body(c, usage("alice", 16, 3, 0).s);
}

static void pages(void **state)
{
	static const struct {
		const char *query;
		const char *names; /* of one letter each */
		const char *link;
	} rows[] = {
	        {"", "abcd", NULL},
	        {"?n=2", "ab", "n=2&last=b"},
	        {"?n=2&last=b", "cd", NULL},
	        {"?n=1&last=b", "c", "n=1&last=c"},
	        {"?n=4", "abcd", NULL},
	        {"?n=0", "", NULL},
	        {"?last=c", "d", NULL},
	        {"?last=bb", "cd", NULL},
	        {"?last=d", "", NULL},
	};
	struct cgi *c = *state;
	struct buf want = BUF_INIT(4096);

	for (const char *ns = "dbca"; *ns; ns++)
		cgi_push_blob(c, text_of("%c/x", *ns).s, "hello");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		buf_clear(&want);
		buf_add_str(&want, "{\"namespaces\":[");
		for (const char *p = rows[i].names; *p; p++)
			buf_addf(&want, "%s%s", p > rows[i].names ? "," : "",
			        usage(text_of("%c", *p).s, 5, 1, 0).s);
		buf_add_str(&want, "]}");
		cgi_get(c, "/v2/_lighter/usage%s", rows[i].query);
		expect_status(c, 200);
		expect_body(c, buf_str(&want));
		if (rows[i].link)
			expect_header(c, "Link",
			        text_of("</v2/_lighter/usage?%s>; rel=\"next\"",
			                rows[i].link)
			                .s);
		else
			expect_no_header(c, "Link");
	}
	buf_release(&want);
	cgi_get(c, "/v2/_lighter/usage?n=-1");
	assert_int_equal(c->status, 400);
}

static void limits_of_a_namespace(void **state)
{
	struct cgi *c = *state;
	const char *own = "{\"bytes\":10737418240,\"manifests\":1000,\"blob-size\":null}";
	const char *in_force =
	        "{\"bytes\":10737418240,\"manifests\":1000,\"blob-size\":77}";

	c->fixture.config.blob_limit = 77;
	c->fixture.config.quota_bytes = 88;
	cgi_push_blob(c, "a/x", "hello");
	cgi_get(c, "/v2/_lighter/quota/a");
	expect_status(c, 200);
	expect_body(c, quota("a", NO_OWN, "{\"bytes\":88,\"manifests\":0,\"blob-size\":77}").s);
	put_quota(c, "a", "{\"bytes\":\"10GiB\",\"manifests\":1000,\"blob-size\":null}");
	expect_status(c, 200);
	expect_body(c, quota("a", own, in_force).s);
	cgi_get(c, "/v2/_lighter/quota/a");
	expect_body(c, quota("a", own, in_force).s);
	cgi_get(c, "/v2/_lighter/usage/a");
	assert_non_null(strstr(cgi_body(c), in_force));
	/* What is not named goes back to its default. */
	put_quota(c, "a", "{\"blob-size\":0}");
	expect_body(c, quota("a", "{\"bytes\":null,\"manifests\":null,\"blob-size\":0}",
	                       "{\"bytes\":88,\"manifests\":0,\"blob-size\":0}")
	                       .s);
	cgi_delete(c, "/v2/_lighter/quota/a");
	expect_status(c, 200);
	expect_body(c, quota("a", NO_OWN, "{\"bytes\":88,\"manifests\":0,\"blob-size\":77}").s);
}

static void limits_before_anything_is_there(void **state)
{
	struct cgi *c = *state;

	put_quota(c, "soon", "{\"bytes\":\"1KiB\"}");
	expect_status(c, 200);
	cgi_get(c, "/v2/_lighter/usage");
	assert_non_null(strstr(cgi_body(c), "{\"namespace\":\"soon\",\"bytes\":0,"));
	cgi_delete(c, "/v2/_lighter/quota/soon");
	expect_status(c, 200);
	cgi_get(c, "/v2/_lighter/usage/soon");
	expect_error(c, 404, "NAME_UNKNOWN");
}

static void a_limit_counts_at_once(void **state)
{
	struct cgi *c = *state;

	cgi_push_blob(c, "a/x", "hello");
	put_quota(c, "a", "{\"bytes\":7}");
	expect_status(c, 200);
	cgi_post(c, "world", "/v2/a/x/blobs/uploads/?digest=%s", sha256_of("world").s);
	expect_error(c, 403, "DENIED");
	put_quota(c, "a", "{\"bytes\":10}");
	cgi_push_blob(c, "a/x", "world");
	/* One below what is there is no contradiction. */
	put_quota(c, "a", "{\"bytes\":1}");
	expect_status(c, 200);
	cgi_delete(c, "/v2/a/x/blobs/%s", sha256_of("world").s);
	expect_status(c, 202);
}

static void what_is_no_limit(void **state)
{
	static const char *const rows[] = {"", "x", "[]", "1", "null", "{", "{\"bytes\":1}x",
	        "{\"bytes\":-1}", "{\"bytes\":1.5}", "{\"bytes\":1e3}", "{\"bytes\":true}",
	        "{\"bytes\":[1]}", "{\"bytes\":{}}", "{\"bytes\":\"\"}",
	        "{\"bytes\":\"-1\"}", "{\"bytes\":\"1.5GiB\"}", "{\"bytes\":\"10 GiB\"}",
	        "{\"bytes\":\"10GB\"}", "{\"bytes\":9223372036854775808}",
	        "{\"bytes\":18446744073709551615}",
	        "{\"bytes\":99999999999999999999999}", "{\"bytes\":\"9000000TiB\"}",
	        "{\"bytes\":\"1\\u0000\"}", "{\"manifests\":\"1K\"}",
	        "{\"manifests\":-5}", "{\"blob-size\":\"x\"}", "{\"byte\":1}",
	        "{\"bytes\":1,\"size\":1}", "{\"\":1}"};
	struct cgi *c = *state;
	struct tree before;

	put_quota(c, "a", "{\"bytes\":5}");
	before = tree_of(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		put_quota(c, "a", rows[i]);
		if (c->status != 400)
			fail_msg("%s: %d", rows[i], c->status);
	}
	cgi_put(c, "application/json", "{}", "/v2/_lighter/quota/a?bytes=5GiB");
	expect_error(c, 400, "UNSUPPORTED");
	cgi_delete(c, "/v2/_lighter/quota/a?limit=bytes");
	expect_error(c, 400, "UNSUPPORTED");
	expect_untouched(c, &before);
	cgi_get(c, "/v2/_lighter/quota/a");
	assert_non_null(strstr(cgi_body(c), "\"limits\":{\"bytes\":5,"));
	put_quota(c, "a", "{\"bytes\":9223372036854775807,\"manifests\":\"12\"}");
	expect_status(c, 200);
	assert_non_null(strstr(cgi_body(c), "{\"bytes\":9223372036854775807,\"manifests\":12,"));
}

static void what_is_no_namespace(void **state)
{
	static const struct {
		const char *method, *path;
		int status;
		const char *code;
	} rows[] = {
	        {"GET", "usage/nobody", 404, "NAME_UNKNOWN"},
	        {"GET", "quota/nobody", 404, "NAME_UNKNOWN"},
	        {"DELETE", "quota/nobody", 404, "NAME_UNKNOWN"},
	        {"POST", "recount/nobody", 404, "NAME_UNKNOWN"},
	        {"GET", "usage/a/b", 404, "NAME_UNKNOWN"},
	        {"GET", "usage/@lock", 400, "NAME_INVALID"},
	        {"GET", "usage/..", 400, "UNSUPPORTED"},
	        {"PUT", "quota/A", 400, "NAME_INVALID"},
	        {"DELETE", "usage/a", 405, "UNSUPPORTED"},
	        {"GET", "recount", 405, "UNSUPPORTED"},
	        {"POST", "usage", 405, "UNSUPPORTED"},
	        {"GET", "nothing", 404, "NAME_UNKNOWN"},
	};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct text uri = text_of("/v2/_lighter/%s", rows[i].path);

		CGI_SEND(c, .method = rows[i].method, .uri = uri.s,
		        .body = VIEW_LIT("{}"));
		if (c->status != rows[i].status || strcmp(c->code, rows[i].code) != 0)
			fail_msg("%s %s: %d %s", rows[i].method, rows[i].path, c->status,
			        c->code);
	}
}

/* A file that somebody has edited by hand. */
static void limits_that_cannot_be_understood(void **state)
{
	struct cgi *c = *state;

	cgi_push_blob(c, "a/x", "hello");
	plant_file(&c->fixture, "quota/a/limits", "bytes = lots\n");
	cgi_get(c, "/v2/_lighter/usage");
	expect_status(c, 200);
	assert_non_null(strstr(cgi_body(c), "\"bytes\":5,"));
	assert_non_null(strstr(cgi_body(c), "\"limits\":null,\"problem\":\"quota/a/limits:1: "));
	cgi_get(c, "/v2/_lighter/quota/a");
	expect_status(c, 200);
	assert_non_null(strstr(cgi_body(c),
	        "\"limits\":null,\"in-force\":null,\"problem\":\"quota/a/limits:1: "));
	put_quota(c, "a", "{\"bytes\":5}");
	expect_status(c, 200);
	cgi_get(c, "/v2/_lighter/usage/a");
	assert_null(strstr(cgi_body(c), "problem"));
	/* Of a namespace that has nothing else. */
	plant_file(&c->fixture, "quota/b/limits", "bytes\n");
	cgi_get(c, "/v2/_lighter/usage/b");
	assert_non_null(strstr(cgi_body(c), "\"problem\":\"quota/b/limits:1: "));
	cgi_delete(c, "/v2/_lighter/quota/b");
	expect_status(c, 200);
	cgi_get(c, "/v2/_lighter/usage/b");
	expect_error(c, 404, "NAME_UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(an_empty_registry),
	        CGI_TEST(what_repositories_hold),
	        CGI_TEST(pages),
	        CGI_TEST(limits_of_a_namespace),
	        CGI_TEST(limits_before_anything_is_there),
	        CGI_TEST(a_limit_counts_at_once),
	        CGI_TEST(what_is_no_limit),
	        CGI_TEST(what_is_no_namespace),
	        CGI_TEST(limits_that_cannot_be_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
