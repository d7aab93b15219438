/* Headers of GGUF files: what is read of them, and what hostile ones are told. */
#include "format/gguf.h"
#include "format/gguf_info.h"
#include "format/human.h"

#include "support/gguf_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int read_bytes(struct view bytes, struct gguf *g, struct err *err)
{
	struct gguf_source from = gguf_file_source(&bytes);

	*g = GGUF_INIT;
	return gguf_read(&from, NULL, g, err);
}

/* The file is refused, and the sentence holds this. */
static void expect_refused(struct view bytes, const char *sentence)
{
	struct err err = ERR_INIT;
	struct gguf g;

	assert_int_equal(read_bytes(bytes, &g, &err), -1);
	assert_int_equal(err.code, ERR_BAD_REQUEST);
	if (!strstr(err.text, sentence))
		fail_msg("'%s' does not say '%s'", err.text, sentence);
	err_release(&err);
	gguf_release(&g);
}

static void a_model(void **state)
{
	struct gguf_file f;
	struct err err = ERR_INIT;
	struct gguf g;

	(void)state;
	for (int big = 0; big < 2; big++) {
		for (uint32_t version = 2; version <= 3; version++) {
			gguf_file_init(&f);
			f.version = version;
			f.big_endian = big;
			gguf_file_model(&f, "llama", 1);
			assert_int_equal(read_bytes(buf_view(&f.file), &g, &err), 0);
			assert_int_equal(g.version, version);
			assert_int_equal(g.big_endian, big);
			assert_string_equal(g.architecture, "llama");
			assert_string_equal(gguf_file_type(&g), "Q4_K_M");
			assert_int_equal(g.context_length, 4096);
			assert_int_equal(g.embedding_length, 32);
			assert_int_equal(g.block_count, 2);
			assert_int_equal(g.parameters, 128);
			assert_int_equal(g.header_size, f.file.len - 72);
			assert_string_equal(buf_str(&g.chat_template), "{{ messages }}");
			assert_false(g.has_pooling);
			assert_int_equal(gguf_kind(&g), GGUF_MODEL);
			gguf_release(&g);
			gguf_file_release(&f);
		}
	}
}

static void the_other_magic_is_big_endian(void **state)
{
	struct gguf_file f;
	struct err err = ERR_INIT;
	struct gguf g;

	(void)state;
	gguf_file_init(&f);
	f.big_endian = true;
	gguf_file_model(&f, "llama", 1);
	memcpy(f.file.ptr, "FUGG", 4);
	assert_int_equal(read_bytes(buf_view(&f.file), &g, &err), 0);
	assert_true(g.big_endian);
	assert_int_equal(g.parameters, 128);
	gguf_release(&g);
	gguf_file_release(&f);
}

/* Keys of the architecture count wherever its name stands, those of others never. */
static void keys_of_the_architecture(void **state)
{
	struct gguf_file f;
	struct err err = ERR_INIT;
	struct gguf g;

	(void)state;
	gguf_file_init(&f);
	gguf_file_number(&f, "bert.context_length", GGUF_U64, 512);
	gguf_file_u32(&f, "llama.context_length", 4096);
	gguf_file_u32(&f, "bert.pooling_type", 0);
	gguf_file_text(&f, "general.architecture", "bert");
	gguf_file_number(&f, "bert.block_count", GGUF_I16, 0xffff);
	gguf_file_number(&f, "bert.embedding_length", GGUF_U8, 255);
	assert_int_equal(read_bytes(gguf_file_make(&f, 0), &g, &err), 0);
	assert_int_equal(g.context_length, 512);
	assert_int_equal(g.embedding_length, 255);
	assert_int_equal(g.block_count, 0);
	assert_true(g.has_pooling);
	assert_string_equal(gguf_file_type(&g), "unknown");
	gguf_release(&g);
	gguf_file_release(&f);
}

static void kinds(void **state)
{
	static const struct {
		const char *key, *text;
		enum gguf_kind want;
	} rows[] = {
	        {"general.type", "adapter", GGUF_ADAPTER},
	        {"general.type", "mmproj", GGUF_PROJECTOR},
	        {"general.type", "projector", GGUF_PROJECTOR},
	        {"general.type", "model", GGUF_MODEL},
	        {"general.architecture", "clip", GGUF_PROJECTOR},
	        {"general.architecture", "llama", GGUF_MODEL},
	        {"general.name", "adapter", GGUF_MODEL},
	};
	struct err err = ERR_INIT;
	struct gguf_file f;
	struct gguf g;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		gguf_file_init(&f);
		gguf_file_text(&f, rows[i].key, rows[i].text);
		assert_int_equal(read_bytes(gguf_file_make(&f, 0), &g, &err), 0);
		assert_int_equal(gguf_kind(&g), rows[i].want);
		gguf_release(&g);
		gguf_file_release(&f);
	}
	gguf_file_init(&f);
	gguf_file_text(&f, "general.architecture", "llama");
	gguf_file_u32(&f, "llama.vision.block_count", 3);
	assert_int_equal(read_bytes(gguf_file_make(&f, 0), &g, &err), 0);
	assert_int_equal(gguf_kind(&g), GGUF_PROJECTOR);
	gguf_release(&g);
	gguf_file_release(&f);
}

