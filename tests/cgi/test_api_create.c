/* /api/create and /api/blobs/: models made from others, from files and from Modelfiles.
 */
#include "support/api.h"
#include "support/guarded.h"
#include "support/gguf_file.h"
#include "support/invariants.h"

#include "format/hash.h"
#include "format/media.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define expect_member(c, path, want) assert_string_equal(api_member(c, path).s, want)

/* The texts after "status" of the lines of the last reply, joined by '|'. */
static struct text statuses(const struct cgi *c)
{
	struct text out = text_of("%s", "");
	struct view line, rest = buf_view(&c->body);

	while (rest.len > 0) {
		view_cut(rest, '\n', &line, &rest);
		if (view_starts(line, "{\"status\":\"") && view_ends(line, "\"}"))
			out = text_of("%s%s%.*s", out.s, out.s[0] ? "|" : "",
			        (int)line.len - 13, line.ptr + 11);
		else
			out = text_of(
			        "%s%s%.*s", out.s, out.s[0] ? "|" : "", VIEW_ARG(line));
	}
	return out;
}

static void expect_blob(struct cgi *c, const char *repo, const char *bytes)
{
	cgi_head(c, "/v2/%s/blobs/%s", repo, sha256_of(bytes).s);
	expect_status(c, 200);
}

#define PARAMS_MERGED                                                                    \
	"{\"num_ctx\":8192,\"seed\":7,\"stop\":[\"\\u003ca\\u003e\",\"b\"],"             \
	"\"temperature\":0.8}\n"
#define MESSAGES "[{\"role\":\"user\",\"content\":\"1 \\u003c 2\"}]\n"

static void from_a_model(void **state)
{
	struct cgi *c = *state;
	struct text weights;

	api_push_model(c, "library/tiny", "latest");
	weights = api_push_weights(c, "library/tiny", "llama", 1);
	api_send(c, "POST", "/api/create", 200,
	        "{\"model\":\"me/mine\",\"from\":\"tiny\",\"system\":\"Be "
	        "brief.\",\"parameters\":"
	        "{\"num_ctx\":8192,\"seed\":7},\"license\":[\"Mine\"],\"messages\":[{"
	        "\"content\":"
	        "\"1 < 2\",\"role\":\"user\"}],\"renderer\":\"r\"}");
	expect_header(c, "Content-Type", "application/x-ndjson");
	assert_string_equal(statuses(c).s,
	        text_of("using existing layer %s|using existing layer %s|using existing "
	                "layer "
	                "%s|creating new layer %s|creating new layer %s|creating new "
	                "layer "
	                "%s|creating new layer %s|creating new layer %s|writing "
	                "manifest|success",
	                weights.s, sha256_of(API_TEMPLATE).s, sha256_of("MIT").s,
	                sha256_of("Be brief.").s, sha256_of("Mine").s,
	                sha256_of(PARAMS_MERGED).s, sha256_of(MESSAGES).s,
	                sha256_of("{\"model_format\":\"gguf\",\"model_family\":\"llama\","
	                          "\"model_families\":[\"llama\"],\"model_type\":\"128\","
	                          "\"file_type\":\"Q4_K_M\",\"renderer\":\"r\","
	                          "\"architecture\":\"amd64\",\"os\":\"linux\"}\n")
	                        .s)
	                .s);
	expect_blob(c, "me/mine", PARAMS_MERGED);
	cgi_get(c, "/v2/me/mine/manifests/latest");
	expect_header(c, "Content-Type", MEDIA_DOCKER_MANIFEST);
	expect_member(c, "layers/0/from", "tiny:latest");
	expect_member(c, "layers/3",
	        text_of("{\"mediaType\":\"application/"
	                "vnd.ollama.image.system\",\"digest\":\"%s\","
	                "\"size\":9}",
	                sha256_of("Be brief.").s)
	                .s);
	expect_member(c, "layers/5/digest", sha256_of(PARAMS_MERGED).s);
	expect_member(c, "layers/7", "");
	api_send(c, "POST", "/api/show", 200, "{\"model\":\"me/mine\"}");
	expect_member(c, "license", "MIT\nMine");
	expect_member(c, "system", "Be brief.");
	expect_member(c, "messages/0/content", "1 < 2");
	expect_member(c, "details/parent_model", "tiny:latest");
	assert_int_equal(invariants_check(c->fixture.config.root), 0);
}

