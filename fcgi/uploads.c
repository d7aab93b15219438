/*
 * /v2/<name>/blobs/uploads/[<session>]: pushing blobs, and mounting them; and what clients of
 * Ollama upload, /api/blobs/<digest>.
 */
#include "handlers.h"

#include "format/model_name.h"
#include "format/range.h"
#include "gateway/access.h"
#include "gateway/exchange.h"
#include "gateway/ollama.h"
#include "gateway/reply.h"
#include "store/blobs.h"
#include "store/repos.h"
#include "store/uploads.h"

#include <inttypes.h>
#include <stdio.h>

/* The longest parameter that can mean anything here is a repository name. */
#define PARAMETER_MAX 1024
/* Repositories to look into for the source of a mount. */
#define SEARCH_MAX 1000

/* Location, Docker-Upload-UUID and the Range of what has arrived. */
static void session_headers(
        struct exchange *x, const struct session_id *id, uint64_t offset)
{
	char path[REPO_NAME_MAX + SESSION_ID_LENGTH + 32];

	snprintf(path, sizeof(path), "/v2/%s/blobs/uploads/%s", x->name.text, id->text);
	reply_location(x, path);
	reply_header(x, "Docker-Upload-UUID", "%s", id->text);
	/* Clients expect a range of an empty session too. */
	reply_header(x, "Range", "0-%" PRIu64, offset > 0 ? offset - 1 : 0);
}

/* 201 with the place of the blob. */
static int reply_created(struct exchange *x, const struct digest *d)
{
	char digest[DIGEST_TEXT_MAX + 1];
	char path[REPO_NAME_MAX + DIGEST_TEXT_MAX + 32];

	digest_text(d, digest);
	snprintf(path, sizeof(path), "/v2/%s/blobs/%s", x->name.text, digest);
	reply_location(x, path);
	reply_header(x, "Docker-Content-Digest", "%s", digest);
	return reply_empty(x, 201);
}

/* The digest= of a push: 1, 0 when the request has none, -1 when it is none of ours. */
static int read_digest(struct exchange *x, struct digest *out)
{
	struct buf text = BUF_INIT(PARAMETER_MAX);
	int found = request_query(&x->request, "digest", 0, &text, &x->err);

	if (found == 1) {
		enum digest_class class = digest_parse(buf_view(&text), out);
		if (class == DIGEST_UNSUPPORTED)
			found = err_set(&x->err, ERR_DIGEST_INVALID,
			        "the digest's algorithm is not supported: use sha256 or "
			        "sha512");
		else if (class == DIGEST_MALFORMED)
			found = err_set(&x->err, ERR_DIGEST_INVALID,
			        "the parameter digest is malformed");
	}
	buf_release(&text);
	return found;
}

/* The length that the client gave, or UINT64_MAX. */
static uint64_t declared_length(const struct exchange *x)
{
	return x->request.has_length ? x->request.length : UINT64_MAX;
}

/* end-4b. The whole blob in the body of the POST. */
static int push_single(struct exchange *x, const struct digest *d)
{
	struct body_source body = request_body(&x->request);

	if (upload_single(x->store, &x->name, d, &body, declared_length(x), &x->err) != 0)
		return -1;
	return reply_created(x, d);
}

/* end-4a, end-4c. A session for the blob. */
static int open_session(struct exchange *x, enum digest_algorithm a)
{
	struct upload u = UPLOAD_INIT;

	if (upload_create(x->store, &x->name, x->user, a, &u, &x->err) != 0)
		return -1;
	session_headers(x, &u.id, 0);
	return reply_empty(x, 202);
}

/* The from= of a mount: a repository to look in, or any when the request has none. */
enum mount_from { FROM_ANY, FROM_REPOSITORY, FROM_NOWHERE };

static void read_from(struct exchange *x, enum mount_from *kind, struct repo_name *from)
{
	struct buf text = BUF_INIT(PARAMETER_MAX);
	int found = request_query(&x->request, "from", 0, &text, &x->err);

	*kind = FROM_ANY;
	/* Ollama sends the names of files here: the client is then to upload. */
	if (found != 0)
		*kind = found > 0 && model_repo_parse(buf_view(&text),
		                             x->config->ollama_names, from) == 0
		                ? FROM_REPOSITORY
		                : FROM_NOWHERE;
	err_release(&x->err);
	buf_release(&text);
}

