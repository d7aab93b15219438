#include "service/remote_upload.h"

#include "base/io.h"
#include "base/log.h"
#include "base/num.h"
#include "service/remote_meter.h"
#include "store/blobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TRIES 4
#define OCTETS "Content-Type: application/octet-stream"

struct push {
	struct remote *remote;
	const struct remote_push *p;
	const struct manifest_ref *ref;
	int fd;
	uint64_t start, end; /* of what is sent in one request */
	uint64_t at;
	struct remote_url session;
	struct remote_meter meter;
};

static int cancelled(struct err *err)
{
	return err_set(err, ERR_GONE, "cancelled");
}

static ssize_t pull_file(void *arg, void *bytes, size_t len, struct err *err)
{
	struct push *b = arg;
	uint64_t left = b->end - b->at;
	ssize_t n;

	if (job_cancelled(b->p->job))
		return cancelled(err);
	n = io_pread_full(b->fd, bytes, len < left ? len : (size_t)left, b->at);
	if (n < 0)
		return err_io(err, "cannot read a blob");
	if (n == 0 && left > 0)
		return err_set(err, ERR_FAULT, "a blob has shrunk");
	b->at += (uint64_t)n;
	b->meter.completed = b->at;
	if (b->meter.completed < b->meter.total)
		remote_meter_tell(&b->meter);
	return n;
}

static int rewind_file(void *arg, struct err *err)
{
	struct push *b = arg;

	(void)err;
	b->at = b->meter.completed = b->start;
	return 0;
}

/* One request about the blob: method, address below the repository. */
static int ask(struct push *b, const char *method, const char *tail, int *status,
        struct err *err)
{
	struct remote_url url;
	const struct remote_request q = {method, &url, NULL, NULL, NULL};

	if (remote_address(b->remote, tail, &url, err) != 0)
		return -1;
	return remote_send(b->remote, &q, status, err);
}

/* 1 when the other repository has the blob, 0, -1. */
static int is_there(struct push *b, struct err *err)
{
	char tail[DIGEST_TEXT_MAX + 16], text[DIGEST_TEXT_MAX + 1];
	int status;

	snprintf(tail, sizeof(tail), "blobs/%s", digest_text(&b->ref->digest, text));
	if (ask(b, "HEAD", tail, &status, err) != 0)
		return -1;
	if (status != 200 && status != 404)
		return remote_refused(b->remote, "a look for a blob", status, err);
	fetch_end(b->remote->fetch);
	return status == 200;
}

/* Where the session goes on, of a reply. */
static int read_location(struct push *b, struct err *err)
{
	struct view location = fetch_field(b->remote->fetch, "Docker-Upload-Location");

	if (location.len == 0)
		location = fetch_field(b->remote->fetch, "Location");
	if (location.len == 0)
		return err_set(err, ERR_REMOTE, "%.100s opens an upload without a place",
		        b->remote->origin.host);
	return remote_url_read(b->remote->at.text, location, &b->session, err);
}

/* Opens a session. 1: the blob was mounted; 0: it is to be sent; -1. */
static int open_session(struct push *b, struct err *err)
{
	char text[DIGEST_TEXT_MAX + 1];
	struct remote_url url;
	const struct remote_request q = {"POST", &url, NULL, NULL, NULL};
	int status, rc;

	if (remote_address(b->remote, "blobs/uploads/", &url, err) != 0)
		return -1;
	digest_text(&b->ref->digest, text);
	if (remote_url_add(&url, "mount", view_of(text), err) != 0 ||
	        (b->p->mount_from && remote_url_add(&url, "from",
	                                     view_of(b->p->mount_from), err) != 0))
		return -1;
	if (remote_send(b->remote, &q, &status, err) != 0)
		return -1;
	if (status != 201 && status != 202)
		return remote_refused(b->remote, "an upload", status, err);
	rc = status == 201 ? 1 : read_location(b, err);
	fetch_end(b->remote->fetch);
	return rc;
}

static int add_digest(struct push *b, struct remote_url *url, struct err *err)
{
	char text[DIGEST_TEXT_MAX + 1];

	*url = b->session;
	return remote_url_add(
	        url, "digest", view_of(digest_text(&b->ref->digest, text)), err);
}

/* Sends bytes of the blob, from start to before end. */
static int send_bytes(struct push *b, const char *method, const struct remote_url *url,
        uint64_t start, uint64_t end, const char *range, int *status, struct err *err)
{
	struct remote_body body = {{pull_file, b}, end - start, rewind_file};
	const struct remote_request q = {method, url, OCTETS, range, &body};

	b->start = start;
	b->end = end;
	return remote_send(b->remote, &q, status, err);
}

