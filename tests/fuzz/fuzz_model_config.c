/* Config blobs: what is written reads back and is written the same. */
#include "fuzz/fuzz.h"

#include "format/model_config.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_config c = MODEL_CONFIG_INIT, again = MODEL_CONFIG_INIT;
	struct buf first = BUF_INIT((size_t)8 << 20), second = BUF_INIT((size_t)8 << 20);
	struct err err = ERR_INIT;

	if (model_config_parse((struct view){(const char *)data, size}, &c, &err) == 0 &&
	        model_config_write(&c, NULL, 0, &first) == 0) {
		assert(model_config_parse(buf_view(&first), &again, &err) == 0);
		assert(model_config_write(&again, NULL, 0, &second) == 0);
		assert(view_equal(buf_view(&first), buf_view(&second)));
	}
	err_release(&err);
	buf_release(&first);
	buf_release(&second);
	model_config_release(&c);
	model_config_release(&again);
	return 0;
}