/* Template, system and messages replace; over itself, and with nothing new. */
static void again_and_again(void **state)
{
	struct cgi *c = *state;
	struct text first;

	api_push_model(c, "library/tiny", "latest");
	api_send(c, "POST", "/api/create", 200,
	        "{\"model\":\"tiny\",\"from\":\"tiny\",\"template\":\"{{ .Prompt "
	        "}}!\",\"system\":"
	        "\"a\",\"stream\":false}");
	expect_header(c, "Content-Type", "application/json");
	expect_body(c, "{\"status\":\"success\"}");
	api_send(c, "POST", "/api/create", 200,
	        "{\"name\":\"tiny\",\"from\":\"tiny\",\"system\":\"b\"}");
	api_send(c, "POST", "/api/show", 200, "{\"model\":\"tiny\"}");
	expect_member(c, "template", "{{ .Prompt }}!");
	expect_member(c, "system", "b");
	expect_member(c, "license", "MIT");
	/* Now that every layer says where it comes from nothing changes any more. */
	api_send(c, "POST", "/api/create", 200, "{\"model\":\"tiny\",\"from\":\"tiny\"}");
	cgi_get(c, "/v2/library/tiny/manifests/latest");
	first = text_of("%s", cgi_header(c, "Docker-Content-Digest"));
	api_send(c, "POST", "/api/create", 200, "{\"model\":\"tiny\",\"from\":\"tiny\"}");
	assert_null(strstr(cgi_body(c), "creating new"));
	cgi_get(c, "/v2/library/tiny/manifests/latest");
	expect_header(c, "Docker-Content-Digest", first.s);
}

/* A base of the time when configs listed their layers makes such a config. */
static void configs_stay_of_their_kind(void **state)
{
	static const char config[] =
	        "{\"model_format\":\"gguf\",\"model_family\":\"llama\",\"model_"
	        "families\":null,"
	        "\"model_type\":\"7B\",\"file_type\":\"Q4_0\",\"architecture\":\"amd64\","
	        "\"os\":"
	        "\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";
	struct cgi *c = *state;
	struct text weights = api_push_weights(c, "library/old", "llama", 1);

	cgi_push_blob(c, "library/old", config);
	cgi_head(c, "/v2/library/old/blobs/%s", weights.s);
	cgi_put(c, MEDIA_DOCKER_MANIFEST,
	        text_of("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
	                "vnd.docker.container.image.v1+json\",\"digest\":\"%s\",\"size\":"
	                "%zu},"
	                "\"layers\":[{\"mediaType\":\"application/"
	                "vnd.ollama.image.model\","
	                "\"digest\":\"%s\",\"size\":%s}]}",
	                sha256_of(config).s, strlen(config), weights.s,
	                cgi_header(c, "Content-Length"))
	                .s,
	        "/v2/library/old/manifests/latest");
	expect_status(c, 201);
	api_send(c, "POST", "/api/create", 200, "{\"model\":\"new\",\"from\":\"old\"}");
	expect_blob(c, "library/new",
	        text_of("{\"model_format\":\"gguf\",\"model_family\":\"llama\",\"model_"
	                "families\":"
	                "null,\"model_type\":\"7B\",\"file_type\":\"Q4_0\","
	                "\"architecture\":"
	                "\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
	                "\"diff_ids\":["
	                "\"%s\"]}}\n",
	                weights.s)
	                .s);
}

