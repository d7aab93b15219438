#include "service/remote_key.h"

#include "base/io.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define DIRECTORY "keys"
#define PRIVATE_PATH DIRECTORY "/id_ed25519"
#define PUBLIC_PATH DIRECTORY "/id_ed25519.pub"
#define COMMENT "lighter"
#define TEMPORARY_MAX 64

static int check_mode(int fd, struct err *err)
{
	struct stat st;

	if (io_fstat(fd, &st) != 0)
		return err_io(err, "stat %s", PRIVATE_PATH);
	if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IRWXG | S_IRWXO)))
		return err_set(err, ERR_FAULT,
		        "%s: others may read it; make it 0600, or remove it",
		        PRIVATE_PATH);
	return 0;
}

/* 1, 0 when there is no file, -1. */
static int read_key(int root, struct ssh_private *out, struct err *err)
{
	int fd = io_open(root, PRIVATE_PATH, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	char text[SSH_PRIVATE_FILE_MAX];
	const char *why = "";
	ssize_t n = 0;
	int rc = -1;

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1)
		return err_io(err, "open %s", PRIVATE_PATH);
	if (check_mode(fd, err) == 0) {
		n = io_pread_full(fd, text, sizeof(text), 0);
		if (n < 0)
			err_io(err, "read %s", PRIVATE_PATH);
		else if (ssh_private_parse((struct view){text, (size_t)n}, out, &why) == 0)
			rc = 1;
		else
			err_set(err, ERR_FAULT, "%s: %s", PRIVATE_PATH, why);
	}
	OPENSSL_cleanse(text, sizeof(text));
	io_close(&fd);
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

/* A new file of that content, durable, under a name of its own, which is put into path. */
static int stage(int root, const char *base, mode_t mode, const struct buf *text,
        char path[TEMPORARY_MAX], struct err *err)
{
	uint64_t unique;
	int fd = -1, rc = 0;

	path[0] = '\0';
	if (io_random(&unique, sizeof(unique)) != 0)
		return err_io(err, "random bytes for a name");
	snprintf(path, TEMPORARY_MAX, "%s.%016" PRIx64, base, unique);
	fd = io_open(root, path, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd == -1 || io_write_all(fd, text->ptr, text->len) != 0 || io_fsync(fd) != 0)
		rc = err_io(err, "write %s", path);
	io_close(&fd);
	return rc;
}

static void unlink_staged(int root, const char *path)
{
	if (path[0] && io_unlink(root, path) != 0 && errno != ENOENT)
		log_event(LOG_LEVEL_WARN, "key-left", "%s stays behind", path);
}

/* Of several that try at once one wins, and all use what it made. */
static int publish(int root, const struct ssh_private *k, struct err *err)
{
	struct buf text = BUF_INIT(SSH_PRIVATE_FILE_MAX);
	char path[TEMPORARY_MAX] = "";
	int rc = -1;

	if (buf_reserve(&text, SSH_PRIVATE_FILE_MAX - 1) != 0 ||
	        ssh_private_text(k, COMMENT, &text) != 0)
		err_set(err, ERR_FAULT, "no memory");
	else if (stage(root, PRIVATE_PATH, 0600, &text, path, err) == 0)
		rc = 0;
	if (rc == 0 && io_link(root, path, PRIVATE_PATH) != 0 && errno != EEXIST)
		rc = err_io(err, "publish %s", PRIVATE_PATH);
	unlink_staged(root, path);
	if (text.ptr)
		OPENSSL_cleanse(text.ptr, text.size);
	buf_release(&text);
	return rc == 0 ? sync_directory(root, DIRECTORY, err) : -1;
}

/* For people only: whatever goes wrong with it is no failure of ours. */
static void publish_public(int root, const struct ssh_private *k)
{
	struct buf text = BUF_INIT(512);
	struct err err = ERR_INIT;
	char path[TEMPORARY_MAX] = "";

	buf_add_str(&text, "ssh-ed25519 ");
	ssh_key_text(&k->public, &text);
	buf_add_str(&text, " " COMMENT "\n");
	if (stage(root, PUBLIC_PATH, 0644, &text, path, &err) == 0 &&
	        io_rename(root, path, PUBLIC_PATH) == 0)
		path[0] = '\0';
	unlink_staged(root, path);
	buf_release(&text);
	err_release(&err);
}

static int make(int root, struct err *err)
{
	unsigned char seed[SSH_SEED_BYTES];
	struct ssh_private k;
	int rc;

	if (io_mkdir(root, DIRECTORY, 0700) == 0)
		rc = sync_directory(root, ".", err);
	else
		rc = errno == EEXIST ? 0 : err_io(err, "make %s", DIRECTORY);
	if (rc == 0 && io_random(seed, sizeof(seed)) != 0)
		rc = err_io(err, "random bytes for a key");
	if (rc == 0 && ssh_private_make(seed, &k) != 0)
		rc = err_set(err, ERR_FAULT, "a key cannot be made");
	if (rc == 0)
		rc = publish(root, &k, err);
	OPENSSL_cleanse(seed, sizeof(seed));
	ssh_private_wipe(&k);
	return rc;
}

int remote_key_load(int root, struct ssh_private *out, struct err *err)
{
	struct stat st;
	int found = read_key(root, out, err);

	if (found == 0 && make(root, err) == 0)
		found = read_key(root, out, err);
	if (found != 1)
		return err_set(err, ERR_FAULT, "%s: has gone", PRIVATE_PATH);
	if (io_stat(root, PUBLIC_PATH, &st) != 0 && errno == ENOENT)
		publish_public(root, out);
	return 0;
}
