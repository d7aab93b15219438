/*
 * Requests driven through serve_exchange in process: a gateway made of memory, the real
 * route table and handlers, a fresh store. What every reply owes is asserted on each of
 * them: one status line, a true Content-Length, no body where none may be, errors in JSON
 * with a known code.
 */
#ifndef SUPPORT_CGI_H
#define SUPPORT_CGI_H

#include "base/attr.h"
#include "base/buf.h"
#include "format/digest.h"
#include "support/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct auth;

struct cgi {
	struct fixture fixture;
	struct auth *auth; /* NULL: auth = off */
	/* of the last reply */
	int status;      /* 0 when there was none: the peer had left */
	struct buf head; /* header lines, each ended by a NUL */
	struct buf body;
	char code[64];   /* of the first error, "" unless status >= 400 */
};

struct cgi_request {
	const char *method;
	const char *uri;
	const char *fields[16]; /* CGI variable, value, …, NULL */
	struct view body;
	const char *length; /* CONTENT_LENGTH; NULL: that of body; "": not given */
	size_t piece;       /* most bytes per read of the body; 0: as many as asked */
	bool breaks;        /* the peer leaves when break_after bytes were read */
	size_t break_after;
	bool gone; /* the peer can be seen to have left, though it takes the reply */
	bool deaf; /* it takes none */
};

/* cmocka fixtures: *state becomes a struct cgi with an empty store. */
int cgi_setup(void **state);
int cgi_teardown(void **state);

#define CGI_TEST(f) cmocka_unit_test_setup_teardown(f, cgi_setup, cgi_teardown)

/* One request; the reply replaces the last one. */
void cgi_send(struct cgi *c, const struct cgi_request *q);
#define CGI_SEND(c, ...) cgi_send((c), &(struct cgi_request){__VA_ARGS__})
/* Without a body; fmt is the URI. */
void cgi_get(struct cgi *c, const char *fmt, ...) PRINTF(2, 3);
void cgi_head(struct cgi *c, const char *fmt, ...) PRINTF(2, 3);
void cgi_delete(struct cgi *c, const char *fmt, ...) PRINTF(2, 3);
/* With a body that is a C string. */
void cgi_post(struct cgi *c, const char *body, const char *fmt, ...) PRINTF(3, 4);
void cgi_patch(struct cgi *c, const char *range, const char *body, const char *fmt, ...)
	PRINTF(4, 5);
void cgi_put(struct cgi *c, const char *type, const char *body, const char *fmt, ...)
	PRINTF(4, 5);

/* The value of a header field of the last reply, or NULL. */
const char *cgi_header(const struct cgi *c, const char *name);
const char *cgi_body(const struct cgi *c);

#define expect_status(c, n) assert_int_equal((c)->status, n)
#define expect_header(c, name, value) \
	do { \
		assert_non_null(cgi_header(c, name)); \
		assert_string_equal(cgi_header(c, name), value); \
	} while (0)
#define expect_no_header(c, name) assert_null(cgi_header(c, name))
#define expect_body(c, text) assert_string_equal(cgi_body(c), text)
#define expect_error(c, n, error_code) \
	do { \
		assert_int_equal((c)->status, n); \
		assert_string_equal((c)->code, error_code); \
	} while (0)

/* A text that is returned by value, for use in a printf. */
struct text {
	char s[1024];
};

struct text text_of(const char *fmt, ...) PRINTF(1, 2);
/* "sha256:…" and "sha512:…" of a C string. */
struct text sha256_of(const char *bytes);
struct text sha512_of(const char *bytes);

/* Pushes a blob whole; returns its digest. */
struct text cgi_push_blob(struct cgi *c, const char *repo, const char *bytes);
/* Opens a session; returns its URI. */
struct text cgi_open_session(struct cgi *c, const char *repo);
/* An OCI image manifest without layers, told from others by its note; config is "{}". */
struct text image_json(const char *note);
/* The same with a subject, and an artifact type unless that is NULL. */
struct text referrer_json(
	const char *note, const char *subject, const char *artifact_type);
/* Pushes an OCI image manifest by tag or digest, with the blob "{}"; its sha256. */
struct text cgi_push_image(
	struct cgi *c, const char *repo, const char *ref, const char *json);

/* head and then pattern so many times; to be freed. */
char *repeated(const char *head, const char *pattern, size_t times);

/* Every name in the store with kind, size, link count and target, sorted; to be freed. */
char *store_tree(const struct fixture *f);

/* The store as it was, to compare it with what it is. */
struct tree {
	char *text;
};

struct tree tree_of(const struct cgi *c);
/* Ends the tree. */
void expect_untouched(struct cgi *c, struct tree *before);

#endif
