/*
 * The settings of the registry: one struct, and one table (config.c) with the name,
 * type, default, limits and help of each. Read once at start, never changed afterwards.
 *
 * A file holds lines "name = value"; '#' begins a comment wherever it stands, so no
 * value holds one; blanks around name and value do not count. A repeated or unknown
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
/* The field that names the address of a blob in an answer that carries it. */
enum blob_location { BLOB_LOCATION, BLOB_X_LOCATION };

struct config {
	char *root;              /* absolute path of the store */
	char *public_url;        /* "" or scheme://host[:port] without a trailing slash */
	char *blob_host;         /* "" or host[:port] */
	uint64_t blob_location;  /* enum blob_location */
	char *trusted_proxies;   /* addresses and networks (format/cidr.h), "" for none */
	uint64_t durability;     /* enum durability */
	uint64_t sendfile;       /* enum sendfile_method */
	char *accel_prefix;      /* URL path of the location for X-Accel-Redirect */
	uint64_t manifest_limit; /* bytes of one manifest */
	uint64_t blob_limit;     /* bytes of one blob, 0: no limit */
	uint64_t page_limit;     /* entries of one listing page */
	bool accept_sparse;
	char *quantize_command;   /* "" for none */
	bool ollama_names;        /* names that are no repository names are escaped */
	uint64_t receive_timeout; /* seconds a stalled peer may hold a worker */
	uint64_t lock_wait;       /* seconds before a busy lock is a 503 */
	uint64_t gc_grace;        /* seconds */
	uint64_t gc_untagged;     /* seconds; 0: untagged manifests stay */
	uint64_t gc_probability;  /* of 1000 plain CGI requests, those that collect */
	uint64_t upload_idle;     /* seconds an upload session may stand still */
	uint64_t quota_bytes;     /* of a namespace, 0: no limit */
	uint64_t quota_manifests; /* of a namespace, 0: no limit */
	char *cleanup_file;       /* "" for "cleanup" below the root */
	bool auth;                /* requests are checked; the paths below are "" for none */
	char *password_file;
	char *key_file;
	char *access_file;
	char *group_file;
	char *remotes_file; /* "" for that of the store */
	char *public; /* globs of repositories that everybody may pull */
	bool basic;   /* offer the Basic scheme too */
	bool trust_remote_user;
	char *token_issuer;  /* "" for the public URL */
	char *token_service; /* "" for the host of the public URL */
	uint64_t token_lifetime;   /* seconds */
	uint64_t refresh_lifetime; /* seconds; 0: no refresh tokens */
	uint64_t token_rotation;   /* seconds; 0: one secret for ever */
	char *outside_keys;
	char *outside_issuer;
	char *outside_audience;
	uint64_t log_level;       /* enum log_level */
};

/* All defaults; -1 (ERR_FAULT) only without memory. To be released in any case. */
int config_init(struct config *c, struct err *err);
/* Safe on a config that is all zero; leaves one behind. */
void config_release(struct config *c);
/*
 * Sets one setting by name. where is put before the message ("file:line" or "--set").
 * ERR_BAD_REQUEST for an unknown name or a bad value; *c is then unchanged.
 */
int config_set(struct config *c, struct view name, struct view value, const char *where,
	struct err *err);
/*
 * Reads a file of at most 1 MiB over what is set already. ERR_FAULT when it cannot be
 * read, ERR_BAD_REQUEST for its first bad line; the lines before that have been applied.
 * Where the path of the file is absolute, a value that begins with "./" becomes that of what
 * stands beside the file.
 */
int config_read(struct config *c, const char *path, struct err *err);
/*
 * What no single setting can say: a root is given and absolute, the public URL has the
 * form that is promised above, a prefix is there where one is needed. ERR_BAD_REQUEST.
 */
int config_check(const struct config *c, struct err *err);
/* Every setting with its effective value, in the syntax of the file. */
void config_dump(const struct config *c, struct buf *out);
/* Every setting with type, default, limits and help, for --help. */
void config_help(struct buf *out);

#endif
