/* The reply that carries a blob. */
#include "gateway/reply.h"

#include "base/io.h"
#include "format/range.h"
#include "gateway/exchange.h"

#include <errno.h>
#include <inttypes.h>

#define COPY_BLOCK ((size_t)128 << 10)

/* What a digest names never changes. */
#define CACHE_CONTROL "max-age=31536000, immutable"

/* Whether an entity tag is that of the digest. */
static bool is_tag_of(struct view tag, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX + 1];

	if (tag.len < 2 || tag.ptr[0] != '"' || tag.ptr[tag.len - 1] != '"')
		return false;
	tag.ptr++;
	tag.len -= 2;
	return view_is(tag, digest_text(d, text));
}

bool reply_not_modified(struct exchange *x, const struct digest *d)
{
	struct view tag, rest = request_header(&x->request, "HTTP_IF_NONE_MATCH");

	if (view_is(view_trim(rest), "*"))
		return true;
	while (rest.len > 0) {
		view_cut(rest, ',', &tag, &rest);
		tag = view_trim(tag);
		/*
		 * The comparison is weak: a tag of ours that a cache has weakened
		 * counts.
		 */
		if (view_starts(tag, "W/")) {
			tag.ptr += 2;
			tag.len -= 2;
		}
		if (is_tag_of(tag, d))
			return true;
	}
	return false;
}

/*
 * The range asked for; none where If-Range names something else (RFC 9110 section
 * 13.1.5).
 */
static enum range_class read_range(struct exchange *x, const struct blob *blob,
        const struct digest *d, struct range *out)
{
	struct view range = request_header(&x->request, "HTTP_RANGE");
	struct view condition = request_header(&x->request, "HTTP_IF_RANGE");

	if (range.len == 0 || !view_is(x->request.method, "GET"))
		return RANGE_NONE;
	if (condition.len > 0 && !is_tag_of(view_trim(condition), d))
		return RANGE_NONE;
	return range_parse(range, blob->size, out);
}

static void cache_control(struct exchange *x)
{
	reply_header(x, "Cache-Control", "%s" CACHE_CONTROL,
	        x->is_private ? "private, " : "");
}

static void blob_headers(struct exchange *x, const struct digest *d)
{
	reply_digest(x, d);
	cache_control(x);
	reply_header(x, "Accept-Ranges", "bytes");
	reply_header(x, "Content-Type", "application/octet-stream");
}

/*
 * lighttpd and nginx decode the path of a send-file field, Apache does not: what a path
 * of ours consists of stands as it is.
 */
static void add_encoded_path(struct buf *out, const char *path)
{
	for (; *path; path++)
		if (*path == '/' || *path == '@')
			buf_add_char(out, *path);
		else
			buf_add_urlencoded(out, (struct view){path, 1});
}

/*
 * Tells the web server which file to send. It computes the length and the ranges, and
 * it is right about both, so there is no Content-Length of ours.
 */
static int hand_over(struct exchange *x, const struct blob *blob)
{
	const struct config *c = x->config;
	bool accel = c->sendfile == SENDFILE_X_ACCEL;
	struct buf path = BUF_INIT(16384);
	int rc;

	if (accel)
		buf_add_str(&path, c->accel_prefix);
	else
		add_encoded_path(&path, c->root);
	if (!view_ends(buf_view(&path), "/"))
		buf_add_char(&path, '/');
	add_encoded_path(&path, blob->path.text);
	reply_header(x, accel ? "X-Accel-Redirect" : "X-Sendfile", "%s", buf_str(&path));
	rc = buf_failed(&path)
	             ? err_set(&x->err, ERR_FAULT, "the path of a blob is too long")
	             : 0;
	buf_release(&path);
	if (rc == 0)
		rc = reply_begin(x, 200, &path);
	if (rc == 0)
		rc = reply_write(x, buf_view(&path));
	buf_release(&path);
	return rc;
}

/* The next block of the file, from at up to end, in place of what block held. */
static int read_block(struct exchange *x, int fd, uint64_t at, uint64_t end, struct buf *block)
{
	size_t want = end - at > COPY_BLOCK ? COPY_BLOCK : (size_t)(end - at);
	ssize_t got;

	buf_clear(block);
	if (buf_reserve(block, want) != 0)
		return err_set(&x->err, ERR_FAULT, "no memory for a block");
	got = io_pread_full(fd, block->ptr, want, at);
	if (got < 0)
		return err_io(&x->err, "read of a blob");
	if ((size_t)got < want)
		return err_set(&x->err, ERR_FAULT, "a blob is shorter than it was");
	block->len = want;
	return 0;
}

