/* /api/: list, show, copy and delete as Ollama's clients ask for them. */
#include "support/api.h"
#include "support/guarded.h"
#include "support/invariants.h"

#include "format/media.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define expect_member(c, path, want) assert_string_equal(api_member(c, path).s, want)

static void what_a_client_asks_first(void **state)
{
	struct cgi *c = *state;

	cgi_get(c, "/");
	expect_status(c, 200);
	expect_body(c, "Ollama is running");
	expect_no_header(c, "Docker-Distribution-API-Version");
	cgi_head(c, "/");
	expect_status(c, 200);
	cgi_get(c, "/api/version");
	expect_status(c, 200);
	assert_true(strlen(api_member(c, "version").s) > 0);
	cgi_get(c, "/api/ps");
	expect_body(c, "{\"models\":[]}");
	api_send(c, "POST", "/api/me", 200, " ");
	expect_body(c, "{\"name\":\"\"}");
	api_send(c, "POST", "/api/generate", 404, "{\"model\":\"m\",\"keep_alive\":0}");
	assert_non_null(strstr(api_member(c, "error").s, "not found"));
	cgi_get(c, "/api/nothing");
	expect_error(c, 404, "OLLAMA");
	cgi_get(c, "/api/show");
	expect_error(c, 405, "OLLAMA");
	expect_header(c, "Allow", "POST");
}

static void a_list(void **state)
{
	struct cgi *c = *state;
	struct text digest;

	cgi_get(c, "/api/tags");
	expect_status(c, 200);
	expect_body(c, "{\"models\":[]}");
	digest = api_push_model(c, "library/tiny", "latest");
	api_push_model(c, "me/tiny", "q4");
	/* What is no model, or has a name that no model can have. */
	cgi_put(c, MEDIA_OCI_INDEX, "{\"schemaVersion\":2,\"manifests\":[]}",
	        "/v2/library/image/manifests/1");
	api_push_model(c, "three/parts/deep", "latest");
	api_push_model(c, "one", "latest");
	api_push_model(c, "library/tiny",
	        "0123456789012345678901234567890123456789012345678901234567"
	        "89012345678901234567890");
	cgi_get(c, "/api/tags");
	expect_status(c, 200);
	expect_member(c, "models/2", "");
	for (int i = 0; i < 2; i++) {
		bool mine = strcmp(api_member(c, text_of("models/%d/name", i).s).s,
		                    "me/tiny:q4") == 0;

		if (!mine)
			expect_member(c, text_of("models/%d/name", i).s, "tiny:latest");
		expect_member(c, text_of("models/%d/model", i).s,
		        mine ? "me/tiny:q4" : "tiny:latest");
		expect_member(c, text_of("models/%d/digest", i).s,
		        digest.s + strlen("sha256:"));
		expect_member(c, text_of("models/%d/details", i).s,
		        "{\"parent_model\":\"\",\"format\":\"gguf\",\"family\":\"llama\","
		        "\"families\":[\"llama\"],\"parameter_size\":\"128\","
		        "\"quantization_level\":\"Q4_K_M\"}");
		assert_int_equal(
		        strlen(api_member(c, text_of("models/%d/modified_at", i).s).s),
		        20);
		assert_true(atoi(api_member(c, text_of("models/%d/size", i).s).s) > 800);
	}
}

