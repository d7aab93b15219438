#include "store/listing.h"

#include "base/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CACHE_SLOTS 8
#define CACHE_BYTES ((size_t)64 << 20)
/* Smaller ones are read about as fast as they are checked, and would push out others. */
#define CACHE_MIN_NAMES 32
#define GRAIN_FINE_NS 100000000LL
#define GRAIN_COARSE_NS 2000000000LL

struct slot {
	struct path dir;
	struct stat st;
	uint64_t used; /* the cache's clock when it was last asked for */
	struct listing *listing;
};

struct listing_cache {
	struct slot slots[CACHE_SLOTS];
	uint64_t clock;
	size_t bytes;
};

static size_t cost(const struct listing *l)
{
	return l->nbytes + l->count * sizeof(*l->names);
}

void listing_release(struct listing *l)
{
	if (!l || --l->users > 0)
		return;
	free(l->names);
	free(l->bytes);
	free(l);
}

static void slot_drop(struct listing_cache *c, struct slot *slot)
{
	if (!slot->listing)
		return;
	c->bytes -= cost(slot->listing);
	listing_release(slot->listing);
	slot->listing = NULL;
}

void listing_cache_free(struct listing_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		slot_drop(c, &c->slots[i]);
	free(c);
}

/* Whether a change from now on must give the directory another modification time. */
static bool stamp_is_settled(const struct stat *st)
{
	long long grain = st->st_mtim.tv_nsec != 0 ? GRAIN_FINE_NS : GRAIN_COARSE_NS;
	struct timespec now;
	long long age;

	clock_gettime(CLOCK_REALTIME, &now);
	/* Cut off so that a stamp of any age fits into nanoseconds. */
	if (now.tv_sec - st->st_mtim.tv_sec > 60)
		return true;
	if (now.tv_sec < st->st_mtim.tv_sec)
		return false;
	age = (long long)(now.tv_sec - st->st_mtim.tv_sec) * 1000000000LL +
	      (now.tv_nsec - st->st_mtim.tv_nsec);
	return age >= grain;
}

static bool same_state(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int add_name(struct listing *l, size_t *size, const char *name)
{
	size_t len = strlen(name) + 1;
	char *bytes;

	if (len > *size - l->nbytes) {
		*size = *size * 2 + 1024;
		bytes = realloc(l->bytes, *size);
		if (!bytes)
			return -1;
		l->bytes = bytes;
	}
	memcpy(l->bytes + l->nbytes, name, len);
	l->nbytes += len;
	l->count++;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int sort_names(struct listing *l)
{
	char *at = l->bytes;

	if (l->count == 0)
		return 0;
	l->names = malloc(l->count * sizeof(*l->names));
	if (!l->names)
		return -1;
	for (size_t i = 0; i < l->count; i++) {
		l->names[i] = at;
		at += strlen(at) + 1;
	}
	qsort(l->names, l->count, sizeof(*l->names), compare_names);
	return 0;
}

static int read_names(struct listing *l, DIR *d)
{
	size_t size = 0;
	struct dirent *e;
	char *fit;

	while ((e = io_dir_next(d))) {
		if (e->d_name[0] != '.' && add_name(l, &size, e->d_name) < 0)
			return -1;
	}
	if (errno != 0)
		return -1;
	fit = l->nbytes ? realloc(l->bytes, l->nbytes) : NULL;
	if (fit)
		l->bytes = fit;
	return sort_names(l);
}

static struct listing *listing_new(void)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (l)
		l->users = 1;
	return l;
}

static struct listing *listing_read(struct store *s, const struct path *dir)
{
	struct listing *l = listing_new();
	DIR *d = NULL;
	int errnum;

	if (!l)
		return NULL;
	d = io_dir_open(s->root, dir->text);
	if (!d && (errno == ENOENT || errno == ENOTDIR))
		return l;
	if (!d || read_names(l, d) < 0) {
		errnum = errno;
		listing_release(l);
		l = NULL;
		io_dir_close(&d);
		errno = errnum;
	}
	io_dir_close(&d);
	return l;
}

/* The slot to use for a listing of so many bytes: others give way, the oldest first. */
static struct slot *cache_make_room(struct listing_cache *c, size_t bytes)
{
	for (;;) {
		struct slot *free_slot = NULL, *oldest = NULL;

		for (size_t i = 0; i < CACHE_SLOTS; i++) {
			struct slot *slot = &c->slots[i];

			if (!slot->listing)
				free_slot = slot;
			else if (!oldest || slot->used < oldest->used)
				oldest = slot;
		}
		if (free_slot && c->bytes + bytes <= CACHE_BYTES)
			return free_slot;
		slot_drop(c, oldest);
	}
}

static void cache_put(struct store *s, const struct path *dir, const struct stat *st,
	struct listing *l)
{
	struct slot *slot;

	if (l->count < CACHE_MIN_NAMES || cost(l) > CACHE_BYTES)
		return;
	/* Without memory there is no cache, and nothing else is missing. */
	if (!s->listings)
		s->listings = calloc(1, sizeof(*s->listings));
	if (!s->listings)
		return;
	slot = cache_make_room(s->listings, cost(l));
	slot->dir = *dir;
	slot->st = *st;
	slot->used = ++s->listings->clock;
	slot->listing = l;
	s->listings->bytes += cost(l);
	l->users++;
}

/* The cached listing of dir if st proves it unchanged; an outdated one is dropped. */
static struct listing *cache_get(struct listing_cache *c, const struct path *dir,
	const struct stat *st)
{
	for (size_t i = 0; c && i < CACHE_SLOTS; i++) {
		struct slot *slot = &c->slots[i];

		if (!slot->listing || strcmp(slot->dir.text, dir->text) != 0)
			continue;
		if (!same_state(&slot->st, st)) {
			slot_drop(c, slot);
			return NULL;
		}
		slot->used = ++c->clock;
		slot->listing->users++;
		return slot->listing;
	}
	return NULL;
}

int listing_get(struct store *s, const struct path *dir, struct listing **out,
	struct err *err)
{
	struct stat before, after;
	bool settled;

	if (io_stat(s->root, dir->text, &before) < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ESTALE)
			return err_io(err, "cannot look at %s", dir->text);
		*out = listing_new();
		return *out ? 0 : err_io(err, "no memory for a listing");
	}
	*out = cache_get(s->listings, dir, &before);
	if (*out)
		return 0;
	settled = stamp_is_settled(&before);
	*out = listing_read(s, dir);
	if (!*out)
		return err_io(err, "cannot list %s", dir->text);
	if (settled && io_stat(s->root, dir->text, &after) == 0 &&
		same_state(&before, &after))
		cache_put(s, dir, &before, *out);
	return 0;
}

size_t listing_after(const struct listing *l, const char *after)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(l->names[middle], after) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool listing_find(const struct listing *l, const char *name, size_t *at)
{
	size_t next = listing_after(l, name);

	if (next == 0 || strcmp(l->names[next - 1], name) != 0)
		return false;
	*at = next - 1;
	return true;
}