/* ---- from files ---- */

static struct text upload(
        struct cgi *c, const char *architecture, unsigned seed, int status)
{
	struct gguf_file f;
	struct text digest;
	struct digest d;
	char text[DIGEST_TEXT_MAX + 1];

	gguf_file_init(&f);
	gguf_file_model(&f, architecture, seed);
	hash_bytes(DIGEST_SHA256, f.file.ptr, f.file.len, &d);
	digest = text_of("/api/blobs/%s", digest_text(&d, text));
	CGI_SEND(c, .method = "POST", .uri = digest.s, .body = buf_view(&f.file));
	expect_status(c, status);
	expect_body(c, "");
	gguf_file_release(&f);
	return text_of("%s", text);
}

static void uploads(void **state)
{
	struct cgi *c = *state;
	struct text d = sha256_of("bytes");

	cgi_head(c, "/api/blobs/%s", d.s);
	expect_status(c, 404);
	cgi_post(c, "bytes", "/api/blobs/%s", d.s);
	expect_status(c, 201);
	cgi_head(c, "/api/blobs/%s", d.s);
	expect_status(c, 200);
	cgi_post(c, "bytes", "/api/blobs/%s", d.s);
	expect_status(c, 200);
	cgi_post(c, "other", "/api/blobs/%s", sha256_of("another").s);
	expect_error(c, 400, "OLLAMA");
	cgi_head(c, "/api/blobs/%s", sha256_of("another").s);
	expect_status(c, 404);
	cgi_post(c, "x", "/api/blobs/sha256:abc");
	expect_error(c, 400, "OLLAMA");
	/* They wait in a repository of their own. */
	cgi_head(c, "/v2/library/ollama-uploads/blobs/%s", d.s);
	expect_status(c, 200);
}

static void from_files(void **state)
{
	struct cgi *c = *state;
	struct text weights = upload(c, "llama", 1, 201);
	struct text projector = upload(c, "clip", 2, 201);
	struct text adapter = upload(c, "llama", 3, 201);

	api_send(c, "POST", "/api/create", 200,
	        "{\"model\":\"me/made:v1\",\"files\":{\"a.gguf\":\"%s\",\"b/"
	        "c.gguf\":\"%s\"},"
	        "\"adapters\":{\"d.gguf\":\"%s\"},\"requires\":\"v0.14.0\"}",
	        weights.s, projector.s, adapter.s);
	assert_string_equal(statuses(c).s,
	        text_of("parsing GGUF|parsing GGUF|parsing GGUF|using existing layer "
	                "%s|using "
	                "existing layer %s|using existing layer %s|creating new layer "
	                "%s|writing manifest|success",
	                weights.s, projector.s, adapter.s,
	                sha256_of("{\"model_format\":\"gguf\",\"model_family\":\"llama\","
	                          "\"model_families\":[\"llama\"],\"model_type\":\"128\","
	                          "\"file_type\":\"Q4_K_M\",\"requires\":\"0.14.0\","
	                          "\"architecture\":\"amd64\",\"os\":\"linux\"}\n")
	                        .s)
	                .s);
	cgi_get(c, "/v2/me/made/manifests/v1");
	expect_member(c, "layers/0/mediaType", "application/vnd.ollama.image.model");
	expect_member(c, "layers/1/mediaType", "application/vnd.ollama.image.projector");
	expect_member(c, "layers/2/mediaType", "application/vnd.ollama.image.adapter");
	expect_member(c, "layers/0/from", "");
	api_send(c, "POST", "/api/show", 200, "{\"model\":\"me/made:v1\"}");
	expect_member(c, "capabilities", "[\"completion\",\"vision\"]");
	/* What waited is in the model's repository now, and only there. */
	cgi_head(c, "/api/blobs/%s", weights.s);
	expect_status(c, 404);
	cgi_head(c, "/v2/me/made/blobs/%s", weights.s);
	expect_status(c, 200);
	assert_int_equal(invariants_check(c->fixture.config.root), 0);
}

