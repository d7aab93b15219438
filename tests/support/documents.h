/* Manifests to push to a store and read back, for tests below the protocol. */
#ifndef SUPPORT_DOCUMENTS_H
#define SUPPORT_DOCUMENTS_H

#include "store/manifests.h"
#include "support/fixture.h"

#define DESCRIPTOR_SIZE 400

/* A manifest's text and what it is pushed with. */
struct document {
	char text[2048];
	const char *type;
	enum digest_algorithm algorithm;
	const char *tags[4];
	bool sparse;
};

/* A descriptor of something of that type, digest and size, as JSON. */
void document_descriptor(char out[DESCRIPTOR_SIZE], const char *type,
	const struct digest *d, uint64_t size);
/*
 * An image whose config is "{}" and whose one layer is the text, with a subject unless
 * NULL.
 */
struct document document_image(const char *layer, const struct digest *subject);
/* An index of one child. */
struct document document_index(const struct digest *child, uint64_t size);
struct digest document_digest(const struct document *doc);

struct reference by_digest(const struct digest *d);
struct reference by_tag(const char *tag);

/* Pushes; the caller releases *err. */
int document_push(struct fixture *f, const struct repo_name *r,
	const struct document *doc, struct err *err);
/* The following tell only the code of the failure, ERR_NONE when there was none. */
enum err_code document_push_code(struct fixture *f, const struct repo_name *r,
	const struct document *doc);
/* Reads; what is there must be doc to the byte. */
enum err_code document_get(struct fixture *f, const struct repo_name *r,
	struct reference ref, const struct document *doc);
enum err_code document_get_digest(struct fixture *f, const struct repo_name *r,
	const struct document *doc);
enum err_code document_delete_code(struct fixture *f, const struct repo_name *r,
	const struct document *doc);
/* Number of entries under the subject. */
size_t document_listed(struct fixture *f, const struct repo_name *r,
	const struct digest *subject);

#endif
