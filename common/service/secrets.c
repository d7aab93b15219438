#include "service/secrets.h"

#include "base/io.h"
#include "base/log.h"
#include "base/num.h"
#include "format/base64.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define DIRECTORY "keys"
#define FILE_PATH DIRECTORY "/token"
#define LOCK_PATH DIRECTORY "/token.lock"
#define HEADER "lighter token secrets 1\n"
#define FILE_MAX 4096
#define TEMPORARY_MAX 64

static bool is_hex(struct view v)
{
	size_t i;

	for (i = 0; i < v.len; i++)
		if (!v.ptr[i] || !strchr("0123456789abcdef", v.ptr[i]))
			return false;
	return true;
}

static int parse_line(struct view line, struct secret *out)
{
	struct view id, made;
	uint64_t seconds;
	size_t len;

	if (!view_cut(line, ' ', &id, &line) || !view_cut(line, ' ', &made, &line))
		return -1;
	if (id.len != SECRET_ID_LENGTH || !is_hex(id) || num_parse(made, &seconds) != 0)
		return -1;
	if (base64url_decode(line, out->bytes, SECRET_BYTES, &len) != 0 ||
	        len != SECRET_BYTES)
		return -1;
	out->made = (int64_t)seconds;
	return view_copy(id, out->id, sizeof(out->id));
}

/* Replaces the secrets by those of a text; on -1 they are as before. */
static int parse(struct view text, struct secrets *s)
{
	struct secret items[SECRETS_MAX];
	struct view line;
	size_t n = 0;
	int rc = -1;

	if (!view_starts(text, HEADER))
		return -1;
	text = (struct view){text.ptr + strlen(HEADER), text.len - strlen(HEADER)};
	while (text.len > 0) {
		if (!view_cut(text, '\n', &line, &text) || n == SECRETS_MAX)
			goto out;
		if (parse_line(line, &items[n]) != 0)
			goto out;
		n++;
	}
	if (n == 0)
		goto out;
	memcpy(s->items, items, n * sizeof(items[0]));
	s->n = n;
	rc = 0;
out:
	OPENSSL_cleanse(items, sizeof(items));
	return rc;
}

static void wipe(struct buf *b)
{
	if (b->ptr)
		OPENSSL_cleanse(b->ptr, b->size);
	buf_release(b);
}

/* Reads the file if it has changed. */
static int load(struct secrets *s, int64_t now, struct err *err)
{
	struct buf text = BUF_INIT(FILE_MAX);
	int rc = watched_read(&s->file, now, &text, err);

	if (rc == 1) {
		rc = 0;
		if (s->file.st.st_mode & (S_IRWXO))
			rc = err_set(err, ERR_FAULT,
			        "%s: everybody may read it; make it 0600 "
			        "and rotate the secrets",
			        FILE_PATH);
		else if (parse(buf_view(&text), s) != 0)
			rc = err_set(err, ERR_FAULT, "%s: malformed", FILE_PATH);
		else
			s->generation++;
	}
	wipe(&text);
	return rc;
}

static int make_one(struct secret *out, int64_t now, struct err *err)
{
	unsigned char id[SECRET_ID_LENGTH / 2];
	size_t i;

	if (io_random(id, sizeof(id)) != 0 || io_random(out->bytes, SECRET_BYTES) != 0)
		return err_io(err, "random bytes for a secret");
	for (i = 0; i < sizeof(id); i++)
		snprintf(out->id + 2 * i, 3, "%02x", id[i]);
	out->made = now;
	return 0;
}

static void write_text(const struct secrets *s, struct buf *out)
{
	size_t i;

	buf_add_str(out, HEADER);
	for (i = 0; i < s->n; i++) {
		buf_addf(out, "%s %" PRId64 " ", s->items[i].id, s->items[i].made);
		base64url_encode(s->items[i].bytes, SECRET_BYTES, out);
		buf_add_char(out, '\n');
	}
}

/* Writes the secrets durably under a temporary name, which is put into path. */
static int stage(
        const struct secrets *s, int root, char path[TEMPORARY_MAX], struct err *err)
{
	struct buf text = BUF_INIT(FILE_MAX);
	uint64_t unique;
	int fd = -1, rc = -1;

	path[0] = '\0';
	if (buf_reserve(&text, FILE_MAX - 1) != 0) {
		err_set(err, ERR_FAULT, "no memory");
		goto out;
	}
	write_text(s, &text);
	if (io_random(&unique, sizeof(unique)) != 0) {
		err_io(err, "random bytes for a name");
		goto out;
	}
	snprintf(path, TEMPORARY_MAX, "%s.%016" PRIx64, FILE_PATH, unique);
	fd = io_open(root, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd == -1 || io_write_all(fd, text.ptr, text.len) != 0 || io_fsync(fd) != 0) {
		err_io(err, "write %s", path);
		goto out;
	}
	rc = 0;
out:
	io_close(&fd);
	wipe(&text);
	return rc;
}

