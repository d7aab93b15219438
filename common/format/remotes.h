/*
 * The file of other registries: which of them may be asked, and how.
 *
 *     # registry            options
 *     registry.ollama.ai    key redirect=*.r2.cloudflarestorage.com
 *     ghcr.io               user=robot password=s3cret redirect=*.githubusercontent.com
 *     http://10.0.0.7:5000  insecure private
 *
 * A registry is [scheme://]host[:port]. In the host '*' stands for any characters of one
 * label, and "**" as its first label for one label or more. The port is that of the
 * scheme when none is given, and any when it is '*'. Without a scheme it is https, or
 * http with "insecure". The first line that fits a registry counts; without one it is not
 * asked.
 *
 *     user=NAME password=SECRET   credentials, for every request that is sent there
 *     key            our own Ed25519 key signs the requests for tokens
 *     insecure       no TLS, or a certificate that nobody vouches for
 *     ca=/PATH       a PEM file of the authorities that vouch for its certificate
 *     chunk=SIZE     what is pushed there is sent in parts of this size (100M), not at once
 *     private        addresses that are not of the public internet are connected to
 *     redirect=HOST  where it may send us for content; host as above, up to 8 times
 *     realm=HOST     where its tokens come from, if elsewhere; up to 8 times
 *
 * No value holds blanks. '#' at the start of a line begins a comment.
 */
#ifndef FORMAT_REMOTES_H
#define FORMAT_REMOTES_H

#include "base/attr.h"
#include "base/err.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REMOTES_FILE_MAX (1u << 20) /* bytes */
#define REMOTES_RULES_MAX 1000
#define REMOTE_HOSTS_MAX 8
#define REMOTE_HOST_MAX 253
#define REMOTE_PATH_MAX 1023

/* A pattern of hosts and ports; views into the text. */
struct remote_host {
	struct view name;
	struct view port; /* "" for that of the scheme, or "*" */
};

struct remote_rule {
	struct remote_host host;
	bool http; /* the scheme */
	bool insecure, private, key;
	uint64_t chunk; /* bytes, 0: whole */
	struct view user, password; /* both or neither */
	struct view ca;             /* an absolute path of at most REMOTE_PATH_MAX bytes */
	struct remote_host redirects[REMOTE_HOSTS_MAX];
	struct remote_host realms[REMOTE_HOSTS_MAX];
	size_t nredirects, nrealms;
	unsigned line;
};

struct remotes {
	char *text; /* what the views look at */
	size_t length;
	struct remote_rule *rules;
	size_t n;
};

#define REMOTES_INIT ((struct remotes){0})

/*
 * Reads the file; name is what messages call it. ERR_FAULT, with out empty and
 * "name:line: …", for a malformed line, an unknown option, one without the other of user
 * and password, key beside them, http without insecure, or a text over its limit. No
 * message holds a password. Release with remotes_release.
 */
int remotes_parse(
        struct view text, const char *name, struct remotes *out, struct err *err);
/* Overwrites the text: it may hold passwords. */
void remotes_release(struct remotes *r);
/*
 * The rule for a registry, or NULL. host in lower case, an IPv6 address in brackets; port
 * 0 when none was given.
 */
const struct remote_rule *remotes_find(
        const struct remotes *r, struct view host, unsigned port);
/* Whether a list of patterns holds a host; port_default is that of the scheme. */
bool remote_hosts_hold(const struct remote_host *hosts, size_t n, struct view host,
        unsigned port, unsigned port_default);

#endif
