/* Headers of GGUF files. */
#include "fuzz/fuzz.h"

#include "format/gguf.h"
#include "format/gguf_info.h"

#include <assert.h>
#include <string.h>

static int read_bytes(
        void *arg, void *bytes, size_t len, uint64_t offset, struct err *err)
{
	const struct view *v = arg;

	(void)err;
	assert(offset <= v->len && len <= v->len - offset);
	memcpy(bytes, v->ptr + offset, len);
	return 0;
}

static void check_header(const struct gguf *g, size_t size)
{
	assert(g->version == 2 || g->version == 3);
	assert(g->architecture[0] != '\0' && g->alignment > 0);
	assert(g->header_size % g->alignment == 0);
	assert(g->ntensors == 0 || g->header_size <= size);
	assert(gguf_file_type(g)[0] != '\0');
	(void)gguf_kind(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view bytes = {(const char *)data, size};
	const struct gguf_source from = {read_bytes, &bytes, size};
	struct gguf g = GGUF_INIT;
	struct gguf_info info;
	struct err err = ERR_INIT;
	int rc;

	for (int verbose = 0; verbose < 2; verbose++) {
		gguf_info_init(&info, verbose);
		rc = gguf_info_read(&info, &from, &g, &err);
		if (rc == 0)
			check_header(&g, size);
		else
			assert(err_is_refusal(&err) && err.text[0] != '\0');
		err_release(&err);
		gguf_info_release(&info);
		gguf_release(&g);
	}
	return 0;
}
