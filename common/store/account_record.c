#include "store/account_record.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/num.h"
#include "format/hash.h"
#include "store/path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define FIRST_WORDS "lighter-account 1 "
#define CHECK " check "
#define CHECK_DIGITS 16
#define CHECK_LENGTH (sizeof(CHECK) - 1 + CHECK_DIGITS)
#define LOOKS 3

static const char *const kind_names[] = {
	[ACCOUNT_BLOB] = "blob",
	[ACCOUNT_MANIFEST] = "manifest",
};

/* quota/<namespace>, which needs no sync: without it there is no record either. */
static int make_dir(struct store *s, const struct repo_name *ns, struct err *err)
{
	struct path dir = path_account(ns);

	if (io_mkdir(s->root, PATH_QUOTA, 0750) < 0 && errno != EEXIST)
		return err_io(err, "cannot create " PATH_QUOTA);
	if (io_mkdir(s->root, dir.text, 0750) < 0 && errno != EEXIST)
		return err_io(err, "cannot create %s", dir.text);
	return 0;
}

int account_lock(struct store *s, const struct repo_name *ns, int *fd, struct err *err)
{
	struct path lock = path_account_file(ns, "lock");

	*fd = io_open(s->root, lock.text, O_RDWR | O_CREAT, 0640);
	if (*fd == -1 && errno == ENOENT) {
		if (make_dir(s, ns, err) < 0)
			return -1;
		*fd = io_open(s->root, lock.text, O_RDWR | O_CREAT, 0640);
	}
	if (*fd == -1)
		return err_io(err, "cannot open %s", lock.text);
	if (io_lock(*fd, true, (unsigned)s->config->lock_wait * 1000) == 0)
		return 0;
	err_io(err, "cannot lock %s", lock.text);
	io_close(fd);
	return -1;
}

static void write_text(struct buf *out, const struct account_record *r)
{
	const struct account_entry *e = &r->except;
	char text[DIGEST_TEXT_MAX + 1];
	struct digest check;

	buf_addf(out,
		FIRST_WORDS "epoch %" PRIu64 " blobs %" PRIu64 " manifests %" PRIu64
			    " bytes %" PRIu64,
		r->epoch, r->sums.blobs, r->sums.manifests, r->sums.bytes);
	if (r->has_except)
		buf_addf(out, " except %s %s %s", kind_names[e->kind], e->repo.text,
			digest_text(&e->digest, text));
	hash_bytes(DIGEST_SHA256, buf_str(out), out->len, &check);
	buf_addf(out, CHECK "%.*s", CHECK_DIGITS, check.hex);
}

/* Takes "name word" off the front. */
static bool take(struct view *rest, const char *name, struct view *word)
{
	struct view first;

	view_cut(*rest, ' ', &first, rest);
	if (!view_is(first, name))
		return false;
	view_cut(*rest, ' ', word, rest);
	return true;
}

static bool take_number(struct view *rest, const char *name, uint64_t *out)
{
	struct view word;

	return take(rest, name, &word) && num_parse(word, out) == 0;
}

static bool parse_except(struct view rest, struct account_entry *e)
{
	struct view kind, repo, digest;

	if (!take(&rest, "except", &kind) || !view_cut(rest, ' ', &repo, &digest))
		return false;
	e->kind = view_is(kind, kind_names[ACCOUNT_BLOB]) ? ACCOUNT_BLOB
							  : ACCOUNT_MANIFEST;
	return view_is(kind, kind_names[e->kind]) &&
	       repo_name_parse(repo, &e->repo) == 0 &&
	       digest_parse(digest, &e->digest) == DIGEST_OK;
}

static bool parse_sums(struct view *rest, struct account_record *r)
{
	return take_number(rest, "epoch", &r->epoch) &&
	       take_number(rest, "blobs", &r->sums.blobs) &&
	       take_number(rest, "manifests", &r->sums.manifests) &&
	       take_number(rest, "bytes", &r->sums.bytes);
}

static bool parse_text(struct account_record *r)
{
	struct view rest = view_of(r->text);
	struct digest check;

	if (!view_starts(rest, FIRST_WORDS) || rest.len < CHECK_LENGTH)
		return false;
	rest.len -= CHECK_LENGTH;
	hash_bytes(DIGEST_SHA256, rest.ptr, rest.len, &check);
	if (memcmp(rest.ptr + rest.len, CHECK, sizeof(CHECK) - 1) != 0 ||
		memcmp(rest.ptr + rest.len + sizeof(CHECK) - 1, check.hex, CHECK_DIGITS))
		return false;
	rest.ptr += sizeof(FIRST_WORDS) - 1;
	rest.len -= sizeof(FIRST_WORDS) - 1;
	if (!parse_sums(&rest, r))
		return false;
	r->has_except = rest.len > 0;
	return !r->has_except || parse_except(rest, &r->except);
}

