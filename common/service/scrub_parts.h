/* What the parts of scrub share; for scrub*.c only. */
#ifndef SERVICE_SCRUB_PARTS_H
#define SERVICE_SCRUB_PARTS_H

#include "service/reach.h"
#include "service/scrub.h"
#include "store/path.h"

#include <sys/stat.h>

#define SCRUB_VERDICTS 1024
#define SCRUB_BLOCK ((size_t)256 << 10)

/* What a file with the name of a digest is. */
enum content {
	CONTENT_GOOD,
	CONTENT_BAD,       /* not what the digest is of */
	CONTENT_GONE,      /* there is none any more */
	CONTENT_STRAY,     /* no regular file */
	CONTENT_UNREAD,    /* could not be read: reported */
	CONTENT_CANCELLED, /* by the job, in the middle */
};

/* The verdict on a file that has several names, so that it is read once for many of them. */
struct verdict {
	uint64_t ino, size;
	struct timespec mtime;
	struct digest digest;
	enum content content;
};

/* A blob whose content is bad, with the file that it was seen in. */
struct corrupt {
	struct digest digest;
	struct stat st;
	bool healthy;  /* blobs/ has a good file for it by now */
	bool kept;     /* a name of the file is in quarantine/ */
	bool failed;   /* something was not mended */
	bool unsure;   /* a copy was not looked at to its end */
};

struct scrub {
	struct store *store;
	const struct scrub_options *options;
	const struct job *job;
	struct scrub_result *result;
	int64_t now; /* seconds */
	char *block; /* what is read at a time */
	uint64_t done, total;	  /* bytes of blobs */
	int64_t due;		  /* when the next byte may be read, by the limit; ms */
	struct verdict *verdicts; /* a table of SCRUB_VERDICTS, by inode number */
	struct corrupt *corrupt;  /* found and not yet dealt with */
	size_t ncorrupt, corrupt_size;
	struct reach graph; /* of the repository at hand */
};

/* Something that may be wrong in a repository: seen without its lock. */
enum suspect_kind {
	SUSPECT_ENTRY,     /* blobs/ lacks the blob */
	SUSPECT_COPY,      /* the link is a file of its own */
	SUSPECT_MANIFEST,  /* is corrupt */
	SUSPECT_REFERENCE, /* the manifest other needs the blob, of size bytes */
	SUSPECT_UNLISTED,  /* the manifest is not listed under the subject other */
	SUSPECT_LISTED,    /* it is, and is absent or not of that subject */
	SUSPECT_TAG,       /* points to no manifest */
};

struct suspect {
	enum suspect_kind kind;
	struct digest digest; /* of the blob or manifest */
	struct digest other;
	struct tag tag;
	struct stat st; /* of the file seen, for those of a blob, and a corrupt manifest */
	uint64_t size;
	uint64_t entry_ino; /* SUSPECT_COPY: of the good file to link to */
	bool foreign;   /* SUSPECT_LISTED: the manifest is of another subject */
	bool absent;    /* SUSPECT_REFERENCE: there is no such blob */
	bool confirmed, repaired;
	struct err why; /* of a failure to mend */
};

/* The work in one repository. */
struct look {
	struct scrub *c;
	const struct repo_name *repo;
	unsigned has;
	struct suspect *suspects; /* room for SUSPECTS_MAX */
	size_t nsuspects;
	struct digest_table broken; /* blobs absent and manifests corrupt, confirmed */
};

#define SUSPECTS_MAX 512

/* ---- scrub.c ---- */

/* What a problem is about; members that are NULL are left out. */
struct problem {
	const char *kind;
	const struct repo_name *repo;
	const char *tag;
	const struct digest *digest;   /* of the blob or manifest that it is about */
	const struct digest *manifest; /* that needs it */
	const struct digest *subject;
	const char *path;
	bool repaired;
};

void scrub_problem(struct scrub *c, const struct problem *p, const char *fmt, ...)
	PRINTF(3, 4);
/* Something could not be looked at; why is emptied. */
void scrub_fault(struct scrub *c, const struct repo_name *repo, const char *path,
	struct err *why);
/* Counts bytes that were read, and waits as long as the limit asks for. */
void scrub_pace(struct scrub *c, uint64_t bytes);
/* Of the monotonic clock. */
int64_t scrub_now_ms(void);
/* Between two holds of a lock, for others to get it. */
void scrub_pause(void);
/* A new zeroed element of an array, or NULL without memory. */
void *scrub_append(void **array, size_t *count, size_t *size, size_t each);

/* ---- scrub_content.c ---- */

/*
 * Hashes the file at path, whose name is that of d; st is that of the file. Mends its mode.
 * A file of many names that was hashed lately is not hashed again.
 */
enum content scrub_content(struct scrub *c, const struct path *path,
	const struct digest *d, struct stat *st);
/*
 * All of blobs/ after the digest after (NULL: from the start). progress() is called when
 * all up to a digest is done. 0, 1 when it was cancelled, -1 without memory.
 */
int scrub_blobs(struct scrub *c, const struct digest *after,
	void (*progress)(void *arg, const struct digest *d), void *arg, struct err *err);

/* ---- scrub_corrupt.c ---- */

/* Remembers a blob that is bad: 0, or -1 without memory. */
int scrub_corrupt_add(struct scrub *c, const struct digest *d, const struct stat *st,
	struct err *err);
/*
 * Looks for good copies of all of them and for who has them, reports, mends and forgets
 * them. Uses the graph. 0, 1 when it was cancelled and nothing was done, -1 without memory.
 */
int scrub_corrupt_settle(struct scrub *c, struct err *err);

/* ---- scrub_affected.c ---- */

/*
 * Reports the tags of the repository that lead to something in broken, the graph being
 * loaded: 0, or -1 without memory.
 */
int scrub_affected(struct scrub *c, const struct repo_name *repo,
	const struct digest_table *broken, struct err *err);

/* ---- scrub_repo.c ---- */

/*
 * One repository, of which has (repo_walk.h) was seen: 0, 1 when it was cancelled, -1
 * without memory. What fails is reported.
 */
int scrub_repo(struct scrub *c, const struct repo_name *r, unsigned has, struct err *err);

/* ---- scrub_settle.c ---- */

/* Adds a suspect, dealing with those there are when there is no room left. */
void look_suspect(struct look *w, const struct suspect *s);
/* Looks at the suspects again under the lock, mends, reports, and forgets them. */
void look_settle(struct look *w);

/* ---- scrub_rest.c ---- */

/* The accounts of one namespace or all, and the sessions: as above. */
int scrub_account(struct scrub *c, const struct repo_name *ns);
int scrub_accounts(struct scrub *c);
int scrub_sessions(struct scrub *c);

#endif
