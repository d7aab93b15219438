/*
 * The only place that builds a path. Everything that goes in is a typed value, so no
 * path can leave its directory. Paths are relative to the store's root.
 */
#ifndef STORE_PATH_H
#define STORE_PATH_H

#include "format/digest.h"
#include "format/name.h"

#include <stdint.h>

struct path {
	char text[768]; /* the longest has 6 + 255 + 19 + 128 + 1 + 128: a referrer's */
};

#define PATH_BLOBS "blobs"
#define PATH_REPOS "repos"
#define PATH_UPLOADS "uploads"
#define PATH_TMP "tmp"
#define PATH_QUOTA "quota"
#define PATH_QUARANTINE "quarantine"

struct path path_blob(const struct digest *d);
struct path path_blob_dir(const struct digest *d);
struct path path_repo(const struct repo_name *r);
struct path path_repo_lock(const struct repo_name *r);
struct path path_repo_blob(const struct repo_name *r, const struct digest *d);
struct path path_repo_blobs(const struct repo_name *r, enum digest_algorithm a);
struct path path_manifest(const struct repo_name *r, const struct digest *d);
struct path path_manifests(const struct repo_name *r, enum digest_algorithm a);
struct path path_tag(const struct repo_name *r, const struct tag *t);
struct path path_tags(const struct repo_name *r);
/* The directory of a subject's referrers, and the entry of one of them. */
struct path path_referrers(const struct repo_name *r, const struct digest *subject);
struct path path_referrer(const struct repo_name *r, const struct digest *subject,
	const struct digest *manifest);
struct path path_upload(const struct session_id *id);
/* A file of a session: "data", "state" or "state.new". */
struct path path_upload_file(const struct session_id *id, const char *file);
struct path path_tmp(const struct session_id *id);
/* The account of the namespace that r belongs to: its directory, and a file of it. */
struct path path_account(const struct repo_name *r);
struct path path_account_file(const struct repo_name *r, const char *file);
/* What is left of a file with that inode number that no longer is d. */
struct path path_quarantine(const struct digest *d, uint64_t ino);
/* The text a tag's symbolic link holds, and back: 0 or -1. */
struct path path_tag_target(const struct digest *d);
int path_tag_target_parse(const char *target, struct digest *out);
/* Directory part of a path. */
struct path path_parent(const struct path *p);

#endif