static void one_model(void **state)
{
	struct cgi *c = *state;

	api_push_model(c, "library/tiny", "latest");
	api_send(c, "POST", "/api/show", 200, "{\"model\":\"tiny\"}");
	expect_member(c, "license", "MIT");
	expect_member(c, "template", API_TEMPLATE);
	expect_member(c, "system", "");
	expect_member(c, "parameters",
	        "num_ctx                        4096\n"
	        "stop                           \"<a>\"\n"
	        "stop                           \"b\"\n"
	        "temperature                    0.8");
	expect_member(c, "modelfile",
	        "# Modelfile of tiny:latest\n\nFROM tiny:latest\nTEMPLATE " API_TEMPLATE
	        "\n"
	        "PARAMETER num_ctx 4096\nPARAMETER stop <a>\nPARAMETER stop b\n"
	        "PARAMETER temperature 0.8\nLICENSE MIT\n");
	expect_member(c, "details/parameter_size", "128");
	expect_member(c, "model_info",
	        "{\"general.architecture\":\"llama\",\"general.file_type\":15,"
	        "\"llama.context_length\":4096,\"llama.embedding_length\":32,"
	        "\"llama.block_count\":2,\"test.seed\":1,\"tokenizer.ggml.tokens\":null,"
	        "\"tokenizer.ggml.token_type\":null,\"general.parameter_count\":128}");
	expect_member(c, "capabilities", "[\"completion\",\"tools\"]");
	expect_member(c, "tensors", "");
	api_send(c, "POST", "/api/show", 200,
	        "{\"name\":\"library/"
	        "tiny:latest\",\"verbose\":true,\"system\":\"Hi\",\"options\":"
	        "{\"num_ctx\":1048576,\"seed\":1}}");
	expect_member(c, "system", "Hi");
	expect_member(c, "tensors",
	        "[{\"name\":\"token_embd.weight\",\"type\":\"Q4_0\",\"shape\":[32,4]}]");
	expect_member(c, "model_info/tokenizer.ggml.tokens/3", "3");
	assert_non_null(strstr(api_member(c, "parameters").s,
	        "num_ctx                        1.048576e+06\n"
	        "seed                           1\n"));
}

static void what_cannot_be_shown(void **state)
{
	struct cgi *c = *state;
	struct text weights;

	api_send(c, "POST", "/api/show", 400, "%s", "");
	expect_member(c, "error", "missing request body");
	api_send(c, "POST", "/api/show", 400, "[]");
	api_send(c, "POST", "/api/show", 400, "{\"model\":\"../x\"}");
	expect_member(c, "error", "invalid model name");
	api_send(c, "POST", "/api/show", 400, "{\"model\":1}");
	api_send(c, "POST", "/api/show", 404, "{\"model\":\"me/none:1\"}");
	expect_member(c, "error", "model 'me/none:1' not found");
	api_send(c, "POST", "/api/show", 400, "{\"model\":\"The\"}");
	api_send(c, "POST", "/api/show", 400, "{\"model\":\"tiny\",\"verbose\":1}");
	/* Of another host, and of this one. */
	api_send(c, "POST", "/api/show", 400,
	        "{\"model\":\"registry.ollama.ai/library/tiny\"}");
	api_send(c, "POST", "/api/show", 404,
	        "{\"model\":\"REG.example:5000/library/tiny\"}");
	/* An image that is no model. */
	cgi_push_blob(c, "library/image", "{}");
	cgi_put(c, MEDIA_DOCKER_MANIFEST,
	        text_of("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
	                "vnd.docker.container.image.v1+json\",\"digest\":\"%s\",\"size\":"
	                "2},"
	                "\"layers\":[]}",
	                sha256_of("{}").s)
	                .s,
	        "/v2/library/image/manifests/latest");
	expect_status(c, 201);
	api_send(c, "POST", "/api/show", 404, "{\"model\":\"image\"}");
	/* Weights that are none. */
	weights = cgi_push_blob(c, "library/bad", "GGUF\3nonsense");
	cgi_push_blob(c, "library/bad", "{\"model_format\":\"gguf\"}");
	cgi_put(c, MEDIA_DOCKER_MANIFEST,
	        text_of("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
	                "vnd.docker.container.image.v1+json\",\"digest\":\"%s\",\"size\":"
	                "23},"
	                "\"layers\":[{\"mediaType\":\"application/"
	                "vnd.ollama.image.model\","
	                "\"digest\":\"%s\",\"size\":13}]}",
	                sha256_of("{\"model_format\":\"gguf\"}").s, weights.s)
	                .s,
	        "/v2/library/bad/manifests/latest");
	expect_status(c, 201);
	api_send(c, "POST", "/api/show", 400, "{\"model\":\"bad\"}");
	assert_non_null(strstr(api_member(c, "error").s, "GGUF file, byte"));
	api_send(c, "DELETE", "/api/delete", 200, "{\"model\":\"bad\"}");
}

