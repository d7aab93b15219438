/* The numbers of GGUF: types of metadata, of tensors and of whole files. */
#ifndef FORMAT_GGUF_TYPES_H
#define FORMAT_GGUF_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gguf_type {
	GGUF_U8,
	GGUF_I8,
	GGUF_U16,
	GGUF_I16,
	GGUF_U32,
	GGUF_I32,
	GGUF_F32,
	GGUF_BOOL,
	GGUF_STRING,
	GGUF_ARRAY,
	GGUF_U64,
	GGUF_I64,
	GGUF_F64,
	GGUF_TYPES,
};

/* Bytes of a value of a fixed size; 0 for strings and arrays. */
size_t gguf_type_size(enum gguf_type type);
/* "Q4_K_M" of a general.file_type, or NULL. */
const char *gguf_file_type_name(uint32_t file_type);
/* "Q4_K" of a tensor's type, or NULL. */
const char *gguf_tensor_type_name(uint32_t type);
/*
 * How many elements stand in one block of a tensor, and its bytes: false when the type is
 * not known.
 */
bool gguf_tensor_block(uint32_t type, uint64_t *elements, uint64_t *bytes);

#endif
