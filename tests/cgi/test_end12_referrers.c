/* end-12a, end-12b. Listing referrers. */
#include "support/cgi.h"

#include "format/media.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMPTY_ANSWER                                                                     \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[]}"

/* The manifests of the answer; *doc is to be put. */
static struct json_object *manifests(struct cgi *c, struct json_object **doc)
{
	struct json_object *list;

	expect_status(c, 200);
	expect_header(c, "Content-Type", MEDIA_OCI_INDEX);
	*doc = json_tokener_parse(cgi_body(c));
	assert_non_null(*doc);
	assert_true(json_object_object_get_ex(*doc, "manifests", &list));
	return list;
}

static size_t count(struct cgi *c)
{
	struct json_object *doc;
	size_t n = json_object_array_length(manifests(c, &doc));

	json_object_put(doc);
	return n;
}

static const char *member(struct json_object *o, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(o, name, &value) ? json_object_get_string(value)
	                                                  : NULL;
}

static void nothing_is_an_empty_index(void **state)
{
	struct text digests[] = {sha256_of("x"), sha512_of("x"),
	        text_of("blake3:%s", sha256_of("x").s + 7), text_of("md5:0123"),
	        text_of("a+b.c:=_-Z")};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(digests) / sizeof(*digests); i++) {
		cgi_get(c, "/v2/none/referrers/%s", digests[i].s);
		expect_status(c, 200);
		expect_header(c, "Content-Type", MEDIA_OCI_INDEX);
		expect_body(c, EMPTY_ANSWER);
		expect_no_header(c, "OCI-Filters-Applied");
		expect_no_header(c, "Link");
	}
	cgi_head(c, "/v2/none/referrers/%s", digests[0].s);
	expect_status(c, 200);
	cgi_push_image(c, "a", "v1", image_json("subject").s);
	cgi_get(c, "/v2/a/referrers/%s", sha256_of(image_json("subject").s).s);
	expect_body(c, EMPTY_ANSWER);
}

#define UPPER_DIGEST                                                                     \
	"sha256:44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A"

static void a_malformed_digest_is_400(void **state)
{
	static const char *const bad[] = {"sha256:abc", "sha256:", "x", "sha256",
	        "latest", ":", "a:b:c", UPPER_DIGEST};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cgi_get(c, "/v2/a/referrers/%s", bad[i]);
		expect_error(c, 400, "DIGEST_INVALID");
	}
}

static void a_descriptor_tells_all(void **state)
{
	struct cgi *c = *state;
	struct text subject = sha256_of("need not exist");
	struct text json = referrer_json("the note", subject.s, "application/vnd.x+json");
	struct text d = cgi_push_image(c, "a", "t1", json.s);
	struct json_object *doc, *list, *o;

	/* However many tags it has, it is one manifest. */
	cgi_push_image(c, "a", "t2", json.s);
	cgi_get(c, "/v2/a/referrers/%s", subject.s);
	list = manifests(c, &doc);
	assert_int_equal(json_object_array_length(list), 1);
	o = json_object_array_get_idx(list, 0);
	assert_string_equal(member(o, "mediaType"), MEDIA_OCI_MANIFEST);
	assert_string_equal(member(o, "digest"), d.s);
	assert_string_equal(member(o, "size"), text_of("%zu", strlen(json.s)).s);
	assert_string_equal(member(o, "artifactType"), "application/vnd.x+json");
	assert_true(json_object_object_get_ex(o, "annotations", &o));
	assert_int_equal(json_object_object_length(o), 1);
	assert_string_equal(member(o, "note"), "the note");
	json_object_put(doc);
	cgi_get(c, "/v2/b/referrers/%s", subject.s);
	expect_body(c, EMPTY_ANSWER);
}