/* The mount= of a POST: 1, 0 when there is none that names a blob, -1. */
static int read_mount(struct exchange *x, struct digest *out)
{
	struct buf text = BUF_INIT(PARAMETER_MAX);
	int found = request_query(&x->request, "mount", 0, &text, &x->err);

	/* A digest that names nothing cannot be mounted; the client is then to upload. */
	if (found == 1 && digest_parse(buf_view(&text), out) != DIGEST_OK)
		found = 0;
	buf_release(&text);
	return found;
}

/* A look for a blob through the repositories, in the order of the catalog. */
struct search {
	struct exchange *x;
	const struct digest *digest;
	unsigned seen;
	bool mounted;
};

/* When enough were seen, the next one is let through for try_source() to stop at it. */
static bool is_source(void *arg, const struct repo_name *r)
{
	struct search *s = arg;

	return ++s->seen > SEARCH_MAX || access_pulls(s->x, r);
}

static int try_source(void *arg, const struct repo_name *r, struct err *err)
{
	struct search *s = arg;

	if (s->seen > SEARCH_MAX)
		return 1;
	if (blobs_mount(s->x->store, &s->x->name, s->digest, r, &s->mounted, err) != 0)
		return -1;
	return s->mounted;
}

/*
 * A mount that names no source takes any repository that the caller may pull from. Not
 * found among the first SEARCH_MAX of the registry, the client is to upload.
 */
static int mount_any(struct exchange *x, const struct digest *d, bool *mounted)
{
	struct search s = {x, d, 0, false};
	struct repos_page page = {
	        .last = "",
	        .n = SEARCH_MAX,
	        .all = true,
	        .visible = is_source,
	        .emit = try_source,
	        .arg = &s,
	};
	bool more;

	if (!x->auth)
		return blobs_mount(x->store, &x->name, d, NULL, mounted, &x->err);
	repos_list(x->store, &page, &more, &x->err);
	*mounted = s.mounted;
	return x->err.code == ERR_NONE ? 0 : -1;
}

static int mount(struct exchange *x, const struct digest *d, bool *mounted)
{
	struct repo_name from;
	enum mount_from kind;
	int allowed;

	*mounted = false;
	read_from(x, &kind, &from);
	if (kind == FROM_NOWHERE)
		return 0;
	if (kind == FROM_ANY)
		return mount_any(x, d, mounted);
	allowed = access_mounts(x, &from);
	if (allowed != 1)
		return allowed;
	return blobs_mount(x->store, &x->name, d, &from, mounted, &x->err);
}

/* The algorithm to prepare a session for: digest-algorithm=, else a. */
static int read_algorithm(struct exchange *x, enum digest_algorithm *a)
{
	struct buf text = BUF_INIT(PARAMETER_MAX);
	int found = request_query(&x->request, "digest-algorithm", 0, &text, &x->err);

	if (found == 1 && digest_algorithm_parse(buf_view(&text), a) != 0)
		found = err_set(&x->err, ERR_DIGEST_INVALID,
		        "digest-algorithm is not supported: use sha256 or sha512");
	buf_release(&text);
	return found < 0 ? -1 : 0;
}

/*
 * Some Ollama clients announce the digest when they open a session: their body is empty,
 * and no blob with such a digest is.
 */
static bool is_announced(const struct exchange *x, const struct digest *d)
{
	struct digest empty;

	hash_bytes(d->algorithm, "", 0, &empty);
	return request_is_ollama(&x->request) && declared_length(x) == 0 &&
	       !digest_equal(d, &empty);
}

/* 201 when the repository has the blob, and the caller may know; else a session. */
static int open_announced(struct exchange *x, const struct digest *d)
{
	struct blob blob;

	if (!access_pulls(x, &x->name))
		return open_session(x, d->algorithm);
	if (blobs_find(x->store, &x->name, d, &blob, &x->err) == 0)
		return reply_created(x, d);
	if (x->err.code != ERR_BLOB_UNKNOWN)
		return -1;
	err_release(&x->err);
	return open_session(x, d->algorithm);
}