/* The text of the record, "" when there is none. */
static int read_text(struct store *s, const struct repo_name *ns,
	char text[ACCOUNT_TEXT_MAX + 1], struct err *err)
{
	struct path path = path_account_file(ns, "account");

	/* ESTALE: another host has just replaced it. */
	for (int look = 0; look < LOOKS; look++) {
		if (io_readlink(s->root, path.text, text, ACCOUNT_TEXT_MAX + 1) >= 0)
			return 0;
		if (errno != ESTALE)
			break;
	}
	if (errno == ENOENT || errno == ENOTDIR)
		text[0] = '\0';
	else if (errno == EINVAL || errno == ENAMETOOLONG)
		strcpy(text, "?"); /* no link, or a longer one: not of our making */
	else
		return err_io(err, "cannot read %s", path.text);
	return 0;
}

int account_record_read(struct store *s, const struct repo_name *ns,
	struct account_record *r, struct err *err)
{
	struct view name = repo_name_namespace(ns);

	memset(r, 0, sizeof(*r));
	if (read_text(s, ns, r->text, err) < 0)
		return -1;
	if (r->text[0] == '\0')
		return 0;
	if (parse_text(r))
		return 1;
	log_event(LOG_LEVEL_ERROR, "account-damaged", "namespace=%.*s", VIEW_ARG(name));
	return 0;
}

int account_record_total(struct store *s, const struct account_record *r,
	struct account *out, struct err *err)
{
	const struct account_entry *e = &r->except;
	uint64_t size;
	int found;

	*out = r->sums;
	if (!r->has_except)
		return 1;
	found = account_held(s, e->kind, &e->repo, &e->digest, &size, err);
	if (found < 0)
		return -1;
	return found == 0 || account_add(out, e->kind, size) == 0;
}

/* Makes the link next; one that a killed process has left is in the way. */
static int make_next(struct store *s, const struct path *next, const char *text)
{
	if (io_symlink(text, s->root, next->text) == 0)
		return 0;
	if (errno != EEXIST || io_unlink(s->root, next->text) < 0)
		return -1;
	return io_symlink(text, s->root, next->text);
}

/* Whether the record is still the one that was read: 0 or -1. */
static int check_unchanged(struct store *s, const struct repo_name *ns,
	const struct account_record *r, struct err *err)
{
	char text[ACCOUNT_TEXT_MAX + 1];
	struct view name = repo_name_namespace(ns);

	if (read_text(s, ns, text, err) < 0)
		return -1;
	if (strcmp(text, r->text) == 0)
		return 0;
	return err_set(err, ERR_BUSY, "the account of %.*s has been changed meanwhile",
		VIEW_ARG(name));
}

static int replace(struct store *s, const struct repo_name *ns,
	const struct account_record *r, const char *text, struct err *err)
{
	struct path next = path_account_file(ns, "next");
	struct path path = path_account_file(ns, "account");

	if (make_next(s, &next, text) < 0)
		return err_io(err, "cannot make %s", next.text);
	if (check_unchanged(s, ns, r, err) == 0) {
		if (io_rename(s->root, next.text, path.text) == 0)
			return 0;
		err_io(err, "cannot rename %s", next.text);
	}
	if (io_unlink(s->root, next.text) < 0)
		log_event(LOG_LEVEL_INFO, "account-next-left", "path=%s errno=%d",
			next.text, errno);
	return -1;
}

int account_record_save(struct store *s, const struct repo_name *ns,
	const struct account_record *r, struct err *err)
{
	struct buf text = BUF_INIT(ACCOUNT_TEXT_MAX);
	int rc;

	write_text(&text, r);
	if (buf_failed(&text))
		rc = err_set(err, ERR_FAULT, "no memory for the record of an account");
	else
		rc = replace(s, ns, r, buf_str(&text), err);
	buf_release(&text);
	return rc;
}

int account_record_drop(struct store *s, const struct repo_name *ns, struct err *err)
{
	struct path path = path_account_file(ns, "account");

	if (io_unlink(s->root, path.text) == 0 || errno == ENOENT)
		return 0;
	return err_io(err, "cannot remove %s", path.text);
}

uint64_t account_record_first_epoch(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
