/* The life of a program: arguments, settings, store, and the way requests come in. */
#include "gateway/serve.h"

#include "base/log.h"
#include "gateway/auth_setup.h"
#include "gateway/origin.h"
#include "gateway/upkeep.h"
#include "store/store.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The first descriptor of socket activation, sd_listen_fds(3). */
#define ACTIVATION_FD 3

enum action { ACTION_SERVE, ACTION_CHECK, ACTION_DUMP, ACTION_HELP };

struct options {
	enum action action;
	const char *conf; /* NULL: none */
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void print_usage(FILE *to, const char *program)
{
	fprintf(to,
	        "usage: %s [--conf FILE] [--set NAME=VALUE]... [--check | --dump | "
	        "--help]\n"
	        "\n"
	        "Serves its part of the registry: FastCGI when descriptor 0 is a "
	        "listening socket\n"
	        "(or descriptor 3, by socket activation), else one CGI request.\n"
	        "\n"
	        "  --conf FILE       reads settings; default: the environment's "
	        "LIGHTER_CONF,\n"
	        "                    and for CGI lighter.conf beside the program\n"
	        "  --set NAME=VALUE  a setting, over those of the file\n"
	        "  --check           says whether the settings are good, and ends\n"
	        "  --dump            prints the effective settings, and ends\n",
	        base_name(program));
}

/*
 * A web server hands a CGI program the words of a query without '=' as arguments (RFC
 * 3875 section 4.4): they are a client's and no options.
 */
static bool arguments_are_a_query(void)
{
	const char *query = getenv("QUERY_STRING");

	return getenv("REQUEST_METHOD") && query && *query && !strchr(query, '=');
}

/*
 * The file of settings that no argument names. Plain CGI without LIGHTER_CONF takes the one
 * that stands beside the program, wherever somebody has put the two; NULL: none.
 */
static const char *default_conf(char beside[PATH_MAX])
{
	const char *conf = getenv("LIGHTER_CONF"), *program = getenv("SCRIPT_FILENAME");
	struct view dir, name;

	if (conf || !program || program[0] != '/')
		return conf;
	view_cut_last(view_of(program), '/', &dir, &name);
	if (dir.len + sizeof("/lighter.conf") > PATH_MAX)
		return NULL;
	snprintf(beside, PATH_MAX, "%.*s/lighter.conf", VIEW_ARG(dir));
	return beside;
}

/* Reads all but the values of --set. 0, or -1 when the arguments are none of ours. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct {
		const char *name;
		enum action action;
	} actions[] = {{"--check", ACTION_CHECK}, {"--dump", ACTION_DUMP},
	        {"--help", ACTION_HELP}};

	for (int i = 1; i < argc; i++) {
		bool value =
		        strcmp(argv[i], "--conf") == 0 || strcmp(argv[i], "--set") == 0;
		bool known = value;

		if (value && i + 1 == argc)
			return -1;
		if (strcmp(argv[i], "--conf") == 0)
			o->conf = argv[i + 1];
		for (size_t k = 0; k < sizeof(actions) / sizeof(actions[0]); k++) {
			if (strcmp(argv[i], actions[k].name) != 0)
				continue;
			o->action = actions[k].action;
			known = true;
		}
		if (!known)
			return -1;
		i += value;
	}
	return 0;
}

static int set_options(struct config *c, int argc, char **argv, struct err *err)
{
	struct view name, value;

	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "--conf") == 0)
			i++;
		if (strcmp(argv[i], "--set") != 0)
			continue;
		if (!view_cut(view_of(argv[++i]), '=', &name, &value))
			return err_set(err, ERR_BAD_REQUEST,
			        "--set: '%s' is not NAME=VALUE", argv[i]);
		if (config_set(c, view_trim(name), view_trim(value), "--set", err) != 0)
			return -1;
	}
	return 0;
}

static int load(
        struct config *c, const struct options *o, int argc, char **argv, struct err *err)
{
	if (config_init(c, err) != 0)
		return -1;
	if (o->conf && config_read(c, o->conf, err) != 0)
		return -1;
	if (set_options(c, argc, argv, err) != 0)
		return -1;
	if (config_check(c, err) != 0)
		return -1;
	return origin_check_settings(c, err);
}

/* The descriptor to accept on, or -1: then we are plain CGI. */
static int find_listener(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

	if (gateway_is_listening(STDIN_FILENO))
		return STDIN_FILENO;
	if (pid && count && strtol(pid, NULL, 10) == (long)getpid() &&
	        strtol(count, NULL, 10) > 0 && gateway_is_listening(ACTIVATION_FD))
		return ACTIVATION_FD;
	return -1;
}

/* One request, and now and then some upkeep that nobody waits for. */
static void serve_cgi(unsigned timeout, struct server *s)
{
	gateway_cgi_run(timeout, serve_exchange, s);
	if (upkeep_is_due(s->config))
		upkeep_run(s->store, s->config);
}

static int serve_requests(
        struct config *c, const struct route *routes, size_t nroutes, struct err *err)
{
	struct store store = STORE_INIT;
	struct auth auth = AUTH_INIT;
	struct server server = {c, &store, c->auth ? &auth : NULL, routes, nroutes};
	unsigned timeout =
	        c->receive_timeout > UINT_MAX ? UINT_MAX : (unsigned)c->receive_timeout;
	int listener = find_listener();
	int rc = 0;

