#include "service/model_each.h"

#include "service/repo_walk.h"
#include "store/tags.h"

struct walker {
	struct store *store;
	const struct model_each *each;
};

static int visit_model(struct walker *w, const struct model_name *name, struct err *err)
{
	struct model m = MODEL_INIT;
	int rc = model_open(w->store, name, &m, err);

	if (rc == 0) {
		rc = w->each->visit(w->each->arg, &m, err);
	} else if (err_is_refusal(err)) {
		if (err->code != ERR_NOT_FOUND && w->each->damaged)
			w->each->damaged(w->each->arg, name, err);
		err_release(err);
		rc = 0;
	}
	model_release(&m);
	return rc;
}

static int visit_repo(void *arg, const struct repo_name *r, unsigned has, struct err *err)
{
	struct walker *w = arg;
	const struct model_each *each = w->each;
	struct listing *tags = NULL;
	struct model_name name;
	int rc = 0;

	if (!(has & REPO_HAS_TAGS) ||
	        model_name_of_repo(r, view_of(MODEL_DEFAULT_TAG), &name) != 0 ||
	        (each->visible && !each->visible(each->arg, r)))
		return 0;
	if (tags_list(w->store, r, &tags, err) != 0) {
		if (!err_is_refusal(err))
			return -1;
		err_release(err);
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < tags->count; i++)
		if (model_name_of_repo(r, view_of(tags->names[i]), &name) == 0)
			rc = visit_model(w, &name, err);
	listing_release(tags);
	return rc;
}

int model_each(struct store *s, const struct model_each *each, struct err *err)
{
	struct walker w = {s, each};
	const struct repo_walk walk = {.after = "", .visit = visit_repo, .arg = &w};

	return repo_walk(s, &walk, err);
}
