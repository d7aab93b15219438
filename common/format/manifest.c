#include "format/manifest.h"

#include "format/json.h"

#include <stdlib.h>
#include <string.h>

/* Index of a descriptor that stands alone, not in a list. */
#define ALONE SIZE_MAX

static const struct {
	const char *type;
	enum manifest_kind kind;
} known_types[] = {
	{MEDIA_OCI_MANIFEST, MANIFEST_IMAGE},
	{MEDIA_OCI_INDEX, MANIFEST_INDEX},
	{MEDIA_DOCKER_MANIFEST, MANIFEST_IMAGE},
	{MEDIA_DOCKER_LIST, MANIFEST_INDEX},
};

static enum manifest_kind kind_of(const char *media_type)
{
	for (size_t i = 0; i < sizeof(known_types) / sizeof(known_types[0]); i++)
		if (view_is_nocase(view_of(media_type), known_types[i].type))
			return known_types[i].kind;
	return MANIFEST_OTHER;
}

/* json_member, or the refusal that names the member. */
static int member(struct json_object *object, const char *name, enum json_type type,
	struct json_object **value, struct err *err)
{
	if (json_member(object, name, type, value))
		return 0;
	return err_set(err, ERR_MANIFEST_INVALID, "\"%s\" in the manifest is no %s", name,
		json_type_to_name(type));
}

/* ---- media type ---- */

static bool has_member(struct json_object *root, const char *name)
{
	return json_object_object_get_ex(root, name, NULL);
}

/* Neither the request nor the document names a type: what it holds tells. */
static const char *guess_type(struct json_object *root)
{
	if (has_member(root, "manifests"))
		return MEDIA_OCI_INDEX;
	if (has_member(root, "config") || has_member(root, "layers"))
		return MEDIA_OCI_MANIFEST;
	return NULL;
}

static int document_type(
	struct json_object *root, char out[MEDIA_TYPE_MAX + 1], struct err *err)
{
	struct json_object *value;

	out[0] = '\0';
	if (member(root, "mediaType", json_type_string, &value, err) != 0)
		return -1;
	if (json_text(value).len == 0)
		return 0;
	if (media_type_parse(json_text(value), out) != 0)
		return err_set(err, ERR_MANIFEST_INVALID,
			"\"mediaType\" of the manifest is no media type");
	return 0;
}

static int read_media_type(struct json_object *root, const char *content_type,
	char out[MEDIA_TYPE_MAX + 1], struct err *err)
{
	char document[MEDIA_TYPE_MAX + 1];
	const char *guess;

	if (content_type[0] && media_type_parse(view_of(content_type), out) != 0)
		return err_set(
			err, ERR_MANIFEST_INVALID, "Content-Type is no media type");
	if (document_type(root, document, err) != 0)
		return -1;
	if (content_type[0]) {
		if (document[0] && !view_is_nocase(view_of(document), out))
			return err_set(err, ERR_MANIFEST_INVALID,
				"Content-Type is %.80s, the manifest says %.80s",
				out, document);
		return 0;
	}
	guess = document[0] ? document : guess_type(root);
	if (!guess)
		return err_set(err, ERR_MANIFEST_INVALID,
			"the manifest has no media type: send a Content-Type");
	return view_copy(view_of(guess), out, MEDIA_TYPE_MAX + 1);
}

/* ---- descriptors ---- */

static int bad_descriptor(const char *name, size_t index, enum err_code code,
	const char *what, struct err *err)
{
	if (index == ALONE)
		return err_set(err, code, "%s in the manifest: %s", name, what);
	return err_set(err, code, "%s[%zu] in the manifest: %s", name, index, what);
}

/* image-spec, "Properties" of a descriptor: digest and size. */
static int read_descriptor(struct json_object *d, const char *name, size_t index,
	struct manifest_ref *out, struct err *err)
{
	struct json_object *digest, *size;

	if (!json_object_is_type(d, json_type_object))
		return bad_descriptor(
			name, index, ERR_MANIFEST_INVALID, "no object", err);
	if (!json_member(d, "digest", json_type_string, &digest) || !digest)
		return bad_descriptor(
			name, index, ERR_MANIFEST_INVALID, "no digest", err);
	if (!json_member(d, "size", json_type_int, &size) || !size ||
		json_object_get_int64(size) < 0 ||
		json_object_get_uint64(size) > INT64_MAX)
		return bad_descriptor(name, index, ERR_MANIFEST_INVALID,
			"size is no number of bytes", err);
	out->size = json_object_get_uint64(size);
	switch (digest_parse(json_text(digest), &out->digest)) {
	case DIGEST_OK:
		return 0;
	case DIGEST_UNSUPPORTED:
		return bad_descriptor(name, index, ERR_DIGEST_INVALID,
			"digest of an algorithm other than sha256 and sha512", err);
	default:
		return bad_descriptor(
			name, index, ERR_DIGEST_INVALID, "malformed digest", err);
	}
}

