/*
 * A registry with auth = on, driven through the CGI seam: users, keys, rules, an outside
 * issuer, and repositories of every kind. The password of every user is "secret".
 *
 *     alice   owns alice/; may pull and push team/…, and team/… only
 *     bob     owns bob/
 *     dave    of the group @builders, which may pull and push anything
 *     root    administers the registry, and may do nothing else
 *     carol   has a key and no password
 *
 * The repositories alice/app, team/app, open/app and bob/app hold the image "1";
 * everybody may pull from open/….
 */
#ifndef SUPPORT_GUARDED_H
#define SUPPORT_GUARDED_H

#include "service/auth.h"
#include "support/cgi.h"
#include "support/scratch.h"
#include "support/signer.h"

#define GUARDED_HOST "reg.example:5000"
#define GUARDED_REALM "http://reg.example:5000/v2/token"
#define GUARDED_SERVICE "lighter"
#define GUARDED_ISSUER "https://issuer.example"
#define GUARDED_AUDIENCE "reg.example"
#define GUARDED_PASSWORD "secret"

struct guarded {
	struct cgi *cgi;
	struct auth auth;
	struct scratch files;
	EVP_PKEY *key;    /* carol's */
	EVP_PKEY *issuer; /* the outside issuer's, ES256 */
	struct text digest; /* of the image "1" */
	struct text blob;   /* a blob of every repository */
};

/* cmocka fixtures: *state becomes a struct guarded. */
int guarded_setup(void **state);
int guarded_teardown(void **state);

#define GUARDED_TEST(f) \
	cmocka_unit_test_setup_teardown(f, guarded_setup, guarded_teardown)

/* A setting, by the name it has in the file; the parts are opened again. */
void guarded_set(struct guarded *g, const char *name, const char *value);
/* Replaces a file of it: "users", "keys", "rules" or "groups". */
void guarded_write(struct guarded *g, const char *name, const char *content);

/* A request with an Authorization field, or none when it is NULL. */
void guarded_send(struct guarded *g, const char *method, const char *uri,
        const char *authorization);

/* A long text: a header field with a token. */
struct field {
	char s[8192];
};

/* "Basic …" */
struct field basic_of(const char *user, const char *password);
/* "Bearer …" of a token that the endpoint gives a user (NULL: nobody) for a scope. */
struct field token_for(struct guarded *g, const char *user, const char *scope);
/* The same of one that was issued at a time, for one repository. */
struct field token_issued_at(
        struct guarded *g, const char *user, const char *repo, int64_t at);
/* The same of one from the outside issuer with these claims beside sub and access. */
struct field outside_token(
        struct guarded *g, const char *claims, const char *repo, const char *actions);
/* The same for the scope registry:<name>:*. */
struct field outside_registry_token(struct guarded *g, const char *name);
/* "<key>:<signature>" of a message. */
struct field signature_of(EVP_PKEY *key, const char *message);
/* The member of the JSON body of the last reply; "" when it has none. */
struct field member(struct guarded *g, const char *name);
/* The n-th WWW-Authenticate field of the last reply, or NULL. */
const char *challenge_of(struct guarded *g, unsigned n);

#endif
