#include "format/modelfile.h"

#include "base/utf8.h"
#include "format/printable.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	enum modelfile_word word;
} words[] = {
        {"FROM", MODELFILE_FROM},
        {"LICENSE", MODELFILE_LICENSE},
        {"TEMPLATE", MODELFILE_TEMPLATE},
        {"SYSTEM", MODELFILE_SYSTEM},
        {"ADAPTER", MODELFILE_ADAPTER},
        {"PARAMETER", MODELFILE_PARAMETER},
        {"MESSAGE", MODELFILE_MESSAGE},
        {"DRAFT", MODELFILE_DRAFT},
        {"RENDERER", MODELFILE_RENDERER},
        {"PARSER", MODELFILE_PARSER},
        {"REQUIRES", MODELFILE_REQUIRES},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

/* Where the characters of a text go. */
enum state { STATE_NONE, STATE_COMMENT, STATE_WORD, STATE_NAME, STATE_ROLE, STATE_VALUE };

/* A character and its bytes in UTF-8. */
struct character {
	uint32_t code;
	const char *bytes;
	size_t len;
};

struct parser {
	struct modelfile *out;
	size_t size; /* of out->commands */
	enum state state;
	unsigned line;
	struct modelfile_command command;
	size_t start; /* in out->text: of what is being collected */
	struct err *err;
};

static int refuse(struct parser *p, const char *what)
{
	return err_set(p->err, ERR_BAD_REQUEST, "(line %u): %s", p->line, what);
}

static bool is_blank(uint32_t c)
{
	return c == ' ' || c == '\t';
}

static bool is_line_end(uint32_t c)
{
	return c == '\r' || c == '\n';
}

static bool is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int keep(struct parser *p, const struct character *c)
{
	if (buf_add(&p->out->text, c->bytes, c->len) == 0)
		return 0;
	return err_set(p->err, ERR_FAULT, "a Modelfile outgrew its buffer");
}

static int keep_printable(struct parser *p, const struct character *c)
{
	return code_point_is_printable(c->code) ? keep(p, c) : 0;
}

/* What has been collected. */
static struct view collected(const struct parser *p)
{
	const struct buf *text = &p->out->text;

	if (text->len == p->start)
		return VIEW_LIT("");
	return (struct view){text->ptr + p->start, text->len - p->start};
}

static void begin(struct parser *p, enum state state)
{
	p->state = state;
	p->start = p->out->text.len;
}

/* ---- values ---- */

static struct view trim_lines(struct view v)
{
	static const char blank[] = " \t\r\n";

	while (v.len > 0 && v.ptr[0] && strchr(blank, v.ptr[0]))
		v = (struct view){v.ptr + 1, v.len - 1};
	while (v.len > 0 && v.ptr[v.len - 1] && strchr(blank, v.ptr[v.len - 1]))
		v.len--;
	return v;
}

/* Takes the quotes off; false when they are still open. */
static bool unquote(struct view v, struct view *out)
{
	size_t n = view_starts(v, "\"\"\"") ? 3 : view_starts(v, "\"") ? 1 : 0;

	*out = v;
	if (n == 0)
		return true;
	if (v.len < 2 * n || !view_ends(v, n == 3 ? "\"\"\"" : "\""))
		return false;
	*out = (struct view){v.ptr + n, v.len - 2 * n};
	return true;
}

static int add_command(struct parser *p, struct view value)
{
	struct modelfile *m = p->out;

	if (m->ncommands == MODELFILE_COMMANDS_MAX)
		return err_set(
		        p->err, ERR_TOO_LARGE, "the Modelfile has too many commands");
	if (m->ncommands == p->size) {
		size_t size = p->size ? 2 * p->size : 16;
		void *grown = realloc(m->commands, size * sizeof(m->commands[0]));

		if (!grown)
			return err_set(p->err, ERR_FAULT, "no memory for a Modelfile");
		m->commands = grown;
		p->size = size;
	}
	p->command.value = value;
	m->commands[m->ncommands++] = p->command;
	return 0;
}

/* ---- states ---- */

static int end_word(struct parser *p)
{
	struct view word = collected(p);
	size_t i = 0;

	while (i < WORDS && !view_is_nocase(word, words[i].text))
		i++;
	if (i == WORDS)
		return refuse(p,
		        "command must be one of FROM, LICENSE, TEMPLATE, SYSTEM, "
		        "ADAPTER, PARAMETER, MESSAGE, DRAFT, RENDERER, PARSER, "
		        "REQUIRES");
	p->command.word = words[i].word;
	begin(p, words[i].word == MODELFILE_PARAMETER ? STATE_NAME
	         : words[i].word == MODELFILE_MESSAGE ? STATE_ROLE
	                                              : STATE_VALUE);
	return 0;
}

static void end_name(struct parser *p)
{
	p->command.name = collected(p);
	begin(p, STATE_VALUE);
}

static int end_role(struct parser *p)
{
	struct view role = collected(p);

	if (!view_is(role, "system") && !view_is(role, "user") &&
	        !view_is(role, "assistant"))
		return refuse(p, "message role must be one of system, user, assistant");
	end_name(p);
	return 0;
}

static int in_none(struct parser *p, const struct character *c)
{
	if (is_blank(c->code) || is_line_end(c->code))
		return 0;
	begin(p, c->code == '#' ? STATE_COMMENT : STATE_WORD);
	p->command = (struct modelfile_command){.line = p->line};
	return p->state == STATE_WORD ? keep_printable(p, c) : 0;
}

static int in_word(struct parser *p, const struct character *c)
{
	if (is_letter(c->code))
		return keep(p, c);
	if (is_blank(c->code))
		return end_word(p);
	/* The answer is the same as for a word that is unknown. */
	p->start = p->out->text.len;
	return end_word(p);
}

static int in_name(struct parser *p, const struct character *c)
{
	if (is_letter(c->code) || (c->code >= '0' && c->code <= '9') || c->code == '_')
		return keep(p, c);
	if (!is_blank(c->code))
		return refuse(
		        p, "unexpected EOF: a parameter has a name, a blank and a value");
	end_name(p);
	return 0;
}

static int in_role(struct parser *p, const struct character *c)
{
	if (is_letter(c->code))
		return keep(p, c);
	if (is_blank(c->code))
		return end_role(p);
	p->start = p->out->text.len;
	return end_role(p);
}

static int in_value(struct parser *p, const struct character *c)
{
	struct view value;

	if (is_blank(c->code))
		return keep(p, c);
	if (!is_line_end(c->code))
		return keep_printable(p, c);
	if (!unquote(trim_lines(collected(p)), &value))
		return keep(p, c);
	if (add_command(p, value) != 0)
		return -1;
	begin(p, STATE_NONE);
	return 0;
}

static int feed(struct parser *p, const struct character *c)
{
	if (c->code == '\n')
		p->line++;
	switch (p->state) {
	case STATE_NONE:
		return in_none(p, c);
	case STATE_COMMENT:
		if (is_line_end(c->code))
			begin(p, STATE_NONE);
		return 0;
	case STATE_WORD:
		return in_word(p, c);
	case STATE_NAME:
		return in_name(p, c);
	case STATE_ROLE:
		return in_role(p, c);
	default:
		return in_value(p, c);
	}
}

static int end_text(struct parser *p)
{
	struct view value;

	if (p->state == STATE_NONE || p->state == STATE_COMMENT)
		return 0;
	p->line = p->command.line;
	if (p->state != STATE_VALUE)
		return refuse(p, "unexpected EOF");
	if (!unquote(trim_lines(collected(p)), &value))
		return refuse(p, "unexpected EOF: the quote is still open");
	return add_command(p, value);
}

static int expect_from(const struct modelfile *m, struct err *err)
{
	for (size_t i = 0; i < m->ncommands; i++)
		if (m->commands[i].word == MODELFILE_FROM)
			return 0;
	return err_set(err, ERR_BAD_REQUEST, "no FROM line");
}

/* ---- text ---- */

/* The next character of UTF-8; a byte that is none becomes U+FFFD. */
static struct character next_character(struct view v)
{
	size_t len = utf8_length(v);
	const unsigned char *s = (const unsigned char *)v.ptr;

	switch (len) {
	case 0:
		return (struct character){0xfffd, "\xef\xbf\xbd", 3};
	case 1:
		return (struct character){s[0], v.ptr, 1};
	case 2:
		return (struct character){(s[0] & 0x1fU) << 6 | (s[1] & 0x3fU), v.ptr, 2};
	case 3:
		return (struct character){
		        (s[0] & 0xfU) << 12 | (s[1] & 0x3fU) << 6 | (s[2] & 0x3fU), v.ptr,
		        3};
	default:
		return (struct character){(s[0] & 7U) << 18 | (s[1] & 0x3fU) << 12 |
		                                  (s[2] & 0x3fU) << 6 | (s[3] & 0x3fU),
		        v.ptr, 4};
	}
}

static int feed_all(struct parser *p, struct view text)
{
	while (text.len > 0) {
		struct character c = next_character(text);
		size_t n = c.len < text.len ? c.len : text.len;

		if (utf8_length(text) == 0)
			n = 1;
		if (feed(p, &c) != 0)
			return -1;
		text = (struct view){text.ptr + n, text.len - n};
	}
	return end_text(p);
}

static void add_code_point(struct buf *out, uint32_t c)
{
	char bytes[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i-- > 1; c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)(first[n] | c);
	buf_add(out, bytes, n);
}

static uint32_t unit_at(struct view v, size_t i, bool big_endian)
{
	const unsigned char *s = (const unsigned char *)v.ptr + i;

	return big_endian ? (uint32_t)s[0] << 8 | s[1] : (uint32_t)s[1] << 8 | s[0];
}

static int from_utf16(struct view v, bool big_endian, struct buf *out)
{
	for (size_t i = 0; i + 1 < v.len; i += 2) {
		uint32_t c = unit_at(v, i, big_endian), low = 0;

		if (c >= 0xd800 && c < 0xdc00 && i + 3 < v.len)
			low = unit_at(v, i + 2, big_endian);
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		}
		add_code_point(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	}
	return buf_failed(out) ? -1 : 0;
}

int modelfile_parse(struct view text, struct modelfile *out, struct err *err)
{
	struct parser p = {.out = out, .line = 1, .err = err};
	struct buf converted = BUF_INIT(2 * MODELFILE_TEXT_MAX);
	bool big = view_starts(text, "\xfe\xff");
	int rc;

	if (text.len > MODELFILE_TEXT_MAX)
		return err_set(err, ERR_TOO_LARGE, "the Modelfile is too long");
	if (big || view_starts(text, "\xff\xfe")) {
		if (from_utf16((struct view){text.ptr + 2, text.len - 2}, big,
		            &converted) != 0) {
			buf_release(&converted);
			return err_set(err, ERR_FAULT, "no memory for a Modelfile");
		}
		text = buf_view(&converted);
	} else if (view_starts(text, "\xef\xbb\xbf")) {
		text = (struct view){text.ptr + 3, text.len - 3};
	}
	/* All that it can become, so that it is never moved: the commands look at it. */
	if (buf_reserve(&out->text, 3 * text.len) != 0)
		rc = err_set(err, ERR_FAULT, "no memory for a Modelfile");
	else
		rc = feed_all(&p, text);
	buf_release(&converted);
	return rc == 0 ? expect_from(out, err) : -1;
}

void modelfile_release(struct modelfile *m)
{
	free(m->commands);
	buf_release(&m->text);
	*m = MODELFILE_INIT;
}

/* ---- writing ---- */

const char *modelfile_word_text(enum modelfile_word word)
{
	return words[word].text;
}

static bool needs_quotes(struct view v)
{
	if (v.len == 0)
		return false;
	return memchr(v.ptr, '\n', v.len) || memchr(v.ptr, '\r', v.len) ||
	       v.ptr[0] == '"' || !view_equal(v, trim_lines(v));
}

static void write_value(struct buf *out, struct view v)
{
	const char *quote = "";

	if (needs_quotes(v))
		quote = memchr(v.ptr, '"', v.len) ? "\"\"\"" : "\"";
	buf_add_str(out, quote);
	buf_add_view(out, v);
	buf_add_str(out, quote);
}

void modelfile_write(
        struct buf *out, enum modelfile_word word, struct view name, struct view value)
{
	buf_addf(out, "%s ", modelfile_word_text(word));
	if (name.len > 0) {
		buf_add_view(out, name);
		buf_add_char(out, ' ');
	}
	if (word == MODELFILE_FROM)
		buf_add_view(out, value);
	else
		write_value(out, value);
	buf_add_char(out, '\n');
}
