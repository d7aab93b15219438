/* Modelfiles: what was read is written so that it reads the same. */
#include "fuzz/fuzz.h"

#include "format/model_params.h"
#include "format/modelfile_lint.h"

#include <assert.h>
#include <string.h>

static bool is_representable(struct view value)
{
	return memmem(value.ptr, value.len, "\"\"\"", 3) == NULL &&
	       !memchr(value.ptr, '"', value.len);
}

static void check_command(const struct modelfile_command *c)
{
	struct buf out = BUF_INIT(4 * MODELFILE_TEXT_MAX);
	struct modelfile again = MODELFILE_INIT;
	struct err err = ERR_INIT;
	struct view requires;

	(void)model_param_add(NULL, c->name, c->value, &err);
	(void)model_requires_parse(c->value, &requires);
	err_release(&err);
	if (c->word == MODELFILE_FROM || (c->value.len && !is_representable(c->value)))
		return;
	modelfile_write(&out, c->word, c->name, c->value);
	buf_add_str(&out, "FROM x");
	if (c->word == MODELFILE_PARAMETER && c->name.len == 0)
		goto out;
	assert(modelfile_parse(buf_view(&out), &again, &err) == 0);
	assert(again.ncommands == 2);
	assert(again.commands[0].word == c->word);
	assert(view_equal(again.commands[0].name, c->name));
	assert(view_equal(again.commands[0].value, c->value));
out:
	modelfile_release(&again);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = {(const char *)data, size};
	struct buf report = BUF_INIT(MODELFILE_LINT_MAX);
	struct modelfile m = MODELFILE_INIT;
	struct err err = ERR_INIT;

	assert(modelfile_lint(text, &report, &err) == 0);
	buf_release(&report);
	if (modelfile_parse(text, &m, &err) != 0)
		assert(err_is_refusal(&err) && err.text[0] != '\0');
	for (size_t i = 0; i < m.ncommands; i++)
		check_command(&m.commands[i]);
	err_release(&err);
	modelfile_release(&m);
	return 0;
}