/* Sends what block holds, and the rest of the file from at to end. */
static int copy(struct exchange *x, int fd, uint64_t at, uint64_t end, struct buf *block)
{
	while (reply_write(x, buf_view(block)) == 0) {
		if (at == end)
			return 0;
		if (read_block(x, fd, at, end, block) != 0)
			return -1;
		at += block->len;
	}
	return -1;
}

/* Puts the header section before the first block, so that both go out in one piece. */
static int begin_copy(struct exchange *x, const struct blob *blob, const struct digest *d,
        const struct range *part, bool partial, struct buf *block)
{
	struct buf out = BUF_INIT(REPLY_HEADERS_MAX + COPY_BLOCK + 256);

	blob_headers(x, d);
	if (partial)
		reply_header(x, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
		        part->first, part->last, blob->size);
	reply_header(x, "Content-Length", "%" PRIu64, part->last - part->first + 1);
	if (reply_begin(x, partial ? 206 : 200, &out) != 0 ||
	        buf_add_view(&out, buf_view(block)) != 0) {
		buf_release(&out);
		return err_set(&x->err, ERR_FAULT, "no memory for a block");
	}
	buf_release(block);
	*block = out;
	return 0;
}

static int send_copy(
        struct exchange *x, int fd, const struct blob *blob, const struct digest *d)
{
	struct range part;
	bool partial = read_range(x, blob, d, &part) == RANGE_OK;
	struct buf block = BUF_INIT(COPY_BLOCK);
	uint64_t at;
	int rc;

	if (!partial)
		part = (struct range){0, blob->size - 1};
	/* A blob that cannot be read at all is answered 500, not with half a reply. */
	rc = read_block(x, fd, part.first, part.last + 1, &block);
	at = part.first + block.len;
	if (rc == 0)
		rc = begin_copy(x, blob, d, &part, partial, &block);
	if (rc == 0)
		rc = copy(x, fd, at, part.last + 1, &block);
	if (rc == 0)
		x->reply.bytes = part.last - part.first + 1;
	buf_release(&block);
	return rc;
}

static int open_and_copy(
        struct exchange *x, const struct blob *blob, const struct digest *d)
{
	int fd = -1;
	int rc = blobs_open(x->store, blob, &fd, &x->err);

	if (rc == 0)
		rc = send_copy(x, fd, blob, d);
	io_close(&fd);
	return rc;
}

/* Without a body on our side: the answer to HEAD, and an empty blob. */
static int send_length(
        struct exchange *x, const struct blob *blob, const struct digest *d)
{
	struct buf out = BUF_INIT(REPLY_HEADERS_MAX + 256);
	int rc;

	blob_headers(x, d);
	reply_header(x, "Content-Length", "%" PRIu64, blob->size);
	rc = reply_begin(x, 200, &out);
	if (rc == 0)
		rc = reply_write(x, buf_view(&out));
	buf_release(&out);
	return rc;
}

static int refuse_range(struct exchange *x, const struct blob *blob)
{
	reply_header(x, "Content-Range", "bytes */%" PRIu64, blob->size);
	return err_set(&x->err, ERR_RANGE,
	        "no byte of the range is within the %" PRIu64 " bytes of the blob",
	        blob->size);
}

int reply_blob(struct exchange *x, const struct blob *blob, const struct digest *d)
{
	struct range range;

	if (reply_not_modified(x, d)) {
		reply_digest(x, d);
		cache_control(x);
		return reply_empty(x, 304);
	}
	/* The web server's own 416 is not of the protocol's form. */
	if (read_range(x, blob, d, &range) == RANGE_UNSATISFIABLE)
		return refuse_range(x, blob);
	if (view_is(x->request.method, "HEAD") || blob->size == 0)
		return send_length(x, blob, d);
	if (x->config->sendfile == SENDFILE_COPY)
		return open_and_copy(x, blob, d);
	blob_headers(x, d);
	return hand_over(x, blob);
}
