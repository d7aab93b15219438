/* Manifests: what the OCI specifications make of the bytes, and what is refused. */
#include "format/manifest.h"
#include "base/buf.h"
#include "format/hash.h"

#include <json-c/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX16 "0123456789abcdef"
#define A "sha256:aaaaaaaaaaaaaaaa" HEX16 HEX16 HEX16
#define B "sha256:bbbbbbbbbbbbbbbb" HEX16 HEX16 HEX16
#define C "sha512:cccccccccccccccc" HEX16 HEX16 HEX16 HEX16 HEX16 HEX16 HEX16
#define DESC(digest, size) "{\"digest\":\"" digest "\",\"size\":" size "}"
#define TYPED(type, digest) \
	"{\"mediaType\":\"" type "\",\"digest\":\"" digest "\",\"size\":1}"
#define CONFIG "\"config\":" TYPED("application/vnd.x.config+json", A)
#define IMAGE(layers) "{" CONFIG ",\"layers\":[" layers "]}"
#define INDEX(manifests) "{\"manifests\":[" manifests "]}"
#define FOREIGN "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
#define OTHER_TYPE "application/vnd.example+json"

/* Parses; the answer is to be released with end(). */
struct parsed {
	struct manifest m;
	struct err err;
	int rc;
};

static struct parsed parse(const char *content_type, const char *text)
{
	struct parsed p = {MANIFEST_INIT, ERR_INIT, 0};

	p.rc = manifest_parse(view_of(text), content_type, &p.m, &p.err);
	assert_int_equal(p.rc == 0, p.err.code == ERR_NONE);
	return p;
}

static void end(struct parsed *p)
{
	manifest_release(&p->m);
	manifest_release(&p->m);
	err_release(&p->err);
}

static void expect_digest(const struct digest *d, const char *want)
{
	char text[DIGEST_TEXT_MAX + 1];

	assert_string_equal(digest_text(d, text), want);
}

static void expect_ref(const struct manifest *m, size_t i, const char *digest,
	uint64_t size, bool optional)
{
	assert_true(i < m->nrefs);
	expect_digest(&m->refs[i].digest, digest);
	assert_int_equal(m->refs[i].size, size);
	assert_int_equal(m->refs[i].is_manifest, m->kind == MANIFEST_INDEX);
	assert_int_equal(m->refs[i].optional, optional);
}

static void an_image(void **state)
{
	struct parsed p = parse(MEDIA_OCI_MANIFEST,
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\"," CONFIG
		",\"layers\":[" DESC(C, "9223372036854775807") "," DESC(B, "0") "],"
		"\"subject\":" DESC(B, "7") ",\"custom\":[1],"
		"\"annotations\":{\"k\":\"v\"}}");

	(void)state;
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.m.kind, MANIFEST_IMAGE);
	assert_string_equal(p.m.media_type, MEDIA_OCI_MANIFEST);
	assert_int_equal(p.m.nrefs, 3);
	expect_ref(&p.m, 0, A, 1, false);
	expect_ref(&p.m, 1, B, 0, false);
	expect_ref(&p.m, 2, C, INT64_MAX, false);
	assert_true(p.m.has_subject);
	expect_digest(&p.m.subject, B);
	assert_string_equal(p.m.artifact_type, "application/vnd.x.config+json");
	assert_string_equal(p.m.annotations, "{\"k\":\"v\"}");
	end(&p);
}

static void an_index(void **state)
{
	struct parsed p = parse(MEDIA_DOCKER_LIST,
		"{\"schemaVersion\":2,"
		"\"manifests\":[" DESC(B, "2") "," DESC(A, "1") "]}");

	(void)state;
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.m.kind, MANIFEST_INDEX);
	assert_int_equal(p.m.nrefs, 2);
	expect_ref(&p.m, 0, A, 1, false);
	expect_ref(&p.m, 1, B, 2, false);
	assert_false(p.m.has_subject);
	assert_string_equal(p.m.artifact_type, "");
	assert_null(p.m.annotations);
	end(&p);
}