/* As clients up to 0.5.4 ask. */
static void from_a_modelfile(void **state)
{
	struct cgi *c = *state;
	struct text weights = upload(c, "llama", 1, 201);

	api_send(c, "POST", "/api/create", 200,
	        "{\"name\":\"made\",\"modelfile\":\"FROM @%s\\nTEMPLATE \\\"\\\"\\\"{{ "
	        ".Prompt }}\\n"
	        "\\\"\\\"\\\"\\nPARAMETER stop x\\nPARAMETER stop y\\nPARAMETER top_p "
	        "0.9\\n"
	        "PARAMETER mirostat 1\\nMESSAGE user hi\\nSYSTEM Be.\\nLICENSE l\"}",
	        weights.s);
	expect_blob(c, "library/made", "{\"stop\":[\"x\",\"y\"],\"top_p\":0.9}\n");
	expect_blob(c, "library/made", "[{\"role\":\"user\",\"content\":\"hi\"}]\n");
	expect_blob(c, "library/made", "{{ .Prompt }}\n");
	api_send(c, "POST", "/api/create", 200,
	        "{\"name\":\"made2\",\"modelfile\":\"FROM made\\nSYSTEM Other.\"}");
	api_send(c, "POST", "/api/show", 200, "{\"model\":\"made2\"}");
	expect_member(c, "system", "Other.");
	expect_member(c, "details/parent_model", "made:latest");
	api_send(c, "POST", "/api/create", 400,
	        "{\"name\":\"x\",\"modelfile\":\"FROM made\\nPARAMETER num_ctx y\"}");
	expect_member(c, "error", "invalid int value 'y' for num_ctx");
	api_send(c, "POST", "/api/create", 400,
	        "{\"name\":\"x\",\"modelfile\":\"FROM /etc/passwd\"}");
	api_send(c, "POST", "/api/create", 400,
	        "{\"name\":\"x\",\"path\":\"/etc/passwd\"}");
}

/* Bytes that this process has read and written so far. */
static unsigned long long moved(void)
{
	unsigned long long in = 0, out = 0;
	FILE *f = fopen("/proc/self/io", "r");

	if (!f || fscanf(f, "rchar: %llu wchar: %llu", &in, &out) != 2)
		in = out = 0;
	if (f)
		fclose(f);
	return in + out;
}

/* Grows the file of a blob, by a hole, to a size. */
static void grow(struct cgi *c, const char *digest, off_t size)
{
	const char *hex = digest + strlen("sha256:");
	struct text path =
	        text_of("%s/blobs/sha256/%.2s/%s", c->fixture.config.root, hex, hex);

	assert_int_equal(chmod(path.s, 0644), 0);
	assert_int_equal(truncate(path.s, size), 0);
}

static void weights_are_neither_read_nor_written(void **state)
{
	static const long long size = 1LL << 30;
	struct cgi *c = *state;
	struct text weights = api_push_weights(c, "library/big", "llama", 1);
	unsigned long long before;

	cgi_push_blob(c, "library/big", "{\"model_format\":\"gguf\"}");
	grow(c, weights.s, size);
	cgi_put(c, MEDIA_DOCKER_MANIFEST,
	        text_of("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
	                "vnd.docker.container.image.v1+json\",\"digest\":\"%s\",\"size\":"
	                "23},"
	                "\"layers\":[{\"mediaType\":\"application/"
	                "vnd.ollama.image.model\","
	                "\"digest\":\"%s\",\"size\":%lld}]}",
	                sha256_of("{\"model_format\":\"gguf\"}").s, weights.s, size)
	                .s,
	        "/v2/library/big/manifests/latest");
	expect_status(c, 201);
	before = moved();
	if (before == 0)
		skip();
	api_send(c, "POST", "/api/create", 200,
	        "{\"model\":\"me/mine\",\"from\":\"big\",\"system\":\"Hi.\"}");
	assert_non_null(strstr(cgi_body(c), "success"));
	api_send(c, "POST", "/api/show", 200, "{\"model\":\"me/mine\"}");
	expect_member(c, "model_info/general.parameter_count", "128");
	assert_true(moved() - before < 1 << 20);
	cgi_head(c, "/v2/me/mine/blobs/%s", weights.s);
	expect_header(c, "Content-Length", text_of("%lld", size).s);
}

