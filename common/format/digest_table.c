#include "format/digest_table.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 256

void digest_table_release(struct digest_table *t)
{
	free(t->digests);
	free(t->slots);
	*t = DIGEST_TABLE_INIT(t->seed);
}

void digest_table_clear(struct digest_table *t)
{
	if (t->nslots > SLOTS_MIN && t->count < t->nslots / 16) {
		digest_table_release(t);
		return;
	}
	t->count = 0;
	if (t->slots)
		memset(t->slots, 0, t->nslots * sizeof(t->slots[0]));
}

/* The slot of d, or the free one where it belongs. There is always a free one. */
static size_t slot_of(const struct digest_table *t, const struct digest *d)
{
	uint64_t h = t->seed ^ (uint64_t)d->algorithm;
	size_t len = digest_hex_length(d->algorithm);
	size_t at;

	for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, d->hex + i, sizeof(word));
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	at = (size_t)(h >> 16) & (t->nslots - 1);
	while (t->slots[at] != 0 && !digest_equal(&t->digests[t->slots[at] - 1], d))
		at = (at + 1) & (t->nslots - 1);
	return at;
}

uint32_t digest_table_find(const struct digest_table *t, const struct digest *d)
{
	uint32_t slot = t->nslots > 0 ? t->slots[slot_of(t, d)] : 0;

	return slot != 0 ? slot - 1 : DIGEST_TABLE_NONE;
}

/* Room for one digest more, in less than half of the slots. */
static int grow(struct digest_table *t)
{
	size_t size = t->size > 0 ? t->size * 2 : SLOTS_MIN / 2;
	struct digest *digests;
	uint32_t *slots;

	if (t->count < t->size)
		return 0;
	if (size >= UINT32_MAX / 2)
		return -1;
	digests = realloc(t->digests, size * sizeof(*digests));
	if (!digests)
		return -1;
	t->digests = digests;
	slots = calloc(size * 2, sizeof(*slots));
	if (!slots)
		return -1;
	free(t->slots);
	t->slots = slots;
	t->nslots = size * 2;
	t->size = size;
	for (size_t i = 0; i < t->count; i++)
		t->slots[slot_of(t, &t->digests[i])] = (uint32_t)i + 1;
	return 0;
}

int digest_table_add(struct digest_table *t, const struct digest *d, uint32_t *number)
{
	size_t at;

	*number = digest_table_find(t, d);
	if (*number != DIGEST_TABLE_NONE)
		return 0;
	if (grow(t) < 0)
		return -1;
	at = slot_of(t, d);
	t->digests[t->count] = *d;
	*number = (uint32_t)t->count++;
	t->slots[at] = *number + 1;
	return 0;
}
