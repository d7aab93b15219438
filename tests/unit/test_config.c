/* Settings: values, limits, files, messages, and the way back from a dump. */
#include "base/config.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB (1ULL << 20)

struct file {
	char dir[256];
	char path[272];
};

static void file_write(struct file *f, const char *text, size_t len)
{
	const char *tmp = getenv("TMPDIR");
	FILE *out;

	snprintf(f->dir, sizeof(f->dir), "%s/lighter-config-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/c.conf", f->dir);
	out = fopen(f->path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
}

static void file_remove(struct file *f)
{
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(rmdir(f->dir), 0);
}

static int read_text(struct config *c, const char *text, struct err *err)
{
	struct file f;
	int rc;

	file_write(&f, text, strlen(text));
	rc = config_read(c, f.path, err);
	if (rc != 0) {
		/* The directory is another one each time: only the rest is compared. */
		size_t skip = strlen(f.dir) + 1;

		assert_memory_equal(err->text, f.path, skip);
		memmove(err->text, err->text + skip, strlen(err->text + skip) + 1);
	}
	file_remove(&f);
	return rc;
}

static void start(struct config *c)
{
	struct err err = ERR_INIT;

	assert_int_equal(config_init(c, &err), 0);
}

static void defaults_are_safe(void **state)
{
	struct config c;

	(void)state;
	start(&c);
	assert_string_equal(c.root, "");
	assert_string_equal(c.public_url, "");
	assert_false(c.auth);
	assert_false(c.trust_remote_user);
	assert_int_equal(c.durability, DURABILITY_FULL);
	assert_int_equal(c.sendfile, SENDFILE_COPY);
	assert_int_equal(c.manifest_limit, 4 * MIB);
	assert_int_equal(c.blob_limit, 0);
	assert_int_equal(c.page_limit, 10000);
	assert_false(c.accept_sparse);
	assert_int_equal(c.receive_timeout, 60);
	assert_int_equal(c.lock_wait, 10);
	assert_int_equal(c.gc_grace, 86400);
	assert_int_equal(c.log_level, LOG_LEVEL_WARN);
	config_release(&c);
	config_release(&c);
}

static void values(void **state)
{
	static const struct {
		const char *name, *value;
		int want;
	} rows[] = {
		{"root", "/srv/a b", 0},
		{"root", "", 0},
		{"root", "/a#b", -1},
		{"root", "/a\nb", -1},
		{"root", "/a\x7f", -1},
		{"durability", "full", 0},
		{"durability", "relaxed", 0},
		{"durability", "Full", -1},
		{"durability", "", -1},
		{"sendfile", "copy", 0},
		{"sendfile", "x-sendfile", 0},
		{"sendfile", "x-accel", 0},
		{"sendfile", "x", -1},
		{"manifest-limit", "4MiB", 0},
		{"manifest-limit", "64M", 0},
		{"manifest-limit", "5000000", 0},
		{"manifest-limit", "4194303", -1},
		{"manifest-limit", "65MiB", -1},
		{"manifest-limit", "-1", -1},
		{"manifest-limit", "", -1},
		{"blob-limit", "0", 0},
		{"blob-limit", "1TiB", 0},
		{"blob-limit", "9223372036854775808", -1},
		{"page-limit", "1", 0},
		{"page-limit", "100000", 0},
		{"page-limit", "0", -1},
		{"page-limit", "100001", -1},
		{"page-limit", "1K", -1},
		{"accept-sparse", "on", 0},
		{"accept-sparse", "off", 0},
		{"accept-sparse", "yes", -1},
		{"accept-sparse", "1", -1},
		{"receive-timeout", "1", 0},
		{"receive-timeout", "5m", 0},
		{"receive-timeout", "0", -1},
		{"receive-timeout", "2d", -1},
		{"lock-wait", "0", 0},
		{"lock-wait", "500ms", -1},
		{"gc-grace", "30d", 0},
		{"log-level", "debug", 0},
		{"log-level", "trace", -1},
		{"nonsense", "1", -1},
		{"", "1", -1},
		{"Root", "/x", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		struct config c;
		int got;

		start(&c);
		got = config_set(
			&c, view_of(rows[i].name), view_of(rows[i].value), "--set", &err);
		if (got != rows[i].want)
			fail_msg("%s = %s: %d %s", rows[i].name, rows[i].value, got,
				err.text);
		assert_int_equal(err.code, got == 0 ? ERR_NONE : ERR_BAD_REQUEST);
		config_release(&c);
	}
}

static void a_value_arrives_in_its_field(void **state)
{
	struct err err = ERR_INIT;
	struct config c;

	(void)state;
	start(&c);
	assert_int_equal(read_text(&c,
				 "# comment\n"
				 "\n"
				 "root=/srv/lighter   # where it lives\n"
				 "  public-url =\thttps://r.example:5000\n"
				 "durability = relaxed\n"
				 "sendfile = x-accel\n"
				 "accel-prefix = /internal\n"
				 "manifest-limit = 8MiB\n"
				 "blob-limit = 10GiB\n"
				 "page-limit = 7\n"
				 "accept-sparse = on\n"
				 "receive-timeout = 2m\n"
				 "lock-wait = 3\n"
				 "gc-grace = 2h\n"
				 "log-level = debug",
				 &err),
		0);
	assert_string_equal(c.root, "/srv/lighter");
	assert_string_equal(c.public_url, "https://r.example:5000");
	assert_int_equal(c.durability, DURABILITY_RELAXED);
	assert_int_equal(c.sendfile, SENDFILE_X_ACCEL);
	assert_string_equal(c.accel_prefix, "/internal");
	assert_int_equal(c.manifest_limit, 8 * MIB);
	assert_int_equal(c.blob_limit, 10240 * MIB);
	assert_int_equal(c.page_limit, 7);
	assert_true(c.accept_sparse);
	assert_int_equal(c.receive_timeout, 120);
	assert_int_equal(c.lock_wait, 3);
	assert_int_equal(c.gc_grace, 7200);
	assert_int_equal(c.log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(config_check(&c, &err), 0);
	config_release(&c);
}

static void bad_files_name_the_line(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"\n\nfoo = 1\n", "c.conf:3: unknown setting \"foo\"; see --help"},
		{"root = /a\nroot = /b\n", "c.conf:2: root is set a second time"},
		{"root /a\n", "c.conf:1: no \"name = value\""},
		{"= /a\n", "c.conf:1: unknown setting \"\"; see --help"},
		{"page-limit = 0",
			"c.conf:1: bad value \"0\" for page-limit (number, 1 to 100000)"},
		{"manifest-limit = 1K", "c.conf:1: bad value \"1K\" for manifest-limit "
					"(size, 4MiB to 64MiB)"},
		{"lock-wait = x",
			"c.conf:1: bad value \"x\" for lock-wait (duration, 0 to 1h)"},
		{"accept-sparse = y",
			"c.conf:1: bad value \"y\" for accept-sparse (off | on)"},
		{"blob-limit =",
			"c.conf:1: bad value \"\" for blob-limit (size, 0 or more)"},
		{"root = /a\r\n", "c.conf:1: bad value \"/a\r\" for root (text)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		struct config c;

		start(&c);
		assert_int_equal(read_text(&c, rows[i].text, &err), -1);
		assert_string_equal(err.text, rows[i].message);
		config_release(&c);
	}
}

static void a_file_may_be_repeated_by_the_command_line(void **state)
{
	struct err err = ERR_INIT;
	struct config c;

	(void)state;
	start(&c);
	assert_int_equal(read_text(&c, "page-limit = 5\n", &err), 0);
	assert_int_equal(
		config_set(&c, view_of(" page-limit "), view_of(" 6 "), "--set", &err),
		0);
	assert_int_equal(c.page_limit, 6);
	assert_int_equal(
		config_set(&c, view_of("page-limit"), view_of("x"), "--set", &err), -1);
	assert_string_equal(
		err.text, "--set: bad value \"x\" for page-limit (number, 1 to 100000)");
	assert_int_equal(c.page_limit, 6);
	config_release(&c);
}

static void unreadable_files_are_faults(void **state)
{
	static char big[(1 << 20) + 1];
	struct err err = ERR_INIT;
	struct config c;
	struct file f;

	(void)state;
	start(&c);
	assert_int_equal(config_read(&c, "/nonexistent/lighter.conf", &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	assert_string_equal(err.text,
		"/nonexistent/lighter.conf: cannot be opened: No such file or directory");
	err_release(&err);
	assert_int_equal(config_read(&c, "/tmp", &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	err_release(&err);
	memset(big, '\n', sizeof(big));
	file_write(&f, big, sizeof(big));
	assert_int_equal(config_read(&c, f.path, &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	assert_non_null(strstr(err.text, "1 MiB"));
	file_remove(&f);
	config_release(&c);
}

static void a_path_can_be_beside_the_file(void **state)
{
	static const char text[] =
		"root = ./data/store\npassword-file = /etc/passwords\npublic = .x";
	char want[sizeof(((struct file *)0)->dir) + 32];
	struct err err = ERR_INIT;
	struct config c;
	struct file f;

	(void)state;
	start(&c);
	file_write(&f, text, sizeof(text) - 1);
	assert_int_equal(config_read(&c, f.path, &err), 0);
	snprintf(want, sizeof(want), "%s/data/store", f.dir);
	assert_string_equal(c.root, want);
	assert_string_equal(c.password_file, "/etc/passwords");
	assert_string_equal(c.public, ".x");
	file_remove(&f);
	config_release(&c);
}

static void check_sees_what_belongs_together(void **state)
{
	static const struct {
		const char *root, *url, *sendfile, *prefix;
		int want;
	} rows[] = {
		{"/srv", "", "copy", "", 0},
		{"/srv", "http://h", "copy", "", 0},
		{"/srv", "https://h.example:5000", "copy", "", 0},
		{"/srv", "http://[::1]:5000", "copy", "", 0},
		{"", "", "copy", "", -1},
		{"srv", "", "copy", "", -1},
		{"./srv", "", "copy", "", -1},
		{"/srv", "h", "copy", "", -1},
		{"/srv", "ftp://h", "copy", "", -1},
		{"/srv", "http://", "copy", "", -1},
		{"/srv", "http:/h", "copy", "", -1},
		{"/srv", "http://h/", "copy", "", -1},
		{"/srv", "http://h/v2", "copy", "", -1},
		{"/srv", "http://h h", "copy", "", -1},
		{"/srv", "http://u@h", "copy", "", -1},
		{"/srv", "", "x-accel", "/p", 0},
		{"/srv", "", "x-accel", "/p/q", 0},
		{"/srv", "", "x-accel", "", -1},
		{"/srv", "", "x-accel", "p", -1},
		{"/srv", "", "x-accel", "/p/", 0},
		{"/srv", "", "x-sendfile", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		struct config c;
		int got;

		start(&c);
		assert_int_equal(
			config_set(&c, view_of("root"), view_of(rows[i].root), "t", &err),
			0);
		assert_int_equal(config_set(&c, view_of("public-url"),
					 view_of(rows[i].url), "t", &err),
			0);
		assert_int_equal(config_set(&c, view_of("sendfile"),
					 view_of(rows[i].sendfile), "t", &err),
			0);
		assert_int_equal(config_set(&c, view_of("accel-prefix"),
					 view_of(rows[i].prefix), "t", &err),
			0);
		got = config_check(&c, &err);
		if (got != rows[i].want)
			fail_msg("row %zu: %d %s", i, got, err.text);
		assert_int_equal(err.code, got == 0 ? ERR_NONE : ERR_BAD_REQUEST);
		config_release(&c);
	}
}

static void paths_of_files_are_absolute(void **state)
{
	static const char *const names[] = {
		"password-file", "key-file", "access-file", "group-file", "cleanup-file",
		"outside-keys"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err err = ERR_INIT;
		struct config c;

		start(&c);
		assert_int_equal(
			config_set(&c, VIEW_LIT("root"), VIEW_LIT("/srv"), "t", &err), 0);
		assert_int_equal(
			config_set(&c, view_of(names[i]), VIEW_LIT("/f"), "t", &err), 0);
		assert_int_equal(config_check(&c, &err), 0);
		assert_int_equal(
			config_set(&c, view_of(names[i]), VIEW_LIT("f"), "t", &err), 0);
		assert_int_equal(config_check(&c, &err), -1);
		assert_int_equal(err.code, ERR_BAD_REQUEST);
		assert_non_null(strstr(err.text, names[i]));
		config_release(&c);
	}
}

static void a_dump_reads_back_to_itself(void **state)
{
	struct buf first = BUF_INIT(1 << 16), second = BUF_INIT(1 << 16);
	struct err err = ERR_INIT;
	struct config a, b;

	(void)state;
	start(&a);
	assert_int_equal(
		read_text(&a,
			"root = /srv/a b\nblob-limit = 1025KiB\nlock-wait = 0\n"
			"gc-grace = 90m\nsendfile = x-sendfile\naccept-sparse = on\n",
			&err),
		0);
	config_dump(&a, &first);
	assert_false(buf_failed(&first));
	assert_non_null(strstr(buf_str(&first), "root = /srv/a b\n"));
	assert_non_null(strstr(buf_str(&first), "blob-limit = 1025KiB\n"));
	assert_non_null(strstr(buf_str(&first), "gc-grace = 90m\n"));
	assert_non_null(strstr(buf_str(&first), "sendfile = x-sendfile\n"));
	start(&b);
	assert_int_equal(read_text(&b, buf_str(&first), &err), 0);
	config_dump(&b, &second);
	assert_string_equal(buf_str(&first), buf_str(&second));
	buf_release(&first);
	buf_release(&second);
	config_release(&a);
	config_release(&b);
}

/* Every name of the dump stands in the help, with its default, limits and a sentence. */
static void help_shows_every_setting(void **state)
{
	struct buf dump = BUF_INIT(1 << 16), help = BUF_INIT(1 << 16);
	struct view rest, line, name, value;
	struct config c;

	(void)state;
	start(&c);
	config_dump(&c, &dump);
	config_help(&help);
	for (rest = buf_view(&dump); rest.len > 0;) {
		char want[128];

		view_cut(rest, '\n', &line, &rest);
		view_cut(line, '=', &name, &value);
		snprintf(want, sizeof(want), "  %.*s= ", VIEW_ARG(name));
		assert_non_null(strstr(buf_str(&help), want));
	}
	assert_non_null(
		strstr(buf_str(&help), "  manifest-limit = 4MiB\n"
				       "      size, 4MiB to 64MiB\n"
				       "      largest manifest that is accepted\n"));
	assert_non_null(strstr(buf_str(&help), "full | relaxed"));
	buf_release(&dump);
	buf_release(&help);
	config_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_safe),
		cmocka_unit_test(values),
		cmocka_unit_test(a_value_arrives_in_its_field),
		cmocka_unit_test(bad_files_name_the_line),
		cmocka_unit_test(a_file_may_be_repeated_by_the_command_line),
		cmocka_unit_test(unreadable_files_are_faults),
		cmocka_unit_test(a_path_can_be_beside_the_file),
		cmocka_unit_test(check_sees_what_belongs_together),
		cmocka_unit_test(paths_of_files_are_absolute),
		cmocka_unit_test(a_dump_reads_back_to_itself),
		cmocka_unit_test(help_shows_every_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
