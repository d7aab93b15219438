/*
 * What is to be fetched from another registry or sent to it:
 * [scheme://]host[:port]/path[:tag][@digest], and the short names of Ollama.
 */
#ifndef FORMAT_REMOTE_NAME_H
#define FORMAT_REMOTE_NAME_H

#include "base/attr.h"
#include "base/view.h"
#include "format/digest.h"
#include "format/name.h"
#include "format/remotes.h"

#include <stdbool.h>

enum remote_scheme { REMOTE_ANY, REMOTE_HTTP, REMOTE_HTTPS };

/* Every text is of characters that a URL and a log line can hold as they are. */
struct remote_name {
	enum remote_scheme scheme; /* REMOTE_ANY: none was given */
	char host[REMOTE_HOST_MAX + 1]; /* lower case; an IPv6 address in brackets */
	unsigned port;                  /* 0: none was given */
	char path[REPO_NAME_MAX + 1];   /* may hold capitals, which our names do not */
	bool has_tag;
	struct tag tag; /* "latest" when none was given */
	bool has_digest;
	struct digest digest;
};

/*
 * Reads all of text. As with docker, what stands before the first slash is a host when it
 * holds a '.' or a ':' or is "localhost" or follows a scheme; otherwise the host is
 * host_default (NULL: then it is malformed), and a path of one component is in library/.
 * 0, or -1 when malformed.
 */
MUST_USE int remote_name_parse(
        struct view text, const char *host_default, struct remote_name *out);

#endif
