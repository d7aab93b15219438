#include "support/damage.h"

#include "store/account.h"
#include "store/path.h"
#include "support/values.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PLACE_SIZE 1024

static void absolute(const struct states *s, const char *path, char out[PLACE_SIZE])
{
	assert_true(snprintf(out, PLACE_SIZE, "%s/%s", s->f->dir, path) < PLACE_SIZE);
}

static void own_place(const struct states *s, const char *name, char out[PLACE_SIZE])
{
	const struct states_name *n = states_find(s, name);
	struct repo_name r = as_repo(s->repo);
	struct path path = n->kind == STATES_BLOB ? path_repo_blob(&r, &n->digest)
						  : path_manifest(&r, &n->digest);

	absolute(s, path.text, out);
}

static void entry_place(const struct states *s, const char *name, char out[PLACE_SIZE])
{
	absolute(s, path_blob(&states_find(s, name)->digest).text, out);
}

/* The file keeps its mode and size. */
static void flip(const char *place)
{
	struct stat st;
	char byte;
	int fd;

	assert_int_equal(stat(place, &st), 0);
	assert_int_equal(chmod(place, 0600), 0);
	fd = open(place, O_RDWR | O_CLOEXEC);
	assert_true(fd != -1);
	assert_int_equal(pread(fd, &byte, 1, st.st_size - 1), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, st.st_size - 1), 1);
	close(fd);
	assert_int_equal(chmod(place, st.st_mode & 0777), 0);
}

void damage_flip_entry(struct states *s, const char *name)
{
	char place[PLACE_SIZE];

	entry_place(s, name, place);
	flip(place);
}

void damage_flip_own(struct states *s, const char *name)
{
	char place[PLACE_SIZE];

	own_place(s, name, place);
	flip(place);
}

void damage_truncate(struct states *s, const char *name)
{
	char place[PLACE_SIZE];

	own_place(s, name, place);
	assert_int_equal(truncate(place, 1), 0);
}

void damage_copy(struct states *s, const char *name)
{
	char place[PLACE_SIZE], bytes[4096];
	ssize_t n;
	int fd;

	own_place(s, name, place);
	fd = open(place, O_RDONLY | O_CLOEXEC);
	n = read(fd, bytes, sizeof(bytes));
	close(fd);
	assert_true(n > 0);
	assert_int_equal(unlink(place), 0);
	fd = open(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	assert_int_equal(write(fd, bytes, (size_t)n), n);
	close(fd);
}

void damage_remove_own(struct states *s, const char *name)
{
	char place[PLACE_SIZE];

	own_place(s, name, place);
	assert_int_equal(unlink(place), 0);
}

void damage_remove_entry(struct states *s, const char *name)
{
	char place[PLACE_SIZE];

	entry_place(s, name, place);
	assert_int_equal(unlink(place), 0);
}

void damage_mode(struct states *s, const char *name, unsigned mode)
{
	char place[PLACE_SIZE];

	own_place(s, name, place);
	assert_int_equal(chmod(place, mode), 0);
}

void damage_share(struct states *s, const char *name, const char *repo)
{
	struct repo_name r = as_repo(repo);
	struct path path = path_repo_blob(&r, &states_find(s, name)->digest);
	char from[PLACE_SIZE], to[PLACE_SIZE];

	/* With its directories. */
	plant_file(s->f, path.text, "");
	entry_place(s, name, from);
	absolute(s, path.text, to);
	assert_int_equal(unlink(to), 0);
	assert_int_equal(link(from, to), 0);
}

void damage_age_listed(struct states *s, const char *subject, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "repos/%s/@referrers/sha256/%s/%s", s->repo,
		states_find(s, subject)->digest.hex, states_find(s, name)->digest.hex);
	states_touch(s->f, path, states_now() - 2 * STATES_LATER);
	snprintf(path, sizeof(path), "repos/%s/@manifests/sha256", s->repo);
	states_touch(s->f, path, states_now() - 2 * STATES_LATER);
}

void damage_keep_account(struct states *s)
{
	struct repo_name r = as_repo(s->repo);
	struct err err = ERR_INIT;
	struct account account;

	assert_int_equal(account_read(&s->f->store, &r, &account, &err), 0);
}

/* ---- what was reported ---- */

struct heard {
	const struct states *s;
	char *out;
};

static void say(struct heard *h, const char *fmt, ...) PRINTF(2, 3);

static void say(struct heard *h, const char *fmt, ...)
{
	size_t len = strlen(h->out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(h->out + len, DAMAGE_TEXT - len, fmt, ap);
	va_end(ap);
}

static const char *member(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : NULL;
}

static const char *name_of(const struct states *s, const char *digest)
{
	for (unsigned i = 0; i < s->count; i++)
		if (strcmp(s->names[i].digest.hex, digest + strlen("sha256:")) == 0)
			return s->names[i].text;
	return "?";
}

static void say_name(struct heard *h, const char *before, struct json_object *o,
	const char *key)
{
	const char *digest = member(o, key);

	if (digest)
		say(h, "%s%s", before, name_of(h->s, digest));
}

static void hear(void *arg, const char *kind, const char *json)
{
	struct heard *h = arg;
	struct json_object *o = json_tokener_parse(json), *repaired;
	const char *repo, *tag, *path;

	assert_non_null(o);
	repo = member(o, "repository");
	tag = member(o, "tag");
	path = member(o, "path");
	say(h, "%s", h->out[0] ? "; " : "");
	if (repo && strcmp(repo, h->s->repo) != 0)
		say(h, "%s: ", repo);
	say(h, "%s", strcmp(kind, "problem") == 0 ? member(o, "kind") : kind);
	if (tag)
		say(h, " %s", tag);
	if (strcmp(kind, "problem") != 0 || !tag)
		say_name(h, " ", o, "digest");
	say_name(h, " of ", o, "manifest");
	say_name(h, " under ", o, "subject");
	if (path && !member(o, "digest"))
		say(h, " %s", path);
	if (json_object_object_get_ex(o, "repaired", &repaired) &&
		json_object_get_boolean(repaired))
		say(h, "+");
	json_object_put(o);
}

int damage_try(struct states *s, const struct scrub_options *options,
	struct scrub_result *result, char out[DAMAGE_TEXT], struct err *err)
{
	const struct scrub_options plain = {0};
	struct heard heard = {s, out};
	struct job job = {.item = hear, .arg = &heard};

	out[0] = '\0';
	return scrub_run(&s->f->store, options ? options : &plain, &job, result, err);
}

const char *damage_scrub(struct states *s, const struct scrub_options *options,
	struct scrub_result *result, char out[DAMAGE_TEXT])
{
	struct err err = ERR_INIT;

	if (damage_try(s, options, result, out, &err) != 0)
		fail_msg("scrub: %s", err.text);
	assert_int_equal(err.code, ERR_NONE);
	return out;
}
