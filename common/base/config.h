/*
 * The settings of the registry: one struct, one table (config.c) with name, type,
 * default, limits and help. Read once at start, never changed afterwards.
 *
 * A file holds lines "name = value"; '#' begins a comment; a repeated or unknown
 * name, a bad value and a malformed line are errors that name file and line.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"

#include <stdbool.h>
#include <stdint.h>

enum durability { DURABILITY_FULL, DURABILITY_RELAXED };
enum sendfile_method { SENDFILE_COPY, SENDFILE_X_SENDFILE, SENDFILE_X_ACCEL };

struct config {
	char *root;              /* absolute path of the store */
	char *public_url;        /* "" or scheme://host[:port] without a trailing slash */
	enum durability durability;
	enum sendfile_method sendfile;
	char *accel_prefix;      /* URL prefix of the internal location for X-Accel-Redirect */
	uint64_t manifest_limit; /* bytes of one manifest */
	uint64_t blob_limit;     /* bytes of one blob, 0: no limit */
	uint64_t page_limit;     /* entries of one listing page */
	bool accept_sparse;
	uint64_t receive_timeout; /* seconds a stalled peer may hold a worker */
	uint64_t lock_wait;       /* seconds before a busy lock is a 503 */
	uint64_t gc_grace;        /* seconds */
	uint64_t log_level;       /* enum log_level */
};

/* All defaults; -1 only without memory. */
int config_init(struct config *c, struct err *err);
void config_release(struct config *c);
/* Sets one setting by name. where is put before the message ("file:line" or "--set"). */
int config_set(struct config *c, struct view name, struct view value, const char *where,
	struct err *err);
/* Reads a file over what is set already. */
int config_read(struct config *c, const char *path, struct err *err);
/* What no single setting can say: a root is given and absolute, and so on. */
int config_check(const struct config *c, struct err *err);
/* Every setting with its effective value, in the syntax of the file. */
void config_dump(const struct config *c, struct buf *out);
/* Every setting with type, default and help, for --help. */
void config_help(struct buf *out);

#endif