/* ---- what is refused ---- */

static void bad_requests(void **state)
{
	static const struct {
		const char *body, *error; /* or what it begins with */
	} rows[] = {
	        {"{\"model\":\"x\"}", "neither 'from' or 'files' was specified"},
	        {"{\"model\":\"x y\",\"from\":\"tiny\"}", "invalid model name"},
	        {"{\"model\":\"x\",\"from\":\"../y\"}", "invalid model name"},
	        {"{\"model\":\"x\",\"files\":{\"/a\":\"sha256:0\"}}",
	                "file path must be relative"},
	        {"{\"model\":\"x\",\"files\":{\"a/../../b\":\"sha256:0\"}}",
	                "file path must be relative"},
	        {"{\"model\":\"x\",\"files\":{\"a\":\"sha256:0\"}}",
	                "invalid digest format"},
	        {"{\"model\":\"x\",\"files\":{\"a\":\"../../b\"}}",
	                "invalid digest format"},
	        {"{\"model\":\"x\",\"files\":[]}", "\"files\" is no object"},
	        {"{\"model\":\"x\",\"from\":\"tiny\",\"template\":\"{{ .Prompt\"}",
	                "template error"},
	        {"{\"model\":\"x\",\"from\":\"tiny\",\"requires\":\"1\"}",
	                "requires is no"},
	        {"{\"model\":\"x\",\"from\":\"tiny\",\"messages\":[{\"role\":\"me\"}]}",
	                "message role"},
	        {"{\"model\":\"x\",\"from\":\"tiny\",\"messages\":{}}",
	                "\"messages\" is no"},
	        {"{\"model\":\"x\",\"from\":\"tiny\",\"license\":{}}",
	                "\"license\" is no"},
	        {"{\"model\":\"x\",\"from\":\"tiny\",\"parameters\":[]}",
	                "\"parameters\" is no"},
	        {"{\"model\":\"x\",\"from\":\"tiny\",\"stream\":1}", "\"stream\" is no"},
	        {"{\"model\":\"x\",\"from\":\"tiny\",\"quantize\":\"q4_K_M\"}",
	                "quantization"},
	        {"{\"model\":\"x\",\"from\":\"hf.co/a/b\"}",
	                "the model is of another registry"},
	        {"{", "the request is no JSON object"},
	};
	struct cgi *c = *state;

	api_push_model(c, "library/tiny", "latest");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		api_send(c, "POST", "/api/create", 400, "%s", rows[i].body);
		if (strncmp(api_member(c, "error").s, rows[i].error,
		            strlen(rows[i].error)) != 0)
			fail_msg("%s: %s", rows[i].body, cgi_body(c));
	}
	cgi_get(c, "/v2/library/x/tags/list");
	expect_status(c, 404);
}

