/* end-7a, end-7b. Pushing manifests. */
#include "support/cgi.h"

#include "format/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMPTY_INDEX                                                                      \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[]}"

static void expect_pushed(struct cgi *c, const char *repo, const char *digest)
{
	expect_status(c, 201);
	expect_header(c, "Location", text_of("/v2/%s/manifests/%s", repo, digest).s);
	expect_header(c, "Docker-Content-Digest", digest);
	expect_header(c, "Content-Length", "0");
}

static void expect_pull(
        struct cgi *c, const char *ref, const char *type, const char *json)
{
	cgi_get(c, "/v2/a/manifests/%s", ref);
	expect_status(c, 200);
	expect_body(c, json);
	expect_header(c, "Content-Type", type);
}

static void by_tag_and_by_digest(void **state)
{
	struct cgi *c = *state;
	struct text json = image_json("one");
	struct text d = sha256_of(json.s);

	cgi_push_blob(c, "a", "{}");
	cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/manifests/v1");
	expect_pushed(c, "a", d.s);
	expect_no_header(c, "OCI-Subject");
	expect_no_header(c, "OCI-Tag");
	cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/manifests/%s", d.s);
	expect_pushed(c, "a", d.s);
	expect_no_header(c, "OCI-Tag");
	expect_pull(c, "v1", MEDIA_OCI_MANIFEST, json.s);
	expect_pull(c, d.s, MEDIA_OCI_MANIFEST, json.s);
	cgi_get(c, "/v2/a/tags/list");
	expect_body(c, "{\"name\":\"a\",\"tags\":[\"v1\"]}");
}

static void by_sha512(void **state)
{
	struct cgi *c = *state;
	struct text d = sha512_of(EMPTY_INDEX);

	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/a/manifests/%s?tag=big", d.s);
	expect_pushed(c, "a", d.s);
	expect_header(c, "OCI-Tag", "big");
	expect_pull(c, d.s, MEDIA_OCI_INDEX, EMPTY_INDEX);
	expect_header(c, "Docker-Content-Digest", d.s);
	/* A tag answers with the digest that it was given. */
	expect_pull(c, "big", MEDIA_OCI_INDEX, EMPTY_INDEX);
	expect_header(c, "Docker-Content-Digest", d.s);
}

static void a_wrong_digest_is_400(void **state)
{
	struct cgi *c = *state;
	struct text spaced = text_of("%s  ", EMPTY_INDEX);
	struct text wrong[] = {sha256_of(EMPTY_INDEX), sha512_of(EMPTY_INDEX)};
	struct tree before = tree_of(c);

	for (size_t i = 0; i < 2; i++) {
		cgi_put(c, MEDIA_OCI_INDEX, spaced.s, "/v2/a/manifests/%s?tag=t",
		        wrong[i].s);
		expect_error(c, 400, "DIGEST_INVALID");
	}
	expect_untouched(c, &before);
}

static void several_tags(void **state)
{
	struct cgi *c = *state;
	struct text d = sha256_of(EMPTY_INDEX);
	char query[4096] = "";
	size_t len = 0;

	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX,
	        "/v2/a/manifests/%s?tag=b&tag=a&other=x&tag=v1%%2E0", d.s);
	expect_pushed(c, "a", d.s);
	expect_header(c, "OCI-Tag", "b, a, v1.0");
	cgi_get(c, "/v2/a/tags/list");
	expect_body(c, "{\"name\":\"a\",\"tags\":[\"a\",\"b\",\"v1.0\"]}");
	for (unsigned i = 0; i < 32; i++)
		len += (size_t)snprintf(
		        query + len, sizeof(query) - len, "%stag=t%u", i ? "&" : "", i);
	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/b/manifests/%s?%s", d.s, query);
	expect_status(c, 201);
	assert_non_null(strstr(cgi_header(c, "OCI-Tag"), "t31"));
	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/c/manifests/%s?%s&tag=one-more",
	        d.s, query);
	expect_status(c, 414);
	cgi_head(c, "/v2/c/manifests/%s", d.s);
	expect_status(c, 404);
}

