#include "service/remote_blob.h"

#include "base/log.h"
#include "base/num.h"
#include "service/remote_meter.h"
#include "store/account_limits.h"
#include "store/blobs.h"
#include "store/uploads.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

/* After this many bytes the record of the session is saved: a kill loses no more. */
#define SEGMENT ((uint64_t)64 << 20)
#define TRIES 5 /* without a byte in between */
#define BUSY_MS 500
#define UNKNOWN_MAX 4

struct pull {
	struct remote *remote;
	const struct remote_pull *p;
	const struct manifest_ref *ref;
	struct session_id id;
	struct upload upload;
	struct remote_meter meter;
	struct err network; /* what ended the stream */
	uint64_t left;      /* of this segment */
	bool again;         /* another try may do better */
	unsigned unknown;   /* how often the session was there and yet unknown */
};

/* The id of the session for this blob, which only this registry can tell. */
static int make_id(struct pull *b, struct err *err)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	struct buf text = BUF_INIT(1024);
	unsigned len = 0;

	buf_addf(&text, "pull %s %s ", b->p->repo->text, b->ref->digest.hex);
	buf_add_str(&text, b->p->user);
	if (!buf_failed(&text))
		HMAC(EVP_sha256(), b->p->key->seed, SSH_SEED_BYTES,
		        (const unsigned char *)text.ptr, text.len, mac, &len);
	buf_release(&text);
	if (len < SESSION_ID_LENGTH / 2)
		return err_set(err, ERR_FAULT, "no id for a session");
	for (size_t i = 0; i < SESSION_ID_LENGTH / 2; i++)
		snprintf(b->id.text + 2 * i, 3, "%02x", mac[i]);
	return 0;
}

static int cancelled(struct err *err)
{
	return err_set(err, ERR_GONE, "cancelled");
}

/* The stream as the source of a session; what ends it early is kept in b->network. */
static ssize_t pull_stream(void *arg, void *bytes, size_t len, struct err *err)
{
	struct pull *b = arg;
	ssize_t n;

	if (b->left == 0)
		return 0;
	if (job_cancelled(b->p->job))
		return cancelled(err);
	len = len < b->left ? len : (size_t)b->left;
	n = fetch_read(b->remote->fetch, bytes, len, &b->network);
	if (n == 0)
		err_set(&b->network, ERR_REMOTE, "%.100s: a blob ended early",
		        b->remote->at.host);
	if (n <= 0)
		return err_set(err, ERR_GONE, "%s", b->network.text);
	b->left -= (uint64_t)n;
	b->meter.completed += (uint64_t)n;
	/* The end is told when it is known to be right. */
	if (b->meter.completed < b->meter.total)
		remote_meter_tell(&b->meter);
	return n;
}

/* Reads what the session has already, when a server sends all of it. */
static int skip(struct pull *b, uint64_t bytes, struct err *err)
{
	char block[16384];

	while (bytes > 0) {
		size_t want = bytes < sizeof(block) ? (size_t)bytes : sizeof(block);
		ssize_t n = fetch_read(b->remote->fetch, block, want, err);

		if (n < 0)
			return -1;
		if (n == 0)
			return err_set(err, ERR_REMOTE, "%.100s: a blob ended early",
			        b->remote->at.host);
		if (job_cancelled(b->p->job))
			return cancelled(err);
		bytes -= (uint64_t)n;
		remote_meter_tell(&b->meter);
	}
	return 0;
}

/* The stream to its end, a segment after the other. */
static int take_stream(struct pull *b, struct err *err)
{
	struct body_source source = {pull_stream, b};
	struct upload *u = &b->upload;

	while (u->offset < b->ref->size) {
		uint64_t rest = b->ref->size - u->offset;

		b->left = rest < SEGMENT ? rest : SEGMENT;
		if (upload_append(b->p->store, u, &source, b->left, err) != 0)
			return -1;
	}
	return 0;
}

/* Whether a 206 begins at the offset that was asked for, of a blob of the right size. */
static bool range_fits(struct pull *b)
{
	struct view field = fetch_field(b->remote->fetch, "Content-Range"), range, total;
	struct view first;
	uint64_t from, size;

	if (!view_starts(field, "bytes ") || !view_cut(field, '/', &range, &total))
		return false;
	range = (struct view){range.ptr + 6, range.len - 6};
	view_cut(range, '-', &first, &range);
	if (num_parse(first, &from) != 0 || from != b->upload.offset)
		return false;
	return view_is(total, "*") ||
	       (num_parse(total, &size) == 0 && size == b->ref->size);
}