/*
 * end-11, end-4b, end-4a and end-4c. A mount when that can be done; else the blob itself
 * when its digest is given, be the body empty or not; else a session.
 */
int uploads_post(struct exchange *x)
{
	enum digest_algorithm algorithm = DIGEST_SHA256;
	struct digest d;
	bool mounted = false;
	int found = read_mount(x, &d);

	if (found == 1) {
		algorithm = d.algorithm;
		if (mount(x, &d, &mounted) != 0)
			return -1;
		if (mounted)
			return reply_created(x, &d);
	}
	if (found >= 0)
		found = read_digest(x, &d);
	if (found == 1 && is_announced(x, &d))
		return open_announced(x, &d);
	if (found == 1)
		return push_single(x, &d);
	if (found < 0 || read_algorithm(x, &algorithm) != 0)
		return -1;
	return open_session(x, algorithm);
}

/* Whose session it must be: the bearer of its id stands for the user who opened it. */
static const char *session_user(const struct exchange *x)
{
	return x->user[0] ? x->user : NULL;
}

/* Opens the session of the path for writing. */
static int session_open(struct exchange *x, struct upload *u)
{
	return upload_open(
	        x->store, &x->session, &x->name, session_user(x), u, &x->err);
}

/* What a request says about its chunk before the body is read. */
struct chunk {
	bool has_first;
	uint64_t first;    /* where it begins */
	uint64_t expected; /* bytes, or UINT64_MAX */
};

static int read_chunk(struct exchange *x, struct chunk *c)
{
	struct view header = request_header(&x->request, "HTTP_CONTENT_RANGE");
	uint64_t length = declared_length(x);
	struct range range;

	c->expected = length;
	c->has_first = header.len > 0;
	if (!c->has_first)
		return 0;
	if (range_parse_chunk(header, &range) != 0)
		return err_set(&x->err, ERR_BLOB_UPLOAD_INVALID,
		        "Content-Range is not of the form first-last");
	c->first = range.first;
	c->expected = range.last - range.first + 1;
	if (length != UINT64_MAX && length != c->expected)
		return err_set(&x->err, ERR_SIZE_INVALID,
		        "Content-Range says %" PRIu64 " bytes, Content-Length %" PRIu64,
		        c->expected, length);
	return 0;
}

/*
 * A chunk must begin where the session ends. Ollama never asks where that is: what it
 * could not send it sends again from the beginning of the chunk.
 */
static int take_position(struct exchange *x, struct upload *u, const struct chunk *c)
{
	if (!c->has_first || c->first == u->offset)
		return 0;
	if (c->first < u->offset && request_is_ollama(&x->request))
		return upload_rewind(x->store, u, c->first, &x->err);
	return err_set(&x->err, ERR_RANGE,
	        "the chunk begins at %" PRIu64 ", but the next byte is %" PRIu64,
	        c->first, u->offset);
}

/* A client that is out of step is told where the session stands. */
static int session_failed(struct exchange *x, const struct upload *u)
{
	if (x->err.code == ERR_RANGE)
		session_headers(x, &x->session, u->offset);
	return -1;
}

/* end-5. Pushing a blob in chunks: with Content-Range, or as a stream without. */
int upload_patch(struct exchange *x)
{
	struct body_source body = request_body(&x->request);
	struct upload u = UPLOAD_INIT;
	struct chunk c;
	int rc = read_chunk(x, &c);

	if (rc == 0)
		rc = session_open(x, &u);
	if (rc == 0)
		rc = take_position(x, &u, &c);
	if (rc == 0)
		rc = upload_append(x->store, &u, &body, c.expected, &x->err);
	if (rc != 0)
		rc = session_failed(x, &u);
	upload_close(&u);
	if (rc != 0)
		return -1;
	session_headers(x, &x->session, u.offset);
	return reply_empty(x, 202);
}

static int read_last_chunk(struct exchange *x, struct digest *d, struct chunk *c)
{
	int found = read_digest(x, d);

	if (found < 0)
		return -1;
	if (found == 0)
		return err_set(&x->err, ERR_DIGEST_INVALID,
		        "the parameter digest is missing: an upload ends with the blob's "
		        "digest");
	if (read_chunk(x, c) != 0)
		return -1;
	/* Ollama ends an upload without a body, or sends the whole blob with the end. */
	if (!c->has_first && x->request.length > 0 && request_is_ollama(&x->request)) {
		c->has_first = true;
		c->first = 0;
	}
	return 0;
}

