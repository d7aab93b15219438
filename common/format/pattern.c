#include "format/pattern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32
#define REPEAT_MAX 1000
#define CHARS 128

/* A set of ASCII characters; no other byte is ever in one. */
struct set {
	uint64_t bits[CHARS / 64];
};

/*
 * A program that is in several places at once. Places are relative, so that a part of it can
 * be copied and moved. It ends behind its last step.
 */
struct pattern_step {
	enum { STEP_ONE, STEP_FORK, STEP_JUMP } kind;
	int to; /* of a fork, which goes to the next step too, and of a jump */
	struct set set; /* the one character that STEP_ONE takes */
};

struct parser {
	struct view rest;
	struct pattern_step *steps; /* room for PATTERN_STEPS_MAX */
	size_t n;
	unsigned depth;
	const char *why;
};

static int refuse(struct parser *p, const char *why)
{
	p->why = why;
	return -1;
}

static bool next_is(const struct parser *p, char c)
{
	return p->rest.len > 0 && p->rest.ptr[0] == c;
}

static void skip(struct parser *p, size_t n)
{
	p->rest.ptr += n;
	p->rest.len -= n;
}

static bool take(struct parser *p, const char *word)
{
	bool found = view_starts(p->rest, word);

	if (found)
		skip(p, strlen(word));
	return found;
}

/* ---- sets ---- */

static bool set_has(const struct set *s, unsigned char c)
{
	return c < CHARS && (s->bits[c / 64] >> (c % 64) & 1);
}

static void set_add(struct set *s, unsigned char from, unsigned char to)
{
	for (unsigned c = from; c <= to; c++)
		s->bits[c / 64] |= UINT64_C(1) << (c % 64);
}

