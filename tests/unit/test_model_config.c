/* Config blobs: every byte of what is written, and what is refused. */
#include "format/model_config.h"

#include "format/hash.h"
#include "format/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LAYER "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void read_config(const char *text, struct model_config *c)
{
	struct err err = ERR_INIT;

	*c = MODEL_CONFIG_INIT;
	assert_int_equal(model_config_parse(view_of(text), c, &err), 0);
}

static void expect_written(const struct model_config *c, const char *want)
{
	const char *const layers[] = {LAYER, LAYER};
	struct buf out = BUF_INIT(MODEL_CONFIG_MAX);

	assert_int_equal(model_config_write(c, layers, 2, &out), 0);
	assert_string_equal(buf_str(&out), want);
	buf_release(&out);
}

static void what_is_read_is_written_again(void **state)
{
	static const char *const rows[] = {
	        "{\"model_format\":\"gguf\",\"model_family\":\"llama\",\"model_"
	        "families\":"
	        "[\"llama\",\"clip\"],\"model_type\":\"7B\",\"file_type\":\"Q4_0\","
	        "\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":"
	        "\"layers\","
	        "\"diff_ids\":[\"" LAYER "\",\"" LAYER "\"]}}\n",
	        "{\"model_format\":\"gguf\",\"model_family\":\"x\\u003cy\",\"model_"
	        "families\":null,"
	        "\"model_type\":\"\",\"file_type\":\"unknown\",\"renderer\":\"r\","
	        "\"parser\":\"p\","
	        "\"requires\":\"0.14.0\",\"remote_host\":\"h\",\"remote_model\":\"m\","
	        "\"capabilities\":[\"completion\",\"tools\"],\"context_length\":4096,"
	        "\"embedding_length\":32,\"base_name\":\"b\",\"draft\":{\"model_format\":"
	        "\"f\","
	        "\"architecture\":\"a\",\"tensor_prefix\":\"t\",\"config\":\"c\"},"
	        "\"architecture\":\"amd64\",\"os\":\"linux\"}\n",
	        "{\"model_format\":\"\",\"model_family\":\"\",\"model_families\":[],"
	        "\"model_type\":\"\",\"file_type\":\"\",\"architecture\":\"amd64\","
	        "\"os\":\"linux\"}"
	        "\n",
	};
	struct model_config c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		read_config(rows[i], &c);
		expect_written(&c, rows[i]);
		assert_int_equal(model_config_has_layers(&c), i == 0);
		model_config_release(&c);
	}
}

static void other_order_and_other_fields(void **state)
{
	struct model_config c;

	(void)state;
	read_config("{\"os\":\"plan9\",\"extra\":[1],\"file_type\":\"F16\",\"model_"
	            "format\":\"gguf\","
	            "\"context_length\":0,\"renderer\":\"\",\"capabilities\":[],"
	            "\"parser\":null}",
	        &c);
	expect_written(&c,
	        "{\"model_format\":\"gguf\",\"model_family\":\"\",\"model_families\":"
	        "null,"
	        "\"model_type\":\"\",\"file_type\":\"F16\",\"architecture\":\"amd64\","
	        "\"os\":\"linux\"}\n");
	model_config_release(&c);
}

/* The digest is that of the bytes which Go's encoder made of the same values. */
static void a_new_one(void **state)
{
	struct model_config c;
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT(4096);
	struct digest d;

	(void)state;
	assert_int_equal(model_config_new(&c, &err), 0);
	assert_int_equal(model_config_set(&c, "model_format", VIEW_LIT("gguf")), 0);
	assert_int_equal(model_config_set(&c, "model_family", VIEW_LIT("llama")), 0);
	assert_int_equal(model_config_append(&c, "model_families", VIEW_LIT("llama")), 0);
	assert_int_equal(model_config_append(&c, "model_families", VIEW_LIT("llama")), 0);
	assert_int_equal(model_config_set(&c, "model_type", VIEW_LIT("7.2B")), 0);
	assert_int_equal(model_config_set(&c, "file_type", VIEW_LIT("Q4_0")), 0);
	assert_int_equal(model_config_set(&c, "parser", VIEW_LIT("gone")), 0);
	model_config_unset(&c, "parser");
	assert_true(view_is(model_config_text(&c, "model_type"), "7.2B"));
	assert_int_equal(
	        json_object_array_length(model_config_list(&c, "model_families")), 1);
	assert_int_equal(model_config_write(&c, NULL, 0, &out), 0);
	hash_bytes(DIGEST_SHA256, out.ptr, out.len, &d);
	assert_string_equal(d.hex,
	        "9674f8863b94f9990ac3f4adc83741f24c34dce850b7003a5fde797a7e28bddd");
	model_config_release(&c);
	buf_release(&out);
}

static void what_is_refused(void **state)
{
	static const char *const rows[] = {
	        "",
	        "[]",
	        "{",
	        "{\"model_format\":1}",
	        "{\"model_families\":\"llama\"}",
	        "{\"model_families\":[1]}",
	        "{\"context_length\":\"1\"}",
	        "{\"draft\":[]}",
	        "{\"draft\":{\"config\":1}}",
	        "{\"capabilities\":[null]}",
	};
	struct model_config c;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		c = MODEL_CONFIG_INIT;
		assert_int_equal(model_config_parse(view_of(rows[i]), &c, &err), -1);
		assert_int_equal(err.code, ERR_BAD_REQUEST);
		err_release(&err);
		model_config_release(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_read_is_written_again),
	        cmocka_unit_test(other_order_and_other_fields),
	        cmocka_unit_test(a_new_one),
	        cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