/* All tags are looked at before anything is stored. */
static void one_bad_tag_refuses_the_push(void **state)
{
	static const char *const bad[] = {"tag=good&tag=a:b",
	        "tag=good&tag=", "tag=.x&tag=good", "tag=a%20b", "tag=a/b", "tag"};
	struct cgi *c = *state;
	struct text d = sha256_of(EMPTY_INDEX);
	struct tree before = tree_of(c);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/a/manifests/%s?%s", d.s,
		        bad[i]);
		expect_error(c, 400, "MANIFEST_INVALID");
	}
	cgi_put(c, MEDIA_OCI_INDEX, EMPTY_INDEX, "/v2/a/manifests/v1?tag=v2");
	expect_error(c, 400, "MANIFEST_INVALID");
	expect_untouched(c, &before);
}

static void subjects_are_acknowledged(void **state)
{
	struct cgi *c = *state;
	struct text subjects[] = {sha256_of("not pushed"), sha512_of("not pushed")};

	cgi_push_blob(c, "a", "{}");
	for (size_t i = 0; i < 2; i++) {
		struct text json = referrer_json("r", subjects[i].s, NULL);
		struct text index = text_of(
		        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX
		        "\",\"manifests\":[],\"subject\":{\"mediaType\":"
		        "\"" MEDIA_OCI_MANIFEST "\",\"size\":5,\"digest\":\"%s\"}}",
		        subjects[i].s);

		cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/manifests/%s",
		        sha256_of(json.s).s);
		expect_status(c, 201);
		expect_header(c, "OCI-Subject", subjects[i].s);
		cgi_put(c, MEDIA_OCI_INDEX, index.s, "/v2/a/manifests/t");
		expect_status(c, 201);
		expect_header(c, "OCI-Subject", subjects[i].s);
	}
}

static void content_types(void **state)
{
	static const struct {
		const char *type;
		const char *json;
		const char *stored; /* NULL: refused */
	} rows[] = {
	        {MEDIA_OCI_INDEX "; charset=utf-8", EMPTY_INDEX, MEDIA_OCI_INDEX},
	        {MEDIA_OCI_INDEX " ;x=y;z=\"a\"", EMPTY_INDEX, MEDIA_OCI_INDEX},
	        {NULL, EMPTY_INDEX, MEDIA_OCI_INDEX},
	        {MEDIA_OCI_INDEX, "{\"schemaVersion\":2,\"manifests\":[]}",
	                MEDIA_OCI_INDEX},
	        {MEDIA_DOCKER_LIST,
	                "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_LIST
	                "\",\"manifests\":[]}",
	                MEDIA_DOCKER_LIST},
	        {"application/vnd.example.thing+json", "{\"a\":1}",
	                "application/vnd.example.thing+json"},
	        {MEDIA_OCI_MANIFEST, EMPTY_INDEX, NULL},
	        {"nonsense", EMPTY_INDEX, NULL},
	        {"/", EMPTY_INDEX, NULL},
	        {NULL, "{\"a\":1}", NULL},
	};
	struct cgi *c = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cgi_put(c, rows[i].type, rows[i].json, "/v2/a/manifests/t%zu", i);
		if (!rows[i].stored) {
			expect_error(c, 400, "MANIFEST_INVALID");
			continue;
		}
		expect_status(c, 201);
		expect_pull(c, text_of("t%zu", i).s, rows[i].stored, rows[i].json);
	}
}

#define DESCRIPTOR "{\"mediaType\":\"%s\",\"size\":%u,\"digest\":\"%s\"%s}"