static void set_invert(struct set *s)
{
	for (size_t i = 0; i < CHARS / 64; i++)
		s->bits[i] = ~s->bits[i];
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What stands behind a backslash: *single is the character when it is one only. */
static int parse_escape(struct parser *p, struct set *set, int *single)
{
	char c = p->rest.len > 0 ? p->rest.ptr[0] : '\0';
	struct set s = {{0}};

	*single = -1;
	if (p->rest.len == 0)
		return refuse(p, "a backslash is the last character");
	skip(p, 1);
	if (c == 'd' || c == 'D' || c == 'w' || c == 'W') {
		set_add(&s, '0', '9');
		if (c == 'w' || c == 'W') {
			set_add(&s, 'a', 'z');
			set_add(&s, 'A', 'Z');
			set_add(&s, '_', '_');
		}
		if (c == 'D' || c == 'W')
			set_invert(&s);
	} else if (is_letter_or_digit(c)) {
		return refuse(p, "of the letters and digits only d, D, w and W may stand "
				 "behind a backslash");
	} else {
		set_add(&s, (unsigned char)c, (unsigned char)c);
		*single = (unsigned char)c;
	}
	for (size_t i = 0; i < CHARS / 64; i++)
		set->bits[i] |= s.bits[i];
	return 0;
}

/* One character of a set in brackets, or what an escape stands for. */
static int parse_member(struct parser *p, struct set *set, int *single)
{
	if (view_starts(p->rest, "[:"))
		return refuse(p, "classes such as [:digit:] are not known");
	if (take(p, "\\"))
		return parse_escape(p, set, single);
	*single = (unsigned char)p->rest.ptr[0];
	set_add(set, (unsigned char)*single, (unsigned char)*single);
	skip(p, 1);
	return 0;
}

static int parse_range(struct parser *p, struct set *set)
{
	struct set ignored = {{0}};
	int from, to;

	if (parse_member(p, set, &from) < 0)
		return -1;
	/* A '-' at the end stands for itself. */
	if (!next_is(p, '-') || view_starts(p->rest, "-]") || p->rest.len == 1)
		return 0;
	skip(p, 1);
	if (parse_member(p, &ignored, &to) < 0)
		return -1;
	if (from < 0 || to < from)
		return refuse(p, "a range in brackets goes from a smaller to a larger "
				 "character");
	set_add(set, (unsigned char)from, (unsigned char)to);
	return 0;
}

static int parse_set(struct parser *p, struct set *set)
{
	bool inverted = take(p, "^");
	bool first = true;

	for (; p->rest.len > 0 && (first || !next_is(p, ']')); first = false)
		if (parse_range(p, set) < 0)
			return -1;
	if (!take(p, "]"))
		return refuse(p, "a [ has no ]");
	if (inverted)
		set_invert(set);
	return 0;
}

/* ---- the program ---- */

/* Makes room for n steps at at, moving what stands there. */
static int make_room(struct parser *p, size_t at, size_t n)
{
	if (n > PATTERN_STEPS_MAX - p->n)
		return refuse(p, "it is too large with its repetitions written out");
	memmove(&p->steps[at + n], &p->steps[at], (p->n - at) * sizeof(p->steps[0]));
	p->n += n;
	return 0;
}

static int put(struct parser *p, size_t at, int kind, long to)
{
	if (make_room(p, at, 1) < 0)
		return -1;
	p->steps[at] = (struct pattern_step){.to = (int)to};
	p->steps[at].kind = kind;
	return 0;
}

static int put_one(struct parser *p, const struct set *set)
{
	if (put(p, p->n, STEP_ONE, 0) < 0)
		return -1;
	p->steps[p->n - 1].set = *set;
	return 0;
}

/* Writes a copy of the len steps at from to the end. */
static int copy(struct parser *p, size_t from, size_t len)
{
	if (make_room(p, p->n, len) < 0)
		return -1;
	memcpy(&p->steps[p->n - len], &p->steps[from], len * sizeof(p->steps[0]));
	return 0;
}

/* Makes what stands from at to the end repeat, or possible to leave out. */
static int make_star(struct parser *p, size_t at)
{
	long len = (long)(p->n - at);

	if (put(p, at, STEP_FORK, len + 2) < 0)
		return -1;
	return put(p, p->n, STEP_JUMP, -len - 1);
}

static int make_optional(struct parser *p, size_t at)
{
	return put(p, at, STEP_FORK, (long)(p->n - at) + 1);
}

struct repeat {
	unsigned min, max;
	bool endless;
};

/* Repeats what stands from at to the end. */
static int repeat(struct parser *p, size_t at, const struct repeat *r)
{
	size_t len = p->n - at;
	unsigned times = r->endless ? r->min + 1 : r->max;

	/* The first stays where it is; the later ones are copies of it. */
	for (unsigned i = 1; i < times; i++)
		if (copy(p, at, len) < 0)
			return -1;
	if (times == 0)
		p->n = at;
	/* From the last, so that those before keep their places. */
	if (r->endless)
		return make_star(p, at + r->min * len);
	for (unsigned i = times; i > r->min; i--)
		if (make_optional(p, at + (i - 1) * len) < 0)
			return -1;
	return 0;
}

static int parse_count(struct parser *p, unsigned *out)
{
	size_t digits = 0;

	*out = 0;
	while (p->rest.len > 0 && p->rest.ptr[0] >= '0' && p->rest.ptr[0] <= '9') {
		*out = *out * 10 + (unsigned)(p->rest.ptr[0] - '0');
		if (*out > REPEAT_MAX)
			return refuse(p, "a number of repetitions is over 1000");
		skip(p, 1);
		digits++;
	}
	return digits > 0 ? 0 : refuse(p, "braces hold {n}, {n,} or {n,m}");
}

static int parse_braces(struct parser *p, struct repeat *r)
{
	*r = (struct repeat){0, 0, false};
	skip(p, 1);
	if (parse_count(p, &r->min) < 0)
		return -1;
	r->max = r->min;
	if (take(p, ",")) {
		r->endless = next_is(p, '}');
		if (!r->endless && parse_count(p, &r->max) < 0)
			return -1;
	}
	if (!take(p, "}"))
		return refuse(p, "braces hold {n}, {n,} or {n,m}");
	if (!r->endless && r->max < r->min)
		return refuse(p, "{n,m} has a greater n than m");
	return 0;
}

static bool is_repetition(const struct parser *p)
{
	return next_is(p, '*') || next_is(p, '+') || next_is(p, '?') || next_is(p, '{');
}

static int parse_repetition(struct parser *p, size_t at)
{
	struct repeat r = {0, 0, true};

	if (!is_repetition(p))
		return 0;
	if (take(p, "+"))
		r.min = 1;
	else if (take(p, "?"))
		r = (struct repeat){0, 1, false};
	else if (!take(p, "*") && parse_braces(p, &r) < 0)
		return -1;
	if (is_repetition(p))
		return refuse(p, "a repetition follows a repetition");
	return repeat(p, at, &r);
}

static int parse_choices(struct parser *p);

static int parse_group(struct parser *p)
{
	if (++p->depth > DEPTH_MAX)
		return refuse(p, "parentheses are nested over 32 deep");
	if (!take(p, "?:") && next_is(p, '?'))
		return refuse(p, "behind (? only : may stand");
	if (parse_choices(p) < 0)
		return -1;
	if (!take(p, ")"))
		return refuse(p, "a ( has no )");
	p->depth--;
	return 0;
}

/* One character, set or group. */
static int parse_atom(struct parser *p)
{
	struct set set = {{0}};
	char c = p->rest.ptr[0];
	int single;

	if (is_repetition(p))
		return refuse(p, "a repetition has nothing before it");
	skip(p, 1);
	switch (c) {
	case '(':
		return parse_group(p);
	case '^':
	case '$':
		return refuse(p, "^ may stand at the start only and $ at the end");
	case '.':
		set_invert(&set);
		break;
	case '[':
		if (parse_set(p, &set) < 0)
			return -1;
		break;
	case '\\':
		if (parse_escape(p, &set, &single) < 0)
			return -1;
		break;
	default:
		set_add(&set, (unsigned char)c, (unsigned char)c);
	}
	return put_one(p, &set);
}

static int parse_sequence(struct parser *p)
{
	while (p->rest.len > 0 && !next_is(p, '|') && !next_is(p, ')')) {
		size_t at = p->n;

		if (parse_atom(p) < 0 || parse_repetition(p, at) < 0)
			return -1;
	}
	return 0;
}

static int parse_choices(struct parser *p)
{
	size_t at = p->n, length;

	if (parse_sequence(p) < 0)
		return -1;
	if (!take(p, "|"))
		return 0;
	/* fork to the second choice, the first, jump over the second, the second */
	if (put(p, at, STEP_FORK, (long)(p->n - at) + 2) < 0)
		return -1;
	at = p->n;
	if (put(p, at, STEP_JUMP, 0) < 0 || parse_choices(p) < 0)
		return -1;
	length = p->n - at;
	p->steps[at].to = (int)length;
	return 0;
}

static int parse_whole(struct parser *p)
{
	bool escaped = false;

	if (p->rest.len == 0)
		return refuse(p, "it is empty");
	if (p->rest.len > PATTERN_MAX)
		return refuse(p, "it is longer than 512 bytes");
	for (size_t i = 0; i < p->rest.len; i++)
		if (p->rest.ptr[i] < ' ' || p->rest.ptr[i] > '~')
			return refuse(p, "it holds a character that is in no tag");
	take(p, "^");
	for (size_t i = 0; i + 1 < p->rest.len; i++)
		escaped = p->rest.ptr[i] == '\\' && !escaped;
	if (view_ends(p->rest, "$") && !escaped)
		p->rest.len--;
	if (parse_choices(p) < 0)
		return -1;
	return p->rest.len > 0 ? refuse(p, "a ) has no (") : 0;
}

int pattern_parse(struct view text, struct pattern *out, const char **why)
{
	struct parser p = {.rest = text, .why = "there is no memory for it"};
	struct pattern_step *fitted;
	int rc = -1;

	*out = PATTERN_INIT;
	p.steps = calloc(PATTERN_STEPS_MAX, sizeof(p.steps[0]));
	if (p.steps)
		rc = parse_whole(&p);
	*why = p.why;
	if (rc < 0) {
		free(p.steps);
		return -1;
	}
	fitted = realloc(p.steps, (p.n + 1) * sizeof(p.steps[0]));
	*out = (struct pattern){fitted ? fitted : p.steps, p.n};
	return 0;
}

void pattern_release(struct pattern *p)
{
	free(p->steps);
	*p = PATTERN_INIT;
}

/* The steps that a look is at: each once. */
struct places {
	uint16_t at[PATTERN_STEPS_MAX + 1];
	size_t n;
	uint64_t seen[PATTERN_STEPS_MAX / 64 + 1];
};

static void places_clear(struct places *s)
{
	s->n = 0;
	memset(s->seen, 0, sizeof(s->seen));
}

static void places_add(struct places *s, size_t at)
{
	if (s->seen[at / 64] >> (at % 64) & 1)
		return;
	s->seen[at / 64] |= UINT64_C(1) << (at % 64);
	s->at[s->n++] = (uint16_t)at;
}

/* Adds where the forks and jumps among them lead. */
static void places_follow(struct places *s, const struct pattern *p)
{
	for (size_t i = 0; i < s->n; i++) {
		size_t at = s->at[i];
		const struct pattern_step *step = &p->steps[at];

		if (at == p->n || step->kind == STEP_ONE)
			continue;
		places_add(s, (size_t)((long)at + step->to));
		if (step->kind == STEP_FORK)
			places_add(s, at + 1);
	}
}

bool pattern_fits(const struct pattern *p, struct view text)
{
	struct places both[2], *now = &both[0], *next = &both[1], *other;

	places_clear(now);
	places_add(now, 0);
	places_follow(now, p);
	for (size_t i = 0; i < text.len && now->n > 0; i++) {
		places_clear(next);
		for (size_t k = 0; k < now->n; k++) {
			size_t at = now->at[k];

			if (at < p->n && p->steps[at].kind == STEP_ONE &&
				set_has(&p->steps[at].set, (unsigned char)text.ptr[i]))
				places_add(next, at + 1);
		}
		places_follow(next, p);
		other = now;
		now = next;
		next = other;
	}
	return now->seen[p->n / 64] >> (p->n % 64) & 1;
}
