#include "support/invariants.h"

#include "support/invariants_account.h"
#include "support/invariants_base.h"

#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const algorithms[] = {"sha256", "sha512"};

static void check_blob(struct check *c, const char *path, const char *name,
	void *algorithm)
{
	size_t len;
	char *bytes = check_slurp(path, &len);

	if (!bytes)
		check_violation(c, "%s is no readable file", path);
	else
		check_hash(c, path, algorithm, name, bytes, len);
	free(bytes);
}

/* A blob of the store: its directory is named by its first two digits. */
static void check_store_blob(struct check *c, const char *path, const char *name,
	void *algorithm)
{
	const char *parent = path + strlen(path) - strlen(name) - 3;

	if (strncmp(parent, name, 2) != 0)
		check_violation(c, "%s is in the wrong directory", path);
	check_blob(c, path, name, algorithm);
}

static void check_fan_out(struct check *c, const char *path, const char *name,
	void *algorithm)
{
	if (!check_is_hex(name, 2))
		check_violation(c, "%s does not belong there", path);
	check_each(c, path, algorithm, check_store_blob);
}

/* What a check of one repository hands on. */
struct repo {
	char dir[PATH_SIZE];
	const char *algorithm; /* of the directory being read */
	const char *subject;   /* "sha256/<hex>" of the one being read */
};

/* "sha256:<hex>" as "sha256/<hex>"; false when it is malformed. */
static bool place_of(const char *digest, char out[PATH_SIZE])
{
	char algorithm[7] = "";

	if (!digest || strlen(digest) < 7 || digest[6] != ':')
		return false;
	memcpy(algorithm, digest, 6);
	if ((strcmp(algorithm, "sha256") != 0 && strcmp(algorithm, "sha512") != 0) ||
		!check_is_hex(digest + 7, check_hex_length(algorithm)))
		return false;
	check_join(out, algorithm, digest + 7);
	return true;
}

static const char *string_of(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) ||
		!json_object_is_type(v, json_type_string))
		return NULL;
	return json_object_get_string(v);
}

static bool may_be_absent(struct json_object *descriptor)
{
	const char *type = string_of(descriptor, "mediaType");
	struct json_object *urls;

	if (type && (strstr(type, "nondistributable") || strstr(type, ".foreign.")))
		return true;
	return json_object_object_get_ex(descriptor, "urls", &urls) &&
	       json_object_is_type(urls, json_type_array) &&
	       json_object_array_length(urls) > 0;
}

/* Bytes of what is at path; those of a manifest begin after its first line. */
static int64_t content_size(const char *path, bool is_manifest)
{
	size_t len;
	char *bytes, *end;
	struct stat st;

	if (lstat(path, &st) != 0)
		return -1;
	if (!is_manifest)
		return st.st_size;
	bytes = check_slurp(path, &len);
	end = bytes ? memchr(bytes, '\n', len) : NULL;
	if (end)
		len -= (size_t)(end - bytes) + 1;
	free(bytes);
	return (int64_t)len;
}

static void check_descriptor(struct check *c, const struct repo *r, const char *manifest,
	struct json_object *descriptor, bool is_manifest)
{
	const char *digest = string_of(descriptor, "digest");
	struct json_object *size;
	char place[PATH_SIZE], dir[PATH_SIZE], path[PATH_SIZE];
	int64_t actual;

	if (!place_of(digest, place)) {
		check_violation(c, "%s has a descriptor with a bad digest", manifest);
		return;
	}
	check_join(dir, r->dir, is_manifest ? "@manifests" : "@blobs");
	check_join(path, dir, place);
	actual = content_size(path, is_manifest);
	if (actual < 0) {
		/* A client may delete the child of an index, but not a blob in use. */
		if (!is_manifest && !may_be_absent(descriptor) &&
			!(c->allow & INVARIANTS_SPARSE))
			check_violation(c, "%s needs %s, which is not there", manifest,
				path);
		return;
	}
	if (!json_object_object_get_ex(descriptor, "size", &size) ||
		json_object_get_int64(size) != actual)
		check_violation(c, "%s says another size of %s", manifest, path);
}

static void check_descriptors(struct check *c, const struct repo *r, const char *manifest,
	struct json_object *doc, const char *key, bool is_manifest)
{
	struct json_object *v;

