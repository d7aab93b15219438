/* The life of a request and of a program: serve_exchange, plain CGI, and serve_main. */
#include "gateway/serve.h"

#include "support/fixture.h"
#include "support/seam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int silent(struct exchange *x)
{
	(void)x;
	return 0;
}

static int without_error(struct exchange *x)
{
	(void)x;
	return -1;
}

static int fails_late(struct exchange *x)
{
	return reply_empty(x, 204) == 0 ? err_set(&x->err, ERR_FAULT, "late") : -1;
}

static int echo(struct exchange *x)
{
	return reply_body(x, 200, "text/plain", buf_view(&x->body));
}

/* Reads nothing of what it could. */
static int unread(struct exchange *x)
{
	return reply_body(x, 200, "text/plain", view_of(x->name.text));
}

static int whole(struct exchange *x)
{
	struct buf all = BUF_INIT((size_t)1 << 20);
	int rc = request_read_all(&x->request, &all, &x->err);

	if (rc == 0)
		rc = reply_body(x, 200, "text/plain", buf_view(&all));
	buf_release(&all);
	return rc;
}

static const struct route table[] = {
        {"GET", "/v2/silent", ACCESS_NONE, BODY_NONE, silent, "-"},
        {"GET", "/v2/without-error", ACCESS_NONE, BODY_NONE, without_error, "-"},
        {"GET", "/v2/fails-late", ACCESS_NONE, BODY_NONE, fails_late, "-"},
        {"PUT", "/v2/memory", ACCESS_NONE, BODY_MEMORY, echo, "-"},
        {"PUT", "/v2/none", ACCESS_NONE, BODY_NONE, echo, "-"},
        {"PUT", "/v2/<name>/unread", ACCESS_NONE, BODY_STREAM, unread, "-"},
        {"PUT", "/v2/whole", ACCESS_NONE, BODY_STREAM, whole, "-"},
};

#define ROWS (sizeof(table) / sizeof(table[0]))

static struct config config;
static struct fixture fixture; /* for the programs in children */

static int setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	fixture_open(&fixture);
	return config_init(&config, &err);
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&fixture);
	config_release(&config);
	return 0;
}

/* One request through serve_exchange; the reply starts with status, and ends with tail.
 */
static void exchange(const char *method, const char *uri, struct view body, bool breaks,
        const char *status, const char *tail)
{
	const char *const variables[] = {
	        "REQUEST_METHOD", method, "REQUEST_URI", uri, NULL};
	struct server server = {&config, NULL, NULL, table, ROWS};
	struct seam s;

	seam_init(&s, variables);
	s.body = body;
	s.breaks = breaks;
	serve_exchange(&s.gateway, &server);
	if (!view_starts(buf_view(&s.reply), status) ||
	        !view_ends(buf_view(&s.reply), tail))
		fail_msg("%s %s gives %s", method, uri, buf_str(&s.reply));
	if (!*status)
		assert_int_equal(s.writes, 0);
	buf_release(&s.reply);
}