/* An image without artifactType has that of its config; an index without has none. */
static void artifact_type_is_derived(void **state)
{
	struct cgi *c = *state;
	struct text subject = sha256_of("s");
	struct text index = text_of(
	        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX
	        "\",\"manifests\":[],\"subject\":{\"mediaType\":\"a/b\",\"size\":1,"
	        "\"digest\":\"%s\"}}",
	        subject.s);
	struct json_object *doc, *o;

	cgi_push_image(c, "image", "t", referrer_json("i", subject.s, NULL).s);
	cgi_get(c, "/v2/image/referrers/%s", subject.s);
	o = json_object_array_get_idx(manifests(c, &doc), 0);
	assert_string_equal(
	        member(o, "artifactType"), "application/vnd.oci.image.config.v1+json");
	json_object_put(doc);
	cgi_put(c, MEDIA_OCI_INDEX, index.s, "/v2/index/manifests/t");
	expect_status(c, 201);
	cgi_get(c, "/v2/index/referrers/%s", subject.s);
	o = json_object_array_get_idx(manifests(c, &doc), 0);
	assert_string_equal(member(o, "mediaType"), MEDIA_OCI_INDEX);
	assert_null(member(o, "artifactType"));
	assert_null(member(o, "annotations"));
	json_object_put(doc);
}

static void filter(void **state)
{
	static const struct {
		const char *query;
		size_t count;
		bool applied;
	} rows[] = {
	        {"", 4, false},
	        {"?artifactType=application%2Fvnd.x%2Bjson", 2, true},
	        {"?artifactType=application/vnd.x+json", 2, true},
	        {"?artifactType=application/vnd.y", 1, true},
	        {"?artifactType=application/vnd.oci.image.config.v1%2Bjson", 1, true},
	        {"?artifactType=application/vnd", 0, true},
	        {"?artifactType=none/such", 0, true},
	        {"?artifactType=", 4, false},
	        {"?other=application/vnd.y", 4, false},
	};
	struct cgi *c = *state;
	struct text s = sha256_of("s");

	cgi_push_image(c, "a", "1", referrer_json("1", s.s, "application/vnd.x+json").s);
	cgi_push_image(c, "a", "2", referrer_json("2", s.s, "application/vnd.x+json").s);
	cgi_push_image(c, "a", "3", referrer_json("3", s.s, "application/vnd.y").s);
	cgi_push_image(c, "a", "4", referrer_json("4", s.s, NULL).s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cgi_get(c, "/v2/a/referrers/%s%s", s.s, rows[i].query);
		assert_int_equal(count(c), rows[i].count);
		if (rows[i].applied)
			expect_header(c, "OCI-Filters-Applied", "artifactType");
		else
			expect_no_header(c, "OCI-Filters-Applied");
	}
	cgi_get(c, "/v2/a/referrers/md5:0123?artifactType=a/b");
	expect_status(c, 200);
	expect_header(c, "OCI-Filters-Applied", "artifactType");
}

/* Follows Link from uri; the sum of the entries, each of which is seen once. */
static size_t follow(struct cgi *c, struct text uri, unsigned *pages)
{
	struct buf seen = BUF_INIT(1 << 20);
	size_t sum = 0;

	for (*pages = 0;;) {
		struct json_object *doc, *list;
		const char *link;

		cgi_get(c, "%s", uri.s);
		list = manifests(c, &doc);
		for (size_t i = 0; i < json_object_array_length(list); i++) {
			const char *d =
			        member(json_object_array_get_idx(list, i), "digest");

			assert_null(strstr(buf_str(&seen), d));
			buf_addf(&seen, "%s\n", d);
			sum++;
		}
		json_object_put(doc);
		++*pages;
		link = cgi_header(c, "Link");
		if (!link)
			break;
		assert_non_null(strstr(link, ">; rel=\"next\""));
		uri = text_of("%.*s", (int)strcspn(link + 1, ">"), link + 1);
	}
	buf_release(&seen);
	return sum;
}