static void copies(void **state)
{
	struct cgi *c = *state;
	struct text digest = api_push_model(c, "library/tiny", "latest");

	api_send(c, "POST", "/api/copy", 200,
	        "{\"source\":\"tiny\",\"destination\":\"me/other:v1\"}");
	expect_body(c, "");
	cgi_get(c, "/v2/me/other/manifests/v1");
	expect_status(c, 200);
	expect_header(c, "Docker-Content-Digest", digest.s);
	expect_header(c, "Content-Type", MEDIA_DOCKER_MANIFEST);
	api_send(c, "POST", "/api/show", 200, "{\"model\":\"me/other:v1\"}");
	/* Another tag, and the same. */
	api_send(c, "POST", "/api/copy", 200,
	        "{\"source\":\"me/other:v1\",\"destination\":\"me/other:v2\"}");
	api_send(c, "POST", "/api/copy", 200,
	        "{\"source\":\"me/other:v1\",\"destination\":\"me/other:v1\"}");
	cgi_get(c, "/v2/me/other/tags/list");
	expect_body(c, "{\"name\":\"me/other\",\"tags\":[\"v1\",\"v2\"]}");
	api_send(c, "POST", "/api/copy", 404,
	        "{\"source\":\"none\",\"destination\":\"x\"}");
	expect_member(c, "error", "model 'none:latest' not found");
	api_send(c, "POST", "/api/copy", 400,
	        "{\"source\":\"a/b/c/d\",\"destination\":\"x\"}");
	expect_member(c, "error", "source \"a/b/c/d\" is invalid");
	api_send(c, "POST", "/api/copy", 400,
	        "{\"source\":\"tiny\",\"destination\":\"\"}");
	expect_member(c, "error", "destination \"\" is invalid");
}

static void deletions(void **state)
{
	struct cgi *c = *state;

	api_push_model(c, "library/tiny", "latest");
	api_send(c, "POST", "/api/copy", 200,
	        "{\"source\":\"tiny\",\"destination\":\"tiny:b\"}");
	api_send(c, "DELETE", "/api/delete", 200, "{\"model\":\"tiny\"}");
	expect_body(c, "");
	api_send(c, "DELETE", "/api/delete", 404, "{\"name\":\"tiny\"}");
	expect_member(c, "error", "model 'tiny:latest' not found");
	api_send(c, "POST", "/api/show", 200, "{\"model\":\"tiny:b\"}");
	api_send(c, "DELETE", "/api/delete", 200, "{\"model\":\"tiny:b\"}");
	cgi_get(c, "/api/tags");
	expect_body(c, "{\"models\":[]}");
}

static void other_names(void **state)
{
	struct cgi *c = *state;

	c->fixture.config.ollama_names = true;
	api_push_model(c, "library/tiny", "latest");
	api_send(c, "POST", "/api/copy", 200,
	        "{\"source\":\"tiny\",\"destination\":\"_why/The.Lucky:Q4\"}");
	cgi_get(c, "/v2/me/The.Lucky/manifests/Q4");
	expect_status(c, 404);
	api_send(c, "POST", "/api/copy", 200,
	        "{\"source\":\"tiny\",\"destination\":\"me/The.Lucky:Q4\"}");
	cgi_get(c, "/v2/me/The.Lucky/manifests/Q4");
	expect_status(c, 200);
	cgi_get(c, "/v2/me/u---qthe.qlucky/manifests/Q4");
	expect_status(c, 200);
	cgi_get(c, "/v2/me/the.lucky/manifests/Q4");
	expect_status(c, 404);
	api_send(c, "DELETE", "/api/delete", 200, "{\"model\":\"tiny\"}");
	api_send(c, "DELETE", "/api/delete", 200, "{\"model\":\"_why/The.Lucky:Q4\"}");
	cgi_get(c, "/api/tags");
	expect_member(c, "models/0/name", "me/The.Lucky:Q4");
}

