#include "service/usage.h"

#include "base/io.h"
#include "base/num.h"
#include "format/json.h"
#include "store/account.h"
#include "store/path.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	size_t offset; /* in struct account_limits */
	bool is_size;
} members[] = {
	{"bytes", offsetof(struct account_limits, bytes), true},
	{"manifests", offsetof(struct account_limits, manifests), false},
	{"blob-size", offsetof(struct account_limits, blob_size), true},
};

#define NMEMBERS (sizeof(members) / sizeof(members[0]))

static uint64_t *limit_at(struct account_limits *l, size_t i)
{
	return (uint64_t *)(void *)((char *)l + members[i].offset);
}

static bool is_default(struct account_limits *l)
{
	for (size_t i = 0; i < NMEMBERS; i++)
		if (*limit_at(l, i) != ACCOUNT_LIMIT_DEFAULT)
			return false;
	return true;
}

int usage_find(struct store *s, const struct repo_name *ns, struct err *err)
{
	struct path path = path_repo(ns);
	struct account_limits own;
	struct err why = ERR_INIT;
	struct stat st;
	bool has_limits;

	if (io_stat(s->root, path.text, &st) == 0)
		return 0;
	if (errno != ENOENT && errno != ENOTDIR)
		return err_io(err, "cannot look at %s", path.text);
	/* Limits that cannot be understood are there all the same. */
	has_limits = account_limits_get(s, ns, &own, &why) != 0 || !is_default(&own);
	err_release(&why);
	if (has_limits)
		return 0;
	return err_set(err, ERR_NAME_UNKNOWN,
		"there is no namespace %s: nothing was pushed to it, and it has no limits "
		"of its own",
		ns->text);
}

static void add_limits(struct account_limits *l, struct buf *out)
{
	for (size_t i = 0; i < NMEMBERS; i++) {
		uint64_t value = *limit_at(l, i);

		buf_addf(out, "%c\"%s\":", i ? ',' : '{', members[i].name);
		if (value == ACCOUNT_LIMIT_DEFAULT)
			buf_add_str(out, "null");
		else
			buf_addf(out, "%" PRIu64, value);
	}
	buf_add_char(out, '}');
}

void usage_add_account(
	const struct repo_name *ns, const struct account *a, struct buf *out)
{
	buf_addf(out,
		"{\"namespace\":\"%s\",\"bytes\":%" PRIu64 ",\"blobs\":%" PRIu64
		",\"manifests\":%" PRIu64,
		ns->text, a->bytes, a->blobs, a->manifests);
}

static int check_room(const struct buf *out, struct err *err)
{
	if (buf_failed(out))
		return err_set(err, ERR_FAULT, "no memory for an account");
	return 0;
}

static void add_problem(struct err *why, struct buf *out)
{
	buf_add_str(out, ",\"problem\":");
	buf_add_json(out, view_of(why->text));
	err_release(why);
}

int usage_add(
	struct store *s, const struct repo_name *ns, struct buf *out, struct err *err)
{
	struct account_limits limits;
	struct err why = ERR_INIT;
	struct account a;

	if (account_read(s, ns, &a, err) != 0)
		return -1;
	usage_add_account(ns, &a, out);
	buf_add_str(out, ",\"limits\":");
	if (account_limits_get(s, ns, &limits, &why) == 0) {
		limits = account_limits_effective(s, &limits);
		add_limits(&limits, out);
	} else {
		buf_add_str(out, "null");
		add_problem(&why, out);
	}
	buf_add_char(out, '}');
	return check_room(out, err);
}

int quota_add(
	struct store *s, const struct repo_name *ns, struct buf *out, struct err *err)
{
	struct account_limits own, limits;
	struct err why = ERR_INIT;

	buf_addf(out, "{\"namespace\":\"%s\",\"limits\":", ns->text);
	if (account_limits_get(s, ns, &own, &why) == 0) {
		limits = account_limits_effective(s, &own);
		add_limits(&own, out);
		buf_add_str(out, ",\"in-force\":");
		add_limits(&limits, out);
	} else {
		buf_add_str(out, "null,\"in-force\":null");
		add_problem(&why, out);
	}
	buf_add_char(out, '}');
	return check_room(out, err);
}

/* The text of a number or of a string; the empty view of anything else. */
static struct view scalar_text(struct json_object *value)
{
	if (json_object_is_type(value, json_type_string))
		return json_text(value);
	/* As it was written: one that is too large must not become the largest there is. */
	if (json_object_is_type(value, json_type_int))
		return view_of(json_object_to_json_string(value));
	return VIEW_LIT("");
}

static int take_limit(const char *name, struct json_object *value,
	struct account_limits *own, struct err *err)
{
	for (size_t i = 0; i < NMEMBERS; i++) {
		uint64_t *to = limit_at(own, i);
		struct view text = scalar_text(value);

		if (strcmp(name, members[i].name) != 0)
			continue;
		if (!value)
			return 0;
		if ((members[i].is_size ? num_parse_size(text, to)
					: num_parse(text, to)) == 0)
			return 0;
		return err_set(err, ERR_BAD_REQUEST,
			"%s: a limit is %s, 0 for none, or null for the default", name,
			members[i].is_size ? "a number of bytes or a size such as "
					     "\"10GiB\""
					   : "a number");
	}
	return err_set(err, ERR_BAD_REQUEST,
		"there is no limit \"%.64s\"; there are bytes, manifests and blob-size",
		name);
}

int quota_parse(struct view json, struct account_limits *own, struct err *err)
{
	const char *why = NULL;
	struct json_object *root = json_parse_object(json, &why);
	int rc = 0;

	for (size_t i = 0; i < NMEMBERS; i++)
		*limit_at(own, i) = ACCOUNT_LIMIT_DEFAULT;
	if (!root)
		return err_set(err, ERR_BAD_REQUEST,
			"no object of limits such as {\"bytes\":\"10GiB\"}: %s", why);
	json_object_object_foreach(root, name, value)
	{
		if (rc == 0)
			rc = take_limit(name, value, own, err);
	}
	json_object_put(root);
	return rc;
}
