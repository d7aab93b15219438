#include "support/upstream.h"

#include "format/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE "/v2/up/model"

struct upstream_thing *upstream_at(struct upstream *u, const char *path)
{
	for (size_t i = 0; i < u->nthings; i++)
		if (strcmp(u->things[i].path, path) == 0)
			return &u->things[i];
	return NULL;
}

static void add(struct upstream *u, const char *kind, const char *name, const char *type,
        struct view bytes)
{
	struct upstream_thing *t = &u->things[u->nthings++];

	if (u->nthings > UPSTREAM_THINGS)
		abort();
	snprintf(t->path, sizeof(t->path), BASE "/%s/%.180s", kind, name);
	snprintf(t->type, sizeof(t->type), "%s", type);
	t->bytes = BUF_INIT((size_t)64 << 20);
	if (buf_add_view(&t->bytes, bytes) != 0)
		abort();
}

struct digest upstream_add_blob(struct upstream *u, const void *bytes, size_t len)
{
	char text[DIGEST_TEXT_MAX + 1];
	struct digest d;

	hash_bytes(DIGEST_SHA256, bytes, len, &d);
	add(u, "blobs", digest_text(&d, text), "application/octet-stream",
	        (struct view){bytes, len});
	return d;
}

struct digest upstream_add_manifest(
        struct upstream *u, const char *tag, const char *type, const char *json)
{
	char text[DIGEST_TEXT_MAX + 1];
	struct digest d;

	hash_bytes(DIGEST_SHA256, json, strlen(json), &d);
	add(u, "manifests", digest_text(&d, text), type, view_of(json));
	if (tag)
		add(u, "manifests", tag, type, view_of(json));
	return d;
}

static void answer_blob(struct upstream *u, const struct web_request *q,
        const struct upstream_thing *t, struct web_reply *out)
{
	const char *field = web_field(q, "Range");
	struct view body = buf_view(&t->bytes);
	size_t from;

	u->blobs++;
	snprintf(u->ranges + strlen(u->ranges), sizeof(u->ranges) - strlen(u->ranges),
	        "[%s]", field);
	if (u->ncuts > 0) {
		out->cut = u->cuts[0];
		u->ncuts--;
		memmove(u->cuts, u->cuts + 1, sizeof(u->cuts) - sizeof(u->cuts[0]));
	}
	if (!u->no_ranges && strncmp(field, "bytes=", 6) == 0) {
		from = strtoul(field + 6, NULL, 10);
		body = (struct view){body.ptr + from, body.len - from};
		out->status = 206;
		buf_addf(&out->fields, "Content-Range: bytes %zu-%zu/%zu\r\n",
		        from - u->wrong_range, t->bytes.len - 1, t->bytes.len);
	}
	buf_add_view(&out->body, body);
	if (u->spoilt)
		out->body.ptr[out->body.len - 1] ^= 1;
}

static void answer(void *arg, const struct web_request *q, struct web_reply *out)
{
	struct upstream *u = arg;
	const struct upstream_thing *t = upstream_at(u, q->target);

	if (!t) {
		out->status = 404;
	} else if (strstr(q->target, "/blobs/")) {
		answer_blob(u, q, t, out);
	} else {
		buf_addf(&out->fields, "Content-Type: %s\r\n", t->type);
		buf_add_view(&out->body, buf_view(&t->bytes));
	}
}

void upstream_start(struct upstream *u)
{
	memset(u, 0, sizeof(*u));
	web_start(&u->web, answer, u);
}

void upstream_stop(struct upstream *u)
{
	web_stop(&u->web);
	for (size_t i = 0; i < u->nthings; i++)
		buf_release(&u->things[i].bytes);
}
