/*
 * The store: a directory on a POSIX file system. struct store is what a process keeps
 * of it between requests: a descriptor of the root, the settings it needs and caches
 * that may be dropped at any moment.
 *
 *     blobs/<algorithm>/ab/<hex>                  one file per digest, whoever pushed it
 *     repos/<name>/@blobs/<algorithm>/<hex>       hard link: the repository holds this blob
 *     repos/<name>/@manifests/<algorithm>/<hex>   "<media type>\n" and the bytes as pushed
 *     repos/<name>/@tags/<tag>                    symbolic link ../@manifests/<algorithm>/<hex>
 *     repos/<name>/@referrers/<algorithm>/<subject hex>/<hex>   empty file
 *     repos/<name>/@lock                          see repos.h
 *     uploads/<id>/                               see uploads.h
 *     tmp/                                        files on their way to their place
 *     quarantine/                                 see quarantine.h
 *     format                                      "lighter 1\n"
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/config.h"
#include "base/err.h"
#include "format/name.h"

#include <stdint.h>

struct listing_cache;

struct store {
	int root; /* descriptor of the root directory, -1 when closed */
	const struct config *config; /* borrowed */
	struct listing_cache *listings;
};

#define STORE_INIT ((struct store){-1, 0, 0})

/*
 * Opens the store at config->root. A directory that is absent (its parent is not) or has
 * no format file is laid out, by any number of processes at once. ERR_FAULT when it
 * cannot be opened or is of another format; nothing in it is touched then.
 */
int store_open(struct store *s, const struct config *config, struct err *err);
void store_close(struct store *s);
/* fsync of the directory at path; nothing with durability = relaxed. */
int store_sync_dir(struct store *s, const char *path, struct err *err);
/*
 * Creates the directory path with all its missing parents below the root; a directory
 * that was made is durable in its parent before this returns.
 */
int store_make_dirs(struct store *s, const char *path, struct err *err);
/* 128 random bits: the name of a session or of a file in tmp/. */
int store_random_id(struct session_id *out, struct err *err);

#endif
