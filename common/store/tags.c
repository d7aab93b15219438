#include "store/tags.h"

#include "base/io.h"
#include "base/log.h"
#include "store/path.h"
#include "store/repos.h"

#include <errno.h>

/* "../@manifests/sha512/" and the digits fit with room to spare. */
#define TARGET_SIZE 256
#define LOOKS 3

/* The link's text; -1 and errno. Another host may just be replacing it: looks again. */
static int read_target(struct store *s, const struct path *tag, char target[TARGET_SIZE])
{
	for (int look = 1;; look++) {
		if (io_readlink(s->root, tag->text, target, TARGET_SIZE) >= 0)
			return 0;
		if ((errno != ENOENT && errno != ESTALE) || look == LOOKS)
			return -1;
	}
}

static int tag_unknown(const struct repo_name *r, const struct tag *t, struct err *err)
{
	return err_set(err, ERR_MANIFEST_UNKNOWN, "repository %s has no tag %s", r->text,
		t->text);
}

int tags_resolve(struct store *s, const struct repo_name *r, const struct tag *t,
	struct digest *out, struct err *err)
{
	struct path tag = path_tag(r, t);
	char target[TARGET_SIZE];

	if (read_target(s, &tag, target) < 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ESTALE)
			return tag_unknown(r, t, err);
		return err_io(err, "cannot read tag %s", tag.text);
	}
	if (path_tag_target_parse(target, out) == 0)
		return 0;
	log_event(LOG_LEVEL_ERROR, "tag-corrupt", "repository=%s tag=%s", r->text,
		t->text);
	return tag_unknown(r, t, err);
}

static int move_into_place(struct store *s, const struct path *from,
	const struct path *tag, struct err *err)
{
	if (io_rename(s->root, from->text, tag->text) == 0)
		return 0;
	if (errno != ENOENT)
		return err_io(err, "cannot set tag %s", tag->text);
	if (store_make_dirs(s, path_parent(tag).text, err) < 0)
		return -1;
	if (io_rename(s->root, from->text, tag->text) < 0)
		return err_io(err, "cannot set tag %s", tag->text);
	return 0;
}

static int replace(struct store *s, const struct path *tag, const struct path *target,
	struct err *err)
{
	struct session_id id;
	struct path temporary;

	if (store_random_id(&id, err) < 0)
		return -1;
	temporary = path_tmp(&id);
	if (io_symlink(target->text, s->root, temporary.text) < 0)
		return err_io(err, "cannot make a link for tag %s", tag->text);
	if (move_into_place(s, &temporary, tag, err) == 0)
		return 0;
	/* The second try is for a passing fault: nobody comes back for the link. */
	if (io_unlink(s->root, temporary.text) < 0 &&
		io_unlink(s->root, temporary.text) < 0)
		log_event(LOG_LEVEL_WARN, "tag-link-left", "file=%s", temporary.text);
	return -1;
}

int tags_set(struct store *s, const struct repo_name *r, const struct tag *t,
	const struct digest *d, struct err *err)
{
	struct path tag = path_tag(r, t);
	struct path target = path_tag_target(d);
	char now[TARGET_SIZE];
	bool same = io_readlink(s->root, tag.text, now, sizeof(now)) >= 0 &&
		    view_is(view_of(now), target.text);

	/* Its time is that of the last push, also of the same manifest. */
	if (same && io_touch(s->root, tag.text) < 0)
		same = false;
	if (!same && replace(s, &tag, &target, err) < 0)
		return -1;
	/*
	 * Whoever set it to the same may have been killed before the directory was
	 * synced.
	 */
	return store_sync_dir(s, path_parent(&tag).text, err);
}

int tags_delete(struct store *s, const struct repo_name *r, const struct tag *t,
	struct err *err)
{
	struct path tag = path_tag(r, t);

	if (io_unlink(s->root, tag.text) < 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ESTALE)
			return tag_unknown(r, t, err);
		return err_io(err, "cannot delete tag %s", tag.text);
	}
	return store_sync_dir(s, path_parent(&tag).text, err);
}

/* Removes the tag if it points to the target: *gone is then set. */
static int delete_if_at(struct store *s, const struct repo_name *r, const char *name,
	const struct path *target, bool *gone, struct err *err)
{
	struct tag t;
	struct path tag;
	char now[TARGET_SIZE];

	if (tag_parse(view_of(name), &t) < 0)
		return 0;
	tag = path_tag(r, &t);
	if (io_readlink(s->root, tag.text, now, sizeof(now)) < 0)
		return errno == ENOENT || errno == ESTALE
			       ? 0
			       : err_io(err, "cannot read tag %s", tag.text);
	if (!view_is(view_of(now), target->text))
		return 0;
	if (io_unlink(s->root, tag.text) < 0 && errno != ENOENT)
		return err_io(err, "cannot delete tag %s", tag.text);
	*gone = true;
	return 0;
}

int tags_delete_all(struct store *s, const struct repo_name *r, const struct digest *d,
	struct err *err)
{
	struct path tags = path_tags(r);
	struct path target = path_tag_target(d);
	struct listing *l = NULL;
	bool gone = false;
	int rc = 0;

	if (listing_get(s, &tags, &l, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < l->count; i++)
		rc = delete_if_at(s, r, l->names[i], &target, &gone, err);
	listing_release(l);
	if (gone && store_sync_dir(s, tags.text, err) < 0)
		rc = -1;
	return rc;
}

int tags_list(struct store *s, const struct repo_name *r, struct listing **out,
	struct err *err)
{
	struct path tags = path_tags(r);
	bool has = true;

	if (listing_get(s, &tags, out, err) < 0)
		return -1;
	if ((*out)->count > 0)
		return 0;
	if (repos_has_manifest(s, r, &has, err) == 0 && has)
		return 0;
	listing_release(*out);
	*out = NULL;
	return err_set(err, ERR_NAME_UNKNOWN, "there is no repository %s", r->text);
}