	if (!json_object_object_get_ex(doc, key, &v) || !v)
		return;
	if (json_object_is_type(v, json_type_object))
		check_descriptor(c, r, manifest, v, is_manifest);
	if (!json_object_is_type(v, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(v); i++)
		check_descriptor(c, r, manifest, json_object_array_get_idx(v, i),
			is_manifest);
}

/* "<algorithm>/<hex>" of the document's subject; false when it has none. */
static bool subject_of(struct json_object *doc, char out[PATH_SIZE])
{
	struct json_object *v;

	return json_object_object_get_ex(doc, "subject", &v) &&
	       place_of(string_of(v, "digest"), out);
}

static void check_listed(struct check *c, const struct repo *r, const char *manifest,
	const char *name, struct json_object *doc)
{
	char subject[PATH_SIZE], dir[PATH_SIZE], list[PATH_SIZE];

	if (!subject_of(doc, subject))
		return;
	check_join(dir, r->dir, "@referrers");
	check_join(list, dir, subject);
	if (!check_exists(list, name))
		check_violation(c, "%s is not listed under its subject", manifest);
}

static bool is_known_type(const char *type, const char *oci, const char *docker)
{
	return strcmp(type, oci) == 0 || strcmp(type, docker) == 0;
}

static void check_document(struct check *c, const struct repo *r, const char *path,
	const char *name, const char *type, const char *json)
{
	struct json_object *doc = json_tokener_parse(json);

	if (!json_object_is_type(doc, json_type_object)) {
		check_violation(c, "%s is no JSON object", path);
		json_object_put(doc);
		return;
	}
	if (is_known_type(type, "application/vnd.oci.image.manifest.v1+json",
		    "application/vnd.docker.distribution.manifest.v2+json")) {
		check_descriptors(c, r, path, doc, "config", false);
		check_descriptors(c, r, path, doc, "layers", false);
	}
	if (is_known_type(type, "application/vnd.oci.image.index.v1+json",
		    "application/vnd.docker.distribution.manifest.list.v2+json"))
		check_descriptors(c, r, path, doc, "manifests", true);
	check_listed(c, r, path, name, doc);
	json_object_put(doc);
}

static void check_manifest(struct check *c, const char *path, const char *name, void *arg)
{
	const struct repo *r = arg;
	size_t len;
	char *bytes = check_slurp(path, &len);
	char *end = bytes ? memchr(bytes, '\n', len) : NULL;

	if (!end || end == bytes || !memchr(bytes, '/', (size_t)(end - bytes))) {
		check_violation(c, "%s does not begin with a media type", path);
	} else {
		*end++ = '\0';
		check_hash(c, path, r->algorithm, name, end, len - (size_t)(end - bytes));
		check_document(c, r, path, name, bytes, end);
	}
	free(bytes);
}

static void check_tag(struct check *c, const char *path, const char *name, void *arg)
{
	const char *allowed =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-";
	char target[PATH_SIZE] = "";
	const struct repo *r = arg;
	char tags[PATH_SIZE];
	struct stat st;

	if (strspn(name, allowed) != strlen(name) || strlen(name) > 128 ||
		strchr(".-", name[0]))
		check_violation(c, "%s is no tag", path);
	check_join(tags, r->dir, "@tags");
	if (readlink(path, target, sizeof(target) - 1) < 0)
		check_violation(c, "%s is no symbolic link", path);
	else if (strncmp(target, "../@manifests/sha", 17) != 0 ||
		 strstr(target + 3, ".."))
		check_violation(c, "%s points out of the manifests: %s", path, target);
	else if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		check_violation(c, "%s points to no manifest", path);
}

/* Whether the manifest, of either algorithm, is there; its subject goes to out. */
static bool find_subject(const struct repo *r, const char *hex, char out[PATH_SIZE])
{
	char dir[PATH_SIZE], path[PATH_SIZE];
	struct json_object *doc;
	char *bytes, *end;
	size_t len;

	out[0] = '\0';
	check_join(dir, r->dir,
		strlen(hex) == 128 ? "@manifests/sha512" : "@manifests/sha256");
	check_join(path, dir, hex);
	bytes = check_slurp(path, &len);
	end = bytes ? memchr(bytes, '\n', len) : NULL;
	doc = end ? json_tokener_parse(end + 1) : NULL;
	if (doc)
		subject_of(doc, out);
	json_object_put(doc);
	free(bytes);
	return bytes != NULL;
}

static void check_referrer(struct check *c, const char *path, const char *name, void *arg)
{
	const struct repo *r = arg;
	char subject[PATH_SIZE];

	if (!check_is_hex(name, 64) && !check_is_hex(name, 128))
		check_violation(c, "%s does not belong there", path);
	else if (!find_subject(r, name, subject)) {
		if (!(c->allow & INVARIANTS_LISTED))
			check_violation(c, "%s lists a manifest that is not there", path);
	} else if (strcmp(subject, r->subject) != 0) {
		check_violation(c, "%s lists a manifest of another subject", path);
	}
}

static void check_subject(struct check *c, const char *path, const char *name, void *arg)
{
	char subject[PATH_SIZE];
	struct repo *r = arg;

	if (!check_is_hex(name, check_hex_length(r->algorithm)))
		check_violation(c, "%s does not belong there", path);
	check_join(subject, r->algorithm, name);
	r->subject = subject;
	check_each(c, path, r, check_referrer);
	r->subject = NULL;
}

static void check_held_blob(struct check *c, const char *path, const char *name,
	void *arg)
{
	const struct repo *r = arg;

	check_blob(c, path, name, (void *)r->algorithm);
}

static void check_only_algorithms(struct check *c, const char *path, const char *name,
	void *arg)
{
	(void)arg;
	if (strcmp(name, "sha256") != 0 && strcmp(name, "sha512") != 0)
		check_violation(c, "%s does not belong there", path);
}

static void check_repo(struct check *c, struct repo *r)
{
	static const struct {
		const char *kind;
		void (*each)(struct check *c, const char *path, const char *name,
			void *arg);
	} kinds[] = {
		{"@blobs", check_held_blob},
		{"@manifests", check_manifest},
		{"@referrers", check_subject},
	};
	char dir[PATH_SIZE], sub[PATH_SIZE];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		check_join(dir, r->dir, kinds[i].kind);
		check_each(c, dir, NULL, check_only_algorithms);
		for (size_t a = 0; a < 2; a++) {
			check_join(sub, dir, algorithms[a]);
			r->algorithm = algorithms[a];
			check_each(c, sub, r, kinds[i].each);
		}
	}
	check_join(dir, r->dir, "@tags");
	check_each(c, dir, r, check_tag);
}

