#include "gateway/route.h"

#include "support/seam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA256 "sha256:" HEX64
#define SHA512 "sha512:" HEX64 HEX64
#define SESSION "0123456789abcdef0123456789abcdef"

static int handler(struct exchange *x)
{
	(void)x;
	return 0;
}

#define ROW(method, path)                                                                \
	{                                                                                \
		method, path, ACCESS_NONE, BODY_NONE, handler, "-"                       \
	}

/* The shapes of the registry's paths; the last but one is another program's. */
static const struct route table[] = {
        ROW("GET", "/v2/"),
        ROW("GET", "/v2/_catalog"),
        ROW("GET", "/v2/_x/quota"),
        ROW("PUT", "/v2/_x/quota/<namespace>"),
        ROW("DELETE", "/v2/_x/repositories/<name>"),
        ROW("GET", "/v2/<name>/_oci/ext/discover"),
        ROW("GET", "/v2/<name>/tags/list"),
        ROW("GET", "/v2/<name>/manifests/<reference>"),
        ROW("PUT", "/v2/<name>/manifests/<reference>"),
        ROW("DELETE", "/v2/<name>/manifests/<reference>"),
        ROW("GET", "/v2/<name>/referrers/<subject>"),
        ROW("POST", "/v2/<name>/blobs/uploads/"),
        ROW("GET", "/v2/<name>/blobs/uploads/<session>"),
        ROW("PATCH", "/v2/<name>/blobs/uploads/<session>"),
        {"GET", "/v2/<name>/elsewhere", ACCESS_NONE, BODY_NONE, NULL, "-"},
        ROW("GET", "/v2/<name>/blobs/<digest>"),
};

#define ROWS (sizeof(table) / sizeof(table[0]))

struct found {
	struct seam seam;
	struct exchange x;
	int rc;
};

static void find(struct found *f, const char *method, const char *uri)
{
	const char *const variables[] = {
	        "REQUEST_METHOD", method, "REQUEST_URI", uri, NULL};
	static const struct config config;

	memset(f, 0, sizeof(*f));
	f->x.config = &config;
	seam_init(&f->seam, variables);
	f->x.reply.headers = BUF_INIT(REPLY_HEADERS_MAX);
	assert_int_equal(request_init(&f->x.request, &f->seam.gateway, &f->x.err), 0);
	f->rc = route_find(table, ROWS, &f->x, &f->x.err);
}

static void release(struct found *f)
{
	buf_release(&f->x.reply.headers);
	err_release(&f->x.err);
}

