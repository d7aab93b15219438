/* /api/create with "quantize": a program that is configured makes weights of fewer bits.
 */
#include "support/api.h"
#include "support/gguf_file.h"
#include "support/invariants.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define expect_member(c, path, want) assert_string_equal(api_member(c, path).s, want)

/* A program that puts a byte behind the file, after it has told how far it is. */
static void set_program(struct cgi *c, const char *script)
{
	struct text path = text_of("%s/quantize", c->fixture.config.root);
	FILE *f = fopen(path.s, "w");
	struct err err = ERR_INIT;

	assert_non_null(f);
	fputs(script, f);
	fclose(f);
	assert_int_equal(chmod(path.s, 0755), 0);
	assert_int_equal(config_set(&c->fixture.config, VIEW_LIT("quantize-command"),
	                         view_of(path.s), "test", &err),
	        0);
}

static struct text upload_f16(struct cgi *c)
{
	struct gguf_file f;
	struct text digest;

	gguf_file_init(&f);
	gguf_file_model(&f, "llama", 1);
	gguf_file_u32(&f, "general.file_type", 1);
	digest = api_push_blob(c, "library/ollama-uploads", gguf_file_make(&f, 72));
	gguf_file_release(&f);
	return digest;
}

static void fewer_bits(void **state)
{
	struct cgi *c = *state;
	struct text weights = upload_f16(c);
	struct text made;

	set_program(c,
	        "#!/bin/sh\n[ \"$3\" = Q4_K_M ] && [ ! -t 0 ] || exit 3\n"
	        "echo '[   1/   2] token_embd.weight'\necho '[   2/   2] x' >&2\n"
	        "cat \"$1\" >\"$2.new\" && echo >>\"$2.new\" && mv \"$2.new\" \"$2\"\n");
	api_send(c, "POST", "/api/create", 200,
	        "{\"model\":\"small\",\"files\":{\"a.gguf\":\"%s\"},\"quantize\":\"q4_k_"
	        "m\"}",
	        weights.s);
	assert_non_null(strstr(cgi_body(c), "{\"status\":\"quantizing F16 model to "
	                                    "Q4_K_M\",\"total\":2,\"completed\":"));
	assert_non_null(strstr(cgi_body(c), "\"success\""));
	cgi_get(c, "/v2/library/small/manifests/latest");
	made = api_member(c, "layers/0/digest");
	assert_string_not_equal(made.s, weights.s);
	cgi_head(c, "/v2/library/small/blobs/%s", made.s);
	expect_status(c, 200);
	api_send(c, "POST", "/api/show", 200, "{\"model\":\"small\"}");
	expect_member(c, "details/quantization_level", "Q4_K_M");
	/* Only what has all its bits. */
	weights = api_push_weights(c, "library/ollama-uploads", "llama", 5);
	api_send(c, "POST", "/api/create", 400,
	        "{\"model\":\"x\",\"stream\":false,\"files\":{\"a\":\"%s\"},\"quantize\":"
	        "\"Q8_0\"}",
	        weights.s);
	expect_member(
	        c, "error", "quantization is only supported for F16 and F32 models");
	weights = upload_f16(c);
	api_send(c, "POST", "/api/create", 400,
	        "{\"model\":\"x\",\"stream\":false,\"files\":{\"a\":\"%s\"},\"quantize\":"
	        "\"$(x)\"}",
	        weights.s);
	expect_member(c, "error", "unsupported quantization type $(x)");
	/* A program that fails, and one that is not there. */
	set_program(c, "#!/bin/sh\necho no room\nexit 1\n");
	api_send(c, "POST", "/api/create", 500,
	        "{\"model\":\"x\",\"stream\":false,\"files\":{\"a\":\"%s\"},\"quantize\":"
	        "\"Q8_0\"}",
	        weights.s);
	set_program(c, "#!/no/such/interpreter\n");
	api_send(c, "POST", "/api/create", 500,
	        "{\"model\":\"x\",\"stream\":false,\"files\":{\"a\":\"%s\"},\"quantize\":"
	        "\"Q8_0\"}",
	        weights.s);
	cgi_get(c, "/v2/library/x/tags/list");
	expect_status(c, 404);
	assert_int_equal(unlink(c->fixture.config.quantize_command), 0);
	assert_int_equal(invariants_check(c->fixture.config.root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CGI_TEST(fewer_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