static void texts_are_read_with_their_lines(void **state)
{
	struct cgi *c = *state;

	api_send(c, "POST", "/api/parse", 200,
	        "{\"modelfile\":\"FROM a\\nPARAMETER num_ctx x\\nPARAMETER mirostat 1\\n"
	        "REQUIRES 1\\nMESSAGE user hi\"}");
	expect_member(c, "valid", "false");
	expect_member(c, "commands/4",
	        "{\"line\":5,\"command\":\"MESSAGE\",\"name\":\"user\",\"value\":"
	        "\"hi\"}");
	expect_member(c, "errors/0/line", "2");
	expect_member(c, "errors/1/line", "4");
	expect_member(c, "warnings/0/line", "3");
	api_send(c, "POST", "/api/parse", 200, "{\"modelfile\":\"FROM a\\nSYSTEM\\n\"}");
	expect_member(
	        c, "commands", "[{\"line\":1,\"command\":\"FROM\",\"value\":\"a\"}]");
	expect_member(c, "errors/0/line", "3");
	api_send(c, "POST", "/api/parse", 200, "{\"modelfile\":\"FROM a\"}");
	expect_member(c, "valid", "true");
	api_send(c, "POST", "/api/parse", 400, "{\"modelfile\":1}");
}

/* Damages the file of a blob: both of its names. */
static void damage(struct cgi *c, const char *digest)
{
	const char *hex = digest + strlen("sha256:");
	struct text path =
	        text_of("%s/blobs/sha256/%.2s/%s", c->fixture.config.root, hex, hex);
	FILE *f;

	assert_int_equal(chmod(path.s, 0644), 0);
	f = fopen(path.s, "r+");
	assert_non_null(f);
	fputc('X', f);
	fclose(f);
}

static void verification(void **state)
{
	struct cgi *c = *state;
	struct text weights;

	api_push_model(c, "library/tiny", "latest");
	weights = api_push_weights(c, "library/tiny", "llama", 1);
	api_send(c, "POST", "/api/verify", 200, "{\"model\":\"tiny\"}");
	expect_header(c, "Content-Type", "application/x-ndjson");
	assert_non_null(
	        strstr(cgi_body(c), text_of("{\"status\":\"verifying sha256 "
	                                    "digest\",\"digest\":\"%s\",\"total\":",
	                                    weights.s)
	                                    .s));
	assert_non_null(
	        strstr(cgi_body(c), "{\"status\":\"success\",\"models\":1,\"blobs\":5,"));
	api_send(c, "POST", "/api/copy", 200,
	        "{\"source\":\"tiny\",\"destination\":\"me/b\"}");
	api_send(c, "POST", "/api/verify", 200, "{\"all\":true,\"stream\":false}");
	expect_member(c, "status", "success");
	expect_member(c, "models", "2");
	expect_member(c, "blobs", "5");
	damage(c, weights.s);
	api_send(c, "POST", "/api/verify", 200, "{\"model\":\"me/b\"}");
	assert_non_null(strstr(
	        cgi_body(c), text_of("digest mismatch: want %s, got ", weights.s).s));
	assert_non_null(strstr(cgi_body(c), "\"model\":\"me/b:latest\""));
	assert_non_null(strstr(cgi_body(c), "\"problems\":1}"));
	api_send(c, "POST", "/api/verify", 200, "{\"all\":true,\"stream\":false}");
	expect_member(c, "problems", "1");
	api_send(c, "POST", "/api/verify", 404, "{\"model\":\"none\"}");
	api_send(c, "POST", "/api/verify", 400, "{\"all\":1}");
}

static int make_old(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct timespec times[2] = {
	        {.tv_sec = time(NULL) - 7200}, {.tv_sec = time(NULL) - 7200}};

	(void)st;
	(void)ftw;
	return type == FTW_F ? utimensat(AT_FDCWD, path, times, 0) : 0;
}

/* Two hours pass for everything in the store. */
static void pass_time(struct cgi *c)
{
	assert_int_equal(nftw(c->fixture.config.root, make_old, 16, FTW_PHYS), 0);
}

