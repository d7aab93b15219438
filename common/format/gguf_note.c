/* What is kept of the metadata of a GGUF file. */
#include "format/gguf_parts.h"

#include <string.h>

static bool as_unsigned(const struct gguf_value *v, uint64_t *out)
{
	switch (v->type) {
	case GGUF_U8:
	case GGUF_U16:
	case GGUF_U32:
	case GGUF_U64:
		*out = v->number;
		return true;
	case GGUF_I8:
	case GGUF_I16:
	case GGUF_I32:
	case GGUF_I64:
		*out = (uint64_t)v->integer;
		return v->integer >= 0;
	default:
		return false;
	}
}

/* Numbers whose key begins with the architecture. */
static const char *const architecture_keys[] = {
        "context_length",
        "embedding_length",
        "block_count",
        "vision.block_count",
        "audio.block_count",
        "pooling_type",
};

#define ARCHITECTURE_KEYS (sizeof(architecture_keys) / sizeof(architecture_keys[0]))

static void note_architecture_key(
        struct gguf_reader *r, struct view key, const struct gguf_value *v)
{
	struct gguf_pending *p = &r->pending[r->npending];
	struct view name, rest;
	uint64_t n = 0;

	if (r->npending == GGUF_PENDING_MAX || !view_cut(key, '.', &name, &rest))
		return;
	for (size_t i = 0; i < ARCHITECTURE_KEYS; i++) {
		/* Some models have a list here, one for each block: it is there, at
		 * least. */
		bool counts = as_unsigned(v, &n) || v->type == GGUF_ARRAY;

		if (!view_is(rest, architecture_keys[i]) || !counts)
			continue;
		if (view_copy(name, p->architecture, sizeof(p->architecture)) != 0)
			continue;
		p->wanted = i;
		p->number = v->type == GGUF_ARRAY ? 0 : n;
		r->npending++;
		return;
	}
}

void gguf_settle(struct gguf_reader *r)
{
	struct gguf *g = r->out;
	uint64_t *const to[ARCHITECTURE_KEYS] = {&g->context_length, &g->embedding_length,
	        &g->block_count, &g->vision_blocks, &g->audio_blocks, NULL};

	if (!g->architecture[0])
		memcpy(g->architecture, "unknown", sizeof("unknown"));
	for (size_t i = 0; i < r->npending; i++) {
		const struct gguf_pending *p = &r->pending[i];

		if (strcmp(p->architecture, g->architecture) != 0)
			continue;
		if (to[p->wanted])
			*to[p->wanted] = p->number;
		else
			g->has_pooling = true;
	}
}

static int note_name(
        struct gguf_reader *r, const struct gguf_value *v, char out[GGUF_NAME_MAX + 1])
{
	if (v->type != GGUF_STRING || v->text.len == 0 ||
	        view_copy(v->text, out, GGUF_NAME_MAX + 1) != 0)
		return gguf_broken(r, "no name of at most 64 characters");
	return 0;
}

static int note_alignment(struct gguf_reader *r, const struct gguf_value *v)
{
	uint64_t n = 0;

	if (!as_unsigned(v, &n) || n == 0 || n > UINT32_MAX)
		return gguf_broken(r, "no alignment");
	r->out->alignment = (uint32_t)n;
	return 0;
}

static void note_template(struct gguf_reader *r, const struct gguf_value *v)
{
	buf_clear(&r->out->chat_template);
	if (v->type == GGUF_STRING)
		(void)buf_add_view(&r->out->chat_template, v->text);
}

int gguf_note(struct gguf_reader *r, const struct gguf_value *v)
{
	struct gguf *g = r->out;
	struct view key = buf_view(&r->key);
	uint64_t n = 0;

	if (view_is(key, "general.architecture"))
		return note_name(r, v, g->architecture);
	if (view_is(key, "general.type"))
		return note_name(r, v, g->type);
	if (view_is(key, "general.alignment"))
		return note_alignment(r, v);
	if (view_is(key, "general.file_type") && as_unsigned(v, &n)) {
		g->has_file_type = n <= UINT32_MAX;
		g->file_type = (uint32_t)n;
	} else if (view_is(key, "split.count") && as_unsigned(v, &n)) {
		g->split_count = n;
	} else if (view_is(key, "tokenizer.chat_template")) {
		note_template(r, v);
	} else if (view_is(key, "clip.has_vision_encoder")) {
		g->has_vision = v->type == GGUF_BOOL && v->number;
	} else if (view_is(key, "clip.has_audio_encoder")) {
		g->has_audio = v->type == GGUF_BOOL && v->number;
	} else {
		note_architecture_key(r, key, v);
	}
	return 0;
}
