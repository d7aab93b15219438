#include "store/path.h"

#include "base/attr.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TAG_TARGET_PREFIX "../@manifests/"

static struct path build(const char *fmt, ...) PRINTF(1, 2);

static struct path build(const char *fmt, ...)
{
	struct path p;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p.text, sizeof(p.text), fmt, ap);
	va_end(ap);
	return p;
}

struct path path_blob_dir(const struct digest *d)
{
	return build(PATH_BLOBS "/%s/%.2s", digest_algorithm_name(d->algorithm), d->hex);
}

struct path path_blob(const struct digest *d)
{
	return build(PATH_BLOBS "/%s/%.2s/%s", digest_algorithm_name(d->algorithm),
		d->hex, d->hex);
}

struct path path_repo(const struct repo_name *r)
{
	return build(PATH_REPOS "/%s", r->text);
}

struct path path_repo_lock(const struct repo_name *r)
{
	return build(PATH_REPOS "/%s/@lock", r->text);
}

struct path path_repo_blobs(const struct repo_name *r, enum digest_algorithm a)
{
	return build(PATH_REPOS "/%s/@blobs/%s", r->text, digest_algorithm_name(a));
}

struct path path_repo_blob(const struct repo_name *r, const struct digest *d)
{
	return build(PATH_REPOS "/%s/@blobs/%s/%s", r->text,
		digest_algorithm_name(d->algorithm), d->hex);
}

struct path path_manifests(const struct repo_name *r, enum digest_algorithm a)
{
	return build(PATH_REPOS "/%s/@manifests/%s", r->text, digest_algorithm_name(a));
}

struct path path_manifest(const struct repo_name *r, const struct digest *d)
{
	return build(PATH_REPOS "/%s/@manifests/%s/%s", r->text,
		digest_algorithm_name(d->algorithm), d->hex);
}

struct path path_tags(const struct repo_name *r)
{
	return build(PATH_REPOS "/%s/@tags", r->text);
}

struct path path_tag(const struct repo_name *r, const struct tag *t)
{
	return build(PATH_REPOS "/%s/@tags/%s", r->text, t->text);
}

struct path path_referrers(const struct repo_name *r, const struct digest *subject)
{
	return build(PATH_REPOS "/%s/@referrers/%s/%s", r->text,
		digest_algorithm_name(subject->algorithm), subject->hex);
}

struct path path_referrer(const struct repo_name *r, const struct digest *subject,
	const struct digest *manifest)
{
	return build(PATH_REPOS "/%s/@referrers/%s/%s/%s", r->text,
		digest_algorithm_name(subject->algorithm), subject->hex, manifest->hex);
}

struct path path_upload(const struct session_id *id)
{
	return build(PATH_UPLOADS "/%s", id->text);
}

struct path path_upload_file(const struct session_id *id, const char *file)
{
	return build(PATH_UPLOADS "/%s/%s", id->text, file);
}

struct path path_tmp(const struct session_id *id)
{
	return build(PATH_TMP "/%s", id->text);
}

struct path path_account(const struct repo_name *r)
{
	struct view ns = repo_name_namespace(r);

	return build(PATH_QUOTA "/%.*s", VIEW_ARG(ns));
}

struct path path_account_file(const struct repo_name *r, const char *file)
{
	struct view ns = repo_name_namespace(r);

	return build(PATH_QUOTA "/%.*s/%s", VIEW_ARG(ns), file);
}

struct path path_quarantine(const struct digest *d, uint64_t ino)
{
	return build(PATH_QUARANTINE "/%s-%s-%" PRIu64, digest_algorithm_name(d->algorithm),
		d->hex, ino);
}

struct path path_tag_target(const struct digest *d)
{
	return build(
		TAG_TARGET_PREFIX "%s/%s", digest_algorithm_name(d->algorithm), d->hex);
}

int path_tag_target_parse(const char *target, struct digest *out)
{
	struct view rest = view_of(target);
	struct view name, hex;
	enum digest_algorithm a;

	if (!view_starts(rest, TAG_TARGET_PREFIX))
		return -1;
	rest.ptr += sizeof(TAG_TARGET_PREFIX) - 1;
	rest.len -= sizeof(TAG_TARGET_PREFIX) - 1;
	if (!view_cut(rest, '/', &name, &hex) || digest_algorithm_parse(name, &a) < 0)
		return -1;
	return digest_from_hex(a, hex, out);
}

struct path path_parent(const struct path *p)
{
	struct path parent = *p;
	char *slash = strrchr(parent.text, '/');

	/* The parent of a single name is the directory itself. */
	if (slash)
		*slash = '\0';
	else
		strcpy(parent.text, ".");
	return parent;
}