/* The end of an upload: what is left of the blob, if anything. */
static int finish(struct push *b, uint64_t from, struct err *err)
{
	struct remote_url url;
	int status;

	if (add_digest(b, &url, err) != 0 || send_bytes(b, "PUT", &url, from,
	                                             b->ref->size, NULL, &status, err) != 0)
		return -1;
	if (status < 200 || status > 204)
		return remote_refused(b->remote, "a blob", status, err);
	fetch_end(b->remote->fetch);
	return 0;
}

/* How much of the session has arrived: OCI end-13. */
static int ask_offset(struct push *b, uint64_t *offset, struct err *err)
{
	const struct remote_request q = {"GET", &b->session, NULL, NULL, NULL};
	struct view range, first;
	uint64_t last = 0;
	int status, rc = 0;

	if (remote_send(b->remote, &q, &status, err) != 0)
		return -1;
	if (status != 204)
		return remote_refused(b->remote, "an upload's state", status, err);
	range = fetch_field(b->remote->fetch, "Range");
	if (!view_cut(range, '-', &first, &range) || !view_is(first, "0") ||
	        num_parse(range, &last) != 0 || last >= b->ref->size)
		rc = err_set(err, ERR_REMOTE, "%.100s does not say what has arrived",
		        b->remote->origin.host);
	/* "0-0" stands for nothing, too. */
	*offset = last > 0 ? last + 1 : 0;
	if (rc == 0)
		rc = read_location(b, err);
	fetch_end(b->remote->fetch);
	return rc;
}

static int send_chunk(struct push *b, uint64_t *offset, struct err *err)
{
	uint64_t end = b->ref->size - *offset < b->remote->rule->chunk
	                       ? b->ref->size
	                       : *offset + b->remote->rule->chunk;
	char range[80];
	int status, rc;

	snprintf(range, sizeof(range), "Content-Range: %" PRIu64 "-%" PRIu64, *offset,
	        end - 1);
	if (send_bytes(b, "PATCH", &b->session, *offset, end, range, &status, err) != 0)
		return -1;
	if (status != 202)
		return remote_refused(b->remote, "a part of a blob", status, err);
	rc = read_location(b, err);
	fetch_end(b->remote->fetch);
	if (rc == 0)
		*offset = end;
	return rc;
}

static int send_chunks(struct push *b, struct err *err)
{
	uint64_t offset = 0, before;
	unsigned tries = 0;

	while (offset < b->ref->size) {
		if (send_chunk(b, &offset, err) == 0) {
			tries = 0;
			continue;
		}
		if (err->code != ERR_REMOTE || ++tries == TRIES)
			return -1;
		err_release(err);
		before = offset;
		if (remote_meter_wait(&b->meter, 250u << tries, err) != 0 ||
		        ask_offset(b, &offset, err) != 0)
			return -1;
		if (offset > before)
			tries = 0;
	}
	return finish(b, b->ref->size, err);
}

/* One try. */
static int send_blob(struct push *b, struct err *err)
{
	int there = is_there(b, err);

	if (there == 0)
		there = open_session(b, err);
	if (there != 0)
		return there < 0 ? -1 : 0;
	if (b->remote->rule->chunk > 0 && b->ref->size > b->remote->rule->chunk)
		return send_chunks(b, err);
	return finish(b, 0, err);
}

static int send_surely(struct push *b, struct err *err)
{
	int rc = send_blob(b, err);

	for (unsigned i = 1; rc != 0 && err->code == ERR_REMOTE && i < TRIES; i++) {
		log_event(LOG_LEVEL_INFO, "push-again", "blob=%.12s text=\"%s\"",
		        b->ref->digest.hex, err->text);
		err_release(err);
		b->meter.completed = 0;
		if (remote_meter_wait(&b->meter, 250u << i, err) != 0)
			return -1;
		rc = send_blob(b, err);
	}
	return rc;
}

int remote_blob_push(struct remote *r, const struct remote_push *p,
        const struct manifest_ref *ref, struct err *err)
{
	struct push b = {
	        .remote = r,
	        .p = p,
	        .ref = ref,
	        .fd = -1,
	        .meter = {p->job, "pushing", &ref->digest, 0, ref->size},
	};
	struct blob blob;
	int rc;

	if (job_cancelled(p->job))
		return cancelled(err);
	if (blobs_find(p->store, p->repo, &ref->digest, &blob, err) != 0) {
		if (err->code != ERR_BLOB_UNKNOWN || !ref->optional)
			return -1;
		err_release(err);
		return 0;
	}
	if (blob.size != ref->size)
		return err_set(err, ERR_FAULT, "a blob is damaged");
	if (blobs_open(p->store, &blob, &b.fd, err) != 0)
		return -1;
	rc = send_surely(&b, err);
	io_close(&b.fd);
	if (rc == 0) {
		b.meter.completed = ref->size;
		remote_meter_tell(&b.meter);
	}
	return rc;
}