static bool is_component(const char *name)
{
	size_t len = strlen(name);

	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len &&
	       !strchr("._-", name[0]) && !strchr("._-", name[len - 1]);
}

/* An entry of repos/ or of a directory below it. */
static void check_repo_entry(struct check *c, const char *path, const char *name,
	void *arg)
{
	static const char *const own[] = {
		"@blobs", "@manifests", "@referrers", "@tags", "@lock"};
	struct repo r = {.algorithm = NULL};

	for (size_t i = 0; arg && i < sizeof(own) / sizeof(own[0]); i++) {
		if (strcmp(name, own[i]) == 0)
			return;
	}
	if (!is_component(name)) {
		check_violation(c, "%s does not belong there", path);
		return;
	}
	snprintf(r.dir, sizeof(r.dir), "%s", path);
	check_repo(c, &r);
	check_each(c, path, &r, check_repo_entry);
}

static void check_tmp(struct check *c, const char *path, const char *name, void *arg)
{
	(void)name;
	(void)arg;
	check_violation(c, "%s was left", path);
}

static void check_upload(struct check *c, const char *path, const char *name, void *arg)
{
	(void)arg;
	if (!check_is_hex(name, 32))
		check_violation(c, "%s does not belong there", path);
}

unsigned invariants_check_but(const char *root, unsigned allow)
{
	struct check c = {allow, 0};
	char dir[PATH_SIZE], sub[PATH_SIZE];

	check_join(dir, root, "blobs");
	check_each(&c, dir, NULL, check_only_algorithms);
	for (size_t a = 0; a < 2; a++) {
		check_join(sub, dir, algorithms[a]);
		check_each(&c, sub, (void *)algorithms[a], check_fan_out);
	}
	check_join(dir, root, "repos");
	check_each(&c, dir, NULL, check_repo_entry);
	check_accounts(&c, root);
	check_join(dir, root, "uploads");
	check_each(&c, dir, NULL, check_upload);
	check_join(dir, root, "tmp");
	if (!(allow & INVARIANTS_TMP))
		check_each(&c, dir, NULL, check_tmp);
	return c.violations;
}

unsigned invariants_check(const char *root)
{
	return invariants_check_but(root, 0);
}
