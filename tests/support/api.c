#include "support/api.h"

#include "format/hash.h"
#include "format/media.h"
#include "format/model_manifest.h"
#include "support/gguf_file.h"

#include <stdio.h>
#include <string.h>

struct text api_push_blob(struct cgi *c, const char *repo, struct view bytes)
{
	struct digest d;
	char digest[DIGEST_TEXT_MAX + 1];
	struct text uri;

	hash_bytes(DIGEST_SHA256, bytes.ptr, bytes.len, &d);
	digest_text(&d, digest);
	uri = text_of("/v2/%s/blobs/uploads/?digest=%s", repo, digest);
	CGI_SEND(c, .method = "POST", .uri = uri.s, .body = bytes);
	expect_status(c, 201);
	return text_of("%s", digest);
}

struct text api_push_weights(
        struct cgi *c, const char *repo, const char *architecture, unsigned seed)
{
	struct gguf_file f;
	struct text digest;

	gguf_file_init(&f);
	gguf_file_model(&f, architecture, seed);
	digest = api_push_blob(c, repo, buf_view(&f.file));
	gguf_file_release(&f);
	return digest;
}

static size_t weights_size(const char *architecture)
{
	struct gguf_file f;
	size_t size;

	gguf_file_init(&f);
	gguf_file_model(&f, architecture, 1);
	size = f.file.len;
	gguf_file_release(&f);
	return size;
}

static void add_layer(struct cgi *c, const char *repo, const char *kind, const char *text,
        struct buf *manifest)
{
	struct text digest = api_push_blob(c, repo, view_of(text));

	buf_addf(manifest,
	        ",{\"mediaType\":\"" MODEL_MEDIA "%s\",\"digest\":\"%s\",\"size\":%zu}",
	        kind, digest.s, strlen(text));
}

struct text api_push_model(struct cgi *c, const char *repo, const char *tag)
{
	static const char config[] = "{\"model_format\":\"gguf\",\"model_family\":"
	                             "\"llama\",\"model_families\":[\"llama\"],"
	                             "\"model_type\":\"128\",\"file_type\":\"Q4_K_M\","
	                             "\"architecture\":\"amd64\","
	                             "\"os\":\"linux\"}\n";
	struct buf manifest = BUF_INIT(16384);
	struct text weights = api_push_weights(c, repo, "llama", 1);
	struct text digest = api_push_blob(c, repo, view_of(config));

	buf_addf(&manifest,
	        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_MANIFEST
	        "\",\"config\":{\"mediaType\":\"" MODEL_MEDIA_CONFIG
	        "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
	        "\"" MODEL_MEDIA "model\",\"digest\":\"%s\",\"size\":%zu}",
	        digest.s, strlen(config), weights.s, weights_size("llama"));
	add_layer(c, repo, "template", API_TEMPLATE, &manifest);
	add_layer(c, repo, "params", API_PARAMS "\n", &manifest);
	add_layer(c, repo, "license", "MIT", &manifest);
	buf_add_str(&manifest, "]}");
	cgi_put(c, MEDIA_DOCKER_MANIFEST, buf_str(&manifest), "/v2/%s/manifests/%s", repo,
	        tag);
	expect_status(c, 201);
	digest = sha256_of(buf_str(&manifest));
	buf_release(&manifest);
	return digest;
}

void api_send(struct cgi *c, const char *method, const char *path, int status,
        const char *fmt, ...)
{
	char body[16384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	CGI_SEND(c, .method = method, .uri = path,
	        .fields = {"HTTP_HOST", "reg.example:5000"}, .body = view_of(body));
	if (c->status != status)
		fail_msg("%s %s %s: %d %s", method, path, body, c->status, cgi_body(c));
}

struct json_object *api_json(const struct cgi *c)
{
	struct json_object *o = json_tokener_parse(cgi_body(c));

	assert_non_null(o);
	return o;
}

struct text api_member(const struct cgi *c, const char *path)
{
	struct json_object *root = api_json(c), *o = root;
	struct view name, rest = view_of(path);
	struct text out;
	char text[128];

	while (o && rest.len > 0) {
		view_cut(rest, '/', &name, &rest);
		assert_int_equal(view_copy(name, text, sizeof(text)), 0);
		if (json_object_is_type(o, json_type_array))
			o = json_object_array_get_idx(o, (size_t)(text[0] - '0'));
		else if (!json_object_object_get_ex(o, text, &o))
			o = NULL;
	}
	if (!o)
		out = text_of("%s", "");
	else if (json_object_is_type(o, json_type_string))
		out = text_of("%s", json_object_get_string(o));
	else
		out = text_of("%s",
		        json_object_to_json_string_ext(o,
		                JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
	return out;
}