static void failures_before_and_after_the_first_line(void **state)
{
	struct cgi *c = *state;
	struct text text = sha256_of("no model at all");

	api_send(c, "POST", "/api/create", 404, "{\"model\":\"x\",\"from\":\"none\"}");
	expect_member(c, "error", "model 'none:latest' not found");
	cgi_post(c, "no model at all", "/api/blobs/%s", text.s);
	api_send(c, "POST", "/api/create", 200,
	        "{\"model\":\"x\",\"files\":{\"a\":\"%s\"}}", text.s);
	assert_string_equal(cgi_body(c),
	        "{\"status\":\"parsing GGUF\"}\n"
	        "{\"error\":\"the file is not in GGUF format\"}\n");
	api_send(c, "POST", "/api/create", 400,
	        "{\"model\":\"x\",\"stream\":false,\"files\":{\"a\":\"%s\"}}", text.s);
	expect_member(c, "error", "the file is not in GGUF format");
	api_send(c, "POST", "/api/create", 400,
	        "{\"model\":\"x\",\"stream\":false,\"files\":{\"a.safetensors\":\"%s\"}}",
	        text.s);
	api_send(c, "POST", "/api/create", 400,
	        "{\"model\":\"x\",\"stream\":false,\"files\":{\"a\":\"%s\"}}",
	        sha256_of("never sent").s);
	assert_non_null(strstr(api_member(c, "error").s, "has not been uploaded"));
	cgi_head(c, "/v2/library/x/blobs/%s", text.s);
	expect_status(c, 404);
}

/* ---- who may do what ---- */

static void as(struct guarded *g, const char *user, const char *method, const char *path,
        int status, const char *body)
{
	struct field basic = basic_of(user ? user : "x", GUARDED_PASSWORD);

	CGI_SEND(g->cgi, .method = method, .uri = path,
	        .fields = {"HTTP_HOST", GUARDED_HOST, user ? "HTTP_AUTHORIZATION" : "X",
	                basic.s},
	        .body = view_of(body));
	if (g->cgi->status != status)
		fail_msg("%s %s %s: %d %s", method, path, body, g->cgi->status,
		        cgi_body(g->cgi));
}

static void everybody_makes_what_is_theirs(void **state)
{
	struct guarded *g = *state;
	struct cgi *c = g->cgi;
	struct text uri = text_of("/api/blobs/%s", sha256_of("x").s);
	struct auth *auth;

	guarded_set(g, "basic", "on");
	auth = c->auth;
	c->auth = NULL;
	api_push_model(c, "bob/tiny", "latest");
	api_push_model(c, "open/tiny", "latest");
	c->auth = auth;
	as(g, NULL, "POST", uri.s, 401, "x");
	as(g, NULL, "HEAD", uri.s, 401, "");
	as(g, "alice", "POST", uri.s, 201, "x");
	as(g, "alice", "HEAD", uri.s, 200, "");
	/* Nobody sees what another has uploaded. */
	as(g, "bob", "HEAD", uri.s, 404, "");
	as(g, "bob", "POST", "/api/create", 400,
	        text_of("{\"model\":\"bob/x\",\"stream\":false,\"files\":{\"a\":\"%s\"}}",
	                sha256_of("x").s)
	                .s);
	assert_non_null(strstr(cgi_body(c), "has not been uploaded"));
	as(g, "alice", "POST", "/api/create", 403,
	        "{\"model\":\"bob/x\",\"from\":\"open/tiny\"}");
	as(g, "alice", "POST", "/api/create", 403,
	        "{\"model\":\"alice/x\",\"from\":\"bob/tiny\"}");
	as(g, NULL, "POST", "/api/create", 401,
	        "{\"model\":\"alice/x\",\"from\":\"open/tiny\"}");
	as(g, "alice", "POST", "/api/create", 200,
	        "{\"model\":\"alice/x\",\"from\":\"open/tiny\"}");
	assert_non_null(strstr(cgi_body(c), "success"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(from_a_model),
	        CGI_TEST(again_and_again),
	        CGI_TEST(configs_stay_of_their_kind),
	        CGI_TEST(uploads),
	        CGI_TEST(from_files),
	        CGI_TEST(from_a_modelfile),
	        CGI_TEST(weights_are_neither_read_nor_written),
	        CGI_TEST(bad_requests),
	        CGI_TEST(failures_before_and_after_the_first_line),
	        GUARDED_TEST(everybody_makes_what_is_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
