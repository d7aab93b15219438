/* What the tests push: blobs, manifests and their digests. */
#include "support/cgi.h"

#include "format/hash.h"
#include "format/media.h"

#include <stdio.h>
#include <string.h>

struct text text_of(const char *fmt, ...)
{
	struct text t;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(t.s, sizeof(t.s), fmt, ap);
	va_end(ap);
	assert_true(len >= 0 && (size_t)len < sizeof(t.s));
	return t;
}

static struct text digest_of(enum digest_algorithm a, const char *bytes)
{
	struct text t;
	struct digest d;

	hash_bytes(a, bytes, strlen(bytes), &d);
	digest_text(&d, t.s);
	return t;
}

struct text sha256_of(const char *bytes)
{
	return digest_of(DIGEST_SHA256, bytes);
}

struct text sha512_of(const char *bytes)
{
	return digest_of(DIGEST_SHA512, bytes);
}

struct text cgi_push_blob(struct cgi *c, const char *repo, const char *bytes)
{
	struct text digest = sha256_of(bytes);

	cgi_post(c, bytes, "/v2/%s/blobs/uploads/?digest=%s", repo, digest.s);
	expect_status(c, 201);
	return digest;
}

struct text cgi_open_session(struct cgi *c, const char *repo)
{
	cgi_post(c, "", "/v2/%s/blobs/uploads/", repo);
	expect_status(c, 202);
	assert_non_null(cgi_header(c, "Location"));
	return text_of("%s", cgi_header(c, "Location"));
}

#define CONFIG_DESCRIPTOR                                                                \
	"{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"size\":2,"        \
	"\"digest\":\"sha256:"                                                           \
	"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\"}"

struct text image_json(const char *note)
{
	return text_of("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\","
	               "\"config\":" CONFIG_DESCRIPTOR ",\"layers\":[],"
	               "\"annotations\":{\"note\":\"%s\"}}",
	        note);
}

struct text referrer_json(
        const char *note, const char *subject, const char *artifact_type)
{
	struct text type = {""};

	if (artifact_type)
		type = text_of("\"artifactType\":\"%s\",", artifact_type);
	return text_of("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",%s"
	               "\"config\":" CONFIG_DESCRIPTOR ",\"layers\":[],"
	               "\"subject\":{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"size\":7,"
	               "\"digest\":\"%s\"},"
	               "\"annotations\":{\"note\":\"%s\"}}",
	        type.s, subject, note);
}

struct text cgi_push_image(
        struct cgi *c, const char *repo, const char *ref, const char *json)
{
	cgi_push_blob(c, repo, "{}");
	cgi_put(c, MEDIA_OCI_MANIFEST, json, "/v2/%s/manifests/%s", repo, ref);
	expect_status(c, 201);
	return sha256_of(json);
}

char *repeated(const char *head, const char *pattern, size_t times)
{
	struct buf text = BUF_INIT(64 << 20);

	buf_add_str(&text, head);
	for (size_t i = 0; i < times; i++)
		buf_add_str(&text, pattern);
	assert_false(buf_failed(&text));
	return text.ptr;
}