static void file_types(void **state)
{
	static const struct {
		uint32_t n;
		const char *name;
	} rows[] = {
	        {0, "unknown"},
	        {1, "F16"},
	        {2, "Q4_0"},
	        {4, "unknown"},
	        {7, "Q8_0"},
	        {15, "Q4_K_M"},
	        {18, "Q6_K"},
	        {27, "IQ3_M"},
	        {30, "IQ4_XS"},
	        {32, "BF16"},
	        {38, "MXFP4_MOE"},
	        {40, "Q1_0"},
	        {41, "unknown"},
	        {UINT32_MAX, "unknown"},
	};
	struct gguf g = GGUF_INIT;

	(void)state;
	assert_string_equal(gguf_file_type(&g), "unknown");
	g.has_file_type = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		g.file_type = rows[i].n;
		assert_string_equal(gguf_file_type(&g), rows[i].name);
	}
}

static void every_cut_is_refused(void **state)
{
	struct gguf_file f;
	struct err err = ERR_INIT;
	struct gguf g;

	(void)state;
	gguf_file_init(&f);
	gguf_file_model(&f, "llama", 1);
	for (size_t len = 0; len < f.file.len; len++) {
		struct view cut = {f.file.ptr, len};

		assert_int_equal(read_bytes(cut, &g, &err), -1);
		assert_int_equal(err.code, ERR_BAD_REQUEST);
		err_release(&err);
		gguf_release(&g);
	}
	gguf_file_release(&f);
}

static void what_is_no_gguf(void **state)
{
	(void)state;
	expect_refused(VIEW_LIT(""), "not in GGUF format");
	expect_refused(VIEW_LIT("GGU"), "not in GGUF format");
	expect_refused(VIEW_LIT("PK\3\4 a zip file"), "not in GGUF format");
	expect_refused(VIEW_LIT("GGUF\1\0\0\0\0\0\0\0\0\0\0\0"), "version 1");
	expect_refused(VIEW_LIT("GGUF\4\0\0\0\0\0\0\0\0\0\0\0"), "unknown version");
	expect_refused(VIEW_LIT("GGUF\0\0\0\0\0\0\0\0\0\0\0\0"), "unknown version");
}

/* A file of one value whose bytes follow its key and type. */
static void refused_value(
        enum gguf_type type, const char *key, struct view rest, const char *sentence)
{
	struct gguf_file f;

	gguf_file_init(&f);
	gguf_file_text(&f, "general.name", "x");
	gguf_file_number(&f, key, GGUF_ARRAY, 0); /* no bytes follow */
	f.values.ptr[f.values.len - 4] = (char)type;
	buf_add_view(&f.values, rest);
	expect_refused(gguf_file_make(&f, 0), sentence);
	gguf_file_release(&f);
}

static void lies_in_metadata(void **state)
{
	static const char huge[] = "\xff\xff\xff\xff\xff\xff\xff\xff";
	static const char long_text[] = "\0\0\0\2\0\0\0\0";
	static const char nested[] = "\x09\0\0\0\1\0\0\0\0\0\0\0";
	static const char many[] = "\4\0\0\0\0\0\0\x10\0\0\0\0";
	static const char beyond[] = "\4\0\0\0\xff\0\0\0\0\0\0\0";
	static const char texts[] = "\x08\0\0\0\3\0\0\0\0\0\0\0\xff\0\0\0\0\0\0\0";
	static const char bad_element[] = "\x0d\0\0\0\1\0\0\0\0\0\0\0";

	(void)state;
#define REST(s) ((struct view){s, sizeof(s) - 1})
	refused_value(GGUF_STRING, "k", REST(huge), "metadata 1 (k), byte");
	refused_value(GGUF_STRING, "k", REST(long_text), "a string is too long");
	refused_value(GGUF_ARRAY, "k", REST(nested), "an array of arrays");
	refused_value(GGUF_ARRAY, "k", REST(many), "an array is too long");
	refused_value(GGUF_ARRAY, "k", REST(beyond), "beyond the end of the file");
	refused_value(GGUF_ARRAY, "k", REST(texts), "beyond the end of the file");
	refused_value(GGUF_ARRAY, "k", REST(bad_element), "unknown type of value");
	refused_value(GGUF_BOOL, "k", REST("\2"), "neither 0 nor 1");
	refused_value((enum gguf_type)13, "k", REST("\2"), "unknown type of value");
	refused_value(GGUF_U32, "general.alignment", REST("\0\0\0\0"), "no alignment");
	refused_value(GGUF_U32, "general.architecture", REST("\0\0\0\0"), "no name");
	refused_value(
	        GGUF_STRING, "general.architecture", REST("\0\0\0\0\0\0\0\0"), "no name");
#undef REST
}

