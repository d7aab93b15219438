/*
 * Modelfiles: the text from which Ollama makes a model, read into commands and written
 * from them. Nothing of it is run or looked up here.
 *
 * A command is a word (of any case) at the start of a line, blanks, and a value up to the
 * end of the line. A value that begins with " or """ goes on over lines until a line ends
 * with the same; there are no escapes. A '#' at the start of a line begins a comment.
 * Characters that are not printable are left out of values (format/printable.h), line
 * ends within quotes are kept as they are. UTF-8 or, with its mark, UTF-16.
 */
#ifndef FORMAT_MODELFILE_H
#define FORMAT_MODELFILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>

#define MODELFILE_TEXT_MAX ((size_t)16 << 20)
#define MODELFILE_COMMANDS_MAX 8192

enum modelfile_word {
	MODELFILE_FROM,
	MODELFILE_LICENSE,
	MODELFILE_TEMPLATE,
	MODELFILE_SYSTEM,
	MODELFILE_ADAPTER,
	MODELFILE_PARAMETER,
	MODELFILE_MESSAGE,
	MODELFILE_DRAFT,
	MODELFILE_RENDERER,
	MODELFILE_PARSER,
	MODELFILE_REQUIRES,
};

struct modelfile_command {
	enum modelfile_word word;
	unsigned line;     /* where it begins, counted from 1 */
	struct view name;  /* of a parameter; the role of a message */
	struct view value; /* without its quotes */
};

struct modelfile {
	struct modelfile_command *commands;
	size_t ncommands;
	struct buf text; /* what the views look at */
};

#define MODELFILE_INIT ((struct modelfile){0, 0, BUF_INIT(6 * MODELFILE_TEXT_MAX)})

/*
 * Reads a whole Modelfile. Failures: ERR_BAD_REQUEST, "(line N): …" where it has a line,
 * for anything against the grammar, an unknown command, a message of another role than
 * system, user and assistant, an open quote at the end, and no FROM at all;
 * ERR_TOO_LARGE for a text over MODELFILE_TEXT_MAX or more commands than
 * MODELFILE_COMMANDS_MAX; ERR_FAULT without memory. *out must be MODELFILE_INIT and is to
 * be released in any case; after a failure it holds the commands before it.
 */
int modelfile_parse(struct view text, struct modelfile *out, struct err *err);
void modelfile_release(struct modelfile *m);
/* The word in upper case. */
const char *modelfile_word_text(enum modelfile_word word);
/*
 * Appends one command as a line. The value is quoted when it would not read back as it is
 * otherwise; one that no quote can hold (with """ at the end of a line) does not.
 */
void modelfile_write(
        struct buf *out, enum modelfile_word word, struct view name, struct view value);

#endif
