/* A store with an upload session, driven as requests would: open, do, close. */
#ifndef SUPPORT_SESSIONS_H
#define SUPPORT_SESSIONS_H

#include "store/uploads.h"
#include "support/bodies.h"
#include "support/fixture.h"

#define SESSION_USER "alice"

struct session {
	struct fixture f;
	struct store *s; /* of f */
	struct repo_name repo;
	struct session_id id; /* of the session that session_start made last */
};

/* cmocka fixtures: *state becomes a struct session without a session yet. */
int session_setup(void **state);
/* Checks the invariants of the store and that nothing is left in tmp/. */
int session_teardown(void **state);
void session_start(struct session *w, enum digest_algorithm a);
/* Opens it for writing; -1 leaves the reason in *err. */
int session_enter(struct session *w, struct upload *u, struct err *err);
/* One request that appends; answers the result and, in *code, why. */
int session_append_body(
	struct session *w, struct body *b, uint64_t expected, enum err_code *code);
/* The same for bytes that must be taken. */
void session_append(struct session *w, const char *bytes, size_t len);
int session_commit(struct session *w, const struct digest *d, enum err_code *code);
/* Where it stands; it must be there. */
uint64_t session_offset(struct session *w);
bool session_exists(struct session *w);
/* The session's repository holds the blob with exactly these bytes. */
void session_assert_blob(
	struct session *w, const struct digest *d, const char *bytes, size_t len);
/* Opens a file of the session: "data", "state" or "state.new". */
int session_file(struct session *w, const char *file, int flags);

#endif