static struct text image_with_layer(
        const char *type, unsigned size, const char *digest, const char *more)
{
	struct text config = text_of(DESCRIPTOR,
	        "application/vnd.oci.image.config.v1+json", 2U, sha256_of("{}").s, "");
	struct text layer = text_of(DESCRIPTOR, type, size, digest, more);

	return text_of(
	        "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config.s, layer.s);
}

#define LAYER "application/vnd.oci.image.layer.v1.tar"

static void a_missing_layer_is_named(void **state)
{
	struct cgi *c = *state;
	struct text d = sha256_of("a layer");
	struct text json = image_with_layer(LAYER, 7, d.s, "");

	cgi_push_blob(c, "a", "{}");
	cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/manifests/t");
	expect_error(c, 400, "MANIFEST_BLOB_UNKNOWN");
	assert_non_null(strstr(cgi_body(c), "\"detail\":"));
	assert_non_null(strstr(cgi_body(c), d.s));
	assert_null(strstr(cgi_body(c), sha256_of("{}").s));
	cgi_get(c, "/v2/a/manifests/t");
	expect_status(c, 404);
	/* That another repository holds it is not enough. */
	cgi_push_blob(c, "b", "a layer");
	cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/manifests/t");
	expect_error(c, 400, "MANIFEST_BLOB_UNKNOWN");
	cgi_push_blob(c, "a", "a layer");
	cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/manifests/t");
	expect_status(c, 201);
}

static void a_wrong_size_is_refused(void **state)
{
	struct cgi *c = *state;
	struct text d = cgi_push_blob(c, "a", "a layer");
	struct text json = image_with_layer(LAYER, 8, d.s, "");

	cgi_push_blob(c, "a", "{}");
	cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/manifests/t");
	expect_error(c, 400, "SIZE_INVALID");
	cgi_head(c, "/v2/a/manifests/t");
	expect_status(c, 404);
}

static void what_need_not_be_pushed(void **state)
{
	static const struct {
		const char *type;
		const char *more;
	} rows[] = {
	        {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", ""},
	        {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", ""},
	        {LAYER, ",\"urls\":[\"https://example.invalid/layer\"]"},
	};
	struct cgi *c = *state;
	struct text d = sha256_of("elsewhere");

	cgi_push_blob(c, "a", "{}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct text json = image_with_layer(rows[i].type, 9, d.s, rows[i].more);

		cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/manifests/t");
		expect_status(c, 201);
	}
}

static void an_index_needs_its_manifests(void **state)
{
	struct cgi *c = *state;
	struct text json = image_json("child");
	struct text child = sha256_of(json.s);
	struct text entry = text_of(
	        DESCRIPTOR, MEDIA_OCI_MANIFEST, (unsigned)strlen(json.s), child.s, "");
	struct text index = text_of("{\"schemaVersion\":2,\"manifests\":[%s]}", entry.s);
	struct text nested;

	cgi_put(c, MEDIA_OCI_INDEX, index.s, "/v2/a/manifests/index");
	expect_error(c, 400, "MANIFEST_BLOB_UNKNOWN");
	/* A blob with these bytes is no manifest. */
	cgi_push_blob(c, "a", json.s);
	cgi_put(c, MEDIA_OCI_INDEX, index.s, "/v2/a/manifests/index");
	expect_error(c, 400, "MANIFEST_BLOB_UNKNOWN");
	cgi_push_image(c, "a", child.s, json.s);
	cgi_put(c, MEDIA_OCI_INDEX, index.s, "/v2/a/manifests/index");
	expect_status(c, 201);
	entry = text_of(DESCRIPTOR, MEDIA_OCI_INDEX, (unsigned)strlen(index.s),
	        sha256_of(index.s).s, "");
	nested = text_of("{\"schemaVersion\":2,\"manifests\":[%s]}", entry.s);
	cgi_put(c, MEDIA_OCI_INDEX, nested.s, "/v2/a/manifests/nested");
	expect_status(c, 201);
}

static void accept_sparse_takes_what_lacks(void **state)
{
	struct cgi *c = *state;
	struct text json = image_with_layer(LAYER, 7, sha256_of("missing").s, "");
	struct text entry =
	        text_of(DESCRIPTOR, MEDIA_OCI_MANIFEST, 7U, sha256_of("no").s, "");
	struct text index = text_of("{\"schemaVersion\":2,\"manifests\":[%s]}", entry.s);

	c->fixture.config.accept_sparse = true;
	cgi_put(c, MEDIA_OCI_MANIFEST, json.s, "/v2/a/manifests/t");
	expect_status(c, 201);
	cgi_put(c, MEDIA_OCI_INDEX, index.s, "/v2/a/manifests/i");
	expect_status(c, 201);
	expect_pull(c, "t", MEDIA_OCI_MANIFEST, json.s);
}

static void a_tag_moves_and_the_old_manifest_stays(void **state)
{
	struct cgi *c = *state;
	struct text one = image_json("one");
	struct text two = image_json("two");

	cgi_push_image(c, "a", "latest", one.s);
	cgi_push_image(c, "a", "latest", two.s);
	expect_pull(c, "latest", MEDIA_OCI_MANIFEST, two.s);
	expect_pull(c, sha256_of(one.s).s, MEDIA_OCI_MANIFEST, one.s);
}

/* A document of len bytes whose annotation fills it up. */
static char *index_of(size_t len)
{
	static const char head[] =
	        "{\"schemaVersion\":2,\"manifests\":[],\"annotations\":{\"x\":\"";
	static const char tail[] = "\"}}";
	char *json = malloc(len + 1);

	assert_non_null(json);
	memset(json, 'y', len);
	memcpy(json, head, sizeof(head) - 1);
	memcpy(json + len - (sizeof(tail) - 1), tail, sizeof(tail));
	return json;
}

static void up_to_the_limit_and_413_above(void **state)
{
	struct cgi *c = *state;
	size_t limit = (size_t)c->fixture.config.manifest_limit;
	char *json = index_of(limit);

	assert_true(limit >= 4 << 20);
	cgi_put(c, MEDIA_OCI_INDEX, json, "/v2/a/manifests/large");
	expect_status(c, 201);
	expect_pull(c, "large", MEDIA_OCI_INDEX, json);
	free(json);
	json = index_of(limit + 1);
	cgi_put(c, MEDIA_OCI_INDEX, json, "/v2/a/manifests/larger");
	expect_error(c, 413, "SIZE_INVALID");
	CGI_SEND(c, .method = "PUT", .uri = "/v2/a/manifests/larger",
	        .fields = {"CONTENT_TYPE", MEDIA_OCI_INDEX}, .body = view_of(json),
	        .length = "");
	expect_error(c, 413, "SIZE_INVALID");
	free(json);
	cgi_head(c, "/v2/a/manifests/larger");
	expect_status(c, 404);
}

static void without_a_length(void **state)
{
	struct cgi *c = *state;

	CGI_SEND(c, .method = "PUT", .uri = "/v2/a/manifests/t",
	        .fields = {"CONTENT_TYPE", MEDIA_OCI_INDEX},
	        .body = VIEW_LIT(EMPTY_INDEX), .length = "", .piece = 5);
	expect_pushed(c, "a", sha256_of(EMPTY_INDEX).s);
	expect_pull(c, "t", MEDIA_OCI_INDEX, EMPTY_INDEX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(by_tag_and_by_digest),
	        CGI_TEST(by_sha512),
	        CGI_TEST(a_wrong_digest_is_400),
	        CGI_TEST(several_tags),
	        CGI_TEST(one_bad_tag_refuses_the_push),
	        CGI_TEST(subjects_are_acknowledged),
	        CGI_TEST(content_types),
	        CGI_TEST(a_missing_layer_is_named),
	        CGI_TEST(a_wrong_size_is_refused),
	        CGI_TEST(what_need_not_be_pushed),
	        CGI_TEST(an_index_needs_its_manifests),
	        CGI_TEST(accept_sparse_takes_what_lacks),
	        CGI_TEST(a_tag_moves_and_the_old_manifest_stays),
	        CGI_TEST(up_to_the_limit_and_413_above),
	        CGI_TEST(without_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
