#include "format/gguf_info.h"

#include "format/gojson.h"

#include <inttypes.h>

void gguf_info_init(struct gguf_info *i, bool verbose)
{
	*i = (struct gguf_info){
	        verbose, BUF_INIT(GGUF_INFO_MAX), BUF_INIT(GGUF_INFO_MAX), 0};
}

void gguf_info_release(struct gguf_info *i)
{
	buf_release(&i->values);
	buf_release(&i->tensors);
}

static int outcome(const struct buf *b, struct err *err)
{
	if (!buf_failed(b))
		return 0;
	return err_set(err, ERR_TOO_LARGE, "the metadata are too long to be shown");
}

static void add_scalar(struct buf *out, const struct gguf_value *v)
{
	switch (v->type) {
	case GGUF_I8:
	case GGUF_I16:
	case GGUF_I32:
	case GGUF_I64:
		buf_addf(out, "%" PRId64, v->integer);
		break;
	case GGUF_F32:
		gojson_add_float(out, (float)v->real);
		break;
	case GGUF_F64:
		gojson_add_double(out, v->real);
		break;
	case GGUF_BOOL:
		buf_add_str(out, v->number ? "true" : "false");
		break;
	case GGUF_STRING:
		gojson_add_string(out, v->text);
		break;
	default:
		buf_addf(out, "%" PRIu64, v->number);
		break;
	}
}

static bool is_left_out(struct view key)
{
	return view_is(key, "general.name") || view_is(key, "tokenizer.chat_template") ||
	       view_is(key, "general.parameter_count");
}

static int add_value(
        void *arg, struct view key, const struct gguf_value *v, struct err *err)
{
	struct gguf_info *i = arg;

	if (is_left_out(key) && v->type != GGUF_ARRAY)
		return 0;
	buf_add_char(&i->values, i->values.len ? ',' : '{');
	gojson_add_string(&i->values, key);
	buf_add_char(&i->values, ':');
	if (v->type != GGUF_ARRAY)
		add_scalar(&i->values, v);
	else if (!i->verbose)
		buf_add_str(&i->values, "null");
	else if (v->count == 0)
		buf_add_str(&i->values, "[]");
	i->count = v->count;
	return outcome(&i->values, err);
}

static int add_element(
        void *arg, uint64_t index, const struct gguf_value *v, struct err *err)
{
	struct gguf_info *i = arg;

	buf_add_char(&i->values, index > 0 ? ',' : '[');
	add_scalar(&i->values, v);
	if (index + 1 == i->count)
		buf_add_char(&i->values, ']');
	return outcome(&i->values, err);
}

static int add_tensor(void *arg, const struct gguf_tensor *t, struct err *err)
{
	struct gguf_info *i = arg;
	const char *type = gguf_tensor_type_name(t->type);

	buf_add_char(&i->tensors, i->tensors.len ? ',' : '[');
	buf_add_str(&i->tensors, "{\"name\":");
	gojson_add_string(&i->tensors, t->name);
	if (type)
		buf_addf(&i->tensors, ",\"type\":\"%s\",\"shape\":[", type);
	else
		buf_addf(&i->tensors,
		        ",\"type\":\"unknown type %" PRIu32 "\",\"shape\":[", t->type);
	for (uint32_t k = 0; k < t->ndims; k++)
		buf_addf(&i->tensors, "%s%" PRIu64, k ? "," : "", t->dims[k]);
	buf_add_str(&i->tensors, "]}");
	return outcome(&i->tensors, err);
}

int gguf_info_read(struct gguf_info *i, const struct gguf_source *from, struct gguf *out,
        struct err *err)
{
	const struct gguf_visitor visitor = {add_value, i->verbose ? add_element : NULL,
	        i->verbose ? add_tensor : NULL, i};

	if (gguf_read(from, &visitor, out, err) != 0)
		return -1;
	buf_addf(&i->values, "%c\"general.parameter_count\":%" PRIu64 "}",
	        i->values.len ? ',' : '{', out->parameters);
	buf_add_str(&i->tensors, i->tensors.len ? "]" : "[]");
	return outcome(&i->values, err) == 0 ? outcome(&i->tensors, err) : -1;
}
