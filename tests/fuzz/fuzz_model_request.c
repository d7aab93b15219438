/* Requests to make a model, and manifests of models. */
#include "fuzz/fuzz.h"

#include "format/json.h"
#include "format/model_manifest.h"
#include "format/model_request.h"

#include <assert.h>

static void check_request(struct json_object *body)
{
	struct model_request r = MODEL_REQUEST_INIT;
	struct err err = ERR_INIT;

	if (model_request_parse(body, &r, &err) == 0) {
		assert(r.has_from || r.nfiles > 0);
		assert(r.nfiles <= MODEL_FILES_MAX && r.nadapters <= 1);
		assert(r.name.model[0] && r.name.tag[0]);
	} else {
		assert(err.code == ERR_BAD_REQUEST || err.code == ERR_TOO_LARGE);
	}
	err_release(&err);
	model_request_release(&r);
}

/* What is written reads as the same, whatever was around it. */
static void check_manifest(struct view text)
{
	struct model_manifest m = MODEL_MANIFEST_INIT, again = MODEL_MANIFEST_INIT;
	struct buf first = BUF_INIT((size_t)8 << 20), second = BUF_INIT((size_t)8 << 20);
	struct err err = ERR_INIT;

	if (model_manifest_parse(text, &m, &err) == 1 &&
	        model_manifest_write(&m, &first) == 0) {
		assert(model_manifest_parse(buf_view(&first), &again, &err) == 1);
		assert(again.nlayers == m.nlayers);
		assert(model_manifest_bytes(&again) == model_manifest_bytes(&m));
		assert(model_manifest_write(&again, &second) == 0);
		assert(view_equal(buf_view(&first), buf_view(&second)));
	}
	err_release(&err);
	buf_release(&first);
	buf_release(&second);
	model_manifest_release(&m);
	model_manifest_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = {(const char *)data, size};
	const char *why;
	struct json_object *body = json_parse_object(text, &why);

	if (body) {
		check_request(body);
		check_manifest(text);
	}
	json_object_put(body);
	return 0;
}
