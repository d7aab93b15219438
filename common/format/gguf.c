#include "format/gguf_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_SIZE ((size_t)64 << 10)
/* What any metadata and any tensor takes in the file at least. */
#define VALUE_BYTES_MIN 13
#define TENSOR_BYTES_MIN 24
#define DEFAULT_ALIGNMENT 32
#define VERSION_MAX 3

/* ---- reading ---- */

int gguf_broken(struct gguf_reader *r, const char *what)
{
	struct view key = buf_view(&r->key);

	if (!r->place.kind)
		return err_set(r->err, ERR_BAD_REQUEST, "GGUF file, byte %" PRIu64 ": %s",
		        r->at, what);
	return err_set(r->err, ERR_BAD_REQUEST,
	        "GGUF file, %s %" PRIu64 "%s%.*s%s, byte %" PRIu64 ": %s", r->place.kind,
	        r->place.index, key.len ? " (" : "", key.len > 80 ? 80 : (int)key.len,
	        key.len ? key.ptr : "", key.len ? ")" : "", r->at, what);
}

/* That the next len bytes are there. */
static int expect(struct gguf_reader *r, uint64_t len)
{
	if (len > r->source->size - r->at)
		return gguf_broken(r, "goes beyond the end of the file");
	if (r->at + len > GGUF_HEADER_MAX)
		return gguf_broken(r, "the header is too long");
	return 0;
}

static int skip(struct gguf_reader *r, uint64_t len)
{
	if (expect(r, len) != 0)
		return -1;
	r->at += len;
	return 0;
}

static int fill_window(struct gguf_reader *r)
{
	uint64_t left = r->source->size - r->at;
	size_t len = left < WINDOW_SIZE ? (size_t)left : WINDOW_SIZE;

	r->window_len = 0;
	if (r->source->read(r->source->arg, r->window, len, r->at, r->err) != 0)
		return -1;
	r->window_at = r->at;
	r->window_len = len;
	return 0;
}

static int take(struct gguf_reader *r, void *bytes, size_t len)
{
	char *to = bytes;

	if (expect(r, len) != 0)
		return -1;
	while (len > 0) {
		size_t n;

		if (r->at < r->window_at || r->at >= r->window_at + r->window_len)
			if (fill_window(r) != 0)
				return -1;
		n = (size_t)(r->window_at + r->window_len - r->at);
		n = n < len ? n : len;
		memcpy(to, r->window + (r->at - r->window_at), n);
		r->at += n;
		to += n;
		len -= n;
	}
	return 0;
}

/* A number of len bytes in the order of the file. */
static int take_number(struct gguf_reader *r, size_t len, uint64_t *out)
{
	unsigned char bytes[8];

	if (take(r, bytes, len) != 0)
		return -1;
	*out = 0;
	for (size_t i = 0; i < len; i++)
		*out = *out << 8 | bytes[r->out->big_endian ? i : len - 1 - i];
	return 0;
}

static int take_u32(struct gguf_reader *r, uint32_t *out)
{
	uint64_t n;

	if (take_number(r, 4, &n) != 0)
		return -1;
	*out = (uint32_t)n;
	return 0;
}

/* The length of a string that is there. */
static int take_length(struct gguf_reader *r, uint64_t max, uint64_t *len)
{
	if (take_number(r, 8, len) != 0)
		return -1;
	if (*len > max)
		return gguf_broken(r, "a string is too long");
	return expect(r, *len);
}

/* A string into out, or past it when out is too small for it. */
static int take_string(struct gguf_reader *r, uint64_t max, struct buf *out)
{
	uint64_t len;

	buf_clear(out);
	if (take_length(r, max, &len) != 0)
		return -1;
	if (len > out->ceiling)
		return skip(r, len);
	if (buf_reserve(out, (size_t)len) != 0)
		return err_set(
		        r->err, ERR_FAULT, "no memory for a string of a GGUF file");
	out->len = (size_t)len;
	out->ptr[len] = '\0';
	return take(r, out->ptr, (size_t)len);
}

/* ---- metadata ---- */

static int64_t sign_extend(uint64_t n, size_t len)
{
	unsigned shift = (unsigned)(64 - 8 * len);

	return (int64_t)(n << shift) >> shift;
}

static void set_number(struct gguf_value *v, uint64_t bits, size_t len)
{
	uint32_t low = (uint32_t)bits;
	float single;

	v->number = bits;
	switch (v->type) {
	case GGUF_I8:
	case GGUF_I16:
	case GGUF_I32:
	case GGUF_I64:
		v->integer = sign_extend(bits, len);
		break;
	case GGUF_F32:
		memcpy(&single, &low, sizeof(single));
		v->real = (double)single;
		break;
	case GGUF_F64:
		memcpy(&v->real, &bits, sizeof(v->real));
		break;
	default:
		break;
	}
}

