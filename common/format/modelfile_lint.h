/* What is in a Modelfile and what is wrong with it, before a model is made. */
#ifndef FORMAT_MODELFILE_LINT_H
#define FORMAT_MODELFILE_LINT_H

#include "base/buf.h"
#include "base/err.h"
#include "format/modelfile.h"

/* What a text of the largest size becomes at most, as far as anybody wants to read it. */
#define MODELFILE_LINT_MAX (8 * MODELFILE_TEXT_MAX)

/*
 * Appends {"commands":[{"line","command","name","value"}],"valid","errors":[{"line",
 * "message"}],"warnings":[…]}. An error that has no line is of line 0; what follows an
 * error of the grammar is not read. ERR_TOO_LARGE when out is full, ERR_FAULT without
 * memory; a Modelfile that is wrong is no failure.
 */
int modelfile_lint(struct view text, struct buf *out, struct err *err);

#endif
