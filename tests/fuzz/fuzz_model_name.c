/* Names of models: what is read is shown, stored and found again as the same. */
#include "fuzz/fuzz.h"

#include "format/model_name.h"

#include <assert.h>
#include <string.h>

static void check_shown(const struct model_name *n)
{
	char text[MODEL_TEXT_SIZE];
	struct model_name again, without_host = *n;

	model_name_text(n, text);
	without_host.host[0] = '\0';
	assert(model_name_parse(view_of(text), &again) == 0);
	assert(model_name_equal(&without_host, &again));
}

/* A repository belongs to one name only, or to that and the escaped spelling itself. */
static void check_stored(const struct model_name *n)
{
	struct repo_name repo, same;
	struct tag tag;
	struct model_name back;
	struct err err = ERR_INIT;
	char plain[MODEL_TEXT_SIZE];

	if (model_name_repo(n, true, &repo, &tag, &err) != 0) {
		assert(err.code == ERR_NAME_INVALID);
		err_release(&err);
		return;
	}
	assert(model_repo_parse(view_of(repo.text), true, &same) == 0);
	assert(strcmp(repo.text, same.text) == 0);
	assert(model_name_of_repo(&repo, view_of(tag.text), &back) == 0);
	assert(model_name_repo(&back, true, &same, &tag, &err) == 0);
	assert(strcmp(repo.text, same.text) == 0);
	strcpy(plain, n->space);
	strcat(plain, "/");
	strcat(plain, n->model);
	if (repo_name_parse(view_of(plain), &same) == 0)
		assert(strcmp(repo.text, plain) == 0);
	else
		assert(strcmp(back.model, n->model) == 0 ||
		        strcmp(back.space, n->space) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = {(const char *)data, size};
	struct model_name n;
	struct repo_name repo, again;

	if (model_name_parse(text, &n) == 0) {
		check_shown(&n);
		check_stored(&n);
	}
	if (model_repo_parse(text, true, &repo) == 0) {
		assert(repo_name_parse(view_of(repo.text), &again) == 0);
		assert(model_repo_parse(view_of(repo.text), false, &again) == 0);
	}
	return 0;
}
