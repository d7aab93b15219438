#include "service/keys.h"

#include "base/log.h"
#include "base/num.h"
#include "format/query.h"
#include "service/nonces.h"
#include "service/watched.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 131072 /* a realm and a query of the longest URI */
#define PARAMETER_MAX 256

struct keys {
	struct watched file;
	struct ssh_authorized *items;
	size_t n;
};

static const char *const answers[] = {
        [KEY_GOOD] = "accepted",
        [KEY_UNKNOWN] = "unknown key",
        [KEY_SIGNATURE] = "wrong signature",
        [KEY_TIME] = "time missing or too far off",
        [KEY_NONCE] = "nonce missing or used before",
};

const char *key_answer_text(enum key_answer a)
{
	return answers[a];
}

static size_t count_lines(struct view text)
{
	size_t n = 1, i;

	for (i = 0; i < text.len; i++)
		n += text.ptr[i] == '\n';
	return n;
}

static int parse_line(struct view line, const char *file, unsigned number,
        struct ssh_authorized *items, size_t *n, struct err *err)
{
	size_t i;

	switch (ssh_line_parse(line, &items[*n])) {
	case SSH_LINE_KEY:
		break;
	case SSH_LINE_BLANK:
		return 0;
	case SSH_LINE_UNSUPPORTED:
		log_event(LOG_LEVEL_WARN, "key-passed-over",
		        "%s:%u: not Ed25519, or an option "
		        "other than user=\"name\"",
		        file, number);
		return 0;
	default:
		return err_set(err, ERR_FAULT,
		        "%s:%u: a broken key, or neither user=\"name\" nor "
		        "a comment that is a user name",
		        file, number);
	}
	for (i = 0; i < *n; i++)
		if (ssh_key_equal(&items[i].key, &items[*n].key))
			return err_set(err, ERR_FAULT,
			        "%s:%u: the key is in the file already", file, number);
	++*n;
	return 0;
}

static int parse(struct keys *k, struct view text, struct err *err)
{
	struct ssh_authorized *items = calloc(count_lines(text) + 1, sizeof(*items));
	struct view line;
	unsigned number = 0;
	size_t n = 0;

	if (!items)
		return err_set(err, ERR_FAULT, "%s: no memory", k->file.path);
	while (text.len > 0) {
		view_cut(text, '\n', &line, &text);
		if (parse_line(line, k->file.path, ++number, items, &n, err) == 0)
			continue;
		free(items);
		return -1;
	}
	free(k->items);
	k->items = items;
	k->n = n;
	return 0;
}

/* Reads the file if it has changed; on -1 the keys are as before. */
static int load(struct keys *k, int64_t now, struct err *err)
{
	struct buf text = BUF_INIT(KEYS_FILE_MAX + 1);
	int rc = watched_read(&k->file, now, &text, err);

	if (rc == 1)
		rc = parse(k, buf_view(&text), err);
	buf_release(&text);
	return rc;
}

int keys_open(struct keys **out, const char *path, int64_t now, struct err *err)
{
	struct keys *k = calloc(1, sizeof(*k));

	*out = NULL;
	if (!k)
		return err_set(err, ERR_FAULT, "no memory");
	if (watched_open(&k->file, AT_FDCWD, path, err) != 0 || load(k, now, err) != 0) {
		keys_close(&k);
		return -1;
	}
	*out = k;
	return 0;
}

void keys_close(struct keys **k)
{
	if (!*k)
		return;
	watched_close(&(*k)->file);
	free((*k)->items);
	free(*k);
	*k = NULL;
}

void keys_refresh(struct keys *k, int64_t now)
{
	struct err err = ERR_INIT;

	if (load(k, now, &err) != 0)
		log_event(LOG_LEVEL_ERROR, "key-file", "%s; the keys before stay",
		        err.text);
	err_release(&err);
}

static const struct user_name *owner_of(const struct keys *k, const struct ssh_key *key)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (ssh_key_equal(&k->items[i].key, key))
			return &k->items[i].user;
	return NULL;
}

/* The parameter "ts", when it is within window of now. */
static bool read_time(struct view query, int64_t now, int64_t window, int64_t *out)
{
	struct buf text = BUF_INIT(PARAMETER_MAX);
	uint64_t at = 0;
	bool good = query_get(query, "ts", 0, &text) == 1 &&
	            num_parse(buf_view(&text), &at) == 0;

	buf_release(&text);
	*out = (int64_t)at;
	return good && *out >= now - window && *out <= now + window;
}

static bool read_nonce(struct view query, struct buf *out)
{
	return query_get(query, "nonce", 0, out) == 1 && out->len > 0;
}

/* Uses what up and sets the answer by whether that was the first time. */
static int use_once(int root, struct view what, int64_t at, int64_t now, unsigned again,
        enum key_answer *answer, struct err *err)
{
	int first = nonces_use(root, what, at, now, again, err);

	if (first == 0)
		*answer = KEY_NONCE;
	return first < 0 ? -1 : 0;
}

/*
 * The signature first: what is not signed by a user of ours leaves no trace on the
 * disk.
 */
static enum key_answer check_signature(const struct keys *k, const struct credentials *c,
        struct view message, struct user_name *user)
{
	const struct user_name *owner = owner_of(k, &c->key);

	if (!owner)
		return KEY_UNKNOWN;
	*user = *owner;
	return ssh_key_verify(&c->key, c->signature, message) ? KEY_GOOD : KEY_SIGNATURE;
}

int keys_check_token(struct keys *k, int root, const struct credentials *c,
        const char *realm, struct view raw_query, int64_t now, struct user_name *user,
        enum key_answer *answer, struct err *err)
{
	struct buf message = BUF_INIT(MESSAGE_MAX), nonce = BUF_INIT(PARAMETER_MAX);
	int64_t at;
	int rc = 0;

	if (ssh_token_message(view_of(realm), raw_query, &message) != 0)
		*answer = KEY_SIGNATURE;
	else
		*answer = check_signature(k, c, buf_view(&message), user);
	if (*answer != KEY_GOOD)
		goto out;
	if (!read_time(raw_query, now, NONCE_WINDOW, &at))
		*answer = KEY_TIME;
	else if (!read_nonce(raw_query, &nonce))
		*answer = KEY_NONCE;
	else
		rc = use_once(root, buf_view(&nonce), at, now, 0, answer, err);
out:
	buf_release(&message);
	buf_release(&nonce);
	return rc;
}

int keys_check_api(struct keys *k, int root, const struct credentials *c,
        struct view method, struct view path_and_query, int64_t now,
        struct user_name *user, enum key_answer *answer, struct err *err)
{
	struct buf message = BUF_INIT(MESSAGE_MAX);
	struct view path, query;
	int64_t at;
	int rc = 0;

	view_cut(path_and_query, '?', &path, &query);
	if (ssh_api_message(method, path_and_query, &message) != 0)
		*answer = KEY_SIGNATURE;
	else
		*answer = check_signature(k, c, buf_view(&message), user);
	if (*answer != KEY_GOOD)
		goto out;
	if (!read_time(query, now, KEYS_API_WINDOW, &at)) {
		*answer = KEY_TIME;
		goto out;
	}
	if (view_is(method, "GET") || view_is(method, "HEAD"))
		goto out;
	buf_add(&message, c->key.bytes, sizeof(c->key.bytes));
	rc = buf_failed(&message) ? err_set(err, ERR_FAULT, "no memory")
	                          : use_once(root, buf_view(&message), at, now,
	                                    KEYS_API_AGAIN, answer, err);
out:
	buf_release(&message);
	return rc;
}
