#include "service/job.h"

#include "base/buf.h"
#include "base/log.h"

#include <stddef.h>

#define ITEM_MAX ((size_t)64 << 10)

void job_progress(const struct job *j, const char *step, uint64_t done, uint64_t total)
{
	if (j && j->progress)
		j->progress(j->arg, step, done, total);
}

bool job_cancelled(const struct job *j)
{
	return j && j->cancelled && j->cancelled(j->arg);
}

static void add_field(struct buf *out, const struct job_field *f)
{
	if (!f->is_flag && !f->text)
		return;
	buf_add_char(out, out->len > 0 ? ',' : '{');
	buf_add_json(out, view_of(f->name));
	buf_add_char(out, ':');
	if (f->is_flag)
		buf_add_str(out, f->flag ? "true" : "false");
	else
		buf_add_json(out, view_of(f->text));
}

void job_item(const struct job *j, const char *kind, const struct job_field *fields)
{
	struct buf json = BUF_INIT(ITEM_MAX);

	if (!j || !j->item)
		return;
	for (const struct job_field *f = fields; f->name; f++)
		add_field(&json, f);
	buf_add_str(&json, json.len > 0 ? "}" : "{}");
	if (buf_failed(&json))
		log_event(LOG_LEVEL_ERROR, "item-lost", "kind=%s", kind);
	else
		j->item(j->arg, kind, buf_str(&json));
	buf_release(&json);
}
