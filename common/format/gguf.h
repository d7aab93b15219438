/*
 * The header of a GGUF file (the format of ggml, versions 2 and 3, of either byte order):
 * the metadata that describe the model and the list of its tensors. The tensors
 * themselves are never read, and arrays of numbers are passed over.
 *
 * The file is hostile until proven otherwise: counts and lengths are checked against what
 * the file can hold before anything is read or kept, and nothing of it decides how much
 * memory is used. Version 1 has another layout, is of 2023, and is refused.
 */
#ifndef FORMAT_GGUF_H
#define FORMAT_GGUF_H

#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"
#include "format/gguf_types.h"

#include <stdbool.h>
#include <stdint.h>

#define GGUF_NAME_MAX 64
#define GGUF_KEY_MAX 65535
#define GGUF_STRING_MAX ((uint64_t)16 << 20)
#define GGUF_ARRAY_MAX ((uint64_t)64 << 20)
#define GGUF_DIMS_MAX 4
/* Where the tensors begin, at most. */
#define GGUF_HEADER_MAX ((uint64_t)512 << 20)
/* A longer template is left out. */
#define GGUF_TEMPLATE_MAX ((size_t)1 << 20)

struct gguf_source {
	/* Exactly len bytes at offset, which are there by size. 0, or -1 with *err. */
	int (*read)(void *arg, void *bytes, size_t len, uint64_t offset, struct err *err);
	void *arg;
	uint64_t size; /* of the file */
};

/* A value of the metadata, or an element of an array of strings or numbers. */
struct gguf_value {
	enum gguf_type type;
	uint64_t number;        /* of unsigned types, and GGUF_BOOL */
	int64_t integer;        /* of signed types */
	double real;            /* of floats */
	struct view text;       /* of strings: good until the call returns */
	enum gguf_type element; /* of an array */
	uint64_t count;
};

struct gguf_tensor {
	struct view name; /* good until the call returns */
	uint32_t type;    /* of ggml */
	uint32_t ndims;
	uint64_t dims[GGUF_DIMS_MAX];
};

/* Who wants to see what is passed by; each function may be NULL. Non-zero ends it. */
struct gguf_visitor {
	int (*value)(
	        void *arg, struct view key, const struct gguf_value *v, struct err *err);
	/* Of the array that value() was last called with. */
	int (*element)(
	        void *arg, uint64_t index, const struct gguf_value *v, struct err *err);
	int (*tensor)(void *arg, const struct gguf_tensor *t, struct err *err);
	void *arg;
};

enum gguf_kind { GGUF_MODEL, GGUF_ADAPTER, GGUF_PROJECTOR };

struct gguf {
	uint32_t version;
	bool big_endian;
	uint64_t ntensors, nvalues;
	uint64_t parameters;                  /* elements of all tensors */
	uint64_t header_size;                 /* bytes up to the first tensor */
	char architecture[GGUF_NAME_MAX + 1]; /* "unknown" when there is none */
	char type[GGUF_NAME_MAX + 1];         /* general.type, "" when there is none */
	bool has_file_type;
	uint32_t file_type;
	uint32_t alignment;
	uint64_t split_count; /* 0 unless it is one of several files */
	/* <architecture>.…, 0 when there is none */
	uint64_t context_length, embedding_length, block_count;
	uint64_t vision_blocks, audio_blocks;
	bool has_pooling;           /* it is for embeddings */
	bool has_vision, has_audio; /* clip.has_…_encoder is true */
	struct buf chat_template;   /* tokenizer.chat_template */
};

#define GGUF_INIT ((struct gguf){.chat_template = BUF_INIT(GGUF_TEMPLATE_MAX)})

/*
 * Reads the header; visitor may be NULL. *out must be GGUF_INIT and is to be released in
 * any case. Failures: ERR_BAD_REQUEST with a sentence that names the place (which
 * metadata or tensor, and the byte) when the file is no GGUF, is cut short, or
 * contradicts itself; what the source or the visitor fails with; ERR_FAULT without
 * memory.
 */
int gguf_read(const struct gguf_source *from, const struct gguf_visitor *visitor,
        struct gguf *out, struct err *err);
void gguf_release(struct gguf *g);
/* What a layer with this file is for. */
enum gguf_kind gguf_kind(const struct gguf *g);
/*
 * The name of the quantization as Ollama shows it: "Q4_K_M"; "unknown" without a file
 * type, for F32 and for types that have no name.
 */
const char *gguf_file_type(const struct gguf *g);

#endif
