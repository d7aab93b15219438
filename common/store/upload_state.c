#include "store/upload_state.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/num.h"
#include "format/query.h"
#include "store/path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define FIRST_LINE "lighter-upload 2\n"
#define RECORD_MAX 4096
#define CHECK "check "
#define CHECK_LENGTH (sizeof(CHECK) - 1 + 64 + 1) /* with the end of the line */
#define BOOT_MAX 63
#define BOOT_UNKNOWN "-"

/* What names this run of the kernel; BOOT_UNKNOWN when nothing does. */
static const char *boot_id(void)
{
	static char id[BOOT_MAX + 1];
	ssize_t n = 0;
	int fd;

	if (id[0] != '\0')
		return id;
	fd = io_open(AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY, 0);
	if (fd != -1)
		n = io_pread_full(fd, id, BOOT_MAX, 0);
	io_close(&fd);
	id[n > 0 ? n : 0] = '\0';
	id[strcspn(id, " \n")] = '\0';
	/* Asked again next time: it may have been a passing fault. */
	return id[0] != '\0' ? id : BOOT_UNKNOWN;
}

static void add_hex(struct buf *out, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_addf(out, "%02x", bytes[i]);
}

static void add_mark(struct buf *out, const struct upload_mark *m, const char *offset,
	const char *hash)
{
	unsigned char state[HASH_STATE_MAX];
	size_t len = hash_export(&m->hash, state);

	buf_addf(out, "%s %" PRIu64 "\n%s ", offset, m->offset, hash);
	add_hex(out, state, len);
	buf_add_char(out, '\n');
}

static void write_record(struct buf *out, const struct upload *u)
{
	const struct upload_mark end = {u->offset, u->hash};
	struct digest check;

	buf_addf(out, FIRST_LINE "repository %s\nuser ", u->repo.text);
	buf_add_urlencoded(out, view_of(u->user));
	buf_addf(out, "\nboot %s\nalgorithm %s\n", boot_id(),
		digest_algorithm_name(u->hash.algorithm));
	add_mark(out, &end, "offset", "hash");
	add_mark(out, &u->part, "part", "part-hash");
	hash_bytes(DIGEST_SHA256, buf_str(out), out->len, &check);
	buf_addf(out, CHECK "%s\n", check.hex);
}

static int write_file(
	struct store *s, const struct path *path, struct view bytes, struct err *err)
{
	int fd = io_open(s->root, path->text, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	int rc;

	if (fd == -1)
		return err_io(err, "cannot create %s", path->text);
	rc = io_write_all(fd, bytes.ptr, bytes.len);
	if (rc < 0)
		err_io(err, "cannot write %s", path->text);
	if (io_close(&fd) < 0)
		rc = err_io(err, "cannot write %s", path->text);
	return rc;
}

int upload_state_save(struct store *s, const struct upload *u, struct err *err)
{
	struct path fresh = path_upload_file(&u->id, "state.new");
	struct path path = path_upload_file(&u->id, "state");
	struct buf record = BUF_INIT(RECORD_MAX);
	int rc;

	write_record(&record, u);
	if (buf_failed(&record))
		rc = err_set(err, ERR_FAULT, "no memory for the record of an upload");
	else
		rc = write_file(s, &fresh, buf_view(&record), err);
	buf_release(&record);
	if (rc == 0 && io_rename(s->root, fresh.text, path.text) < 0)
		rc = err_io(err, "cannot rename %s", fresh.text);
	return rc;
}

/* The lines of a record after the first, in their order. */
enum line { REPOSITORY, USER, BOOT, ALGORITHM, OFFSET, HASH, PART, PART_HASH, LINES };

static bool split_record(struct view rest, struct view values[LINES])
{
	static const char *const names[LINES] = {
		"repository", "user", "boot", "algorithm", "offset", "hash", "part",
		"part-hash"};
	struct view line, name;

	if (!view_starts(rest, FIRST_LINE))
		return false;
	view_cut(rest, '\n', &line, &rest);
	for (int i = 0; i < LINES; i++)
		if (!view_cut(rest, '\n', &line, &rest) ||
			!view_cut(line, ' ', &name, &values[i]) ||
			!view_is(name, names[i]))
			return false;
	return true;
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool parse_hash(
	struct view hex, enum digest_algorithm a, uint64_t offset, struct hash *out)
{
	unsigned char state[HASH_STATE_MAX];

	if (hex.len % 2 != 0 || hex.len / 2 > sizeof(state))
		return false;
	for (size_t i = 0; i < hex.len / 2; i++) {
		int high = hex_value(hex.ptr[2 * i]), low = hex_value(hex.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		state[i] = (unsigned char)(high << 4 | low);
	}
	return hash_import(out, a, state, hex.len / 2, offset) == 0;
}

static bool parse_user(struct view encoded, struct upload *u)
{
	struct buf user = BUF_INIT(UPLOAD_USER_MAX);
	bool good = percent_decode(encoded, false, &user) == 0 &&
		    view_copy(buf_view(&user), u->user, sizeof(u->user)) == 0;

	buf_release(&user);
	return good;
}

/* The record without its last line, if that fits the rest. */
static bool check_record(struct view record, struct view *body)
{
	struct digest check;

	if (record.len < CHECK_LENGTH || record.ptr[record.len - 1] != '\n')
		return false;
	*body = (struct view){record.ptr, record.len - CHECK_LENGTH};
	hash_bytes(DIGEST_SHA256, body->ptr, body->len, &check);
	return memcmp(body->ptr + body->len, CHECK, sizeof(CHECK) - 1) == 0 &&
	       memcmp(body->ptr + body->len + sizeof(CHECK) - 1, check.hex, 64) == 0;
}

static bool parse_record(struct view record, struct upload *u, bool *proven)
{
	struct view body, values[LINES];
	enum digest_algorithm a;

	if (!check_record(record, &body) || !split_record(body, values))
		return false;
	if (repo_name_parse(values[REPOSITORY], &u->repo) < 0 ||
		!parse_user(values[USER], u) ||
		digest_algorithm_parse(values[ALGORITHM], &a) < 0 ||
		num_parse(values[OFFSET], &u->offset) < 0 ||
		num_parse(values[PART], &u->part.offset) < 0 ||
		u->part.offset > u->offset)
		return false;
	*proven = view_is(values[BOOT], boot_id()) &&
		  !view_is(values[BOOT], BOOT_UNKNOWN) &&
		  parse_hash(values[HASH], a, u->offset, &u->hash) &&
		  parse_hash(values[PART_HASH], a, u->part.offset, &u->part.hash);
	if (!*proven) {
		hash_init(&u->hash, a);
		u->part = (struct upload_mark){0, u->hash};
	}
	return true;
}

int upload_state_load(struct store *s, struct upload *u, bool *proven, struct err *err)
{
	struct path path = path_upload_file(&u->id, "state");
	char record[RECORD_MAX];
	ssize_t len;
	int fd = io_open(s->root, path.text, O_RDONLY, 0);

	if (fd == -1)
		return errno == ENOENT || errno == ESTALE
			       ? 0
			       : err_io(err, "cannot open %s", path.text);
	len = io_pread_full(fd, record, sizeof(record), 0);
	if (len < 0)
		err_io(err, "cannot read %s", path.text);
	io_close(&fd);
	if (len < 0)
		return -1;
	if (parse_record((struct view){record, (size_t)len}, u, proven))
		return 1;
	log_event(LOG_LEVEL_WARN, "upload-record-damaged", "path=%s", path.text);
	return 0;
}