static void pages_of_n(void **state)
{
	struct cgi *c = *state;
	struct text s = sha512_of("s");
	unsigned pages;

	for (unsigned i = 0; i < 7; i++) {
		struct text note = text_of("%u", i);

		cgi_push_image(c, "a", "t",
		        referrer_json(note.s, s.s, i % 2 ? "a/x+y" : "b/b").s);
	}
	assert_int_equal(follow(c, text_of("/v2/a/referrers/%s", s.s), &pages), 7);
	assert_int_equal(pages, 1);
	assert_int_equal(follow(c, text_of("/v2/a/referrers/%s?n=3", s.s), &pages), 7);
	assert_int_equal(pages, 3);
	/* No Link to an empty page. */
	assert_int_equal(follow(c, text_of("/v2/a/referrers/%s?n=7", s.s), &pages), 7);
	assert_int_equal(pages, 1);
	assert_int_equal(
	        follow(c, text_of("/v2/a/referrers/%s?artifactType=a%%2Fx%%2By&n=2", s.s),
	                &pages),
	        3);
	assert_int_equal(pages, 2);
	expect_header(c, "OCI-Filters-Applied", "artifactType");
	cgi_get(c, "/v2/a/referrers/%s?n=0", s.s);
	expect_body(c, EMPTY_ANSWER);
	expect_no_header(c, "Link");
	cgi_get(c, "/v2/a/referrers/%s?n=x", s.s);
	assert_int_equal(c->status, 400);
	cgi_get(c, "/v2/a/referrers/%s?last=x", s.s);
	expect_error(c, 400, "DIGEST_INVALID");
}

/* A manifest whose annotation has so many bytes. */
static char *large_referrer(const char *subject, unsigned number, size_t len)
{
	char *filler = malloc(len + 1);
	char *json;

	assert_non_null(filler);
	memset(filler, 'a' + (int)number, len);
	filler[len] = '\0';
	assert_true(asprintf(&json,
	                    "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX
	                    "\",\"manifests\":[],"
	                    "\"subject\":{\"mediaType\":\"a/"
	                    "b\",\"size\":1,\"digest\":\"%s\"},"
	                    "\"annotations\":{\"x\":\"%s\"}}",
	                    subject, filler) > 0);
	free(filler);
	return json;
}

/* A client may read no manifest larger than 4 MiB: what does not fit is on the next page.
 */
static void pages_of_4_mib(void **state)
{
	struct cgi *c = *state;
	struct text s = sha256_of("s");
	unsigned pages;
	struct text uri = text_of("/v2/a/referrers/%s", s.s);

	for (unsigned i = 0; i < 5; i++) {
		char *json = large_referrer(s.s, i, 1500000);

		cgi_put(c, MEDIA_OCI_INDEX, json, "/v2/a/manifests/t");
		expect_status(c, 201);
		free(json);
	}
	assert_int_equal(follow(c, uri, &pages), 5);
	assert_int_equal(pages, 3);
	cgi_get(c, "%s", uri.s);
	assert_true(c->body.len <= 4 << 20);
	assert_int_equal(count(c), 2);
}

/* An interrupted push leaves an entry without its manifest. */
static void an_entry_without_manifest_is_skipped(void **state)
{
	struct cgi *c = *state;
	struct text s = sha256_of("s");
	struct text d = cgi_push_image(c, "a", "1", referrer_json("1", s.s, NULL).s);
	struct text file;

	cgi_push_image(c, "a", "2", referrer_json("2", s.s, NULL).s);
	file = text_of("%s/repos/a/@manifests/sha256/%s", c->fixture.dir, d.s + 7);
	assert_int_equal(remove(file.s), 0);
	cgi_get(c, "/v2/a/referrers/%s", s.s);
	assert_int_equal(count(c), 1);
	assert_null(strstr(cgi_body(c), d.s));
	assert_int_equal(count(c), 1);
}

static void a_sha512_referrer_is_listed_under_that_digest(void **state)
{
	struct cgi *c = *state;
	struct text s = sha256_of("s");
	struct text json = referrer_json("1", s.s, NULL);
	struct text d = sha512_of(json.s);

	cgi_push_blob(c, "a", "{}");
	cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/manifests/%s", d.s);
	expect_status(c, 201);
	cgi_get(c, "/v2/a/referrers/%s", s.s);
	assert_int_equal(count(c), 1);
	assert_non_null(strstr(cgi_body(c), d.s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(nothing_is_an_empty_index),
	        CGI_TEST(a_malformed_digest_is_400),
	        CGI_TEST(a_descriptor_tells_all),
	        CGI_TEST(artifact_type_is_derived),
	        CGI_TEST(filter),
	        CGI_TEST(pages_of_n),
	        CGI_TEST(pages_of_4_mib),
	        CGI_TEST(an_entry_without_manifest_is_skipped),
	        CGI_TEST(a_sha512_referrer_is_listed_under_that_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