static void lies_in_counts_and_tensors(void **state)
{
	struct gguf_file f;

	(void)state;
	gguf_file_init(&f);
	f.nvalues = UINT64_MAX;
	expect_refused(gguf_file_make(&f, 0), "more metadata or tensors");
	f.nvalues = 0;
	f.ntensors = UINT64_MAX / 24;
	expect_refused(gguf_file_make(&f, 0), "more metadata or tensors");
	f.ntensors = 0;
	gguf_file_tensor(&f, "big", 0, UINT64_MAX, 2, 0);
	expect_refused(gguf_file_make(&f, 0), "tensor 0 (big), byte");
	buf_clear(&f.tensors);
	f.ntensors = 0;
	gguf_file_tensor(&f, "first", 0, 2, 2, 0);
	gguf_file_tensor(&f, "far", 0, 2, 2, 4096);
	expect_refused(gguf_file_make(&f, 4096), "tensor 1, byte");
	buf_clear(&f.tensors);
	f.ntensors = 0;
	gguf_file_tensor(&f, "wraps", 0, 2, 2, UINT64_MAX - 3);
	expect_refused(gguf_file_make(&f, 64), "the offset is too large");
	buf_clear(&f.tensors);
	f.ntensors = 0;
	gguf_file_tensor(&f, "a", 1000, UINT64_MAX, 1, 0);
	gguf_file_tensor(&f, "b", 1000, 2, 1, 0);
	expect_refused(gguf_file_make(&f, 64), "too many parameters");
	gguf_file_release(&f);
}

static void information(void **state)
{
	struct gguf_file f;
	struct gguf_info i;
	struct gguf g = GGUF_INIT;
	struct err err = ERR_INIT;
	struct view bytes;
	struct gguf_source from;

	(void)state;
	gguf_file_init(&f);
	gguf_file_text(&f, "general.architecture", "a\"");
	gguf_file_text(&f, "general.name", "left out");
	gguf_file_number(&f, "f", GGUF_F32, 0x3f4ccccd);
	gguf_file_number(&f, "i", GGUF_I8, 0xfe);
	gguf_file_number(&f, "b", GGUF_BOOL, 1);
	gguf_file_number(&f, "general.parameter_count", GGUF_U64, 1);
	gguf_file_texts(&f, "t", 2);
	gguf_file_numbers(&f, "n", 3);
	gguf_file_texts(&f, "none", 0);
	gguf_file_tensor(&f, "w", 1, 2, 3, 0);
	bytes = gguf_file_make(&f, 12);
	from = gguf_file_source(&bytes);
	gguf_info_init(&i, false);
	assert_int_equal(gguf_info_read(&i, &from, &g, &err), 0);
	assert_string_equal(buf_str(&i.values),
	        "{\"general.architecture\":\"a\\\"\",\"f\":0.8,\"i\":-2,\"b\":true,\"t\":"
	        "null,"
	        "\"n\":null,\"none\":null,\"general.parameter_count\":6}");
	assert_string_equal(buf_str(&i.tensors), "[]");
	gguf_info_release(&i);
	gguf_release(&g);
	gguf_info_init(&i, true);
	assert_int_equal(gguf_info_read(&i, &from, &g, &err), 0);
	assert_string_equal(buf_str(&i.values),
	        "{\"general.architecture\":\"a\\\"\",\"f\":0.8,\"i\":-2,\"b\":true,"
	        "\"t\":[\"0\",\"1\"],\"n\":[0,1,2],\"none\":[],\"general.parameter_"
	        "count\":6}");
	assert_string_equal(buf_str(&i.tensors),
	        "[{\"name\":\"w\",\"type\":\"F16\",\"shape\":[2,3]}]");
	gguf_info_release(&i);
	gguf_release(&g);
	gguf_file_release(&f);
}

static void numbers_for_people(void **state)
{
	static const struct {
		uint64_t n;
		const char *want;
	} rows[] = {
	        {0, "0"},
	        {999, "999"},
	        {1000, "1K"},
	        {1001, "1K"},
	        {500500000, "500.50M"},
	        {7000000, "7M"},
	        {2850000000, "2.9B"},
	        {7000000000, "7B"},
	        {70553706496, "70.6B"},
	};
	char text[HUMAN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		human_number(rows[i].n, text);
		assert_string_equal(text, rows[i].want);
	}
	human_number(UINT64_MAX, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_model),
	        cmocka_unit_test(the_other_magic_is_big_endian),
	        cmocka_unit_test(keys_of_the_architecture),
	        cmocka_unit_test(kinds),
	        cmocka_unit_test(file_types),
	        cmocka_unit_test(every_cut_is_refused),
	        cmocka_unit_test(what_is_no_gguf),
	        cmocka_unit_test(lies_in_metadata),
	        cmocka_unit_test(lies_in_counts_and_tensors),
	        cmocka_unit_test(information),
	        cmocka_unit_test(numbers_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
