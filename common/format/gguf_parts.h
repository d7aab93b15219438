/* What the parts of the GGUF reader share; for gguf*.c only. */
#ifndef FORMAT_GGUF_PARTS_H
#define FORMAT_GGUF_PARTS_H

#include "format/gguf.h"

/* Keys of an architecture that may come before its name. */
#define GGUF_PENDING_MAX 64

struct gguf_place {
	const char *kind; /* "metadata", "tensor", or NULL in the first bytes */
	uint64_t index;
};

/* A number whose key begins with the name of an architecture. */
struct gguf_pending {
	char architecture[GGUF_NAME_MAX + 1];
	size_t wanted; /* index in architecture_keys */
	uint64_t number;
};

struct gguf_reader {
	const struct gguf_source *source;
	const struct gguf_visitor *visitor;
	struct gguf *out;
	struct err *err;
	uint64_t at; /* offset of the next byte */
	char *window;
	uint64_t window_at;
	size_t window_len;
	struct gguf_place place;
	struct buf key, text, element;
	struct gguf_pending pending[GGUF_PENDING_MAX];
	size_t npending;
	/* The tensor that ends last. */
	uint64_t tensors_end, last_tensor;
};

/* The refusal that names the place and the byte; always returns -1. */
int gguf_broken(struct gguf_reader *r, const char *what);
/* Keeps what is wanted of a value, whose key is in r->key. */
int gguf_note(struct gguf_reader *r, const struct gguf_value *v);
/* When all values have been seen: takes over those of the architecture. */
void gguf_settle(struct gguf_reader *r);

#endif