/* A value that is no array; its text is kept in text. */
static int take_scalar(struct gguf_reader *r, struct gguf_value *v, struct buf *text)
{
	size_t len = gguf_type_size(v->type);
	uint64_t bits;

	if (v->type == GGUF_STRING) {
		if (take_string(r, GGUF_STRING_MAX, text) != 0)
			return -1;
		v->text = buf_view(text);
		return 0;
	}
	if (take_number(r, len, &bits) != 0)
		return -1;
	if (v->type == GGUF_BOOL && bits > 1)
		return gguf_broken(r, "a boolean that is neither 0 nor 1");
	set_number(v, bits, len);
	return 0;
}

static int take_type(struct gguf_reader *r, enum gguf_type *out)
{
	uint32_t n;

	if (take_u32(r, &n) != 0)
		return -1;
	if (n >= GGUF_TYPES)
		return gguf_broken(r, "unknown type of value");
	*out = (enum gguf_type)n;
	return 0;
}

/* The head of an array: what it holds, and that so many can be there. */
static int take_array(struct gguf_reader *r, struct gguf_value *v)
{
	size_t size;

	if (take_type(r, &v->element) != 0 || take_number(r, 8, &v->count) != 0)
		return -1;
	if (v->element == GGUF_ARRAY)
		return gguf_broken(r, "an array of arrays");
	if (v->count > GGUF_ARRAY_MAX)
		return gguf_broken(r, "an array is too long");
	size = gguf_type_size(v->element);
	return expect(r, v->count * (size ? size : 8));
}

static int take_elements(struct gguf_reader *r, const struct gguf_value *array)
{
	const struct gguf_visitor *to = r->visitor;
	struct gguf_value v = {.type = array->element};
	uint64_t len;
	int rc = 0;

	if (array->element != GGUF_STRING && !(to && to->element))
		return skip(r, array->count * gguf_type_size(array->element));
	for (uint64_t i = 0; rc == 0 && i < array->count; i++) {
		if (to && to->element) {
			rc = take_scalar(r, &v, &r->element);
			if (rc == 0)
				rc = to->element(to->arg, i, &v, r->err);
		} else {
			rc = take_length(r, GGUF_STRING_MAX, &len);
			if (rc == 0)
				rc = skip(r, len);
		}
	}
	return rc;
}

static int take_value(struct gguf_reader *r)
{
	struct gguf_value v = {0};
	int rc;

	if (take_string(r, GGUF_KEY_MAX, &r->key) != 0 || take_type(r, &v.type) != 0)
		return -1;
	rc = v.type == GGUF_ARRAY ? take_array(r, &v) : take_scalar(r, &v, &r->text);
	if (rc == 0)
		rc = gguf_note(r, &v);
	if (rc == 0 && r->visitor && r->visitor->value)
		rc = r->visitor->value(r->visitor->arg, buf_view(&r->key), &v, r->err);
	if (rc == 0 && v.type == GGUF_ARRAY)
		rc = take_elements(r, &v);
	return rc;
}

/* ---- tensors ---- */

static int take_dims(struct gguf_reader *r, struct gguf_tensor *t, uint64_t *elements)
{
	if (take_u32(r, &t->ndims) != 0)
		return -1;
	if (t->ndims > GGUF_DIMS_MAX)
		return gguf_broken(r, "a tensor of more than four dimensions");
	*elements = 1;
	for (uint32_t i = 0; i < t->ndims; i++) {
		if (take_number(r, 8, &t->dims[i]) != 0)
			return -1;
		if (__builtin_mul_overflow(*elements, t->dims[i], elements))
			return gguf_broken(r, "the dimensions are too large");
	}
	return 0;
}

/* Where the tensor ends, counted from the first; an unknown type ends where it begins. */
static int note_end(
        struct gguf_reader *r, uint32_t type, uint64_t elements, uint64_t offset)
{
	uint64_t block, bytes, size = 0, end;

	if (gguf_tensor_block(type, &block, &bytes) &&
	        __builtin_mul_overflow(
	                elements / block + (elements % block != 0), bytes, &size))
		return gguf_broken(r, "the dimensions are too large");
	if (__builtin_add_overflow(offset, size, &end))
		return gguf_broken(r, "the offset is too large");
	if (end >= r->tensors_end) {
		r->tensors_end = end;
		r->last_tensor = r->place.index;
	}
	return 0;
}

static int take_tensor(struct gguf_reader *r)
{
	struct gguf_tensor t = {0};
	uint64_t elements = 0, offset = 0;

	if (take_string(r, GGUF_KEY_MAX, &r->key) != 0 ||
	        take_dims(r, &t, &elements) != 0 || take_u32(r, &t.type) != 0 ||
	        take_number(r, 8, &offset) != 0 ||
	        note_end(r, t.type, elements, offset) != 0)
		return -1;
	if (__builtin_add_overflow(r->out->parameters, elements, &r->out->parameters))
		return gguf_broken(r, "too many parameters");
	t.name = buf_view(&r->key);
	if (r->visitor && r->visitor->tensor)
		return r->visitor->tensor(r->visitor->arg, &t, r->err);
	return 0;
}

