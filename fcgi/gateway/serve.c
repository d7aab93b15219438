#include "gateway/serve.h"

#include "base/log.h"
#include "gateway/access.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/*
 * 16 hexadecimal digits: a counter that began at a value of this process, scrambled so
 * that ids of neighbours do not look alike. They tell requests apart and protect
 * nothing.
 */
static void make_id(char out[17])
{
	static uint64_t counter;
	struct timespec now;
	uint64_t n;

	if (counter == 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		counter = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
		counter ^= (uint64_t)getpid() << 40;
	}
	n = counter += 0x9e3779b97f4a7c15;
	n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
	n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
	snprintf(out, 17, "%016llx", (unsigned long long)(n ^ (n >> 31)));
}

static void exchange_init(struct exchange *x)
{
	x->config = NULL;
	x->store = NULL;
	x->auth = NULL;
	identity_anonymous(&x->who);
	x->is_private = x->by_url = false;
	x->reply = (struct reply){.headers = BUF_INIT(REPLY_HEADERS_MAX)};
	x->route = NULL;
	x->need = ACCESS_NONE;
	x->name.text[0] = x->ns.text[0] = x->user[0] = '\0';
	x->digest_unsupported = false;
	x->body = BUF_INIT(0);
	x->err = ERR_INIT;
	make_id(x->id);
	log_set_request(x->id);
}

/* The one place that releases what a request holds. */
static void exchange_release(struct exchange *x)
{
	buf_release(&x->reply.headers);
	buf_release(&x->body);
	err_release(&x->err);
	log_set_request("");
}

static int take_body(struct exchange *x)
{
	if (x->route->body != BODY_MEMORY)
		return 0;
	x->body = BUF_INIT(x->config->manifest_limit);
	return request_read_all(&x->request, &x->body, &x->err);
}

static int answer(const struct server *s, struct exchange *x)
{
	if (route_find(s->routes, s->nroutes, x, &x->err) != 0 ||
	        access_check(x, &x->err) != 0 || take_body(x) != 0 ||
	        x->route->handler(x) != 0)
		return -1;
	if (!x->reply.sent)
		return err_set(&x->err, ERR_FAULT, "the handler of %s %s did not reply",
		        x->route->method, x->route->path);
	return 0;
}

static void log_served(const struct exchange *x)
{
	const struct request *r = &x->request;

	log_event(LOG_LEVEL_INFO, "served",
	        "method=%.*s route=%s name=%s user=%s status=%d received=%llu sent=%llu",
	        r->method.len > 16 ? 16 : (int)r->method.len,
	        r->method.len ? r->method.ptr : "", x->route ? x->route->path : "-",
	        x->name.text[0] ? x->name.text : "-", x->user[0] ? x->user : "-",
	        x->reply.status,
	        (unsigned long long)r->received, (unsigned long long)x->reply.bytes);
}

void serve_exchange(struct gateway *g, void *arg)
{
	const struct server *s = arg;
	struct exchange x;

	exchange_init(&x);
	x.config = s->config;
	x.store = s->store;
	x.auth = s->auth;
	if (request_init(&x.request, g, &x.err) != 0 || answer(s, &x) != 0)
		reply_error(&x);
	log_served(&x);
	exchange_release(&x);
}

void serve_failure(struct gateway *g, void *arg)
{
	const struct err *why = arg;
	struct exchange x;

	exchange_init(&x);
	/* What is wrong with the request is of no interest. */
	if (request_init(&x.request, g, &x.err) != 0)
		err_release(&x.err);
	err_set(&x.err, ERR_FAULT, "%s", why->text);
	reply_error(&x);
	exchange_release(&x);
}