static int size_mismatch(const struct pull *b, uint64_t size, struct err *err)
{
	return err_set(err, ERR_SIZE_INVALID,
	        "%.80s: blob %.12s has %" PRIu64 " bytes, its manifest says %" PRIu64,
	        b->remote->at.host, b->ref->digest.hex, size, b->ref->size);
}

/* What a reply of success promises. */
static int check_reply(struct pull *b, int status, struct err *err)
{
	uint64_t length = fetch_length(b->remote->fetch);

	if (status == 206 && !range_fits(b))
		return err_set(err, ERR_REMOTE,
		        "%.100s sends another range than was asked for",
		        b->remote->at.host);
	if (status == 206)
		return 0;
	if (length != UINT64_MAX && length != b->ref->size)
		return size_mismatch(b, length, err);
	b->again = true;
	return skip(b, b->upload.offset, err);
}

/* Asks for what is missing. 1: it comes; 0: the blob is not there; -1. */
static int ask(struct pull *b, struct err *err)
{
	char tail[DIGEST_TEXT_MAX + 16], text[DIGEST_TEXT_MAX + 1], range[64];
	struct remote_url url;
	struct remote_request q = {"GET", &url, NULL, NULL, NULL};
	int status;

	snprintf(tail, sizeof(tail), "blobs/%s", digest_text(&b->ref->digest, text));
	if (b->upload.offset > 0) {
		snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-",
		        b->upload.offset);
		q.field = range;
	}
	if (remote_address(b->remote, tail, &url, err) != 0)
		return -1;
	b->again = true;
	if (remote_send(b->remote, &q, &status, err) != 0)
		return -1;
	b->again = status >= 500 || status == 429;
	if (status == 404)
		return 0;
	if (status != 200 && (status != 206 || !q.field))
		return remote_refused(b->remote, "a blob", status, err);
	return check_reply(b, status, err) == 0 ? 1 : -1;
}

/* One try. 1: all of it is there; 0: the other registry does not have it; -1. */
static int fetch_blob(struct pull *b, struct err *err)
{
	int found;

	b->network = ERR_INIT;
	b->again = false;
	b->meter.completed = b->upload.offset;
	remote_meter_tell(&b->meter);
	if (b->upload.offset == b->ref->size)
		return 1;
	found = ask(b, err);
	if (found == 1 && take_stream(b, err) != 0)
		found = -1;
	fetch_end(b->remote->fetch);
	/* Not our client has gone, but the other registry. */
	if (found < 0 && b->network.code != ERR_NONE && err->code == ERR_GONE) {
		err_release(err);
		err_set(err, b->network.code, "%s", b->network.text);
		b->again = true;
	}
	err_release(&b->network);
	return found;
}

static bool may_try_again(const struct pull *b, const struct err *err)
{
	return b->again &&
	       (err->code == ERR_REMOTE || err->code == ERR_TOO_MANY_REQUESTS);
}

/* Tries until nothing has come for some times; each goes on where the last ended. */
static int fetch_surely(struct pull *b, struct err *err)
{
	uint64_t before = b->upload.offset;
	int found = fetch_blob(b, err);

	for (unsigned tries = 1; found < 0 && may_try_again(b, err); tries++) {
		if (b->upload.offset > before)
			tries = 0;
		before = b->upload.offset;
		if (tries == TRIES)
			return -1;
		log_event(LOG_LEVEL_INFO, "pull-again", "blob=%.12s offset=%" PRIu64
		          " text=\"%s\"",
		        b->ref->digest.hex, before, err->text);
		if (tries > 0 && remote_meter_wait(&b->meter, 250u << tries, err) != 0)
			break;
		err_release(err);
		found = fetch_blob(b, err);
	}
	return found;
}

/* One that cannot be removed is left, as are those that are never gone on with. */
static void drop_session(struct pull *b)
{
	struct upload u = {.id = b->id, .fd = -1};
	struct err ignored = ERR_INIT;

	upload_cancel(b->p->store, &u, &ignored);
	err_release(&ignored);
}

