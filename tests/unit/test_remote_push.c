/* Pushing to another registry: in which order, in how many requests, and what is spared. */
#include "service/remote_push.h"

#include "base/num.h"
#include "support/documents.h"
#include "support/values.h"
#include "support/web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LAYER "the content of a layer"

struct stage {
	struct fixture f;
	struct web web;
	bool has_all;      /* every blob is there */
	bool mounts;
	bool docker_field; /* a second field beside Location counts */
	unsigned fail;     /* so many requests with a body are answered 500 */
	bool fail_parts;   /* but only PATCH */
	const char *location; /* of sessions: "" for an absolute one */
	char requests[8192];
	struct buf session, blob, manifest;
	char log[4096];
	bool cancelled;
	struct remotes rules;
	struct repo_name repo;
	struct err err;
};

static struct stage st;

static void note(const struct web_request *q)
{
	size_t n = strlen(st.requests);
	const char *range = web_field(q, "Content-Range");

	/* Digests are of no interest here. */
	snprintf(st.requests + n, sizeof(st.requests) - n, "%s %.*s%s%s\n", q->method,
	        (int)strcspn(q->target, ":"), q->target, *range ? " " : "", range);
}

static void add_location(struct web_reply *out)
{
	const char *field = st.docker_field ? "Docker-Upload-Location" : "Location";

	if (st.docker_field)
		buf_add_str(&out->fields, "Location: http://other.example/\r\n");
	if (*st.location)
		buf_addf(&out->fields, "%s: %s\r\n", field, st.location);
	else
		buf_addf(&out->fields, "%s: http://%s/session?state=x%%2Fy\r\n", field,
		        st.web.host);
}

static void take(const struct web_request *q, struct web_reply *out)
{
	if (st.fail > 0 && (!st.fail_parts || strcmp(q->method, "PATCH") == 0)) {
		st.fail--;
		out->status = 500;
		return;
	}
	buf_add_view(&st.session, buf_view(&q->body));
	out->status = 202;
	add_location(out);
	if (strcmp(q->method, "PUT") != 0)
		return;
	out->status = 201;
	buf_add_view(&st.blob, buf_view(&st.session));
	buf_clear(&st.session);
}

static void answer(void *arg, const struct web_request *q, struct web_reply *out)
{
	(void)arg;
	note(q);
	if (strstr(q->target, "/manifests/")) {
		out->status = strcmp(q->method, "PUT") == 0 ? 201 : 404;
		buf_clear(&st.manifest);
		buf_addf(&st.manifest, "%s ", web_field(q, "Content-Type"));
		buf_add_view(&st.manifest, buf_view(&q->body));
	} else if (strcmp(q->method, "HEAD") == 0) {
		out->status = st.has_all ? 200 : 404;
	} else if (strcmp(q->method, "POST") == 0) {
		out->status = st.mounts ? 201 : 202;
		buf_clear(&st.session);
		add_location(out);
	} else if (strcmp(q->method, "GET") == 0) {
		out->status = 204;
		buf_addf(&out->fields, "Range: 0-%zu\r\n",
		        st.session.len ? st.session.len - 1 : 0);
		add_location(out);
	} else {
		take(q, out);
	}
}

static void report(void *arg, const char *step, uint64_t done, uint64_t total)
{
	size_t n = strlen(st.log);

	(void)arg;
	/* Of a blob the verb only. */
	if (done == total)
		snprintf(st.log + n, sizeof(st.log) - n, "%.*s\n", total > 0 ? 7 : 100,
		        step);
}

static bool is_cancelled(void *arg)
{
	(void)arg;
	return st.cancelled;
}

static int push(const char *options, const char *tag)
{
	const struct job job = {report, NULL, is_cancelled, NULL};
	const struct remote_settings settings = {
	        &st.rules, NULL, NULL, NULL, true, 5, is_cancelled, NULL};
	const struct reference ref = by_tag(tag);
	const struct remote_push p = {&st.f.store, &st.repo, &ref, NULL, &job};
	struct remote r = REMOTE_INIT;
	char text[256];
	struct remote_name n;
	int rc;

	err_release(&st.err);
	remotes_release(&st.rules);
	st.log[0] = st.requests[0] = '\0';
	snprintf(text, sizeof(text), "%s insecure private %s\n", st.web.host, options);
	assert_int_equal(remotes_parse(view_of(text), "remotes", &st.rules, &st.err), 0);
	snprintf(text, sizeof(text), "%s/up/model:there", st.web.host);
	assert_int_equal(remote_name_parse(view_of(text), NULL, &n), 0);
	rc = remote_open(&r, &settings, &n, &st.err);
	if (rc == 0)
		rc = remote_push(&r, &p, &st.err);
	remote_close(&r);
	return rc;
}

static void make_image(void)
{
	struct document doc = document_image(LAYER, NULL);

	doc.tags[0] = "1";
	plant_blob(&st.f, st.repo.text, "{}");
	plant_blob(&st.f, st.repo.text, LAYER);
	assert_int_equal(document_push(&st.f, &st.repo, &doc, &st.err), 0);
}

/* Leaves the values of queries out. */
static void trim_queries(void)
{
	char out[sizeof(st.requests)] = "";
	struct view rest = view_of(st.requests), line, path, query;
	size_t n = 0;

	while (rest.len > 0) {
		view_cut(rest, '\n', &line, &rest);
		if (view_cut(line, '=', &path, &query))
			line = path;
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s\n", VIEW_ARG(line));
	}
	memcpy(st.requests, out, sizeof(out));
}