/*
 * A session that is not there: Ollama ends an upload once more when it got no answer, and
 * then the blob tells that the end was reached. 0, or -1 and the error to answer with.
 */
static int was_committed(struct exchange *x, const struct digest *d)
{
	const struct repo_name repo = x->name;
	struct err unknown = x->err;
	struct blob blob;

	if (unknown.code != ERR_BLOB_UPLOAD_UNKNOWN || !request_is_ollama(&x->request))
		return -1;
	x->err = ERR_INIT;
	if (access_for(x, &repo, ACCESS_PUSH) == 0 && access_pulls(x, &repo) &&
	        blobs_find(x->store, &repo, d, &blob, &x->err) == 0) {
		err_release(&unknown);
		return 0;
	}
	if (x->err.code == ERR_NONE || x->err.code == ERR_BLOB_UNKNOWN) {
		err_release(&x->err);
		x->err = unknown;
	} else {
		err_release(&unknown);
	}
	return -1;
}

/* The session is open: 0, or -1 when the blob does not come of it. */
static int finish(
        struct exchange *x, struct upload *u, const struct digest *d, const struct chunk *c)
{
	struct body_source body = request_body(&x->request);

	if (take_position(x, u, c) != 0)
		return -1;
	/* The client names the algorithm only here: in time, unless bytes were hashed. */
	if (u->offset == 0)
		hash_init(&u->hash, d->algorithm);
	return upload_finish(x->store, u, &body, c->expected, d, &x->err);
}

/* end-6. Ending an upload: the last chunk, if there is one, and the whole's digest. */
int upload_put(struct exchange *x)
{
	struct upload u = UPLOAD_INIT;
	struct digest d;
	struct chunk c;
	int rc;

	if (read_last_chunk(x, &d, &c) != 0)
		return -1;
	if (session_open(x, &u) == 0)
		rc = finish(x, &u, &d, &c);
	else
		rc = was_committed(x, &d);
	if (rc != 0)
		rc = session_failed(x, &u);
	upload_close(&u);
	return rc == 0 ? reply_created(x, &d) : -1;
}

/* end-13. What has arrived so far. */
int upload_status(struct exchange *x)
{
	struct upload u = UPLOAD_INIT;

	if (upload_stat(x->store, &x->session, &x->name, session_user(x), &u, &x->err) !=
	        0)
		return -1;
	session_headers(x, &x->session, u.offset);
	return reply_empty(x, 204);
}

/* end-14. Cancelling an upload. */
int upload_delete(struct exchange *x)
{
	struct upload u = UPLOAD_INIT;
	int rc = session_open(x, &u);

	if (rc == 0)
		rc = upload_cancel(x->store, &u, &x->err);
	if (rc != 0)
		rc = session_failed(x, &u);
	upload_close(&u);
	return rc == 0 ? reply_empty(x, 204) : -1;
}

/* Files of which a model is to be made (fcgi/models.c), in their own repository. */
int api_blob_head(struct exchange *x)
{
	struct repo_name staging;
	struct blob blob;

	if (ollama_staging(x, &staging) != 0 || access_for(x, &staging, ACCESS_PULL) != 0 ||
	        blobs_find(x->store, &staging, &x->digest, &blob, &x->err) != 0)
		return -1;
	return reply_empty(x, 200);
}

int api_blob_post(struct exchange *x)
{
	const struct request *r = &x->request;
	struct body_source body = request_body(&x->request);
	struct repo_name staging;
	struct blob blob;

	if (ollama_staging(x, &staging) != 0 || access_for(x, &staging, ACCESS_PUSH) != 0)
		return -1;
	if (blobs_find(x->store, &staging, &x->digest, &blob, &x->err) == 0)
		return reply_empty(x, 200);
	if (x->err.code != ERR_BLOB_UNKNOWN)
		return -1;
	err_release(&x->err);
	if (upload_single(x->store, &staging, &x->digest, &body,
	            r->has_length ? r->length : UINT64_MAX, &x->err) != 0)
		return -1;
	return reply_empty(x, 201);
}
