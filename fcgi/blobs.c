/* /v2/<name>/blobs/<digest>: blobs of a repository. */
#include "handlers.h"

#include "gateway/exchange.h"
#include "gateway/origin.h"
#include "gateway/reply.h"
#include "service/blob_urls.h"
#include "store/blobs.h"

#include <stdio.h>
#include <time.h>

#define URL_MAX 1024

/*
 * Ollama asks for a blob as a whole only to learn from where to get its parts. Those it
 * asks for without credentials, and takes whatever comes for the bytes: the address must
 * be enough by itself, and stay so for as long as the pull takes.
 */
static bool asks_for_address(const struct exchange *x)
{
	return request_is_ollama(&x->request) && view_is(x->request.method, "GET") &&
	       request_header(&x->request, "HTTP_RANGE").len == 0;
}

/* An address that is signed already is handed on as it is: it does not become younger. */
static int sign(struct exchange *x)
{
	if (x->by_url)
		return 0;
	return blob_urls_sign(x->auth->tokens, &x->name, &x->digest, (int64_t)time(NULL),
	        &x->url, &x->err);
}

/* The address that needs no credentials, below an origin. */
static int write_address(struct exchange *x, const char *origin, struct buf *out)
{
	char digest[DIGEST_TEXT_MAX + 1];

	buf_addf(out, "%s/v2/%s/blobs/%s", origin, x->name.text,
	        digest_text(&x->digest, digest));
	if (!x->is_private)
		return 0;
	if (sign(x) != 0)
		return -1;
	buf_add_char(out, '?');
	return signed_url_add_query(&x->url, out);
}

/* To the other host; the address says what a cache may not keep. */
static int redirect(struct exchange *x, const char *address)
{
	reply_header(x, "Location", "%s", address);
	reply_digest(x, &x->digest);
	reply_header(x, "Cache-Control", "no-store");
	return reply_empty(x, 307);
}

static int reply_with_address(struct exchange *x, const struct blob *blob)
{
	bool x_field = x->config->blob_location == BLOB_X_LOCATION;
	struct buf address = BUF_INIT(URL_MAX);
	char origin[ORIGIN_SIZE];
	bool elsewhere = !x->by_url && origin_of_blobs(x, origin);
	int rc;

	if (!elsewhere)
		origin_of(x, origin);
	rc = write_address(x, origin, &address);
	if (rc == 0 && elsewhere) {
		rc = redirect(x, buf_str(&address));
	} else if (rc == 0) {
		reply_header(x, x_field ? "X-Blob-Location" : "Location", "%s",
		        buf_str(&address));
		rc = reply_blob(x, blob, &x->digest);
	}
	buf_release(&address);
	return rc;
}

/* end-2. Pulling blobs and checking for them: also with Range and If-None-Match. */
int blob_get(struct exchange *x)
{
	struct blob blob;

	if (blobs_find(x->store, &x->name, &x->digest, &blob, &x->err) != 0)
		return -1;
	if (asks_for_address(x))
		return reply_with_address(x, &blob);
	return reply_blob(x, &blob, &x->digest);
}

/* end-10. Deleting blobs: from this repository; others that hold the blob keep it. */
int blob_delete(struct exchange *x)
{
	if (blobs_delete(x->store, &x->name, &x->digest, &x->err) != 0)
		return -1;
	return reply_empty(x, 202);
}
