/* What the parts of cleanup share; for cleanup*.c only. */
#ifndef SERVICE_CLEANUP_PARTS_H
#define SERVICE_CLEANUP_PARTS_H

#include "service/cleanup.h"
#include "service/reach.h"

struct cleanup {
	struct store *store;
	const struct cleanup_options *options;
	const struct job *job;
	struct cleanup_result *result;
	int64_t now;
	struct reach graph; /* of the repository at hand */
};

/* Reports one of repo and path, the other being NULL; why is emptied. */
void cleanup_problem(struct cleanup *c, const struct repo_name *repo, const char *path,
	struct err *why);
/* One repository, if there is a rule for it. What fails is reported. */
void cleanup_repo(struct cleanup *c, const struct repo_name *r);

#endif
