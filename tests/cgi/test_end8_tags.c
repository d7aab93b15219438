/* end-8a, end-8b. Listing tags. */
#include "support/cgi.h"

#include "format/media.h"

#include <string.h>

#define EMPTY_INDEX "{\"schemaVersion\":2,\"manifests\":[]}"

static void push_tags(struct cgi *c, const char *repo, const char *query)
{
	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/%s/manifests/%s?%s", repo,
	        sha256_of(EMPTY_INDEX).s, query);
	expect_status(c, 201);
}

#define ALL "tag=b&tag=B&tag=a&tag=_x&tag=1.0&tag=1.0-rc1&tag=latest"

static void tags_are_in_byte_order(void **state)
{
	struct cgi *c = *state;

	push_tags(c, "r/s", ALL);
	cgi_get(c, "/v2/r/s/tags/list");
	expect_status(c, 200);
	expect_header(c, "Content-Type", "application/json");
	expect_body(c, "{\"name\":\"r/s\",\"tags\":"
	               "[\"1.0\",\"1.0-rc1\",\"B\",\"_x\",\"a\",\"b\",\"latest\"]}");
	expect_no_header(c, "Link");
}

static void pages(void **state)
{
	static const struct {
		const char *query;
		const char *tags;
		const char *link; /* NULL: none */
	} rows[] = {
	        {"?n=2", "\"1.0\",\"1.0-rc1\"", "n=2&last=1.0-rc1"},
	        {"?n=2&last=1.0-rc1", "\"B\",\"_x\"", "n=2&last=_x"},
	        {"?last=1.0-rc1&n=2", "\"B\",\"_x\"", "n=2&last=_x"},
	        {"?n=2&last=_x", "\"a\",\"b\"", "n=2&last=b"},
	        {"?n=2&last=b", "\"latest\"", NULL},
	        {"?n=1&last=b", "\"latest\"", NULL},
	        {"?n=2&last=latest", "", NULL},
	        {"?n=7", "\"1.0\",\"1.0-rc1\",\"B\",\"_x\",\"a\",\"b\",\"latest\"", NULL},
	        {"?n=6", "\"1.0\",\"1.0-rc1\",\"B\",\"_x\",\"a\",\"b\"", "n=6&last=b"},
	        {"?n=0", "", NULL},
	        {"?n=0&last=a", "", NULL},
	        /* last need not exist, and goes without n. */
	        {"?last=aa", "\"b\",\"latest\"", NULL},
	        {"?last=zzz", "", NULL},
	        {"?last=", "\"1.0\",\"1.0-rc1\",\"B\",\"_x\",\"a\",\"b\",\"latest\"",
	                NULL},
	        {"?last=a%62", "\"b\",\"latest\"", NULL},
	        {"?unknown=1&last=b", "\"latest\"", NULL},
	};
	struct cgi *c = *state;

	push_tags(c, "r", ALL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cgi_get(c, "/v2/r/tags/list%s", rows[i].query);
		expect_status(c, 200);
		expect_body(c, text_of("{\"name\":\"r\",\"tags\":[%s]}", rows[i].tags).s);
		if (!rows[i].link)
			expect_no_header(c, "Link");
		else
			expect_header(c, "Link",
			        text_of("</v2/r/tags/list?%s>; rel=\"next\"",
			                rows[i].link)
			                .s);
	}
}

static void n_above_the_limit_is_cut_to_it(void **state)
{
	struct cgi *c = *state;

	push_tags(c, "r", ALL);
	c->fixture.config.page_limit = 3;
	cgi_get(c, "/v2/r/tags/list?n=1000");
	expect_status(c, 200);
	expect_body(c, "{\"name\":\"r\",\"tags\":[\"1.0\",\"1.0-rc1\",\"B\"]}");
	expect_header(c, "Link", "</v2/r/tags/list?n=3&last=B>; rel=\"next\"");
	cgi_get(c, "/v2/r/tags/list");
	expect_body(c, "{\"name\":\"r\",\"tags\":[\"1.0\",\"1.0-rc1\",\"B\"]}");
	expect_header(c, "Link", "</v2/r/tags/list?last=B>; rel=\"next\"");
}

static void following_link_visits_every_tag_once(void **state)
{
	struct cgi *c = *state;
	struct text uri = text_of("/v2/r/tags/list?n=3");
	unsigned pages = 0;
	unsigned tags = 0;

	push_tags(c, "r", ALL);
	for (;;) {
		const char *link;

		cgi_get(c, "%s", uri.s);
		expect_status(c, 200);
		for (const char *p = strchr(cgi_body(c), '['); (p = strchr(p, '"')); p++)
			tags++;
		pages++;
		link = cgi_header(c, "Link");
		if (!link)
			break;
		uri = text_of("%.*s", (int)strcspn(link + 1, ">"), link + 1);
	}
	assert_int_equal(pages, 3);
	assert_int_equal(tags, 2 * 7);
}

static void a_bad_n_is_400(void **state)
{
	static const char *const bad[] = {
	        "?n=-1",
	        "?n=x",
	        "?n=",
	        "?n",
	        "?n=1.5",
	        "?n=+1",
	        "?n=%201",
	        "?n=0x10",
	        "?n=01",
	        "?n=99999999999999999999",
	        "?n=%zz",
	        "?n=%00",
	        "?last=%",
	        "?last=%0a",
	};
	struct cgi *c = *state;

	push_tags(c, "r", ALL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cgi_get(c, "/v2/r/tags/list%s", bad[i]);
		if (c->status != 400)
			fail_msg("%s: %d", bad[i], c->status);
	}
}

static void an_unknown_repository_is_404(void **state)
{
	struct cgi *c = *state;

	cgi_get(c, "/v2/none/tags/list");
	expect_error(c, 404, "NAME_UNKNOWN");
	cgi_get(c, "/v2/none/tags/list?n=0");
	expect_error(c, 404, "NAME_UNKNOWN");
	push_tags(c, "r/s", ALL);
	cgi_get(c, "/v2/r/tags/list");
	expect_error(c, 404, "NAME_UNKNOWN");
}

static void no_tags_are_an_empty_list(void **state)
{
	struct cgi *c = *state;

	push_tags(c, "r", "");
	cgi_get(c, "/v2/r/tags/list");
	expect_status(c, 200);
	expect_body(c, "{\"name\":\"r\",\"tags\":[]}");
}

/* A listing that is kept must not outlive a change, however soon the change comes. */
static void every_change_shows_at_once(void **state)
{
	struct cgi *c = *state;

	push_tags(c, "r", "tag=a");
	for (unsigned i = 0; i < 20; i++) {
		push_tags(c, "r", "tag=b");
		cgi_get(c, "/v2/r/tags/list");
		expect_body(c, "{\"name\":\"r\",\"tags\":[\"a\",\"b\"]}");
		cgi_delete(c, "/v2/r/manifests/b");
		expect_status(c, 202);
		cgi_get(c, "/v2/r/tags/list");
		expect_body(c, "{\"name\":\"r\",\"tags\":[\"a\"]}");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(tags_are_in_byte_order),
	        CGI_TEST(pages),
	        CGI_TEST(n_above_the_limit_is_cut_to_it),
	        CGI_TEST(following_link_visits_every_tag_once),
	        CGI_TEST(a_bad_n_is_400),
	        CGI_TEST(an_unknown_repository_is_404),
	        CGI_TEST(no_tags_are_an_empty_list),
	        CGI_TEST(every_change_shows_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