/* Layers that image-spec lets be fetched from elsewhere. */
static bool is_optional(struct json_object *layer)
{
	struct json_object *type, *urls;

	json_member(layer, "urls", json_type_array, &urls);
	if (urls && json_object_array_length(urls) > 0)
		return true;
	json_member(layer, "mediaType", json_type_string, &type);
	return media_type_is_nondistributable(json_text(type));
}

static int reserve_refs(struct manifest *out, size_t more, struct err *err)
{
	size_t size = (out->nrefs + more) * sizeof(out->refs[0]);
	struct manifest_ref *grown = realloc(out->refs, size ? size : 1);

	if (!grown)
		return err_set(err, ERR_FAULT, "no memory for %zu descriptors", more);
	out->refs = grown;
	return 0;
}

static int read_list(
	struct json_object *root, const char *name, struct manifest *out, struct err *err)
{
	struct json_object *list;
	size_t n;

	if (member(root, name, json_type_array, &list, err) != 0)
		return -1;
	n = list ? json_object_array_length(list) : 0;
	if (reserve_refs(out, n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct json_object *d = json_object_array_get_idx(list, i);
		struct manifest_ref *ref = &out->refs[out->nrefs];

		if (read_descriptor(d, name, i, ref, err) != 0)
			return -1;
		ref->is_manifest = out->kind == MANIFEST_INDEX;
		ref->optional = out->kind == MANIFEST_IMAGE && is_optional(d);
		out->nrefs++;
	}
	return 0;
}

static int read_config(struct json_object *root, struct manifest *out, struct err *err)
{
	struct json_object *config;
	struct manifest_ref *ref;

	if (member(root, "config", json_type_object, &config, err) != 0)
		return -1;
	if (!config)
		return err_set(
			err, ERR_MANIFEST_INVALID, "the image manifest has no config");
	if (reserve_refs(out, 1, err) != 0)
		return -1;
	ref = &out->refs[out->nrefs];
	if (read_descriptor(config, "config", ALONE, ref, err) != 0)
		return -1;
	ref->is_manifest = false;
	ref->optional = false;
	out->nrefs++;
	return 0;
}

static int compare_refs(const void *a, const void *b)
{
	const struct manifest_ref *x = a, *y = b;

	if (x->digest.algorithm != y->digest.algorithm)
		return x->digest.algorithm < y->digest.algorithm ? -1 : 1;
	return strcmp(x->digest.hex, y->digest.hex);
}

/* Sorts, and leaves each digest once. */
static int merge_refs(struct manifest *m, struct err *err)
{
	size_t kept = 0;

	if (m->nrefs == 0)
		return 0;
	qsort(m->refs, m->nrefs, sizeof(m->refs[0]), compare_refs);
	for (size_t i = 1; i < m->nrefs; i++) {
		struct manifest_ref *last = &m->refs[kept];

		if (!digest_equal(&last->digest, &m->refs[i].digest)) {
			m->refs[++kept] = m->refs[i];
			continue;
		}
		if (last->size != m->refs[i].size)
			return err_set(err, ERR_SIZE_INVALID,
				"the manifest gives %s:%s different sizes",
				digest_algorithm_name(last->digest.algorithm),
				last->digest.hex);
		last->optional = last->optional && m->refs[i].optional;
	}
	m->nrefs = kept + 1;
	return 0;
}

/*
 * A document that is an image to one reader and an index to another would let a digest
 * stand for two things (CVE-2021-41190): it is neither.
 */
static int check_shape(struct json_object *root, enum manifest_kind kind, struct err *err)
{
	static const char *const foreign[][2] = {
		[MANIFEST_IMAGE] = {"manifests", "manifests"},
		[MANIFEST_INDEX] = {"config", "layers"},
	};
	struct json_object *version;

	for (size_t i = 0; i < 2; i++)
		if (json_object_object_get(root, foreign[kind][i]))
			return err_set(err, ERR_MANIFEST_INVALID,
				"a manifest of this media type has no \"%s\"",
				foreign[kind][i]);
	if (member(root, "schemaVersion", json_type_int, &version, err) != 0)
		return -1;
	if (version && json_object_get_int64(version) != 2)
		return err_set(err, ERR_MANIFEST_INVALID,
			"schemaVersion of the manifest is not 2");
	return 0;
}

/* ---- what the referrers API shows ---- */

static int read_subject(struct json_object *root, struct manifest *out, struct err *err)
{
	struct json_object *subject;
	struct manifest_ref ref;

	if (member(root, "subject", json_type_object, &subject, err) != 0)
		return -1;
	if (!subject)
		return 0;
	if (read_descriptor(subject, "subject", ALONE, &ref, err) != 0)
		return -1;
	out->has_subject = true;
	out->subject = ref.digest;
	return 0;
}

static bool has_control(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if ((unsigned char)v.ptr[i] < 0x20 || v.ptr[i] == 0x7f)
			return true;
	return false;
}

static int read_artifact_type(
	struct json_object *root, struct manifest *out, struct err *err)
{
	struct json_object *value, *config;
	struct view text;