static int try_session(struct pull *b, struct err *err)
{
	const struct remote_pull *p = b->p;
	struct upload made;

	if (upload_open(p->store, &b->id, p->repo, p->user, &b->upload, err) == 0)
		return 0;
	if (err->code != ERR_BLOB_UPLOAD_UNKNOWN)
		return -1;
	err_release(err);
	if (upload_create_as(p->store, &b->id, p->repo, p->user,
	            b->ref->digest.algorithm, &made, err) != 0)
		return -1;
	return upload_open(p->store, &b->id, p->repo, p->user, &b->upload, err);
}

/*
 * Opens the session, making it when there is none. 1, 0 when it is to be tried again
 * later, -1.
 */
static int open_session(struct pull *b, struct err *err)
{
	if (try_session(b, err) == 0)
		return 1;
	if (err->code != ERR_RANGE && err->code != ERR_BLOB_UPLOAD_UNKNOWN)
		return -1;
	/*
	 * There, and yet unknown: somebody is making or removing it. For so long only what
	 * was killed at that is.
	 */
	b->unknown = err->code == ERR_RANGE ? 0 : b->unknown + 1;
	if (b->unknown == UNKNOWN_MAX)
		drop_session(b);
	err_release(err);
	return 0;
}

/* What is there is of another size, or closed before its end: nothing to go on with. */
static bool is_spoilt(const struct pull *b)
{
	return b->upload.offset > b->ref->size ||
	       (b->upload.sealed && b->upload.offset < b->ref->size);
}

/* The session is ours: fetches and publishes. 1, 0 when it is not there, -1. */
static int fill(struct pull *b, struct err *err)
{
	struct store *s = b->p->store;
	int found;

	if (is_spoilt(b)) {
		drop_session(b);
		upload_close(&b->upload);
		if (open_session(b, err) != 1)
			return err_set(err, ERR_BUSY, "a session cannot be begun again");
	}
	found = fetch_surely(b, err);
	if (found == 1 && upload_commit(s, &b->upload, &b->ref->digest, err) != 0)
		found = -1;
	/* Nothing has come: nothing is to be gone on with. */
	if (found != 1 && b->upload.offset == 0)
		drop_session(b);
	return found;
}

/* 1 when the repository has the blob, 0, -1. */
static int is_here(struct pull *b, struct err *err)
{
	struct blob blob;
	bool mounted = false;

	if (blobs_find(b->p->store, b->p->repo, &b->ref->digest, &blob, err) == 0)
		return blob.size == b->ref->size ? 1 : size_mismatch(b, blob.size, err);
	if (err->code != ERR_BLOB_UNKNOWN)
		return -1;
	err_release(err);
	if (b->p->any_mount && blobs_mount(b->p->store, b->p->repo, &b->ref->digest, NULL,
	                               &mounted, err) != 0)
		return -1;
	return mounted;
}

/* Nothing is fetched that there is no room for. */
static int check_room(struct pull *b, struct err *err)
{
	struct account_room room;

	if (account_room_now(b->p->store, b->p->repo, ACCOUNT_BLOB, &b->ref->digest,
	            &room, err) != 0)
		return -1;
	if (b->ref->size > room.size)
		return account_room_refuse(&room, b->ref->size, err);
	return 0;
}

/* 1, 0 when the other registry does not have it, -1. */
static int bring(struct pull *b, struct err *err)
{
	int here, open;

	/* Somebody else may be fetching it for this repository. */
	while ((here = is_here(b, err)) == 0) {
		open = check_room(b, err) == 0 ? open_session(b, err) : -1;
		if (open < 0)
			return -1;
		if (open == 1) {
			here = fill(b, err);
			upload_close(&b->upload);
			return here;
		}
		if (remote_meter_wait(&b->meter, BUSY_MS, err) != 0)
			return -1;
	}
	return here;
}

int remote_blob_pull(struct remote *r, const struct remote_pull *p,
        const struct manifest_ref *ref, struct err *err)
{
	struct pull b = {
	        .remote = r,
	        .p = p,
	        .ref = ref,
	        .upload = UPLOAD_INIT,
	        .meter = {p->job, "pulling", &ref->digest, 0, ref->size},
	        .network = ERR_INIT,
	};
	int found;

	if (job_cancelled(p->job))
		return cancelled(err);
	if (make_id(&b, err) != 0)
		return -1;
	found = bring(&b, err);
	if (found == 0 && !ref->optional)
		return err_set(err, ERR_REMOTE, "%.100s does not have the blob %.12s",
		        r->origin.host, ref->digest.hex);
	if (found < 0)
		return -1;
	b.meter.completed = ref->size;
	remote_meter_tell(&b.meter);
	return 0;
}