static void found_rows(void **state)
{
	static const struct {
		const char *method, *uri, *row_method, *path, *name;
	} rows[] = {
	        {"GET", "/v2/", "GET", "/v2/", ""},
	        {"GET", "/v2", "GET", "/v2/", ""},
	        {"HEAD", "/v2/", "GET", "/v2/", ""},
	        {"GET", "/v2/_catalog?n=1", "GET", "/v2/_catalog", ""},
	        {"GET", "/v2/a/_oci/ext/discover", "GET", "/v2/<name>/_oci/ext/discover",
	                "a"},
	        {"GET", "/v2/a/tags/list", "GET", "/v2/<name>/tags/list", "a"},
	        {"GET", "/v2/a/b/c/tags/list", "GET", "/v2/<name>/tags/list", "a/b/c"},
	        {"HEAD", "/v2/a/manifests/x", "GET", "/v2/<name>/manifests/<reference>",
	                "a"},
	        {"PUT", "/v2/a/manifests/x", "PUT", "/v2/<name>/manifests/<reference>",
	                "a"},
	        {"DELETE", "/v2/a/manifests/x", "DELETE",
	                "/v2/<name>/manifests/<reference>", "a"},
	        {"POST", "/v2/a/blobs/uploads/", "POST", "/v2/<name>/blobs/uploads/",
	                "a"},
	        {"POST", "/v2/a/blobs/uploads", "POST", "/v2/<name>/blobs/uploads/", "a"},
	        {"PATCH", "/v2/a/b/blobs/uploads/" SESSION, "PATCH",
	                "/v2/<name>/blobs/uploads/<session>", "a/b"},
	        {"GET", "/v2/_x/quota", "GET", "/v2/_x/quota", ""},
	        {"PUT", "/v2/_x/quota/a", "PUT", "/v2/_x/quota/<namespace>", ""},
	        {"PUT", "/v2/_x/quota/quota", "PUT", "/v2/_x/quota/<namespace>", ""},
	        {"DELETE", "/v2/_x/repositories/a", "DELETE",
	                "/v2/_x/repositories/<name>", "a"},
	        {"DELETE", "/v2/_x/repositories/a/manifests/x", "DELETE",
	                "/v2/_x/repositories/<name>", "a/manifests/x"},
	        /* Names that hold the words of the paths. */
	        {"GET", "/v2/a/tags/list/manifests/x", "GET",
	                "/v2/<name>/manifests/<reference>", "a/tags/list"},
	        {"GET", "/v2/tags/list/tags/list", "GET", "/v2/<name>/tags/list",
	                "tags/list"},
	        {"GET", "/v2/manifests/manifests/manifests", "GET",
	                "/v2/<name>/manifests/<reference>", "manifests"},
	        {"GET", "/v2/blobs/uploads/blobs/" SHA256, "GET",
	                "/v2/<name>/blobs/<digest>", "blobs/uploads"},
	        {"POST", "/v2/blobs/uploads/blobs/uploads/", "POST",
	                "/v2/<name>/blobs/uploads/", "blobs/uploads"},
	        {"GET", "/v2/v2/tags/list", "GET", "/v2/<name>/tags/list", "v2"},
	        {"GET", "/v2/a/blobs/sha256%3A" HEX64, "GET", "/v2/<name>/blobs/<digest>",
	                "a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct found f;

		find(&f, rows[i].method, rows[i].uri);
		if (f.rc != 0)
			fail_msg("%s: %s", rows[i].uri, f.x.err.text);
		assert_string_equal(f.x.route->method, rows[i].row_method);
		assert_string_equal(f.x.route->path, rows[i].path);
		assert_string_equal(f.x.name.text, rows[i].name);
		release(&f);
	}
}

static void refused(void **state)
{
	static const struct {
		const char *method, *uri;
		enum err_code code;
	} rows[] = {
	        {"GET", "/", ERR_NOT_FOUND},
	        {"GET", "/v1/", ERR_NOT_FOUND},
	        {"GET", "/v2x", ERR_NOT_FOUND},
	        {"GET", "/v2/a", ERR_NOT_FOUND},
	        {"GET", "/v2/a/tags", ERR_NOT_FOUND},
	        {"GET", "/v2/tags/list", ERR_NOT_FOUND},
	        {"GET", "/v2/a/tags/list/", ERR_NOT_FOUND},
	        {"GET", "/v2/a/manifests", ERR_NOT_FOUND},
	        {"GET", "/v2/a/manifests/", ERR_NOT_FOUND},
	        {"GET", "/v2/a/manifests/x/", ERR_NOT_FOUND},
	        {"GET", "/v2/manifests/x", ERR_NOT_FOUND},
	        {"GET", "/v2/blobs/uploads/", ERR_NOT_FOUND},
	        {"GET", "/v2/_catalog/x", ERR_NOT_FOUND},
	        /* Extensions that are not here, which are no names. */
	        {"GET", "/v2/_x/tags/list", ERR_NOT_FOUND},
	        {"GET", "/v2/a/_x/tags/list", ERR_NOT_FOUND},
	        {"PUT", "/v2/_x/quota/", ERR_NOT_FOUND},
	        {"PUT", "/v2/_x/quota/a/b", ERR_NOT_FOUND},
	        {"PUT", "/v2/_x/quota/a/", ERR_NOT_FOUND},
	        {"PUT", "/v2/quota/a", ERR_NOT_FOUND},
	        {"PUT", "/v2/a/_x/quota/a", ERR_NOT_FOUND},
	        {"PUT", "/v2/_x/quota/A", ERR_NAME_INVALID},
	        {"PUT", "/v2/_x/quota/a%20b", ERR_NAME_INVALID},
	        {"PUT", "/v2/_x/quota/@lock", ERR_NAME_INVALID},
	        {"DELETE", "/v2/_x/repositories/", ERR_NOT_FOUND},
	        {"DELETE", "/v2/_x/repositories/a/", ERR_NAME_INVALID},
	        /* Another program's. */
	        {"GET", "/v2/a/elsewhere", ERR_NOT_FOUND},
	        {"PUT", "/v2/a/elsewhere", ERR_NOT_FOUND},
	        {"GET", "/v2/A/tags/list", ERR_NAME_INVALID},
	        {"GET", "/v2/a-/tags/list", ERR_NAME_INVALID},
	        {"GET", "/v2/a/.b/manifests/x", ERR_NAME_INVALID},
	        {"GET", "/v2/a%20b/manifests/x", ERR_NAME_INVALID},
	        {"GET", "/v2/%C3%A9/manifests/x", ERR_NAME_INVALID},
	        {"GET", "/v2/a/manifests/-x", ERR_MANIFEST_UNKNOWN},
	        {"GET", "/v2/a/manifests/sha256:bad", ERR_MANIFEST_UNKNOWN},
	        {"HEAD", "/v2/a/manifests/sha256:bad", ERR_MANIFEST_UNKNOWN},
	        {"DELETE", "/v2/a/manifests/md5:" HEX64, ERR_MANIFEST_UNKNOWN},
	        {"PUT", "/v2/a/manifests/-x", ERR_MANIFEST_INVALID},
	        {"PUT", "/v2/a/manifests/sha256:bad", ERR_DIGEST_INVALID},
	        {"PUT", "/v2/a/manifests/md5:" HEX64, ERR_DIGEST_INVALID},
	        {"GET", "/v2/a/blobs/x", ERR_DIGEST_INVALID},
	        {"GET", "/v2/a/blobs/sha256:" HEX64 "0", ERR_DIGEST_INVALID},
	        {"GET", "/v2/a/blobs/md5:" HEX64, ERR_BLOB_UNKNOWN},
	        {"GET", "/v2/a/referrers/x", ERR_DIGEST_INVALID},
	        {"GET", "/v2/a/referrers/sha256:xyz", ERR_DIGEST_INVALID},
	        {"PATCH", "/v2/a/blobs/uploads/x", ERR_BLOB_UPLOAD_UNKNOWN},
	        {"PATCH", "/v2/a/blobs/uploads/" SESSION "0", ERR_BLOB_UPLOAD_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct found f;

		find(&f, rows[i].method, rows[i].uri);
		if (f.rc != -1 || f.x.err.code != rows[i].code)
			fail_msg("%s %s gives %d", rows[i].method, rows[i].uri,
			        (int)f.x.err.code);
		assert_int_equal(f.x.reply.headers.len, 0);
		release(&f);
	}
}

static void other_methods(void **state)
{
	static const struct {
		const char *method, *uri, *allow;
	} rows[] = {
	        {"POST", "/v2/", "Allow: GET, HEAD\r\n"},
	        {"get", "/v2/", "Allow: GET, HEAD\r\n"},
	        {"", "/v2/", "Allow: GET, HEAD\r\n"},
	        {"OPTIONS", "/v2/a/manifests/x", "Allow: GET, HEAD, PUT, DELETE\r\n"},
	        {"PUT", "/v2/a/blobs/uploads/" SESSION, "Allow: GET, HEAD, PATCH\r\n"},
	        {"GET", "/v2/a/blobs/uploads", "Allow: POST\r\n"},
	        {"HEAD", "/v2/a/blobs/uploads/", "Allow: POST\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct found f;

		find(&f, rows[i].method, rows[i].uri);
		assert_int_equal(f.rc, -1);
		assert_int_equal(f.x.err.code, ERR_METHOD);
		assert_string_equal(buf_str(&f.x.reply.headers), rows[i].allow);
		release(&f);
	}
}

static void typed_values(void **state)
{
	char text[DIGEST_TEXT_MAX + 1];
	struct found f;

	(void)state;
	find(&f, "GET", "/v2/a/manifests/V1.0_x-y");
	assert_false(f.x.reference.is_digest);
	assert_string_equal(f.x.reference.tag.text, "V1.0_x-y");
	release(&f);
	find(&f, "GET", "/v2/a/manifests/" SHA512);
	assert_true(f.x.reference.is_digest);
	assert_string_equal(digest_text(&f.x.reference.digest, text), SHA512);
	release(&f);
	find(&f, "GET", "/v2/a/blobs/" SHA256);
	assert_string_equal(digest_text(&f.x.digest, text), SHA256);
	release(&f);
	find(&f, "GET", "/v2/a/referrers/" SHA256);
	assert_string_equal(digest_text(&f.x.digest, text), SHA256);
	assert_false(f.x.digest_unsupported);
	release(&f);
	find(&f, "GET", "/v2/a/referrers/md5:abc");
	assert_int_equal(f.rc, 0);
	assert_true(f.x.digest_unsupported);
	release(&f);
	find(&f, "GET", "/v2/a/blobs/uploads/" SESSION);
	assert_string_equal(f.x.session.text, SESSION);
	release(&f);
	find(&f, "PUT", "/v2/_x/quota/team-1");
	assert_string_equal(f.x.ns.text, "team-1");
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(found_rows),
	        cmocka_unit_test(refused),
	        cmocka_unit_test(other_methods),
	        cmocka_unit_test(typed_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