	if (member(root, "artifactType", json_type_string, &value, err) != 0)
		return -1;
	if (json_text(value).len == 0 && out->kind == MANIFEST_IMAGE) {
		json_member(root, "config", json_type_object, &config);
		if (member(config, "mediaType", json_type_string, &value, err) != 0)
			return -1;
	}
	text = json_text(value);
	if (has_control(text) ||
		view_copy(text, out->artifact_type, MEDIA_TYPE_MAX + 1) != 0)
		return err_set(err, ERR_MANIFEST_INVALID,
			"artifact type over %d bytes or with control characters",
			MEDIA_TYPE_MAX);
	return 0;
}

/* Other than strings would make the answer of the referrers API unreadable to clients. */
static int read_annotations(
	struct json_object *root, struct manifest *out, struct err *err)
{
	struct json_object *annotations;

	if (member(root, "annotations", json_type_object, &annotations, err) != 0)
		return -1;
	if (!annotations)
		return 0;
	json_object_object_foreach(annotations, name, value) {
		if (!json_object_is_type(value, json_type_string))
			return err_set(err, ERR_MANIFEST_INVALID,
				"annotation \"%.100s\" of the manifest is no string",
				name);
	}
	out->annotations = strdup(json_object_to_json_string_ext(
		annotations, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	if (!out->annotations)
		return err_set(
			err, ERR_FAULT, "no memory for the annotations of a manifest");
	return 0;
}

static int read_whole(struct json_object *root, struct manifest *out, struct err *err)
{
	if (check_shape(root, out->kind, err) != 0)
		return -1;
	if (out->kind == MANIFEST_IMAGE) {
		if (read_config(root, out, err) != 0 ||
			read_list(root, "layers", out, err) != 0)
			return -1;
	} else if (read_list(root, "manifests", out, err) != 0) {
		return -1;
	}
	if (merge_refs(out, err) != 0 || read_subject(root, out, err) != 0)
		return -1;
	if (read_artifact_type(root, out, err) != 0)
		return -1;
	return read_annotations(root, out, err);
}

/* In another type a member may mean something else: what does not fit is not ours. */
static void read_other(struct json_object *root, struct manifest *out)
{
	struct err ignored = ERR_INIT;

	if (read_subject(root, out, &ignored) != 0)
		out->has_subject = false;
	if (read_artifact_type(root, out, &ignored) != 0)
		out->artifact_type[0] = '\0';
	(void)read_annotations(root, out, &ignored);
	err_release(&ignored);
}

int manifest_parse(struct view bytes, const char *content_type, struct manifest *out,
	struct err *err)
{
	const char *why;
	struct json_object *root = json_parse_object(bytes, &why);
	int rc = -1;

	if (!root)
		return err_set(err, ERR_MANIFEST_INVALID,
			"the manifest is no JSON object: %s", why);
	if (read_media_type(root, content_type, out->media_type, err) != 0)
		goto out;
	out->kind = kind_of(out->media_type);
	if (out->kind != MANIFEST_OTHER) {
		rc = read_whole(root, out, err);
	} else {
		read_other(root, out);
		rc = 0;
	}
out:
	json_object_put(root);
	return rc;
}

void manifest_release(struct manifest *m)
{
	free(m->annotations);
	free(m->refs);
	*m = MANIFEST_INIT;
}