static void each_blob_and_then_the_manifest(void **state)
{
	(void)state;
	make_image();
	st.location = "/session";
	assert_int_equal(push("", "1"), 0);
	trim_queries();
	assert_string_equal(st.requests, "HEAD /v2/up/model/blobs/sha256\n"
	                                 "POST /v2/up/model/blobs/uploads/?mount\n"
	                                 "PUT /session?digest\n"
	                                 "HEAD /v2/up/model/blobs/sha256\n"
	                                 "POST /v2/up/model/blobs/uploads/?mount\n"
	                                 "PUT /session?digest\n"
	                                 "PUT /v2/up/model/manifests/there\n");
	assert_non_null(strstr(buf_str(&st.blob), LAYER));
	assert_non_null(strstr(buf_str(&st.blob), "{}"));
	assert_true(view_starts(buf_view(&st.manifest), MEDIA_OCI_MANIFEST " {"));
	assert_string_equal(st.log, "retrieving manifest\npushing\npushing\n"
	                            "pushing manifest\n");
}

static void what_is_there_is_not_sent(void **state)
{
	(void)state;
	make_image();
	st.has_all = true;
	assert_int_equal(push("", "1"), 0);
	assert_string_equal(st.requests, "HEAD /v2/up/model/blobs/sha256\n"
	                                 "HEAD /v2/up/model/blobs/sha256\n"
	                                 "PUT /v2/up/model/manifests/there\n");
	st.has_all = false;
	st.mounts = true;
	assert_int_equal(push("", "1"), 0);
	assert_int_equal(st.blob.len, 0);
}

static void every_form_of_a_location(void **state)
{
	static const char *const rows[] = {"", "/session", "../session?a=b", "session/"};

	(void)state;
	make_image();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(&st.blob);
		st.location = rows[i];
		st.docker_field = i % 2;
		assert_int_equal(push("", "1"), 0);
		assert_int_equal(st.blob.len, strlen(LAYER) + 2);
	}
	/* The query that a session has is kept as it is. */
	st.location = "";
	assert_int_equal(push("", "1"), 0);
	assert_non_null(strstr(st.requests, "PUT /session?state=x%2Fy&digest=sha256%3A"));
	st.docker_field = false;
	st.location = "http://127.0.0.1:1/elsewhere";
	assert_int_equal(push("", "1"), -1);
	assert_int_equal(st.err.code, ERR_DENIED);
}

static void failures_are_tried_again(void **state)
{
	(void)state;
	make_image();
	st.location = "/session";
	st.fail = 2;
	assert_int_equal(push("", "1"), 0);
	assert_int_equal(st.blob.len, strlen(LAYER) + 2);
}

static void in_parts(void **state)
{
	(void)state;
	make_image();
	st.location = "/session";
	st.fail = 1;
	st.fail_parts = true;
	assert_int_equal(push("chunk=10", "1"), 0);
	assert_non_null(strstr(st.requests, "PATCH /session 0-9\n"));
	assert_non_null(strstr(st.requests, "PATCH /session 10-19\n"));
	assert_non_null(strstr(st.requests, "PATCH /session 20-21\n"));
	assert_non_null(strstr(st.requests, "GET /session\n"));
	assert_int_equal(st.blob.len, strlen(LAYER) + 2);
	assert_non_null(strstr(buf_str(&st.blob), LAYER));
}

static void an_index_comes_last(void **state)
{
	struct document doc, index;
	struct digest child;
	char *at;

	(void)state;
	make_image();
	doc = document_image(LAYER, NULL);
	child = document_digest(&doc);
	index = document_index(&child, strlen(doc.text));
	index.tags[0] = "multi";
	assert_int_equal(document_push(&st.f, &st.repo, &index, &st.err), 0);
	st.location = "/session";
	assert_int_equal(push("", "multi"), 0);
	assert_true(strncmp(st.requests, "HEAD /v2/up/model/manifests/sha256\n", 35) == 0);
	at = strstr(st.requests, "PUT /v2/up/model/manifests/sha256\n");
	assert_non_null(at);
	assert_non_null(strstr(at, "PUT /v2/up/model/manifests/there\n"));
	assert_int_equal(st.blob.len, strlen(LAYER) + 2);
}

static void what_we_do_not_have(void **state)
{
	(void)state;
	make_image();
	assert_int_equal(push("", "none"), -1);
	assert_int_equal(st.err.code, ERR_MANIFEST_UNKNOWN);
	assert_string_equal(st.requests, "");
	st.cancelled = true;
	assert_int_equal(push("", "1"), -1);
	assert_int_equal(st.err.code, ERR_GONE);
	assert_string_equal(st.requests, "");
}

static int set_up(void **state)
{
	(void)state;
	memset(&st, 0, sizeof(st));
	fixture_open(&st.f);
	st.repo = as_repo("team/model");
	st.location = "";
	st.session = st.blob = st.manifest = BUF_INIT(1 << 20);
	web_start(&st.web, answer, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	web_stop(&st.web);
	remotes_release(&st.rules);
	err_release(&st.err);
	buf_release(&st.session);
	buf_release(&st.blob);
	buf_release(&st.manifest);
	fixture_close(&st.f);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(each_blob_and_then_the_manifest),
	        TEST(what_is_there_is_not_sent),
	        TEST(every_form_of_a_location),
	        TEST(failures_are_tried_again),
	        TEST(in_parts),
	        TEST(an_index_comes_last),
	        TEST(what_we_do_not_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