/* The first tensor begins at the next multiple of the alignment. */
static int check_tensors(struct gguf_reader *r)
{
	struct gguf *g = r->out;
	uint64_t over = r->at % g->alignment;

	r->place = (struct gguf_place){"tensor", r->last_tensor};
	buf_clear(&r->key);
	g->header_size = over ? r->at + (g->alignment - over) : r->at;
	if (g->ntensors == 0)
		return 0;
	if (g->header_size > r->source->size ||
	        r->tensors_end > r->source->size - g->header_size)
		return gguf_broken(r, "its data go beyond the end of the file");
	return 0;
}

/* ---- the whole ---- */

static int take_version(struct gguf_reader *r)
{
	struct gguf *g = r->out;
	char magic[4] = "";

	if (r->source->size >= sizeof(magic) && take(r, magic, sizeof(magic)) != 0)
		return -1;
	if (memcmp(magic, "GGUF", 4) != 0 && memcmp(magic, "FUGG", 4) != 0)
		return err_set(r->err, ERR_BAD_REQUEST, "the file is not in GGUF format");
	g->big_endian = magic[0] == 'F';
	if (take_u32(r, &g->version) != 0)
		return -1;
	if (g->version > UINT16_MAX) {
		g->big_endian = !g->big_endian;
		g->version = __builtin_bswap32(g->version);
	}
	if (g->version == 1)
		return gguf_broken(r, "version 1, which is obsolete");
	if (g->version == 0 || g->version > VERSION_MAX)
		return gguf_broken(r, "unknown version");
	return 0;
}

static int take_counts(struct gguf_reader *r)
{
	struct gguf *g = r->out;
	uint64_t size = r->source->size;

	if (take_number(r, 8, &g->ntensors) != 0 || take_number(r, 8, &g->nvalues) != 0)
		return -1;
	if (g->ntensors > size / TENSOR_BYTES_MIN || g->nvalues > size / VALUE_BYTES_MIN)
		return gguf_broken(r, "more metadata or tensors than the file can hold");
	return 0;
}

static int take_all(struct gguf_reader *r)
{
	struct gguf *g = r->out;

	g->alignment = DEFAULT_ALIGNMENT;
	if (take_version(r) != 0 || take_counts(r) != 0)
		return -1;
	for (uint64_t i = 0; i < g->nvalues; i++) {
		r->place = (struct gguf_place){"metadata", i};
		buf_clear(&r->key);
		if (take_value(r) != 0)
			return -1;
	}
	gguf_settle(r);
	for (uint64_t i = 0; i < g->ntensors; i++) {
		r->place = (struct gguf_place){"tensor", i};
		buf_clear(&r->key);
		if (take_tensor(r) != 0)
			return -1;
	}
	return check_tensors(r);
}

int gguf_read(const struct gguf_source *from, const struct gguf_visitor *visitor,
        struct gguf *out, struct err *err)
{
	struct gguf_reader *r = calloc(1, sizeof(*r));
	int rc = -1;

	if (!r || !(r->window = malloc(WINDOW_SIZE))) {
		free(r);
		return err_set(err, ERR_FAULT, "no memory to read a GGUF file");
	}
	r->source = from;
	r->visitor = visitor;
	r->out = out;
	r->err = err;
	r->key = BUF_INIT(GGUF_KEY_MAX);
	/* What is longer than a template is of no interest. */
	r->text = BUF_INIT(GGUF_TEMPLATE_MAX);
	r->element = BUF_INIT(GGUF_KEY_MAX);
	rc = take_all(r);
	buf_release(&r->key);
	buf_release(&r->text);
	buf_release(&r->element);
	free(r->window);
	free(r);
	return rc;
}

void gguf_release(struct gguf *g)
{
	buf_release(&g->chat_template);
	*g = GGUF_INIT;
}

enum gguf_kind gguf_kind(const struct gguf *g)
{
	if (strcmp(g->type, "adapter") == 0)
		return GGUF_ADAPTER;
	if (strcmp(g->type, "projector") == 0 || strcmp(g->type, "mmproj") == 0)
		return GGUF_PROJECTOR;
	if (strcmp(g->architecture, "clip") == 0)
		return GGUF_PROJECTOR;
	return g->block_count == 0 && g->vision_blocks > 0 ? GGUF_PROJECTOR : GGUF_MODEL;
}

const char *gguf_file_type(const struct gguf *g)
{
	const char *name = g->has_file_type && g->file_type > 0
	                           ? gguf_file_type_name(g->file_type)
	                           : NULL;

	return name ? name : "unknown";
}
