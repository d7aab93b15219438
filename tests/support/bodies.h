/* What store tests push: bodies that come in pieces or break off, and their digests. */
#ifndef SUPPORT_BODIES_H
#define SUPPORT_BODIES_H

#include "format/digest.h"
#include "format/name.h"
#include "store/pump.h"
#include "store/store.h"

/* A body in memory. */
struct body {
	struct body_source source;
	const char *bytes;
	size_t len;
	size_t at;	  /* pulled so far */
	size_t piece;	  /* most bytes of one pull; 0: any */
	size_t breaks_at; /* the peer leaves here, when less than len */
};

/* body->source is ready to be pulled; piece and breaks_at may be changed before. */
void body_init(struct body *b, const void *bytes, size_t len);
/* len bytes that follow from seed; freed by the caller. */
char *bytes_make(unsigned seed, size_t len);
struct digest digest_of_bytes(enum digest_algorithm a, const void *bytes, size_t len);
struct digest digest_of_text(const char *text);
struct repo_name repo_of(const char *name);
/* Pushes text as a blob, which must succeed. */
struct digest push_blob(struct store *s, const char *repo, const char *text);
/* The same for an image manifest with this config of size bytes and no layers. */
struct digest push_image(
	struct store *s, const char *repo, const struct digest *config, size_t size);
/* Whether the repository holds the blob. */
int holds_blob(struct store *s, const char *repo, const struct digest *d);
/* Open descriptors of the process; entries of a directory of the store. */
unsigned count_descriptors(void);
unsigned count_entries(struct store *s, const char *dir);

#endif
