/*
 * Another registry to pull from, with one repository, up/model: what it has is put there
 * by the test, and how it misbehaves too.
 */
#ifndef SUPPORT_UPSTREAM_H
#define SUPPORT_UPSTREAM_H

#include "format/digest.h"
#include "support/web.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UPSTREAM_THINGS 16

struct upstream_thing {
	char path[256];
	char type[100];
	struct buf bytes;
};

struct upstream {
	struct web web;
	struct upstream_thing things[UPSTREAM_THINGS];
	size_t nthings;
	uint64_t cuts[8]; /* where the next replies of blobs are cut off */
	size_t ncuts;
	bool no_ranges; /* every reply holds all of a blob */
	bool wrong_range;
	bool spoilt;      /* every blob has a wrong byte at its end */
	char ranges[512]; /* the Range fields of the requests for blobs */
	unsigned blobs;   /* requests for one */
};

void upstream_start(struct upstream *u);
void upstream_stop(struct upstream *u);
struct digest upstream_add_blob(struct upstream *u, const void *bytes, size_t len);
/* Under its digest, and under tag unless that is NULL. */
struct digest upstream_add_manifest(
        struct upstream *u, const char *tag, const char *type, const char *json);
/* What stands at a path, or NULL. */
struct upstream_thing *upstream_at(struct upstream *u, const char *path);

#endif
