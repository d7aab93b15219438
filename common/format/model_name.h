/*
 * Names of models as Ollama has them, [[scheme://]host/][namespace/]model[:tag], and the
 * repository and tag that each stands for here.
 *
 * A namespace and a model are made of ASCII letters of either case, digits, '_', '-' and,
 * but for the namespace, '.'; they begin with a letter, a digit or '_'. That is more than
 * the name of a repository may be (format/name.h). A component that is no component of a
 * repository name is stored escaped, as "u---" and then
 *
 *     q<letter>   an upper-case letter
 *     q0          the letter q
 *     q1 q2 q3    '_', '.' and '-' where a repository name cannot have them: in a run
 *                 that is no single separator, at the beginning and at the end
 *     and every other character as it is: library/The.Lucky is library/u---qthe.qlucky
 *
 * An escaped component is one of a repository name again, so the rest of the registry
 * handles it like any other. Only that one name is escaped to it, and itself it stands
 * for itself: two models never share a repository.
 */
#ifndef FORMAT_MODEL_NAME_H
#define FORMAT_MODEL_NAME_H

#include "base/attr.h"
#include "base/err.h"
#include "base/view.h"
#include "format/name.h"

#include <stdbool.h>

#define MODEL_HOST_MAX 350
#define MODEL_PART_MAX 80
/* Room for namespace/model:tag and a NUL. */
#define MODEL_TEXT_SIZE (3 * (MODEL_PART_MAX + 1))

#define MODEL_DEFAULT_SPACE "library"
#define MODEL_DEFAULT_TAG "latest"

struct model_name {
	char host[MODEL_HOST_MAX + 1]; /* "" when there was none; with its port */
	char space[MODEL_PART_MAX + 1];
	char model[MODEL_PART_MAX + 1];
	char tag[MODEL_PART_MAX + 1];
};

/* 0, or -1 when text is not of the grammar; what was left out has its default. */
MUST_USE int model_name_parse(struct view text, struct model_name *out);
/* As it is shown: without the host, and without the namespace when that is the default.
 */
void model_name_text(const struct model_name *n, char out[MODEL_TEXT_SIZE]);
bool model_name_equal(const struct model_name *a, const struct model_name *b);
/*
 * Its repository and tag. ERR_NAME_INVALID when a component would have to be escaped and
 * escapes is false, or when what is escaped is longer than a name can be.
 */
int model_name_repo(const struct model_name *n, bool escapes, struct repo_name *repo,
        struct tag *tag, struct err *err);
/*
 * The model of a repository and a tag: 0, or -1 for one that no name of a model stands
 * for (not of two components, a '.' in the first, a part over MODEL_PART_MAX).
 */
MUST_USE int model_name_of_repo(
        const struct repo_name *repo, struct view tag, struct model_name *out);
/*
 * A repository name from outside. With escapes every component that needs it, and is one
 * of a model or a namespace, is escaped. 0 or -1.
 */
MUST_USE int model_repo_parse(struct view text, bool escapes, struct repo_name *out);

#endif
