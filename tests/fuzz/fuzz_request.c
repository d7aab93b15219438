/*
 * Whole requests through the CGI seam, against the registry with a fresh store. An
 * input is requests one behind the other, separated by a line "--":
 *
 *     PUT /v2/a/manifests/x
 *     CONTENT_TYPE application/json
 *
 *     {"the": "body"}
 *
 * A URI of "@…" is the Location of the last reply that had one, with what follows
 * behind it.
 */
#include "fuzz/fuzz.h"

#include "gateway/serve.h"
#include "routes.h"
#include "support/fixture.h"

#include <assert.h>
#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLES_MAX 32
#define REQUESTS_MAX 16

struct fuzz_request {
	struct gateway gateway; /* the first member: its functions get its address */
	struct {
		char *name, *value;
	} variables[VARIABLES_MAX];
	size_t nvariables;
	struct view body;
	struct buf reply;
};

static char location[4096];
static struct fixture fixture;
static bool is_open, is_used;

static const char *variable(struct gateway *g, const char *name)
{
	struct fuzz_request *r = (struct fuzz_request *)g;

	for (size_t i = 0; i < r->nvariables; i++)
		if (strcmp(r->variables[i].name, name) == 0)
			return r->variables[i].value;
	return NULL;
}

static ssize_t take_body(struct gateway *g, void *bytes, size_t len)
{
	struct fuzz_request *r = (struct fuzz_request *)g;

	if (len > r->body.len)
		len = r->body.len;
	if (len > 0)
		memcpy(bytes, r->body.ptr, len);
	r->body.ptr += len;
	r->body.len -= len;
	return (ssize_t)len;
}

static int take_reply(struct gateway *g, const void *bytes, size_t len)
{
	return buf_add(&((struct fuzz_request *)g)->reply, bytes, len);
}

static int take_flush(struct gateway *g)
{
	(void)g;
	return 0;
}

static bool is_gone(struct gateway *g)
{
	(void)g;
	return false;
}

/* Adds a variable unless there are too many, or it has this one already. */
static void add_variable(struct fuzz_request *r, struct view name, struct view value)
{
	char *copy = strndup(name.ptr, name.len);

	assert(copy);
	if (r->nvariables == VARIABLES_MAX || variable(&r->gateway, copy)) {
		free(copy);
		return;
	}
	r->variables[r->nvariables].name = copy;
	r->variables[r->nvariables].value = strndup(value.ptr, value.len);
	assert(r->variables[r->nvariables++].value);
}

/* The request line: method and URI, of which "@" is the last Location. */
static void read_first_line(struct fuzz_request *r, struct view line)
{
	char uri[sizeof(location) + 4096];
	struct view method, rest;

	view_cut(line, ' ', &method, &rest);
	add_variable(r, VIEW_LIT("REQUEST_METHOD"), method);
	if (view_starts(rest, "@") && rest.len < 4096) {
		snprintf(uri, sizeof(uri), "%s%.*s", location, (int)rest.len - 1,
		        rest.ptr + 1);
		rest = view_of(uri);
	}
	add_variable(r, VIEW_LIT("REQUEST_URI"), rest);
}

/* A web server tells the length of a body; the input may tell another. */
static void add_length(struct fuzz_request *r)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", r->body.len);
	add_variable(r, VIEW_LIT("CONTENT_LENGTH"), view_of(text));
}

static void read_request(struct fuzz_request *r, struct view text)
{
	struct view line, name, value;

	*r = (struct fuzz_request){
	        .gateway = {variable, take_body, take_reply, take_flush, is_gone},
	        .reply = BUF_INIT((size_t)64 << 20),
	};
	view_cut(text, '\n', &line, &text);
	read_first_line(r, line);
	while (view_cut(text, '\n', &line, &text) && line.len > 0) {
		view_cut(line, ' ', &name, &value);
		add_variable(r, name, value);
	}
	r->body = text;
	add_length(r);
}

/* One field: its value is kept where it is a Location. */
static void check_field(struct view line)
{
	struct view name, value;

	assert(view_cut(line, ':', &name, &value) && name.len > 0);
	for (size_t i = 0; i < line.len; i++)
		assert(!iscntrl((unsigned char)line.ptr[i]));
	if (view_is(name, "Location"))
		assert(view_copy(view_trim(value), location, sizeof(location)) == 0);
}

static void check_error(struct view body)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *doc = json_tokener_parse_ex(tok, body.ptr, (int)body.len);

	/* Below /api/ they have the form of Ollama. */
	assert(doc && (json_object_object_get_ex(doc, "errors", NULL) ||
	                      json_object_object_get_ex(doc, "error", NULL)));
	json_object_put(doc);
	json_tokener_free(tok);
}

/* Nothing a client sends is a fault of ours, and what we say of it is well formed. */
static void check_reply(const struct fuzz_request *r, bool head)
{
	struct view line, rest = buf_view(&r->reply);
	size_t length = 0;
	bool stream = false;
	int status;

	if (rest.len == 0)
		return;
	assert(view_starts(rest, "Status: "));
	status = atoi(rest.ptr + 8);
	assert(status >= 200 && status < 500);
	while (view_cut(rest, '\n', &line, &rest) && line.len > 1) {
		assert(line.ptr[line.len - 1] == '\r');
		line.len--;
		check_field(line);
		if (view_starts(line, "Content-Length: "))
			length = strtoul(line.ptr + 16, NULL, 10);
		stream = stream || view_is(line, "Content-Type: application/x-ndjson");
	}
	assert(head ? rest.len == 0 : stream || rest.len == length);
	if (status >= 400 && !head)
		check_error(rest);
}

static void run_request(struct server *server, struct view text)
{
	struct fuzz_request r;
	const char *method;

	read_request(&r, text);
	serve_exchange(&r.gateway, server);
	method = variable(&r.gateway, "REQUEST_METHOD");
	check_reply(&r, strcmp(method, "HEAD") == 0);
	is_used = is_used || (strcmp(method, "HEAD") != 0 && strcmp(method, "GET") != 0);
	buf_release(&r.reply);
	for (size_t i = 0; i < r.nvariables; i++) {
		free(r.variables[i].name);
		free(r.variables[i].value);
	}
}

/* Takes the first request from *input. */
static struct view next_request(struct view *input)
{
	struct view one = *input;
	const char *end = memmem(input->ptr, input->len, "\n--\n", 4);

	if (!end) {
		*input = VIEW_LIT("");
		return one;
	}
	one.len = (size_t)(end - one.ptr);
	input->ptr = end + 4;
	input->len -= one.len + 4;
	return one;
}

static void close_store(void)
{
	if (is_open)
		fixture_close(&fixture);
	is_open = false;
}

/* A store that was only read is as good as a fresh one, and much cheaper. */
static void open_store(void)
{
	struct err err = ERR_INIT;
	static bool registered;

	if (!registered)
		atexit(close_store);
	registered = true;
	if (is_open && !is_used)
		return;
	close_store();
	fixture_open(&fixture);
	assert(config_set(&fixture.config, VIEW_LIT("durability"), VIEW_LIT("relaxed"),
	               "fuzz", &err) == 0);
	is_open = true;
	is_used = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = {(const char *)data, size};
	struct server server = {&fixture.config, &fixture.store, NULL, routes, nroutes};

	open_store();
	strcpy(location, "/");
	for (int i = 0; i < REQUESTS_MAX && input.len > 0; i++)
		run_request(&server, next_request(&input));
	return 0;
}
