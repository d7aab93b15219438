#include "support/seam.h"

#include <string.h>

static const char *variable(struct gateway *g, const char *name)
{
	struct seam *s = (struct seam *)g;

	for (const char *const *v = s->variables; *v; v += 2)
		if (strcmp(*v, name) == 0)
			return v[1];
	return NULL;
}

static ssize_t take_body(struct gateway *g, void *bytes, size_t len)
{
	struct seam *s = (struct seam *)g;

	if (s->body.len == 0)
		return s->breaks ? -1 : 0;
	if (s->piece > 0 && len > s->piece)
		len = s->piece;
	if (len > s->body.len)
		len = s->body.len;
	memcpy(bytes, s->body.ptr, len);
	s->body.ptr += len;
	s->body.len -= len;
	return (ssize_t)len;
}

static int take_reply(struct gateway *g, const void *bytes, size_t len)
{
	struct seam *s = (struct seam *)g;

	s->writes++;
	return s->deaf ? -1 : buf_add(&s->reply, bytes, len);
}

static int take_flush(struct gateway *g)
{
	struct seam *s = (struct seam *)g;

	s->flushed = s->reply.len;
	return s->deaf ? -1 : 0;
}

static bool is_gone(struct gateway *g)
{
	return ((struct seam *)g)->gone;
}

void seam_init(struct seam *s, const char *const *variables)
{
	*s = (struct seam){
	        .gateway = {variable, take_body, take_reply, take_flush, is_gone},
	        .variables = variables,
	        .reply = BUF_INIT((size_t)64 << 20),
	};
}