static void pruning(void **state)
{
	struct cgi *c = *state;

	api_push_model(c, "library/tiny", "latest");
	api_push_model(c, "me/kept", "latest");
	api_send(c, "DELETE", "/api/delete", 200, "{\"model\":\"tiny\"}");
	cgi_push_blob(c, "library/tiny", "of no manifest");
	/* Everything is younger than a day. */
	api_send(c, "POST", "/api/prune", 200, "{\"model\":\"tiny\",\"stream\":false}");
	expect_member(c, "manifests", "0");
	pass_time(c);
	api_send(c, "POST", "/api/prune", 200,
	        "{\"model\":\"tiny\",\"stream\":false,\"older_than\":\"1h\",\"dry_run\":"
	        "true}");
	expect_member(c, "manifests", "1");
	expect_member(c, "blobs", "6");
	expect_member(c, "dry_run", "true");
	/* Images of the whole registry keep theirs, unless that is asked for. */
	api_send(c, "POST", "/api/prune", 200, "{\"stream\":false,\"older_than\":3600}");
	expect_member(c, "manifests", "0");
	expect_member(c, "blobs", "1");
	api_send(
	        c, "POST", "/api/prune", 200, "{\"model\":\"tiny\",\"older_than\":3600}");
	expect_header(c, "Content-Type", "application/x-ndjson");
	assert_non_null(strstr(cgi_body(c), "{\"status\":\"success\",\"dry_run\":false,"
	                                    "\"manifests\":1,\"blobs\":5,"));
	cgi_get(c, "/v2/library/tiny/tags/list");
	expect_status(c, 404);
	api_send(c, "POST", "/api/show", 200, "{\"model\":\"me/kept\"}");
	api_send(c, "POST", "/api/prune", 404, "{\"model\":\"none\"}");
	api_send(c, "POST", "/api/prune", 400, "{\"older_than\":60}");
	api_send(c, "POST", "/api/prune", 400, "{\"older_than\":\"x\"}");
	api_send(c, "POST", "/api/prune", 400, "{\"dry_run\":\"x\"}");
	assert_int_equal(invariants_check(c->fixture.config.root), 0);
}

/* ---- who may do what ---- */

/* As alice, or as nobody when user is NULL. */
static void guarded_api(struct guarded *g, const char *user, const char *method,
        const char *path, int status, const char *body)
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

static void everybody_sees_what_is_theirs(void **state)
{
	struct guarded *g = *state;
	struct cgi *c = g->cgi;
	struct auth *auth = c->auth;

	guarded_set(g, "basic", "on");
	auth = c->auth;
	c->auth = NULL;
	api_push_model(c, "alice/tiny", "latest");
	api_push_model(c, "bob/tiny", "latest");
	api_push_model(c, "open/tiny", "latest");
	c->auth = auth;
	guarded_api(g, "alice", "GET", "/api/tags", 200, "");
	expect_member(c, "models/2", "");
	assert_null(strstr(cgi_body(c), "bob/"));
	guarded_api(g, NULL, "GET", "/api/tags", 200, "");
	expect_member(c, "models/1", "");
	expect_member(c, "models/0/name", "open/tiny:latest");
	guarded_api(g, "alice", "POST", "/api/me", 200, "");
	expect_body(c, "{\"name\":\"alice\"}");
	guarded_api(g, NULL, "POST", "/api/me", 401, "");
	guarded_api(g, NULL, "POST", "/api/show", 200, "{\"model\":\"open/tiny\"}");
	guarded_api(g, NULL, "POST", "/api/show", 401, "{\"model\":\"alice/tiny\"}");
	assert_non_null(challenge_of(g, 0));
	guarded_api(g, NULL, "POST", "/api/show", 401, "{\"model\":\"alice/none\"}");
	guarded_api(g, "alice", "POST", "/api/show", 200, "{\"model\":\"alice/tiny\"}");
	guarded_api(g, "alice", "POST", "/api/show", 403, "{\"model\":\"bob/tiny\"}");
	guarded_api(g, "alice", "POST", "/api/show", 403, "{\"model\":\"bob/none\"}");
	guarded_api(g, "alice", "POST", "/api/copy", 403,
	        "{\"source\":\"bob/tiny\",\"destination\":\"alice/x\"}");
	guarded_api(g, "alice", "POST", "/api/copy", 403,
	        "{\"source\":\"alice/tiny\",\"destination\":\"bob/x\"}");
	guarded_api(g, "alice", "POST", "/api/copy", 200,
	        "{\"source\":\"open/tiny\",\"destination\":\"alice/x\"}");
	guarded_api(
	        g, "alice", "DELETE", "/api/delete", 403, "{\"model\":\"open/tiny\"}");
	guarded_api(g, "alice", "DELETE", "/api/delete", 200, "{\"model\":\"alice/x\"}");
	guarded_api(g, NULL, "DELETE", "/api/delete", 401, "{\"model\":\"alice/tiny\"}");
	guarded_api(g, "alice", "POST", "/api/verify", 200, "{\"model\":\"alice/tiny\"}");
	guarded_api(g, "alice", "POST", "/api/verify", 403, "{\"model\":\"bob/tiny\"}");
	guarded_api(g, "alice", "POST", "/api/verify", 403, "{\"all\":true}");
	guarded_api(g, "alice", "POST", "/api/prune", 403, "{}");
	guarded_api(g, "alice", "POST", "/api/prune", 403, "{\"model\":\"open/tiny\"}");
	guarded_api(g, "alice", "POST", "/api/prune", 200, "{\"model\":\"alice/tiny\"}");
	guarded_api(g, "root", "POST", "/api/prune", 200, "{\"dry_run\":true}");
	guarded_api(g, "root", "POST", "/api/verify", 200, "{\"all\":true}");
}

