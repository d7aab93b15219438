#include "gateway/ndjson.h"

#include "gateway/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NDJSON_LINE_MAX ((size_t)1 << 20)
#define PROGRESS_MS 250
#define SILENCE_MS 2000

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The head of the reply, which has no length. */
static int add_head(struct exchange *x, struct buf *out)
{
	reply_header(x, "Content-Type", "application/x-ndjson");
	reply_header(x, "Cache-Control", "no-store");
	/* nginx collects a reply before it sends it, unless it is told. */
	reply_header(x, "X-Accel-Buffering", "no");
	return reply_begin(x, 200, out);
}

static void add_line(
        const struct ndjson *n, const char *kind, struct view object, struct buf *out)
{
	if (!n->ollama) {
		buf_add_char(out, '{');
		buf_add_json(out, view_of(kind));
		buf_add_char(out, ':');
	}
	buf_add_view(out, object);
	buf_add_str(out, n->ollama ? "\n" : "}\n");
}

static void send_line(struct ndjson *n, const char *kind, struct view object)
{
	struct exchange *x = n->x;
	struct buf out = BUF_INIT(REPLY_HEADERS_MAX + NDJSON_LINE_MAX);
	size_t head;

	if (n->broken || n->silent)
		return;
	if (!x->reply.sent && add_head(x, &out) != 0)
		n->broken = true;
	head = out.len;
	add_line(n, kind, object, &out);
	if (buf_failed(&out))
		err_set(&x->err, ERR_FAULT, "a line of the reply is too long");
	if (n->broken || buf_failed(&out) || reply_write(x, buf_view(&out)) != 0)
		n->broken = true;
	else
		x->reply.bytes += out.len - head;
	buf_release(&out);
}

static void send_on(struct ndjson *n)
{
	if (!n->broken && n->x->reply.sent && reply_flush(n->x) != 0)
		n->broken = true;
}

static void add_step(const struct ndjson *n, struct buf *out)
{
	buf_add_str(out, "{\"step\":");
	buf_add_json(out, view_of(n->step));
	buf_addf(out, ",\"done\":%" PRIu64 ",\"total\":%" PRIu64 "}", n->done, n->total);
}

/* A digest at the end of the step is a member of its own. */
static void add_status(const struct ndjson *n, struct buf *out)
{
	struct view status = view_of(n->step), last;
	struct digest d;
	char text[DIGEST_TEXT_MAX + 1];

	view_cut_last(status, ' ', &status, &last);
	buf_add_str(out, "{\"status\":");
	if (digest_parse(last, &d) == DIGEST_OK) {
		buf_add_json(out, status);
		buf_addf(out, ",\"digest\":\"%s\"", digest_text(&d, text));
	} else {
		buf_add_json(out, view_of(n->step));
	}
	if (n->total > 0)
		buf_addf(out, ",\"total\":%" PRIu64 ",\"completed\":%" PRIu64, n->total,
		        n->done);
	buf_add_char(out, '}');
}

static void send_progress(struct ndjson *n, int64_t now)
{
	struct buf object = BUF_INIT(1024);

	if (n->ollama)
		add_status(n, &object);
	else
		add_step(n, &object);
	send_line(n, "progress", buf_view(&object));
	send_on(n);
	n->told = now;
	n->progressed = true;
	buf_release(&object);
}

static void tell_progress(void *arg, const char *step, uint64_t done, uint64_t total)
{
	struct ndjson *n = arg;
	int64_t now = now_ms();
	/* Clients of Ollama draw a bar for each. */
	bool is_next = n->ollama && strcmp(step, n->step) != 0;
	bool is_end = n->ollama && total > 0 && done == total && n->done != done;

	snprintf(n->step, sizeof(n->step), "%s", step);
	n->done = done;
	n->total = total;
	if (is_next || is_end || !n->progressed || now - n->told >= PROGRESS_MS)
		send_progress(n, now);
}

static void tell_item(void *arg, const char *kind, const char *json_object)
{
	send_line(arg, kind, view_of(json_object));
}

static bool is_cancelled(void *arg)
{
	struct ndjson *n = arg;
	int64_t now = now_ms();

	if (n->over || n->broken || now - n->looked < PROGRESS_MS)
		return n->over || n->broken;
	n->looked = now;
	n->over = reply_is_abandoned(n->x);
	if (!n->over && now - n->told >= SILENCE_MS)
		send_progress(n, now);
	else if (!n->over)
		send_on(n);
	return n->over || n->broken;
}

void ndjson_begin(struct ndjson *n, struct exchange *x)
{
	*n = (struct ndjson){
	        .job = {tell_progress, tell_item, is_cancelled, n},
	        .err = ERR_INIT,
	        .x = x,
	        .step = "start",
	        .told = now_ms(),
	};
}

void ndjson_begin_ollama(struct ndjson *n, struct exchange *x, bool stream)
{
	ndjson_begin(n, x);
	n->ollama = true;
	n->silent = !stream;
}

/* The error becomes that of the exchange, which answers it while there is no head. */
static int end_failed(struct ndjson *n)
{
	struct exchange *x = n->x;
	struct buf object = BUF_INIT(NDJSON_LINE_MAX);

	x->err = n->err;
	if (!x->reply.sent)
		return -1;
	reply_error_object(x, &object);
	err_release(&x->err);
	send_line(n, "error", buf_view(&object));
	send_on(n);
	buf_release(&object);
	return n->broken ? -1 : 0;
}

int ndjson_end(struct ndjson *n, const struct buf *result)
{
	if (n->broken) {
		err_release(&n->err);
		return -1;
	}
	if (n->err.code == ERR_NONE && buf_failed(result))
		err_set(&n->err, ERR_FAULT, "the result outgrew its buffer");
	if (n->err.code != ERR_NONE)
		return end_failed(n);
	if (n->silent)
		return reply_json(n->x, 200, result);
	send_line(n, "result", buf_view(result));
	/* Now, to learn whether there is still somebody to take it. */
	send_on(n);
	return n->broken ? -1 : 0;
}
