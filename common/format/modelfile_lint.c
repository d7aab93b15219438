#include "format/modelfile_lint.h"

#include "format/model_params.h"

#include <stdlib.h>
#include <string.h>

static void add_command(struct buf *out, const struct modelfile_command *c, bool first)
{
	buf_addf(out, "%s{\"line\":%u,\"command\":\"%s\"", first ? "" : ",", c->line,
	        modelfile_word_text(c->word));
	if (c->name.len > 0) {
		buf_add_str(out, ",\"name\":");
		buf_add_json(out, c->name);
	}
	buf_add_str(out, ",\"value\":");
	buf_add_json(out, c->value);
	buf_add_char(out, '}');
}

static void add_complaint(struct buf *list, unsigned line, const char *text)
{
	buf_addf(list, "%s{\"line\":%u,\"message\":", list->len ? "," : "", line);
	buf_add_json(list, view_of(text));
	buf_add_char(list, '}');
}

/* What of a command Ollama would refuse, or pass over, when it makes the model. */
static void check_command(
        const struct modelfile_command *c, struct buf *errors, struct buf *warnings)
{
	struct err why = ERR_INIT;
	struct view version;

	if (c->word == MODELFILE_REQUIRES &&
	        model_requires_parse(c->value, &version) != 0)
		add_complaint(
		        errors, c->line, "REQUIRES is no version (MAJOR.MINOR.PATCH)");
	if (c->word != MODELFILE_PARAMETER)
		return;
	switch (model_param_add(NULL, c->name, c->value, &why)) {
	case MODEL_PARAM_OBSOLETE:
		add_complaint(warnings, c->line, "this parameter has no effect any more");
		break;
	case MODEL_PARAM_WRONG:
		add_complaint(errors, c->line, why.text);
		break;
	default:
		break;
	}
	err_release(&why);
}

/* Of the sentence of the parser: "(line 3): …"; 0 when it names none. */
static unsigned line_of(const char *sentence)
{
	static const char prefix[] = "(line ";

	if (strncmp(sentence, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	return (unsigned)strtoul(sentence + sizeof(prefix) - 1, NULL, 10);
}

static void write_report(
        const struct modelfile *m, const struct err *why, struct buf *json)
{
	struct buf errors = BUF_INIT(MODELFILE_LINT_MAX),
	           warnings = BUF_INIT(MODELFILE_LINT_MAX);

	buf_add_str(json, "{\"commands\":[");
	for (size_t i = 0; i < m->ncommands; i++) {
		add_command(json, &m->commands[i], i == 0);
		check_command(&m->commands[i], &errors, &warnings);
	}
	if (why->code != ERR_NONE)
		add_complaint(&errors, line_of(why->text), why->text);
	buf_addf(json, "],\"valid\":%s,\"errors\":[", errors.len ? "false" : "true");
	buf_add_view(json, buf_view(&errors));
	buf_add_str(json, "],\"warnings\":[");
	buf_add_view(json, buf_view(&warnings));
	buf_add_str(json, "]}");
	buf_release(&errors);
	buf_release(&warnings);
}

int modelfile_lint(struct view text, struct buf *json, struct err *err)
{
	struct modelfile m = MODELFILE_INIT;
	struct err why = ERR_INIT;
	int rc = 0;

	if (modelfile_parse(text, &m, &why) != 0 && !err_is_refusal(&why))
		rc = err_set(err, why.code, "%s", why.text);
	if (rc == 0)
		write_report(&m, &why, json);
	if (rc == 0 && buf_failed(json))
		rc = err_set(err, ERR_TOO_LARGE, "there is too much to tell");
	err_release(&why);
	modelfile_release(&m);
	return rc;
}
