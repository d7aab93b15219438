#include "support/gguf_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)64 << 20)

void gguf_file_init(struct gguf_file *f)
{
	*f = (struct gguf_file){.version = 3,
	        .values = BUF_INIT(FILE_MAX),
	        .tensors = BUF_INIT(FILE_MAX),
	        .file = BUF_INIT(FILE_MAX)};
}

void gguf_file_release(struct gguf_file *f)
{
	buf_release(&f->values);
	buf_release(&f->tensors);
	buf_release(&f->file);
}

void gguf_file_put(const struct gguf_file *f, struct buf *b, uint64_t n, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		size_t shift = 8 * (f->big_endian ? size - 1 - i : i);

		buf_add_char(b, (char)(n >> shift & 0xff));
	}
}

static void put_string(struct gguf_file *f, struct buf *b, const char *text)
{
	gguf_file_put(f, b, strlen(text), 8);
	buf_add_str(b, text);
}

static void begin_value(struct gguf_file *f, const char *key, enum gguf_type type)
{
	put_string(f, &f->values, key);
	gguf_file_put(f, &f->values, type, 4);
	f->nvalues++;
}

void gguf_file_text(struct gguf_file *f, const char *key, const char *text)
{
	begin_value(f, key, GGUF_STRING);
	put_string(f, &f->values, text);
}

void gguf_file_number(
        struct gguf_file *f, const char *key, enum gguf_type type, uint64_t n)
{
	begin_value(f, key, type);
	gguf_file_put(f, &f->values, n, gguf_type_size(type));
}

void gguf_file_u32(struct gguf_file *f, const char *key, uint32_t n)
{
	gguf_file_number(f, key, GGUF_U32, n);
}

static void begin_array(
        struct gguf_file *f, const char *key, enum gguf_type type, uint64_t n)
{
	begin_value(f, key, GGUF_ARRAY);
	gguf_file_put(f, &f->values, type, 4);
	gguf_file_put(f, &f->values, n, 8);
}

void gguf_file_texts(struct gguf_file *f, const char *key, uint64_t n)
{
	char text[32];

	begin_array(f, key, GGUF_STRING, n);
	for (uint64_t i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)i);
		put_string(f, &f->values, text);
	}
}

void gguf_file_numbers(struct gguf_file *f, const char *key, uint64_t n)
{
	begin_array(f, key, GGUF_I32, n);
	for (uint64_t i = 0; i < n; i++)
		gguf_file_put(f, &f->values, i, 4);
}

void gguf_file_tensor(struct gguf_file *f, const char *name, uint32_t type, uint64_t rows,
        uint64_t columns, uint64_t offset)
{
	put_string(f, &f->tensors, name);
	gguf_file_put(f, &f->tensors, 2, 4);
	gguf_file_put(f, &f->tensors, rows, 8);
	gguf_file_put(f, &f->tensors, columns, 8);
	gguf_file_put(f, &f->tensors, type, 4);
	gguf_file_put(f, &f->tensors, offset, 8);
	f->ntensors++;
}

struct view gguf_file_make(struct gguf_file *f, size_t data)
{
	struct buf *b = &f->file;

	buf_clear(b);
	buf_add_str(b, "GGUF");
	gguf_file_put(f, b, f->version, 4);
	gguf_file_put(f, b, f->ntensors, 8);
	gguf_file_put(f, b, f->nvalues, 8);
	buf_add_view(b, buf_view(&f->values));
	buf_add_view(b, buf_view(&f->tensors));
	while (b->len % 32)
		buf_add_char(b, '\0');
	for (size_t i = 0; i < data; i++)
		buf_add_char(b, (char)i);
	if (buf_failed(b))
		abort();
	return buf_view(b);
}

void gguf_file_model(struct gguf_file *f, const char *architecture, unsigned seed)
{
	char key[128];

	gguf_file_text(f, "general.architecture", architecture);
	gguf_file_text(f, "general.name", "Test");
	gguf_file_u32(f, "general.file_type", 15);
	snprintf(key, sizeof(key), "%s.context_length", architecture);
	gguf_file_u32(f, key, 4096);
	snprintf(key, sizeof(key), "%s.embedding_length", architecture);
	gguf_file_u32(f, key, 32);
	snprintf(key, sizeof(key), "%s.block_count", architecture);
	gguf_file_u32(f, key, 2);
	gguf_file_u32(f, "test.seed", seed);
	gguf_file_texts(f, "tokenizer.ggml.tokens", 20);
	gguf_file_numbers(f, "tokenizer.ggml.token_type", 20);
	gguf_file_text(f, "tokenizer.chat_template", "{{ messages }}");
	gguf_file_tensor(f, "token_embd.weight", 2, 32, 4, 0);
	gguf_file_make(f, 72);
}

static int read_view(void *arg, void *bytes, size_t len, uint64_t offset, struct err *err)
{
	const struct view *v = arg;

	if (offset > v->len || len > v->len - offset)
		return err_set(err, ERR_FAULT, "a read beyond the end");
	memcpy(bytes, v->ptr + offset, len);
	return 0;
}

struct gguf_source gguf_file_source(struct view *bytes)
{
	return (struct gguf_source){read_view, bytes, bytes->len};
}
