#include "service/model_list.h"

#include "base/log.h"
#include "service/repo_walk.h"
#include "store/tags.h"

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
	struct store *store;
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

static int add_entry(struct collector *c, const struct model *m, struct err *err)
{
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

/* What cannot be shown must not hide the rest. */
static int visit_model(
        struct collector *c, const struct model_name *name, struct err *err)
{
	struct model m = MODEL_INIT;
	struct err why = ERR_INIT;
	char text[MODEL_TEXT_SIZE];
	int rc = 0;

	if (model_open(c->store, name, &m, &why) == 0) {
		rc = add_entry(c, &m, err);
	} else if (why.code != ERR_NOT_FOUND) {
		model_name_text(name, text);
		log_event(LOG_LEVEL_WARN, "model-not-listed", "name=%s text=\"%s\"", text,
		        why.text);
	}
	err_release(&why);
	model_release(&m);
	return rc;
}

static int visit_repo(void *arg, const struct repo_name *r, unsigned has, struct err *err)
{
	struct collector *c = arg;
	struct listing *tags = NULL;
	struct model_name name;
	int rc = 0;

	if (!(has & REPO_HAS_TAGS) ||
	        model_name_of_repo(r, view_of(MODEL_DEFAULT_TAG), &name) != 0 ||
	        (c->list->visible && !c->list->visible(c->list->arg, r)))
		return 0;
	if (tags_list(c->store, r, &tags, err) != 0) {
		if (!err_is_refusal(err))
			return -1;
		err_release(err);
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < tags->count; i++)
		if (model_name_of_repo(r, view_of(tags->names[i]), &name) == 0)
			rc = visit_model(c, &name, err);
	listing_release(tags);
	return rc;
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
	struct collector c = {.store = s, .list = l, .text = BUF_INIT(MODEL_LIST_MAX)};
	const struct repo_walk walk = {.after = "", .visit = visit_repo, .arg = &c};
	int rc = repo_walk(s, &walk, err);

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
