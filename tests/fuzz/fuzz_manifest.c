/* Manifests. The input is a Content-Type, a line feed, and the bytes of the manifest. */
#include "fuzz/fuzz.h"

#include "format/json.h"
#include "format/manifest.h"

#include <assert.h>
#include <string.h>

static void check_refs(const struct manifest *m)
{
	for (size_t i = 0; i < m->nrefs; i++) {
		const struct manifest_ref *ref = &m->refs[i];

		assert(ref->size <= INT64_MAX);
		assert(strlen(ref->digest.hex) ==
			digest_hex_length(ref->digest.algorithm));
		assert(ref->is_manifest == (m->kind == MANIFEST_INDEX));
		assert(i == 0 || !digest_equal(&m->refs[i - 1].digest, &ref->digest));
	}
	assert(m->kind != MANIFEST_OTHER || m->nrefs == 0);
	assert(m->kind != MANIFEST_IMAGE || m->nrefs > 0);
}

static void check_annotations(const struct manifest *m, struct view bytes)
{
	const char *why;
	struct json_object *root = json_parse_object(bytes, &why), *want, *got;

	assert(root);
	if (m->annotations) {
		got = json_parse_object(view_of(m->annotations), &why);
		assert(json_member(root, "annotations", json_type_object, &want));
		assert(got && json_object_equal(want, got));
		json_object_put(got);
	}
	json_object_put(root);
}

/* Pushed with the type that was found, the same bytes give the same manifest. */
static void check_again(const struct manifest *m, struct view bytes)
{
	struct manifest again = MANIFEST_INIT;
	struct err err = ERR_INIT;

	assert(manifest_parse(bytes, m->media_type, &again, &err) == 0);
	assert(strcmp(again.media_type, m->media_type) == 0);
	assert(strcmp(again.artifact_type, m->artifact_type) == 0);
	assert(again.kind == m->kind && again.nrefs == m->nrefs);
	assert(again.has_subject == m->has_subject);
	manifest_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest m = MANIFEST_INIT;
	struct err err = ERR_INIT;
	struct view type, bytes;
	char content_type[512];

	view_cut((struct view){(const char *)data, size}, '\n', &type, &bytes);
	(void)view_copy(type, content_type, sizeof(content_type));
	if (manifest_parse(bytes, content_type, &m, &err) == 0) {
		assert(err.code == ERR_NONE);
		check_refs(&m);
		check_annotations(&m, bytes);
		check_again(&m, bytes);
	} else {
		assert(err_is_refusal(&err) && err.text[0] != '\0');
	}
	err_release(&err);
	manifest_release(&m);
	return 0;
}
