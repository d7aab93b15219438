/* GGUF files made by a test: values and tensors, in either order of bytes. */
#ifndef SUPPORT_GGUF_FILE_H
#define SUPPORT_GGUF_FILE_H

#include "base/buf.h"
#include "format/gguf.h"

#include <stdbool.h>
#include <stdint.h>

struct gguf_file {
	uint32_t version; /* 3 */
	bool big_endian;
	uint64_t nvalues, ntensors; /* counted; may be changed before gguf_file_make */
	struct buf values, tensors;
	struct buf file; /* of gguf_file_make */
};

void gguf_file_init(struct gguf_file *f);
void gguf_file_release(struct gguf_file *f);
void gguf_file_text(struct gguf_file *f, const char *key, const char *text);
void gguf_file_u32(struct gguf_file *f, const char *key, uint32_t n);
/* A value of any type whose bytes are those of n. */
void gguf_file_number(
        struct gguf_file *f, const char *key, enum gguf_type type, uint64_t n);
/* An array of n strings "0", "1", … */
void gguf_file_texts(struct gguf_file *f, const char *key, uint64_t n);
/* One of n 32-bit numbers 0, 1, … */
void gguf_file_numbers(struct gguf_file *f, const char *key, uint64_t n);
/* A tensor of rows times columns elements. */
void gguf_file_tensor(struct gguf_file *f, const char *name, uint32_t type, uint64_t rows,
        uint64_t columns, uint64_t offset);
/* A number of size bytes at the end of b, in the order of the file. */
void gguf_file_put(const struct gguf_file *f, struct buf *b, uint64_t n, size_t size);
/* The file with data bytes behind its header. */
struct view gguf_file_make(struct gguf_file *f, size_t data);

/*
 * A model of an architecture as most are: template, context length, tokens, and one
 * tensor of 32 times 4 elements of Q4_0 with 72 bytes of data, which follow from seed.
 */
void gguf_file_model(struct gguf_file *f, const char *architecture, unsigned seed);

/* A source of bytes in memory, which must stay. */
struct gguf_source gguf_file_source(struct view *bytes);

#endif