static int sync_directory(int root, const char *path, struct err *err)
{
	int fd = io_open(root, path, O_RDONLY | O_DIRECTORY, 0);
	int rc = 0;

	if (fd == -1 || io_fsync(fd) != 0)
		rc = err_io(err, "sync %s", path);
	io_close(&fd);
	return rc;
}

static int make_directory(int root, struct err *err)
{
	if (io_mkdir(root, DIRECTORY, 0700) == 0)
		return sync_directory(root, ".", err);
	return errno == EEXIST ? 0 : err_io(err, "make %s", DIRECTORY);
}

/*
 * The first secret of a store. Of several that try at once one wins, and all use what
 * it made.
 */
static int make_first(int root, int64_t now, struct err *err)
{
	struct secrets first = SECRETS_INIT;
	char path[TEMPORARY_MAX] = "";
	int rc = -1;

	first.n = 1;
	if (make_directory(root, err) != 0 || make_one(&first.items[0], now, err) != 0)
		goto out;
	if (stage(&first, root, path, err) != 0)
		goto out;
	if (io_link(root, path, FILE_PATH) != 0 && errno != EEXIST) {
		err_io(err, "publish %s", FILE_PATH);
		goto out;
	}
	rc = sync_directory(root, DIRECTORY, err);
out:
	if (path[0] && io_unlink(root, path) != 0 && errno != ENOENT)
		log_event(LOG_LEVEL_WARN, "secrets-left", "%s stays behind", path);
	OPENSSL_cleanse(&first, sizeof(first));
	return rc;
}

int secrets_open(struct secrets *s, int root, int64_t now, struct err *err)
{
	struct stat st;

	*s = SECRETS_INIT;
	if (watched_open(&s->file, root, FILE_PATH, err) != 0)
		return -1;
	if (io_stat(root, FILE_PATH, &st) != 0) {
		if (errno != ENOENT) {
			err_io(err, "stat %s", FILE_PATH);
			goto fail;
		}
		if (make_first(root, now, err) != 0)
			goto fail;
	}
	if (load(s, now, err) == 0)
		return 0;
fail:
	secrets_close(s);
	return -1;
}

void secrets_close(struct secrets *s)
{
	watched_close(&s->file);
	OPENSSL_cleanse(s->items, sizeof(s->items));
	s->n = 0;
}

void secrets_refresh(struct secrets *s, int64_t now)
{
	struct err err = ERR_INIT;

	if (load(s, now, &err) != 0)
		log_event(LOG_LEVEL_ERROR, "token-secrets",
		        "%s; those before stay in use", err.text);
	err_release(&err);
}

const struct secret *secrets_newest(const struct secrets *s)
{
	return &s->items[s->n - 1];
}

static const struct secret *find(const struct secrets *s, const char *id)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->items[i].id, id) == 0)
			return &s->items[i];
	return NULL;
}

const struct secret *secrets_find(struct secrets *s, const char *id, int64_t now)
{
	const struct secret *found = find(s, id);

	if (found || strlen(id) != SECRET_ID_LENGTH)
		return found;
	watched_look_again(&s->file);
	secrets_refresh(s, now);
	return find(s, id);
}

/* A secret is superseded when the next one is made. */
static void drop_old(struct secrets *s, int64_t now, int64_t keep)
{
	size_t old = 0;

	while (old + 1 < s->n && s->items[old + 1].made + keep <= now)
		old++;
	s->n -= old;
	memmove(s->items, s->items + old, s->n * sizeof(s->items[0]));
}

static int replace(struct secrets *s, int root, struct err *err)
{
	char path[TEMPORARY_MAX];

	if (stage(s, root, path, err) != 0)
		goto fail;
	if (io_rename(root, path, FILE_PATH) != 0) {
		err_io(err, "publish %s", FILE_PATH);
		goto fail;
	}
	return sync_directory(root, DIRECTORY, err);
fail:
	if (path[0] && io_unlink(root, path) != 0 && errno != ENOENT)
		log_event(LOG_LEVEL_WARN, "secrets-left", "%s stays behind", path);
	return -1;
}

static int add_one(
        struct secrets *s, int root, int64_t now, int64_t keep, struct err *err)
{
	if (keep == 0)
		s->n = 0;
	else
		drop_old(s, now, keep);
	if (s->n == SECRETS_MAX)
		return err_set(err, ERR_CONFLICT, "%d secrets are still needed by tokens",
		        SECRETS_MAX);
	if (make_one(&s->items[s->n], now, err) != 0)
		return -1;
	s->n++;
	return replace(s, root, err);
}

int secrets_rotate(int root, int64_t now, int64_t keep, unsigned wait_ms, struct err *err)
{
	struct secrets s = SECRETS_INIT;
	int lock = -1, rc = -1;

	if (make_directory(root, err) != 0)
		return -1;
	lock = io_open(root, LOCK_PATH, O_RDWR | O_CREAT, 0600);
	if (lock == -1 || io_lock(lock, true, wait_ms) != 0) {
		err_io(err, "lock %s", LOCK_PATH);
		goto out;
	}
	if (secrets_open(&s, root, now, err) == 0)
		rc = add_one(&s, root, now, keep, err);
out:
	secrets_close(&s);
	io_close(&lock);
	return rc;
}