	log_set_level((enum log_level)c->log_level);
	if (store_open(&store, c, err) != 0)
		return -1;
	if (auth_setup_open(&auth, c, store.root, (int64_t)time(NULL), err) != 0)
		rc = -1;
	else if (listener < 0)
		serve_cgi(timeout, &server);
	else if (gateway_fcgi_run(listener, timeout, serve_exchange, &server) != 0)
		rc = err_io(err, "the socket at descriptor %d cannot be used", listener);
	auth_close(&auth);
	store_close(&store);
	return rc;
}

static int print_settings(const struct config *c, enum action action, const char *program)
{
	struct buf out = BUF_INIT((size_t)1 << 20);

	if (action == ACTION_CHECK) {
		buf_add_str(&out, "ok\n");
	} else if (action == ACTION_DUMP) {
		config_dump(c, &out);
	} else {
		print_usage(stdout, program);
		buf_add_str(&out, "\nSettings:\n");
		config_help(&out);
	}
	fputs(buf_str(&out), stdout);
	buf_release(&out);
	return fflush(stdout) == 0 ? 0 : 1;
}

/*
 * A web server that started us as CGI is told in the protocol's form; the reason is for
 * the log.
 */
static void report(const char *program, struct err *err)
{
	fprintf(stderr, "%s: %s\n", base_name(program), err->text);
	if (getenv("REQUEST_METHOD") && find_listener() < 0)
		gateway_cgi_run(0, serve_failure, err);
}

int serve_main(int argc, char **argv, const struct route *routes, size_t nroutes)
{
	char beside[PATH_MAX];
	struct options o = {ACTION_SERVE, default_conf(beside)};
	struct config config = {0};
	struct err err = ERR_INIT;
	int status;

	if (arguments_are_a_query())
		argc = 1;
	if (read_options(argc, argv, &o) != 0) {
		print_usage(stderr, argv[0]);
		return 2;
	}
	if (o.action == ACTION_HELP)
		return print_settings(&config, o.action, argv[0]);
	status = load(&config, &o, argc, argv, &err) == 0 ? 0 : 1;
	if (status == 0 && o.action == ACTION_CHECK &&
	        auth_setup_check(&config, (int64_t)time(NULL), &err) != 0)
		status = 1;
	if (status == 0 && o.action != ACTION_SERVE)
		status = print_settings(&config, o.action, argv[0]);
	else if (status == 0 && serve_requests(&config, routes, nroutes, &err) != 0)
		status = 1;
	if (err.code != ERR_NONE && o.action == ACTION_SERVE)
		report(argv[0], &err);
	else if (err.code != ERR_NONE)
		printf("%s\n", err.text);
	config_release(&config);
	err_release(&err);
	return status;
}
