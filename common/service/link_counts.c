#include "service/link_counts.h"

#include <stdlib.h>

void link_counts_release(struct link_counts *t)
{
	free(t->places);
	*t = LINK_COUNTS_INIT;
}

static struct link_count *place_of(const struct link_counts *t, uint64_t ino)
{
	size_t at = (size_t)(ino * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (t->size - 1);

	while (t->places[at].count != 0 && t->places[at].ino != ino)
		at = (at + 1) & (t->size - 1);
	return &t->places[at];
}

static int grow(struct link_counts *t)
{
	struct link_counts larger = {0, t->used, t->size > 0 ? t->size * 2 : 256};

	larger.places = calloc(larger.size, sizeof(*larger.places));
	if (!larger.places)
		return -1;
	for (size_t i = 0; i < t->size; i++)
		if (t->places[i].count != 0)
			*place_of(&larger, t->places[i].ino) = t->places[i];
	free(t->places);
	*t = larger;
	return 0;
}

uint64_t link_counts_add(struct link_counts *t, uint64_t ino)
{
	struct link_count *p;

	if (t->used >= t->size / 2 && grow(t) < 0)
		return 0;
	p = place_of(t, ino);
	if (p->count == 0)
		t->used++;
	p->ino = ino;
	return ++p->count;
}
