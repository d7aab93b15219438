/* What the parts of collection share; for collect*.c only. */
#ifndef SERVICE_COLLECT_PARTS_H
#define SERVICE_COLLECT_PARTS_H

#include "service/collect.h"
#include "service/link_counts.h"
#include "service/reach.h"

#include <sys/stat.h>

struct collect {
	struct store *store;
	const struct collect_options *options;
	const struct job *job;
	struct collect_result *result;
	int64_t now;
	struct reach graph;       /* of the repository at hand */
	struct link_counts taken; /* links that a dry run would have removed */
};

/* What was changed at this time or before has the age in seconds. */
int64_t collect_until(const struct collect *c, uint64_t age);
bool collect_is_old(const struct collect *c, int64_t changed, uint64_t age);
/* Whether the job was cancelled: once it was, it stays so. */
bool collect_stops(struct collect *c);
/* Reports one of repo, path and digest, which may be NULL; why is emptied. */
void collect_problem(struct collect *c, const struct repo_name *repo, const char *path,
	const struct digest *digest, struct err *why);
/* Removes the file unless this is a dry run: 1 when it has gone, 0, a problem is reported. */
int collect_unlink(struct collect *c, int dir, const char *name, const char *path);

/* One repository, of which has (repo_walk.h) was seen; what fails is reported. */
void collect_repo(struct collect *c, const struct repo_name *r, unsigned has);
/* What belongs to no repository. */
void collect_entries(struct collect *c);
void collect_files(struct collect *c);
void collect_sessions(struct collect *c);

/*
 * The work in one repository: collect_repo.c finds what to remove and counts it in a dry
 * run, collect_sweep.c removes it. What returns an int returns 0, -1 on failure, or 1 when
 * nothing more is to be done in this repository: it is protected, has gone, or the job was
 * cancelled.
 */
struct sweep {
	struct collect *c;
	const struct repo_name *repo;
	unsigned has;
	/* of the directory being read */
	enum digest_algorithm algorithm;
	struct digest subject;
	/* what is to be removed next: blobs, or entries of the subject */
	struct digest batch[COLLECT_BATCH];
	struct stat seen[COLLECT_BATCH]; /* of the blobs, under the lock */
	size_t n;
	/* what stays, entries of the subject, and whether there are empty directories */
	size_t blobs, entries, subjects;
	bool hollow;
};

/* 1, with a report, when manifests are damaged: what was loaded tells. */
int sweep_protect(struct sweep *w);
/* Marks what all manifests need that are there. */
int sweep_mark(struct sweep *w, struct err *err);
/* Finds the manifests that are to go, *n of them, in the order of reach_doomed. */
int sweep_doom(struct sweep *w, size_t *n, struct err *err);
bool sweep_is_old(const struct sweep *w, const struct stat *st);
/* Count and report one that has gone, or would have. */
void sweep_count_manifest(struct sweep *w, uint32_t manifest);
void sweep_count_blob(struct sweep *w, const struct digest *d, const struct stat *st);

/* Removes all manifests that are to go. */
int sweep_manifests(struct sweep *w, struct err *err);
/* Remove what of the batch is still to go, and empty it. */
int sweep_blobs(struct sweep *w, struct err *err);
int sweep_referrers(struct sweep *w, struct err *err);
int sweep_dirs(struct sweep *w, struct err *err);
/* Lets those in who wait for the lock. */
void sweep_pause(void);

#endif
