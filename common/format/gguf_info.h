/*
 * What the metadata and tensors of a GGUF file say, as JSON: "model_info" and "tensors"
 * of Ollama's show.
 */
#ifndef FORMAT_GGUF_INFO_H
#define FORMAT_GGUF_INFO_H

#include "base/buf.h"
#include "format/gguf.h"

#include <stdbool.h>

/* Bytes of each of the two texts. */
#define GGUF_INFO_MAX ((size_t)64 << 20)

struct gguf_info {
	bool verbose;       /* arrays with what they hold; else null, and no tensors */
	struct buf values;  /* an object */
	struct buf tensors; /* an array */
	uint64_t count;     /* of the array that is being read */
};

void gguf_info_init(struct gguf_info *i, bool verbose);
void gguf_info_release(struct gguf_info *i);
/*
 * Reads the header of a file (gguf.h) and writes both texts: without the name of the
 * model and its template, and with the number of parameters that was counted. Fails as
 * gguf_read does, and with ERR_TOO_LARGE.
 */
int gguf_info_read(struct gguf_info *i, const struct gguf_source *from, struct gguf *out,
        struct err *err);

#endif