/* OLLAMA_AUTH=1: each request is signed with the client's key. */
static void signed_requests(void **state)
{
	struct guarded *g = *state;
	struct cgi *c = g->cgi;
	struct auth *auth = c->auth;
	struct text uri = text_of("/api/show?ts=%lld", (long long)time(NULL));
	struct field signature = signature_of(g->key, text_of("POST,%s", uri.s).s);

	c->auth = NULL;
	api_push_model(c, "carol/tiny", "latest");
	c->auth = auth;
	CGI_SEND(c, .method = "POST", .uri = uri.s,
	        .fields = {"HTTP_HOST", GUARDED_HOST, "HTTP_AUTHORIZATION", signature.s},
	        .body = VIEW_LIT("{\"model\":\"carol/tiny\"}"));
	expect_status(c, 200);
	/* Another command within the same second. */
	CGI_SEND(c, .method = "POST", .uri = uri.s,
	        .fields = {"HTTP_HOST", GUARDED_HOST, "HTTP_AUTHORIZATION", signature.s},
	        .body = VIEW_LIT("{\"model\":\"carol/tiny\"}"));
	expect_status(c, 200);
	/* What its user is told who has not asked it to sign. */
	CGI_SEND(c, .method = "POST", .uri = "/api/show",
	        .fields = {"HTTP_HOST", GUARDED_HOST, "HTTP_USER_AGENT",
	                "ollama/0.33.0 (amd64)"},
	        .body = VIEW_LIT("{\"model\":\"carol/tiny\"}"));
	expect_status(c, 403);
	assert_non_null(strstr(api_member(c, "error").s, "OLLAMA_AUTH=1"));
	signature = signature_of(g->key, "POST,/api/show?ts=1717500000");
	CGI_SEND(c, .method = "POST", .uri = "/api/show?ts=1717500000",
	        .fields = {"HTTP_HOST", GUARDED_HOST, "HTTP_AUTHORIZATION", signature.s},
	        .body = VIEW_LIT("{\"model\":\"carol/tiny\"}"));
	expect_status(c, 401);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(what_a_client_asks_first),
	        CGI_TEST(a_list),
	        CGI_TEST(one_model),
	        CGI_TEST(what_cannot_be_shown),
	        CGI_TEST(copies),
	        CGI_TEST(deletions),
	        CGI_TEST(other_names),
	        CGI_TEST(verification),
	        CGI_TEST(pruning),
	        CGI_TEST(texts_are_read_with_their_lines),
	        GUARDED_TEST(everybody_sees_what_is_theirs),
	        GUARDED_TEST(signed_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
