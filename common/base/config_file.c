/* Settings from a file. */
#include "base/config_parts.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_MAX (1 << 20)
#define PATH_SETTING_MAX 8192

/* The path of what stands beside the file: dir/<value without its "./">. */
static void add_beside(struct buf *out, const char *file, struct view value)
{
	struct view dir, name;

	view_cut_last(view_of(file), '/', &dir, &name);
	buf_addf(out, "%.*s/%.*s", VIEW_ARG(dir), (int)value.len - 2, value.ptr + 2);
}

static int read_line(struct config *c, struct view line, const char *path,
	const char *where, bool *seen, struct err *err)
{
	struct buf full = BUF_INIT(PATH_SETTING_MAX);
	struct view text, comment, name, value;
	int rc;

	view_cut(line, '#', &text, &comment);
	text = view_trim(text);
	if (text.len == 0)
		return 0;
	if (!view_cut(text, '=', &name, &value))
		return err_set(err, ERR_BAD_REQUEST, "%s: no \"name = value\"", where);
	value = view_trim(value);
	if (path[0] == '/' && value.len < PATH_SETTING_MAX / 2 && view_starts(value, "./")) {
		add_beside(&full, path, value);
		value = buf_view(&full);
	}
	rc = config_set_named(c, view_trim(name), value, where, seen, err);
	buf_release(&full);
	return rc;
}

static int read_lines(
	struct config *c, struct view rest, const char *path, struct err *err)
{
	bool seen[CONFIG_SETTINGS_MAX] = {false};
	struct buf where = BUF_INIT(4096);
	int rc = 0;

	for (unsigned long number = 1; rc == 0 && rest.len > 0; number++) {
		struct view line;

		view_cut(rest, '\n', &line, &rest);
		buf_clear(&where);
		buf_addf(&where, "%s:%lu", path, number);
		rc = read_line(c, line, path, buf_str(&where), seen, err);
	}
	buf_release(&where);
	return rc;
}

/* The whole file into out, whose ceiling is the most a file may hold. */
static int read_file(int fd, const char *path, struct buf *out, struct err *err)
{
	char block[4096];
	ssize_t n;

	while ((n = io_read(fd, block, sizeof(block))) > 0)
		if (buf_add(out, block, (size_t)n) != 0)
			return err_set(err, ERR_FAULT, "%s: larger than 1 MiB", path);
	return n == 0 ? 0 : err_io(err, "%s: cannot be read: %s", path, strerror(errno));
}

int config_read(struct config *c, const char *path, struct err *err)
{
	struct buf content = BUF_INIT(FILE_MAX);
	int fd = io_open(AT_FDCWD, path, O_RDONLY, 0);
	int rc = -1;

	if (fd < 0) {
		err_io(err, "%s: cannot be opened: %s", path, strerror(errno));
		goto out;
	}
	if (read_file(fd, path, &content, err) != 0)
		goto out;
	rc = read_lines(c, buf_view(&content), path, err);
out:
	buf_release(&content);
	io_close(&fd);
	return rc;
}
