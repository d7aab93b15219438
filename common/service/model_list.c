#include "service/model_list.h"

#include "base/log.h"
#include "service/model_each.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One model: its JSON in the text of the collector. */
struct entry {
	int64_t modified;
	size_t number; /* in the order in which they were found */
	size_t at, len;
};

struct collector {
	const struct model_list *list;
	struct buf text;
	struct entry *entries;
	size_t n, size;
};

static void write_entry(const struct model *m, struct buf *out)
{
	char name[MODEL_TEXT_SIZE];

	model_name_text(&m->name, name);
	buf_addf(out, "{\"name\":\"%s\",\"model\":\"%s\",\"modified_at\":", name, name);
	model_add_time(m->stored.mtime, out);
	buf_addf(out, ",\"size\":%" PRIu64 ",\"digest\":\"%s\",\"details\":",
	        model_manifest_bytes(&m->manifest), m->stored.digest.hex);
	model_add_details(m, out);
	buf_add_char(out, '}');
}

static int add_entry(void *arg, const struct model *m, struct err *err)
{
	struct collector *c = arg;
	size_t at = c->text.len;

	if (c->n == c->size) {
		size_t more = c->size ? 2 * c->size : 64;
		void *grown = realloc(c->entries, more * sizeof(c->entries[0]));

		if (!grown)
			return err_set(err, ERR_FAULT, "no memory for a list of models");
		c->entries = grown;
		c->size = more;
	}
	write_entry(m, &c->text);
	if (buf_failed(&c->text))
		return err_set(err, ERR_TOO_LARGE, "there are too many models to list");
	c->entries[c->n] = (struct entry){m->stored.mtime, c->n, at, c->text.len - at};
	c->n++;
	return 0;
}

static bool is_visible(void *arg, const struct repo_name *r)
{
	const struct model_list *list = ((struct collector *)arg)->list;

	return !list->visible || list->visible(list->arg, r);
}

/* What cannot be shown must not hide the rest. */
static void log_damaged(void *arg, const struct model_name *name, const struct err *why)
{
	char text[MODEL_TEXT_SIZE];

	(void)arg;
	model_name_text(name, text);
	log_event(LOG_LEVEL_WARN, "model-not-listed", "name=%s text=\"%s\"", text,
	        why->text);
}

static int newest_first(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->modified != y->modified)
		return x->modified > y->modified ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static void write_list(struct collector *c, struct buf *out)
{
	if (c->n > 0)
		qsort(c->entries, c->n, sizeof(c->entries[0]), newest_first);
	buf_add_str(out, "{\"models\":[");
	for (size_t i = 0; i < c->n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		buf_add(out, c->text.ptr + c->entries[i].at, c->entries[i].len);
	}
	buf_add_str(out, "]}");
}

int model_list(
        struct store *s, const struct model_list *l, struct buf *out, struct err *err)
{
	struct collector c = {.list = l, .text = BUF_INIT(MODEL_LIST_MAX)};
	const struct model_each each = {is_visible, add_entry, log_damaged, &c};
	int rc = model_each(s, &each, err);

	if (rc == 0) {
		write_list(&c, out);
		if (buf_failed(out))
			rc = err_set(
			        err, ERR_TOO_LARGE, "there are too many models to list");
	}
	buf_release(&c.text);
	free(c.entries);
	return rc;
}
