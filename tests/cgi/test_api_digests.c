/* /api/create makes what Ollama itself makes, to the byte. */
#include "support/api.h"

#include "format/media.h"

#include <stdio.h>
#include <string.h>

#define expect_member(c, path, want) assert_string_equal(api_member(c, path).s, want)

/*
 * What Ollama 0.5.13 itself made of the same file and the same Modelfile: the digests of
 * the layers, the config of the base, and the manifest of the model derived from it.
 */
#define OLLAMA_TEMPLATE                                                                  \
	"sha256:fe7ac77b725cda2ccad03f88a880ecdfd7a33192d6cae08fce2c0ee1455991ed"
#define OLLAMA_SYSTEM                                                                    \
	"sha256:4c343a372b7addecdddf0faaf03da59d194e7cd24b0ed4956d4b16809dc806b9"
#define OLLAMA_LICENSE                                                                   \
	"sha256:df7f4c74c2a7b4840576483d3e58f528b6c803ba0fcf0f5dd38a6c9ca1afe2f7"
#define OLLAMA_PARAMS                                                                    \
	"sha256:1e276bd8ce5adb17f7a4e370526e8ac4f4eee9cb43503763d6fd9828e45cd743"
#define OLLAMA_MESSAGES                                                                  \
	"sha256:c1ca8a7b064cbda940c706fbad5b9dcb329409b5dc6d1026fd5531fc1812dfcc"
#define OLLAMA_WEIGHTS                                                                   \
	"sha256:a7c6bc93476d1f477f107e85723309d744aa340a2b0c933a6f92ecafa2499ca9"
#define OLLAMA_CONFIG                                                                    \
	"{\"model_format\":\"gguf\",\"model_family\":\"llama\",\"model_families\":["     \
	"\"llama\"],"                                                                    \
	"\"model_type\":\"128\",\"file_type\":\"Q4_K_M\",\"architecture\":\"amd64\","    \
	"\"os\":"                                                                        \
	"\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" OLLAMA_WEIGHTS      \
	"\",\"" OLLAMA_TEMPLATE "\",\"" OLLAMA_SYSTEM "\",\"" OLLAMA_LICENSE             \
	"\",\"" OLLAMA_PARAMS "\",\"" OLLAMA_MESSAGES "\"]}}\n"
#define OLLAMA_DERIVED                                                                   \
	"sha256:f73034ab43c38036bdd73dd638d5f9c41a458aa8bf285e0fef5fa6e5fd0192df"
#define OLLAMA_LAYER(kind, digest, size)                                                 \
	"{\"mediaType\":\"application/vnd.ollama.image." kind "\",\"digest\":\"" digest  \
	"\",\"size\":" size "}"

static void the_digests_are_those_of_ollama(void **state)
{
	static const char *const layers[] = {OLLAMA_WEIGHTS, OLLAMA_TEMPLATE,
	        OLLAMA_SYSTEM, OLLAMA_LICENSE, OLLAMA_PARAMS, OLLAMA_MESSAGES};
	struct cgi *c = *state;
	char manifest[4096];

	assert_string_equal(api_push_weights(c, "library/ollama-uploads", "llama", 1).s,
	        OLLAMA_WEIGHTS);
	api_send(c, "POST", "/api/create", 200,
	        "{\"model\":\"base\",\"files\":{\"m.gguf\":\"%s\"},\"system\":\"hi "
	        "<there> & "
	        "\xc3\xa9\",\"template\":\"{{ .System }} {{ .Prompt "
	        "}}\",\"license\":[\"MIT\\nx\"],"
	        "\"parameters\":{\"temperature\":0.7,\"num_ctx\":4096,\"stop\":[\"<|a|>"
	        "\",\"b\"],"
	        "\"top_p\":0.95,\"seed\":42},\"messages\":[{\"role\":\"user\","
	        "\"content\":\"1 < 2\"},"
	        "{\"role\":\"assistant\",\"content\":\"yes\"}]}",
	        OLLAMA_WEIGHTS);
	cgi_get(c, "/v2/library/base/manifests/latest");
	for (int i = 0; i < 6; i++)
		expect_member(c, text_of("layers/%d/digest", i).s, layers[i]);
	cgi_push_blob(c, "library/base", OLLAMA_CONFIG);
	snprintf(manifest, sizeof(manifest),
	        "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
	        "vnd.docker.container.image.v1+json\",\"digest\":\"%s\",\"size\":634},"
	        "\"layers\":[%s,%s,%s,%s,%s,%s]}",
	        sha256_of(OLLAMA_CONFIG).s, OLLAMA_LAYER("model", OLLAMA_WEIGHTS, "840"),
	        OLLAMA_LAYER("template", OLLAMA_TEMPLATE, "27"),
	        OLLAMA_LAYER("system", OLLAMA_SYSTEM, "15"),
	        OLLAMA_LAYER("license", OLLAMA_LICENSE, "5"),
	        OLLAMA_LAYER("params", OLLAMA_PARAMS, "89"),
	        OLLAMA_LAYER("messages", OLLAMA_MESSAGES, "78"));
	cgi_put(c, MEDIA_DOCKER_MANIFEST, manifest, "/v2/library/base/manifests/latest");
	expect_status(c, 201);
	api_send(c, "POST", "/api/create", 200,
	        "{\"model\":\"derived\",\"from\":\"base\",\"system\":\"other\","
	        "\"parameters\":"
	        "{\"num_ctx\":8192,\"repeat_penalty\":1.1}}");
	cgi_head(c, "/v2/library/derived/manifests/latest");
	expect_header(c, "Docker-Content-Digest", OLLAMA_DERIVED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(the_digests_are_those_of_ollama),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
