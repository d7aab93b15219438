/* Modelfiles: the grammar, the lines that errors name, and that what is written reads
 * back. */
#include "format/modelfile.h"

#include "format/gojson.h"
#include "format/model_params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The commands as "WORD[line](name)=value|…". */
static char *describe(const struct modelfile *m, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < m->ncommands; i++) {
		const struct modelfile_command *c = &m->commands[i];

		at += (size_t)snprintf(out + at, size - at, "%s%s[%u]%s%.*s=%.*s",
		        i ? "|" : "", modelfile_word_text(c->word), c->line,
		        c->name.len ? " " : "", (int)c->name.len,
		        c->name.len ? c->name.ptr : "", (int)c->value.len,
		        c->value.len ? c->value.ptr : "");
	}
	return out;
}

static void texts(void **state)
{
	static const struct {
		const char *text, *want; /* or "!" and what the error says */
	} rows[] = {
	        {"from foo\r\nSystem \"\"\"a\r\nb\"\"\"\r\n",
	                "FROM[1]=foo|SYSTEM[2]=a\r\nb"},
	        {"FROM foo\nSYSTEM \"a\" # c", "!(line 2): unexpected EOF"},
	        {"FROM foo\nSYSTEM \"a\" # c\nTEMPLATE \"x\"",
	                "FROM[1]=foo|SYSTEM[2]=a\" # c\nTEMPLATE \"x"},
	        {"FROM foo # x", "FROM[1]=foo # x"},
	        {"FROM foo\nSYSTEM\n", "!(line 3): command must be one of"},
	        {"FROM foo\nSYSTEM ", "FROM[1]=foo|SYSTEM[2]="},
	        {"FROM foo\nSYSTEM", "!(line 2): unexpected EOF"},
	        {"FROM foo\nPARAMETER stop \"a\" \nPARAMETER stop  b",
	                "FROM[1]=foo|PARAMETER[2] stop=a|PARAMETER[3] stop=b"},
	        {"FROM foo\nLICENSE \"\"\"x\"\" \"\" y\"\"\"",
	                "FROM[1]=foo|LICENSE[2]=x\"\" \"\" y"},
	        {"FROM foo\nMESSAGE User hi", "!(line 2): message role must be one of"},
	        {"FROM foo\nMESSAGE  user x", "!(line 2): message role must be one of"},
	        {"FROM foo\nMESSAGE\nuser x", "!(line 3): command must be one of"},
	        {"FROM foo\nMESSAGE user hi: there",
	                "FROM[1]=foo|MESSAGE[2] user=hi: there"},
	        {"FROM foo\nSYSTEM \"\"\"a\"\"\" tail\n\"\"\"",
	                "FROM[1]=foo|SYSTEM[2]=a\"\"\" tail\n"},
	        {"FROM a\nFROM b", "FROM[1]=a|FROM[2]=b"},
	        {"# c\n\n  # d\n\tFROM a # e\n", "FROM[4]=a # e"},
	        {"FROM a\n1x y\n", "!(line 2): command must be one of"},
	        {"FROM a\nFROMM b\n", "!(line 2): command must be one of"},
	        {"FROM a\nPARAMETER  x 1", "FROM[1]=a|PARAMETER[2]=x 1"},
	        {"FROM a\nPARAMETER x\n", "!unexpected EOF"},
	        {"FROM a\nPARAMETER num-ctx 1\n", "!(line 2): unexpected EOF"},
	        {"SYSTEM x", "!no FROM line"},
	        {"", "!no FROM line"},
	        {"FROM a\nSYSTEM x\xc2\xa0y\xe2\x80\x8dz\x01w",
	                "FROM[1]=a|SYSTEM[2]=xyzw"},
	        {"FROM a\nSYSTEM x\ty \t\n", "FROM[1]=a|SYSTEM[2]=x\ty"},
	        {"FROM a\nSYSTEM x\xffy", "FROM[1]=a|SYSTEM[2]=x\xef\xbf\xbdy"},
	        {"FROM a\nSYSTEM \"\"\"\n", "!(line 2): unexpected EOF"},
	        {"FROM a\nSYSTEM \"\"\"\"\"\"\n", "FROM[1]=a|SYSTEM[2]="},
	        {"FROM a\nSYSTEM \"\n\"", "FROM[1]=a|SYSTEM[2]=\n"},
	        {"FROM a\nSYSTEM \xc3\xa9\xf0\x9f\x98\x80",
	                "FROM[1]=a|SYSTEM[2]=\xc3\xa9\xf0\x9f\x98\x80"},
	        {"\xef\xbb\xbf"
	         "FROM a",
	                "FROM[1]=a"},
	        {"FROM a\nRENDERER r\nPARSER p\nREQUIRES v1.2.3\nDRAFT d\nADAPTER x",
	                "FROM[1]=a|RENDERER[2]=r|PARSER[3]=p|REQUIRES[4]=v1.2.3|DRAFT[5]="
	                "d|"
	                "ADAPTER[6]=x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct modelfile m = MODELFILE_INIT;
		struct err err = ERR_INIT;
		char got[4096];
		int rc = modelfile_parse(view_of(rows[i].text), &m, &err);

		if (rows[i].want[0] == '!') {
			assert_int_equal(rc, -1);
			assert_int_equal(err.code, ERR_BAD_REQUEST);
			if (!strstr(err.text, rows[i].want + 1))
				fail_msg("row %zu: '%s'", i, err.text);
		} else {
			if (rc != 0)
				fail_msg("row %zu: '%s'", i, err.text);
			assert_string_equal(describe(&m, got, sizeof(got)), rows[i].want);
		}
		err_release(&err);
		modelfile_release(&m);
	}
}

static void utf16(void **state)
{
	static const char little[] = "\xff\xfe"
	                             "F\0R\0O\0M\0 \0\xe9\0=\xd8\0\xde\0\xd8\n\0";
	static const char big[] = "\xfe\xff"
	                          "\0F\0R\0O\0M\0 \0\xe9\xd8=\xde\0\xd8\0\0\n";
	struct modelfile m = MODELFILE_INIT;
	struct err err = ERR_INIT;
	char got[256];

	(void)state;
	assert_int_equal(
	        modelfile_parse((struct view){little, sizeof(little) - 1}, &m, &err), 0);
	assert_string_equal(describe(&m, got, sizeof(got)),
	        "FROM[1]=\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd");
	modelfile_release(&m);
	assert_int_equal(
	        modelfile_parse((struct view){big, sizeof(big) - 1}, &m, &err), 0);
	assert_string_equal(describe(&m, got, sizeof(got)),
	        "FROM[1]=\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd");
	modelfile_release(&m);
}

static void limits(void **state)
{
	struct modelfile m = MODELFILE_INIT;
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT(MODELFILE_TEXT_MAX + 16);

	(void)state;
	for (unsigned i = 0; i <= MODELFILE_COMMANDS_MAX; i++)
		buf_add_str(&text, "FROM a\n");
	assert_int_equal(modelfile_parse(buf_view(&text), &m, &err), -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
	assert_int_equal(m.ncommands, MODELFILE_COMMANDS_MAX);
	err_release(&err);
	modelfile_release(&m);
	assert_int_equal(buf_reserve(&text, MODELFILE_TEXT_MAX + 1 - text.len), 0);
	memset(text.ptr, ' ', MODELFILE_TEXT_MAX + 1);
	text.len = MODELFILE_TEXT_MAX + 1;
	assert_int_equal(modelfile_parse(buf_view(&text), &m, &err), -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
	err_release(&err);
	modelfile_release(&m);
	buf_release(&text);
}

static void what_is_written_reads_back(void **state)
{
	static const struct {
		enum modelfile_word word;
		const char *name, *value, *line;
	} rows[] = {
	        {MODELFILE_FROM, "", "library/llama3:8b", "FROM library/llama3:8b\n"},
	        {MODELFILE_SYSTEM, "", "You are.", "SYSTEM You are.\n"},
	        {MODELFILE_SYSTEM, "", "a\nb", "SYSTEM \"a\nb\"\n"},
	        {MODELFILE_SYSTEM, "", "a\n\"b\"", "SYSTEM \"\"\"a\n\"b\"\"\"\"\n"},
	        {MODELFILE_SYSTEM, "", " a", "SYSTEM \" a\"\n"},
	        {MODELFILE_SYSTEM, "", "say \"hi\"", "SYSTEM say \"hi\"\n"},
	        {MODELFILE_SYSTEM, "", "\"hi\"", "SYSTEM \"\"\"\"hi\"\"\"\"\n"},
	        {MODELFILE_SYSTEM, "", "", "SYSTEM \n"},
	        {MODELFILE_PARAMETER, "stop", " x", "PARAMETER stop \" x\"\n"},
	        {MODELFILE_PARAMETER, "num_ctx", "1", "PARAMETER num_ctx 1\n"},
	        {MODELFILE_MESSAGE, "user", "hi: x", "MESSAGE user hi: x\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT(4096);
		struct modelfile m = MODELFILE_INIT;
		struct err err = ERR_INIT;

		modelfile_write(&out, rows[i].word, view_of(rows[i].name),
		        view_of(rows[i].value));
		assert_string_equal(buf_str(&out), rows[i].line);
		buf_add_str(&out, "FROM x\n");
		assert_int_equal(modelfile_parse(buf_view(&out), &m, &err), 0);
		assert_int_equal(m.ncommands, 2);
		assert_int_equal(m.commands[0].word, rows[i].word);
		assert_true(view_is(m.commands[0].name, rows[i].name));
		assert_true(view_is(m.commands[0].value, rows[i].value));
		modelfile_release(&m);
		buf_release(&out);
	}
}

static void parameters(void **state)
{
	static const struct {
		const char *name, *value;
		enum model_param want;
		const char *text; /* of the error */
	} rows[] = {
	        {"num_ctx", "32768", MODEL_PARAM_OK, NULL},
	        {"num_ctx", "4096", MODEL_PARAM_OK, NULL},
	        {"seed", "-1", MODEL_PARAM_OK, NULL},
	        {"temperature", "0.8", MODEL_PARAM_OK, NULL},
	        {"top_p", "1e-7", MODEL_PARAM_OK, NULL},
	        {"use_mmap", "False", MODEL_PARAM_OK, NULL},
	        {"stop", "a", MODEL_PARAM_OK, NULL},
	        {"stop", "<b>", MODEL_PARAM_OK, NULL},
	        {"mirostat", "1", MODEL_PARAM_OBSOLETE, NULL},
	        {"numa", "1", MODEL_PARAM_WRONG, "unknown parameter 'numa'"},
	        {"", "1", MODEL_PARAM_WRONG, "unknown parameter ''"},
	        {"num_ctx", "1.5", MODEL_PARAM_WRONG,
	                "invalid int value '1.5' for num_ctx"},
	        {"num_ctx", "", MODEL_PARAM_WRONG, "invalid int value"},
	        {"num_ctx", "9223372036854775808", MODEL_PARAM_WRONG,
	                "invalid int value"},
	        {"top_p", "nan", MODEL_PARAM_WRONG, "invalid float value"},
	        {"top_p", "1e39", MODEL_PARAM_WRONG, "invalid float value"},
	        {"top_p", "0x1p3", MODEL_PARAM_WRONG, "invalid float value"},
	        {"use_mmap", "yes", MODEL_PARAM_WRONG, "invalid bool value"},
	};
	struct json_object *params = json_object_new_object();
	struct buf out = BUF_INIT(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(model_param_add(params, view_of(rows[i].name),
		                         view_of(rows[i].value), &err),
		        rows[i].want);
		assert_int_equal(err.code, rows[i].text ? ERR_BAD_REQUEST : ERR_NONE);
		if (rows[i].text && !strstr(err.text, rows[i].text))
			fail_msg("row %zu: '%s'", i, err.text);
		err_release(&err);
		assert_int_equal(model_param_add(NULL, view_of(rows[i].name),
		                         view_of(rows[i].value), &err),
		        rows[i].want);
		err_release(&err);
	}
	assert_int_equal(gojson_add_value(&out, params), 0);
	assert_string_equal(buf_str(&out),
	        "{\"num_ctx\":4096,\"seed\":-1,\"stop\":[\"a\",\"\\u003cb\\u003e\"],"
	        "\"temperature\":0.8,\"top_p\":1e-7,\"use_mmap\":false}");
	buf_release(&out);
	json_object_put(params);
}

static void required_versions(void **state)
{
	static const char *const rows[][2] = {
	        {"0.14.0", "0.14.0"},
	        {"v1.2.3", "1.2.3"},
	        {"1.2.3-rc.1+b-1", "1.2.3-rc.1+b-1"},
	        {"1.2.3+x", "1.2.3+x"},
	        {"1.2", NULL},
	        {"1.2.3.4", NULL},
	        {"01.2.3", NULL},
	        {"1.2.3-", NULL},
	        {"1.2.3+", NULL},
	        {"1.2.3-a..b", NULL},
	        {"", NULL},
	        {"v", NULL},
	        {"1.2.x", NULL},
	        {"1.2.3 ", NULL},
	};
	struct view out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int got = model_requires_parse(view_of(rows[i][0]), &out);

		if (got != (rows[i][1] ? 0 : -1))
			fail_msg("\"%s\": %d", rows[i][0], got);
		if (got == 0)
			assert_true(view_is(out, rows[i][1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(texts),
	        cmocka_unit_test(utf16),
	        cmocka_unit_test(limits),
	        cmocka_unit_test(what_is_written_reads_back),
	        cmocka_unit_test(parameters),
	        cmocka_unit_test(required_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