static void every_request_has_an_end(void **state)
{
	static char large[(4 << 20) + 1];
	static const struct {
		const char *method, *uri;
		struct view body;
		bool breaks;
		const char *status, *tail;
	} rows[] = {
	        /* A handler that is wrong is a fault, not a silence. */
	        {"GET", "/v2/silent", {"", 0}, false, "Status: 500 ", "}]}"},
	        {"GET", "/v2/without-error", {"", 0}, false, "Status: 500 ", "}]}"},
	        {"GET", "/v2/fails-late", {"", 0}, false, "Status: 204 ", "\r\n\r\n"},
	        {"PUT", "/v2/memory", {"hello", 5}, false, "Status: 200 ",
	                "\r\n\r\nhello"},
	        {"PUT", "/v2/memory", {large, sizeof(large)}, false, "Status: 413 ",
	                "}]}"},
	        {"PUT", "/v2/memory", {large, sizeof(large) - 1}, false, "Status: 200 ",
	                ""},
	        {"PUT", "/v2/none", {"hello", 5}, false, "Status: 200 ", "\r\n\r\n"},
	        {"PUT", "/v2/a/b/unread", {"hello", 5}, false, "Status: 200 ",
	                "\r\n\r\na/b"},
	        {"PUT", "/v2/whole", {"hello", 5}, false, "Status: 200 ",
	                "\r\n\r\nhello"},
	        /* The peer has gone: there is nobody to tell. */
	        {"PUT", "/v2/whole", {"hello", 5}, true, "", ""},
	        {"PUT", "/v2/memory", {"hello", 5}, true, "", ""},
	        {"GET", "/v2/memory", {"", 0}, false, "Status: 405 ", "}]}"},
	        {"GET", "/v2/else", {"", 0}, false, "Status: 404 ", "}]}"},
	        {"GET", "/v2/../x", {"", 0}, false, "Status: 400 ", "}]}"},
	        {"GET", "", {"", 0}, false, "Status: 400 ", "}]}"},
	        {"", "/v2/silent", {"", 0}, false, "Status: 405 ", "}]}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		exchange(rows[i].method, rows[i].uri, rows[i].body, rows[i].breaks,
		        rows[i].status, rows[i].tail);
}

static void request_ids_differ(void **state)
{
	static const char *const variables[] = {
	        "REQUEST_METHOD", "GET", "REQUEST_URI", "/v2/silent", NULL};
	struct server server = {&config, NULL, NULL, table, ROWS};
	char ids[2][17];

	(void)state;
	for (int i = 0; i < 2; i++) {
		const char *at;
		struct seam s;

		seam_init(&s, variables);
		serve_exchange(&s.gateway, &server);
		at = strstr(buf_str(&s.reply), "\"request\":\"");
		assert_non_null(at);
		snprintf(ids[i], sizeof(ids[i]), "%s", at + strlen("\"request\":\""));
		assert_int_equal(strspn(ids[i], "0123456789abcdef"), 16);
		buf_release(&s.reply);
	}
	assert_string_not_equal(ids[0], ids[1]);
}

/* A program in a child process: variables, standard input, standard output. */
struct run {
	const char *variables[12];
	const char *arguments[8]; /* after the program's name */
	struct view input;
	bool input_stays_open;
	char output[8192];
	int status;
};

static void run_child(const struct run *r, const int in[2], const int out[2])
{
	char *argv[10] = {(char[]){"/x/program"}};
	int argc = 1, status;

	for (const char *const *v = r->variables; *v; v += 2)
		setenv(v[0], v[1], 1);
	for (const char *const *a = r->arguments; *a; a++)
		argv[argc++] = strdup(*a);
	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	dup2(out[1], STDERR_FILENO);
	close(in[1]);
	/* _exit: what cmocka holds is no leak of the program's. */
	status = serve_main(argc, argv, table, ROWS);
	fflush(NULL);
	_exit(status);
}

static void run(struct run *r)
{
	size_t len = 0;
	ssize_t n;
	pid_t pid;
	int in[2], out[2];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		run_child(r, in, out);
	close(out[1]);
	assert_int_equal(write(in[1], r->input.ptr, r->input.len), r->input.len);
	if (!r->input_stays_open)
		close(in[1]);
	while ((n = read(out[0], r->output + len, sizeof(r->output) - 1 - len)) > 0)
		len += (size_t)n;
	r->output[len] = '\0';
	assert_int_equal(waitpid(pid, &r->status, 0), pid);
	r->status = WIFEXITED(r->status) ? WEXITSTATUS(r->status) : -1;
	close(out[0]);
	close(in[0]);
	if (r->input_stays_open)
		close(in[1]);
}

static void expect_output(const struct run *r, const char *start, const char *tail)
{
	if (!view_starts(view_of(r->output), start) ||
	        !view_ends(view_of(r->output), tail))
		fail_msg("output is '%s'", r->output);
}

/* Runs with a store; set: one more setting. */
static void run_cgi(struct run *r, const char *set)
{
	char root[100];

	snprintf(root, sizeof(root), "root=%s", fixture.dir);
	r->arguments[0] = "--set";
	r->arguments[1] = root;
	r->arguments[2] = "--set";
	r->arguments[3] = set;
	run(r);
}

static void cgi_bodies(void **state)
{
	static const struct {
		const char *length, *input, *start, *tail;
		bool stays_open;
	} rows[] = {
	        {"5", "hello", "Status: 200 OK\r\n", "\r\n\r\nhello", false},
	        /* Without a length: to the end of the input. */
	        {"", "hello", "Status: 200 OK\r\n", "\r\n\r\nhello", false},
	        /* With one: no further, for there may be no end. */
	        {"5", "hello", "Status: 200 OK\r\n", "\r\n\r\nhello", true},
	        {"3", "hello", "Status: 200 OK\r\n", "\r\n\r\nhel", true},
	        {"0", "", "Status: 200 OK\r\n", "\r\n\r\n", true},
	        {"x", "hello", "Status: 400 Bad Request\r\n", "}]}", true},
	        /* Short: it is told. Stalled: no reply. */
	        {"6", "hello", "Status: 400 Bad Request\r\n", "}]}", false},
	        {"6", "hello", "", "", true},
	        {"", "hello", "", "", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run r = {
		        .variables = {"REQUEST_METHOD", "PUT", "REQUEST_URI", "/v2/whole",
		                "CONTENT_LENGTH", rows[i].length, NULL},
		        .input = view_of(rows[i].input),
		        .input_stays_open = rows[i].stays_open,
		};

		run_cgi(&r, "receive-timeout=1s");
		expect_output(&r, rows[i].start, rows[i].tail);
		if (!*rows[i].start)
			assert_string_equal(r.output, "");
		assert_int_equal(r.status, 0);
	}
}

static void check_and_dump(void **state)
{
	struct run check = {.arguments = {"--check", "--set", "root=/r"}};
	struct run bad = {.arguments = {"--set", "root=relative", "--check"}};
	struct run dump = {
	        .arguments = {"--set", "root=/r", "--set", "blob-limit=1GiB", "--dump"}};
	struct run help = {.arguments = {"--help"}};

	(void)state;
	run(&check);
	expect_output(&check, "ok\n", "ok\n");
	assert_int_equal(check.status, 0);
	run(&bad);
	assert_non_null(strstr(bad.output, "root"));
	assert_int_equal(bad.status, 1);
	run(&dump);
	assert_non_null(strstr(dump.output, "root = /r\n"));
	assert_non_null(strstr(dump.output, "blob-limit = 1GiB\n"));
	assert_int_equal(dump.status, 0);
	run(&help);
	expect_output(&help, "usage: program ", "");
	assert_non_null(strstr(help.output, "blob-limit"));
	assert_int_equal(help.status, 0);
}

static void bad_usage(void **state)
{
	static const char *const rows[][3] = {
	        {"--what"}, {"x"}, {"--conf"}, {"--set"}, {"--check", "--conf"}, {""}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run r = {.arguments = {rows[i][0], rows[i][1]}};

		run(&r);
		expect_output(&r, "usage: program ", "");
		assert_int_equal(r.status, 2);
	}
}

static void settings_from_a_file(void **state)
{
	char path[] = "/tmp/gateway-XXXXXX";
	int fd = mkstemp(path);
	struct run named = {.arguments = {"--conf", path, "--check"}};
	struct run inherited = {
	        .variables = {"LIGHTER_CONF", path}, .arguments = {"--check"}};
	struct run set = {.arguments = {"--set", "root=/s", "--conf", path, "--dump"}};

	(void)state;
	assert_true(fd >= 0);
	dprintf(fd, "root = /r\n");
	run(&named);
	assert_int_equal(named.status, 0);
	run(&inherited);
	assert_int_equal(inherited.status, 0);
	/* What is set wins, wherever it stands. */
	run(&set);
	assert_non_null(strstr(set.output, "root = /s\n"));
	dprintf(fd, "nonsense\n");
	run(&named);
	assert_int_equal(named.status, 1);
	assert_non_null(strstr(named.output, path));
	assert_non_null(strstr(named.output, "2"));
	close(fd);
	unlink(path);
}

/* A web server that runs us with bad settings gets an answer; the reason is in its log.
 */
static void bad_settings_under_a_web_server(void **state)
{
	struct run r = {
	        .variables = {"REQUEST_METHOD", "GET", "REQUEST_URI", "/v2/",
	                "LIGHTER_CONF", "/nonexistent/lighter.conf", NULL},
	};
	struct run alone = {
	        .variables = {"LIGHTER_CONF", "/nonexistent/lighter.conf", NULL}};

	(void)state;
	run(&r);
	assert_int_equal(r.status, 1);
	assert_non_null(strstr(r.output, "program: "));
	assert_non_null(strstr(r.output, "Status: 500 Internal Server Error\r\n"));
	assert_non_null(strstr(r.output, "{\"errors\":[{\"code\":\"UNKNOWN\""));
	run(&alone);
	assert_int_equal(alone.status, 1);
	assert_null(strstr(alone.output, "Status:"));
}

/* RFC 3875 section 4.4: the words of a query come as arguments, and are no options. */
static void query_words_are_no_options(void **state)
{
	struct run r = {
	        .variables = {"REQUEST_METHOD", "GET", "REQUEST_URI", "/v2/?--dump",
	                "QUERY_STRING", "--dump", "LIGHTER_CONF", "/nonexistent", NULL},
	        .arguments = {"--dump"},
	};

	(void)state;
	run(&r);
	assert_null(strstr(r.output, "blob-limit"));
	assert_non_null(strstr(r.output, "Status: 500 "));
}

static void listening_descriptors(void **state)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_false(gateway_is_listening(-1));
	assert_false(gateway_is_listening(s));
	close(s);
	s = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(listen(s, 1), 0);
	assert_true(gateway_is_listening(s));
	close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_request_has_an_end),
	        cmocka_unit_test(request_ids_differ),
	        cmocka_unit_test(cgi_bodies),
	        cmocka_unit_test(check_and_dump),
	        cmocka_unit_test(bad_usage),
	        cmocka_unit_test(settings_from_a_file),
	        cmocka_unit_test(bad_settings_under_a_web_server),
	        cmocka_unit_test(query_words_are_no_options),
	        cmocka_unit_test(listening_descriptors),
	};

	unsetenv("LIGHTER_CONF");
	return cmocka_run_group_tests(tests, setup, teardown);
}
