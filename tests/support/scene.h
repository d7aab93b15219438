/*
 * The operations that the fault tests run: each prepares a store, does one request, and can tell
 * from outside whether that request happened.
 */
#ifndef SUPPORT_SCENE_H
#define SUPPORT_SCENE_H

#include "support/cgi.h"

enum outcome {
	OUTCOME_NOTHING, /* as before the request */
	OUTCOME_WHOLE,   /* all of it */
	/*
	 * The manifest without its tags: a push got no further, or a deletion, which takes
	 * the tags first. Nothing that was there is lost, and the same request completes it.
	 */
	OUTCOME_UNTAGGED,
	OUTCOME_BROKEN, /* anything else */
};

struct scene {
	struct cgi *cgi;
	struct text session; /* URI of an upload session */
	struct text digest;
	struct text other;
};

struct operation {
	const char *name;
	void (*prepare)(struct scene *s);
	void (*act)(struct scene *s); /* one request */
	int status;                   /* its answer when nothing fails */
	int again;                    /* its answer when it is sent once more */
	/* NULL for a request that changes nothing. */
	enum outcome (*look)(struct scene *s);
};

extern const struct operation operations[];
extern const size_t noperations;

#endif