static void empty_and_null_lists(void **state)
{
	static const struct {
		const char *type, *text;
		size_t refs;
	} rows[] = {
		{MEDIA_OCI_INDEX, "{\"manifests\":[]}", 0},
		{MEDIA_OCI_INDEX, "{\"manifests\":null,\"subject\":null}", 0},
		{MEDIA_OCI_INDEX, "{\"annotations\":null}", 0},
		{MEDIA_OCI_INDEX, "{}", 0},
		{MEDIA_OCI_INDEX, "{\"layers\":null,\"config\":null}", 0},
		{MEDIA_OCI_MANIFEST, "{" CONFIG ",\"layers\":[]}", 1},
		{MEDIA_OCI_MANIFEST, "{" CONFIG ",\"layers\":null}", 1},
		{MEDIA_DOCKER_MANIFEST, "{" CONFIG "}", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct parsed p = parse(rows[i].type, rows[i].text);

		if (p.rc != 0)
			fail_msg("%s: %s", rows[i].text, p.err.text);
		assert_int_equal(p.m.nrefs, rows[i].refs);
		assert_null(p.m.annotations);
		end(&p);
	}
}

static void media_type_from_header_document_or_members(void **state)
{
	static const struct {
		const char *header, *text;
		const char *want; /* NULL: ERR_MANIFEST_INVALID */
		enum manifest_kind kind;
	} rows[] = {
		{MEDIA_OCI_INDEX "; a=b", "{}", MEDIA_OCI_INDEX, MANIFEST_INDEX},
		{"", "{\"mediaType\":\"" MEDIA_OCI_INDEX "\"}", MEDIA_OCI_INDEX,
			MANIFEST_INDEX},
		{MEDIA_OCI_INDEX, "{\"mediaType\":\"" MEDIA_OCI_INDEX "\"}",
			MEDIA_OCI_INDEX, MANIFEST_INDEX},
		{"Application/Vnd.OCI.image.index.v1+JSON",
			"{\"mediaType\":\"" MEDIA_OCI_INDEX "\"}",
			"Application/Vnd.OCI.image.index.v1+JSON", MANIFEST_INDEX},
		{MEDIA_OCI_INDEX, "{\"mediaType\":\"\"}", MEDIA_OCI_INDEX,
			MANIFEST_INDEX},
		{MEDIA_OCI_INDEX, "{\"mediaType\":null}", MEDIA_OCI_INDEX,
			MANIFEST_INDEX},
		{"", "{\"manifests\":[]}", MEDIA_OCI_INDEX, MANIFEST_INDEX},
		{"", "{\"manifests\":null}", MEDIA_OCI_INDEX, MANIFEST_INDEX},
		{"", "{" CONFIG "}", MEDIA_OCI_MANIFEST, MANIFEST_IMAGE},
		{"", "{" CONFIG ",\"layers\":[]}", MEDIA_OCI_MANIFEST, MANIFEST_IMAGE},
		{OTHER_TYPE, "{}", OTHER_TYPE, MANIFEST_OTHER},
		{OTHER_TYPE, "{\"mediaType\":\"" OTHER_TYPE "\"}", OTHER_TYPE,
			MANIFEST_OTHER},
		{"", "{\"mediaType\":\"" OTHER_TYPE "\"}", OTHER_TYPE, MANIFEST_OTHER},
		{"application/json", "{\"manifests\":[]}", "application/json",
			MANIFEST_OTHER},
		{"", "{}", NULL, 0},
		{"", "{\"schemaVersion\":2}", NULL, 0},
		{"nonsense", "{\"mediaType\":\"" MEDIA_OCI_INDEX "\"}", NULL, 0},
		{MEDIA_OCI_INDEX, "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\"}", NULL, 0},
		{MEDIA_DOCKER_LIST, "{\"mediaType\":\"" MEDIA_OCI_INDEX "\"}", NULL, 0},
		{OTHER_TYPE, "{\"mediaType\":\"" MEDIA_OCI_INDEX "\"}", NULL, 0},
		{MEDIA_OCI_INDEX, "{\"mediaType\":1}", NULL, 0},
		{"", "{\"mediaType\":\"nonsense\"}", NULL, 0},
		{"", "{\"mediaType\":\"a/b\\nc\"}", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct parsed p = parse(rows[i].header, rows[i].text);

		if ((p.rc == 0) != (rows[i].want != NULL))
			fail_msg("row %zu: %d %s", i, p.rc, p.err.text);
		if (rows[i].want) {
			assert_string_equal(p.m.media_type, rows[i].want);
			assert_int_equal(p.m.kind, rows[i].kind);
		} else {
			assert_int_equal(p.err.code, ERR_MANIFEST_INVALID);
		}
		end(&p);
	}
}

static void refused(void **state)
{
	static const char *const image = MEDIA_OCI_MANIFEST;
	static const char *const index = MEDIA_OCI_INDEX;
	const struct {
		const char *type, *text;
		enum err_code want;
	} rows[] = {
		{image, "", ERR_MANIFEST_INVALID},
		{image, "[]", ERR_MANIFEST_INVALID},
		{image, "{" CONFIG "} x", ERR_MANIFEST_INVALID},
		{image, "{'config':1}", ERR_MANIFEST_INVALID},
		{OTHER_TYPE, "not json", ERR_MANIFEST_INVALID},
		{OTHER_TYPE, "\"text\"", ERR_MANIFEST_INVALID},
		{image, "{\"layers\":[]}", ERR_MANIFEST_INVALID},
		{image, "{\"config\":null}", ERR_MANIFEST_INVALID},
		{image, "{\"config\":[]}", ERR_MANIFEST_INVALID},
		{image, "{\"config\":{}}", ERR_MANIFEST_INVALID},
		{image, "{" CONFIG ",\"layers\":{}}", ERR_MANIFEST_INVALID},
		{image, IMAGE("null"), ERR_MANIFEST_INVALID},
		{image, "{" CONFIG ",\"layers\":[\"" A "\"]}", ERR_MANIFEST_INVALID},
		{image, "{" CONFIG ",\"schemaVersion\":1}", ERR_MANIFEST_INVALID},
		{image, "{" CONFIG ",\"schemaVersion\":\"2\"}", ERR_MANIFEST_INVALID},
		{image, "{" CONFIG ",\"manifests\":[]}", ERR_MANIFEST_INVALID},
		{index, "{\"manifests\":[],\"layers\":[]}", ERR_MANIFEST_INVALID},
		{index, "{\"manifests\":[]," CONFIG "}", ERR_MANIFEST_INVALID},
		{index, "{\"manifests\":[{}]}", ERR_MANIFEST_INVALID},
		{index, "{\"manifests\":[{\"size\":1}]}", ERR_MANIFEST_INVALID},
		{index, "{\"manifests\":[{\"digest\":1,\"size\":1}]}",
			ERR_MANIFEST_INVALID},
		{index, "{\"manifests\":[{\"digest\":\"" A "\"}]}", ERR_MANIFEST_INVALID},
		{index, INDEX(DESC(A, "-1")), ERR_MANIFEST_INVALID},
		{index, INDEX(DESC(A, "1.0")), ERR_MANIFEST_INVALID},
		{index, INDEX(DESC(A, "1e3")), ERR_MANIFEST_INVALID},
		{index, INDEX(DESC(A, "\"1\"")), ERR_MANIFEST_INVALID},
		{index, INDEX(DESC(A, "null")), ERR_MANIFEST_INVALID},
		{index, INDEX(DESC(A, "9223372036854775808")), ERR_MANIFEST_INVALID},
		{index, INDEX(DESC(A, "99999999999999999999")), ERR_MANIFEST_INVALID},
		{index, INDEX(DESC(A, "-99999999999999999999")), ERR_MANIFEST_INVALID},
		{index, INDEX(DESC("", "1")), ERR_DIGEST_INVALID},
		{index, INDEX(DESC("sha256:x", "1")), ERR_DIGEST_INVALID},
		{index, INDEX(DESC(A "\\u0000", "1")), ERR_DIGEST_INVALID},
		{index, INDEX(DESC("sha384:" HEX16, "1")), ERR_DIGEST_INVALID},
		{index, INDEX(DESC(A, "1") "," DESC(A, "2")), ERR_SIZE_INVALID},
		{index, "{\"subject\":[]}", ERR_MANIFEST_INVALID},
		{index, "{\"subject\":{}}", ERR_MANIFEST_INVALID},
		{index, "{\"subject\":" DESC("md5:x", "1") "}", ERR_DIGEST_INVALID},
		{index, "{\"annotations\":[]}", ERR_MANIFEST_INVALID},
		{index, "{\"annotations\":{\"a\":1}}", ERR_MANIFEST_INVALID},
		{index, "{\"annotations\":{\"a\":null}}", ERR_MANIFEST_INVALID},
		{index, "{\"artifactType\":1}", ERR_MANIFEST_INVALID},
		{index, "{\"artifactType\":\"a\\u0000b\"}", ERR_MANIFEST_INVALID},
		{index, "{\"artifactType\":\"a\\nb\"}", ERR_MANIFEST_INVALID},
		{image, "{\"config\":{\"mediaType\":1,\"digest\":\"" A "\",\"size\":1}}",
			ERR_MANIFEST_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct parsed p = parse(rows[i].type, rows[i].text);

		if (p.err.code != rows[i].want)
			fail_msg("%s: %d %s", rows[i].text, (int)p.err.code, p.err.text);
		end(&p);
	}
}

static void the_message_names_the_descriptor(void **state)
{
	struct parsed p = parse(MEDIA_OCI_MANIFEST,
		"{" CONFIG ",\"layers\":[" DESC(A, "1") ",{\"digest\":\"" B "\"}]}");

	(void)state;
	assert_string_equal(p.err.text,
		"layers[1] in the manifest: size is no number of bytes");
	end(&p);
}

static void layers_that_may_be_absent(void **state)
{
	struct parsed p = parse(MEDIA_OCI_MANIFEST,
		"{" CONFIG ",\"layers\":["
		"{\"mediaType\":\"" FOREIGN "\","
		"\"digest\":\"" B "\",\"size\":3},"
		"{\"digest\":\"" C "\",\"size\":4,\"urls\":[\"https://x/\"]}]}");

	(void)state;
	assert_int_equal(p.rc, 0);
	expect_ref(&p.m, 0, A, 1, false);
	expect_ref(&p.m, 1, B, 3, true);
	expect_ref(&p.m, 2, C, 4, true);
	end(&p);

	p = parse(MEDIA_OCI_MANIFEST,
		IMAGE("{\"digest\":\"" B "\",\"size\":3,\"urls\":[]}"));
	expect_ref(&p.m, 1, B, 3, false);
	end(&p);
	/* Only layers: a config or a manifest with "urls" is needed all the same. */
	p = parse(MEDIA_OCI_INDEX,
		"{\"manifests\":[{\"digest\":\"" B "\",\"size\":3,\"urls\":[\"x:\"]}]}");
	expect_ref(&p.m, 0, B, 3, false);
	end(&p);
}

static void a_digest_is_listed_once(void **state)
{
	struct parsed p = parse(MEDIA_OCI_MANIFEST,
		"{" CONFIG ",\"layers\":[" DESC(B, "2") "," DESC(A, "1") "," DESC(B, "2")
		",{\"digest\":\"" B "\",\"size\":2,\"urls\":[\"x:\"]},"
		DESC(C, "0") "]}");

	(void)state;
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.m.nrefs, 3);
	expect_ref(&p.m, 0, A, 1, false);
	/* Needed, since one of its descriptors does not say where else to find it. */
	expect_ref(&p.m, 1, B, 2, false);
	expect_ref(&p.m, 2, C, 0, false);
	end(&p);
}

static void artifact_types(void **state)
{
	static const struct {
		const char *type, *text, *want;
	} rows[] = {
		{MEDIA_OCI_MANIFEST, "{" CONFIG ",\"artifactType\":\"x/a\"}", "x/a"},
		{MEDIA_OCI_MANIFEST, "{" CONFIG ",\"artifactType\":\"\"}",
			"application/vnd.x.config+json"},
		{MEDIA_OCI_MANIFEST, "{" CONFIG ",\"artifactType\":null}",
			"application/vnd.x.config+json"},
		{MEDIA_OCI_MANIFEST, "{\"config\":" DESC(A, "1") "}", ""},
		{MEDIA_OCI_INDEX, "{\"artifactType\":\"x/a\"}", "x/a"},
		{MEDIA_OCI_INDEX, "{\"manifests\":[" TYPED("a/b", A) "]}", ""},
		{OTHER_TYPE, "{\"artifactType\":\"a/b\"}", "a/b"},
		{OTHER_TYPE, "{\"artifactType\":[]}", ""},
		{OTHER_TYPE, "{" CONFIG "}", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct parsed p = parse(rows[i].type, rows[i].text);

		if (p.rc != 0 || strcmp(p.m.artifact_type, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].text, p.m.artifact_type);
		end(&p);
	}
}

static void unknown_types_are_kept_as_they_are(void **state)
{
	/* An in-toto statement has a list of subjects: not ours to judge. */
	struct parsed p = parse(OTHER_TYPE,
		"{\"subject\":[{\"name\":\"x\"}],\"annotations\":\"none\","
		"\"layers\":7,\"config\":1}");

	(void)state;
	assert_int_equal(p.rc, 0);
	assert_false(p.m.has_subject);
	assert_null(p.m.annotations);
	assert_int_equal(p.m.nrefs, 0);
	end(&p);

	p = parse(OTHER_TYPE,
		"{\"subject\":" DESC(A, "1") ",\"annotations\":{\"a\":\"b\"},"
		"\"blobs\":[" DESC(B, "1") "]}");
	assert_int_equal(p.rc, 0);
	assert_true(p.m.has_subject);
	expect_digest(&p.m.subject, A);
	assert_string_equal(p.m.annotations, "{\"a\":\"b\"}");
	assert_int_equal(p.m.nrefs, 0);
	end(&p);
}

static void annotations_keep_their_meaning(void **state)
{
	static const char text[] = "{\"b\" : \"a/b \\\"q\\\" \\\\ \\n\\t\\u0000\", "
				   "\"u\":\"\\u00e9\\ud83d\\ude00 \xc3\xa9\", "
				   "\"a\":\"\", \"\":\"<&>\"}";
	struct buf manifest = BUF_INIT(4096);
	struct json_object *want = json_tokener_parse(text), *got;
	struct parsed p;

	(void)state;
	buf_addf(&manifest, "{\"annotations\":%s}", text);
	p = parse(MEDIA_OCI_INDEX, buf_str(&manifest));
	assert_int_equal(p.rc, 0);
	got = json_tokener_parse(p.m.annotations);
	assert_non_null(got);
	assert_true(json_object_equal(want, got));
	assert_null(strchr(p.m.annotations, '\n'));
	assert_non_null(strstr(p.m.annotations, "a/b"));
	json_object_put(want);
	json_object_put(got);
	buf_release(&manifest);
	end(&p);
}

/* What the limit of 4 MiB allows: tens of thousands of layers, each digest twice. */
static void huge_manifests(void **state)
{
	struct buf text = BUF_INIT(8 << 20);
	struct parsed p;
	size_t n = 0;

	(void)state;
	buf_add_str(&text, "{" CONFIG ",\"layers\":[");
	for (; text.len < (4 << 20) - 200; n++) {
		struct digest d;
		size_t id = n / 2;

		hash_bytes(DIGEST_SHA256, &id, sizeof(id), &d);
		buf_addf(&text, "%s{\"digest\":\"sha256:%s\",\"size\":%zu}",
			n ? "," : "", d.hex, id);
	}
	buf_add_str(&text, "]}");
	assert_false(buf_failed(&text));
	assert_true(n > 40000);
	p = parse(MEDIA_OCI_MANIFEST, buf_str(&text));
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.m.nrefs, 1 + (n + 1) / 2);
	buf_release(&text);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image),
		cmocka_unit_test(an_index),
		cmocka_unit_test(empty_and_null_lists),
		cmocka_unit_test(media_type_from_header_document_or_members),
		cmocka_unit_test(refused),
		cmocka_unit_test(the_message_names_the_descriptor),
		cmocka_unit_test(layers_that_may_be_absent),
		cmocka_unit_test(a_digest_is_listed_once),
		cmocka_unit_test(artifact_types),
		cmocka_unit_test(unknown_types_are_kept_as_they_are),
		cmocka_unit_test(annotations_keep_their_meaning),
		cmocka_unit_test(huge_manifests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
