#include "gateway/options.h"

#include "base/num.h"
#include "format/query.h"

#include <stdbool.h>
#include <string.h>

#define OPTION_NAME_MAX 64
/* Of a message: text from outside is cut to fit. */
#define SHOWN(b) (int)((b)->len > 64 ? 64 : (b)->len), buf_str(b)

static const char *const expected[] = {
        [OPTION_FLAG] = "true or false",
        [OPTION_SIZE] = "a size such as 52428800 or 50MiB",
        [OPTION_DURATION] = "a duration such as 90, 90s, 15m, 12h or 7d",
        [OPTION_REPOSITORY] = "a repository name",
};

static int take_flag(struct view text, bool *out)
{
	*out = !view_is(text, "false");
	return text.len == 0 || *out == view_is(text, "true") ? 0 : -1;
}

static int take_value(const struct option *o, struct view text)
{
	switch (o->type) {
	case OPTION_FLAG:
		return take_flag(text, o->value);
	case OPTION_SIZE:
		return num_parse_size(text, o->value);
	case OPTION_DURATION:
		return num_parse_duration(text, o->value);
	default:
		return repo_name_parse(text, o->value);
	}
}

static int refuse_name(struct exchange *x, const struct option *options, size_t n,
        const struct buf *name)
{
	struct buf known = BUF_INIT(160);
	int rc;

	for (size_t i = 0; i < n; i++)
		buf_addf(&known, "%s%s", i ? ", " : "", options[i].name);
	rc = err_set(&x->err, ERR_BAD_REQUEST,
	        "there is no parameter '%.*s' here; there is: %s", SHOWN(name),
	        n ? buf_str(&known) : "none");
	buf_release(&known);
	return rc;
}

static const struct option *find(
        const struct option *options, size_t n, const struct buf *name)
{
	for (size_t i = 0; i < n; i++)
		if (view_is(buf_view(name), options[i].name))
			return &options[i];
	return NULL;
}

/* One parameter; *given has a bit for each option that was there before. */
static int take(struct exchange *x, const struct option *options, size_t n,
        const struct buf *name, const struct buf *text, unsigned *given)
{
	const struct option *o = find(options, n, name);
	unsigned bit;

	if (!o)
		return refuse_name(x, options, n, name);
	bit = 1u << (o - options);
	if (*given & bit)
		return err_set(&x->err, ERR_BAD_REQUEST,
		        "the parameter %s stands twice", o->name);
	*given |= bit;
	if (take_value(o, buf_view(text)) != 0)
		return err_set(&x->err, ERR_BAD_REQUEST, "%s: '%.*s' is not %s", o->name,
		        SHOWN(text), expected[o->type]);
	return 0;
}

int options_read(struct exchange *x, const struct option *options, size_t n)
{
	struct view rest = x->request.query;
	struct buf name = BUF_INIT(OPTION_NAME_MAX), text = BUF_INIT(REPO_NAME_MAX + 1);
	unsigned given = 0;
	int rc;

	while ((rc = query_next(&rest, &name, &text)) == 1) {
		if (take(x, options, n, &name, &text, &given) != 0)
			break;
	}
	if (rc < 0)
		err_set(&x->err, ERR_BAD_REQUEST,
		        "a parameter of the query is malformed or too long");
	buf_release(&name);
	buf_release(&text);
	return rc == 0 ? 0 : -1;
}
