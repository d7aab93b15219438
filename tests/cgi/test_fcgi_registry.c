/* The registry behind a FastCGI socket: what reaches the store through the whole path. */
#include "support/peer.h"

#include "gateway/serve.h"
#include "routes.h"
#include "support/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REQUEST_MAX ((size_t)1 << 20)

struct registry {
	struct fixture fixture;
	struct server server;
	struct peer peer;
};

static int setup_registry(void **state)
{
	struct registry *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	fixture_open(&r->fixture);
	r->server =
	        (struct server){&r->fixture.config, &r->fixture.store, NULL, routes,
			nroutes};
	peer_start(&r->peer, 60, serve_exchange, &r->server);
	*state = r;
	return 0;
}

static int teardown_registry(void **state)
{
	struct registry *r = *state;
	int status = peer_stop(&r->peer);

	fixture_close(&r->fixture);
	free(r);
	return status;
}

static void send_http(struct peer *p, const char *method, const char *uri,
        const char *length, struct view body, bool unfinished)
{
	struct buf out = BUF_INIT(REQUEST_MAX), pairs = BUF_INIT(REQUEST_MAX);

	peer_add_pair(&pairs, "REQUEST_METHOD", method);
	peer_add_pair(&pairs, "REQUEST_URI", uri);
	peer_add_pair(&pairs, "CONTENT_LENGTH", length);
	peer_add_begin(&out, true);
	peer_add_stream(&out, PEER_PARAMS, buf_view(&pairs), 65000);
	if (unfinished)
		peer_add_record(&out, PEER_STDIN, body, 0);
	else
		peer_add_stream(&out, PEER_STDIN, body, 65000);
	peer_send(p, buf_view(&out));
	buf_release(&out);
	buf_release(&pairs);
}

static void expect_status(struct peer *p, const char *status, struct peer_reply *reply)
{
	peer_read(p, reply);
	assert_true(reply->complete);
	if (!view_starts(buf_view(&reply->content), status))
		fail_msg("not %s but %s", status, buf_str(&reply->content));
}

static void registry_answers(void **state)
{
	struct peer_reply reply = PEER_REPLY_INIT;
	struct registry *r = *state;
	struct peer *p = &r->peer;

	peer_connect(p);
	send_http(p, "GET", "/v2/", "", VIEW_LIT(""), false);
	expect_status(p, "Status: 200 OK\r\n", &reply);
	send_http(p, "GET", "/v2/a/manifests/none", "", VIEW_LIT(""), false);
	expect_status(p, "Status: 404 Not Found\r\n", &reply);
	assert_non_null(strstr(buf_str(&reply.content), "MANIFEST_UNKNOWN"));
	send_http(p, "PUT", "/v2/a/manifests/x", "99999999", VIEW_LIT("{"), true);
	expect_status(p, "Status: 413 Content Too Large\r\n", &reply);
	assert_true(peer_is_closed(p));
	buf_release(&reply.content);
}

/* Reads the session's URI from a reply that has it as Location. */
static void take_location(const struct peer_reply *reply, char *out, size_t size)
{
	const char *at = strstr(buf_str(&reply->content), "\r\nLocation: ");

	assert_non_null(at);
	at += strlen("\r\nLocation: ");
	snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
}

/* What arrived before a client vanished is kept and reported (OCI end-13). */
static void vanished_upload_is_kept(void **state)
{
	struct peer_reply reply = PEER_REPLY_INIT;
	struct registry *r = *state;
	struct peer *p = &r->peer;
	char uri[512];

	peer_connect(p);
	send_http(p, "POST", "/v2/a/blobs/uploads/", "0", VIEW_LIT(""), false);
	expect_status(p, "Status: 202 Accepted\r\n", &reply);
	take_location(&reply, uri, sizeof(uri));
	send_http(p, "PATCH", uri, "100", VIEW_LIT("0123456789"), true);
	peer_disconnect(p);
	/* One worker: it takes this when it has given up the other. */
	peer_connect(p);
	send_http(p, "GET", uri, "", VIEW_LIT(""), false);
	expect_status(p, "Status: 204 No Content\r\n", &reply);
	assert_non_null(strstr(buf_str(&reply.content), "\r\nRange: 0-9\r\n"));
	buf_release(&reply.content);
}

#define REGISTRY_TEST(f)                                                                 \
	cmocka_unit_test_setup_teardown(f, setup_registry, teardown_registry)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        REGISTRY_TEST(registry_answers),
	        REGISTRY_TEST(vanished_upload_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
