/*
 * Repository names, tags and upload session ids: typed values that fit into a path,
 * a header and a log line as they are.
 */
#ifndef FORMAT_NAME_H
#define FORMAT_NAME_H

#include "base/attr.h"
#include "base/view.h"

#include <stddef.h>

#define REPO_NAME_MAX 255 /* what clients can still address with a host before it */
#define TAG_MAX 128
#define SESSION_ID_LENGTH 32

/*
 * distribution-spec, "Pulling manifests": components of lower-case letters and
 * digits, joined by '.', '_', '__' or '-'s, separated by '/'.
 */
struct repo_name {
	char text[REPO_NAME_MAX + 1];
};

/* [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127} */
struct tag {
	char text[TAG_MAX + 1];
};

/* 128 random bits as 32 lower-case hexadecimal digits. */
struct session_id {
	char text[SESSION_ID_LENGTH + 1];
};

/* 0, or -1 when text is not of the grammar or too long; *out is then empty. */
MUST_USE int repo_name_parse(struct view text, struct repo_name *out);
/* One path component of a repository name (a directory under repos/): true or false. */
bool repo_name_is_component(struct view text);
/* The first component: the namespace that an account belongs to. */
struct view repo_name_namespace(const struct repo_name *name);
MUST_USE int tag_parse(struct view text, struct tag *out);
MUST_USE int session_id_parse(struct view text, struct session_id *out);

#endif
