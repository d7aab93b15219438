#include "store/pump.h"

#include "base/io.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BLOCK ((size_t)256 << 10)
#define BLOCKS 4
#define WRITE_BEHIND ((uint64_t)8 << 20)

/*
 * The blocks between the writer and the helper that hashes. Block number n stands at n %
 * BLOCKS. Blocks below hashed are free again, those from hashed to written wait for the
 * helper: what it takes is in the file already, so that hash and file never disagree.
 */
struct ring {
	unsigned char *bytes;
	size_t len[BLOCKS];
	struct hash *hash;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t turn;  /* only one of the two can have to wait at any time */
	uint64_t written;
	uint64_t hashed;
	bool ended; /* nothing more is written */
};

/* What the writer alone knows. */
struct writer {
	struct ring ring;
	struct body_source *from;
	int fd;
	uint64_t offset; /* of the file's end */
	uint64_t behind; /* up to here the disk was told to write */
	uint64_t room;	 /* bytes that may still come */
	bool threaded;
	bool alone; /* no helper could be started */
	pthread_t helper;
};

static unsigned char *block_at(const struct ring *r, uint64_t n)
{
	return r->bytes + n % BLOCKS * BLOCK;
}

static void *hash_blocks(void *arg)
{
	struct ring *r = arg;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		while (r->hashed == r->written && !r->ended)
			pthread_cond_wait(&r->turn, &r->lock);
		if (r->hashed == r->written)
			break;
		pthread_mutex_unlock(&r->lock);
		hash_update(r->hash, block_at(r, r->hashed), r->len[r->hashed % BLOCKS]);
		pthread_mutex_lock(&r->lock);
		r->hashed++;
		pthread_cond_signal(&r->turn);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Signals are the business of the thread that serves the request. */
static void start_helper(struct writer *w)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	w->threaded = pthread_create(&w->helper, NULL, hash_blocks, &w->ring) == 0;
	w->alone = !w->threaded;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Waits until a block is free. */
static void wait_for_room(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	while (r->written - r->hashed == BLOCKS)
		pthread_cond_wait(&r->turn, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

static void hand_over(struct ring *r, size_t len)
{
	pthread_mutex_lock(&r->lock);
	r->len[r->written % BLOCKS] = len;
	r->written++;
	pthread_cond_signal(&r->turn);
	pthread_mutex_unlock(&r->lock);
}

/* After this the hash covers every block that was handed over. */
static void end_helper(struct writer *w)
{
	if (!w->threaded)
		return;
	pthread_mutex_lock(&w->ring.lock);
	w->ring.ended = true;
	pthread_cond_signal(&w->ring.turn);
	pthread_mutex_unlock(&w->ring.lock);
	pthread_join(w->helper, NULL);
	w->threaded = false;
}

/*
 * Fills a block from the source. 1 when there may be more, 0 at the end of the body, -1
 * with *err set; *len bytes are good in each case.
 */
static int fill(struct writer *w, unsigned char *block, size_t *len, struct err *err)
{
	ssize_t n;

	for (*len = 0; *len < BLOCK; *len += (size_t)n) {
		n = w->from->pull(w->from->arg, block + *len, BLOCK - *len, err);
		if (n <= 0)
			return n < 0 ? -1 : 0;
		if ((uint64_t)n > w->room)
			return err_set(err, ERR_TOO_LARGE,
				"the content is larger than is allowed here");
		w->room -= (uint64_t)n;
	}
	return 1;
}

/* Writes a block at the end of the file and has it hashed. */
static int put(struct writer *w, const unsigned char *block, size_t len, struct err *err)
{
	struct ring *r = &w->ring;

	if (io_write_all(w->fd, block, len) < 0)
		return err_io(err, "cannot write the content of a blob");
	w->offset += len;
	if (w->offset - w->behind >= WRITE_BEHIND) {
		io_write_behind(w->fd, w->behind, w->offset - w->behind);
		w->behind = w->offset;
	}
	/* A helper pays from the second full block on. */
	if (!w->threaded && !w->alone && r->written > 0 && len == BLOCK)
		start_helper(w);
	if (w->threaded) {
		hand_over(r, len);
		return 0;
	}
	hash_update(r->hash, block, len);
	r->written++;
	r->hashed++;
	return 0;
}

static int move_all(struct writer *w, struct err *err)
{
	size_t len;
	int more;

	do {
		unsigned char *block = block_at(&w->ring, w->ring.written);

		wait_for_room(&w->ring);
		more = fill(w, block, &len, err);
		/* What came before the peer left is kept. */
		if (len > 0 && put(w, block, len, err) < 0)
			more = -1;
	} while (more > 0);
	return more;
}

int pump(struct body_source *from, int fd, uint64_t offset, uint64_t limit,
	struct hash *hash, uint64_t *moved, struct err *err)
{
	struct writer w = {.from = from, .fd = fd, .offset = offset, .behind = offset};
	int rc;

	*moved = 0;
	if (io_seek(fd, offset) < 0)
		return err_io(err, "cannot find the end of a blob");
	/* Mapped rather than allocated: a small body touches a page or two of it, and
	 * afterwards all of it is given back. */
	w.ring.bytes = mmap(NULL, BLOCKS * BLOCK, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (w.ring.bytes == MAP_FAILED)
		return err_io(err, "no memory for the content of a blob");
	w.ring.hash = hash;
	w.room = limit;
	pthread_mutex_init(&w.ring.lock, NULL);
	pthread_cond_init(&w.ring.turn, NULL);
	rc = move_all(&w, err);
	end_helper(&w);
	*moved = w.offset - offset;
	pthread_cond_destroy(&w.ring.turn);
	pthread_mutex_destroy(&w.ring.lock);
	munmap(w.ring.bytes, BLOCKS * BLOCK);
	return rc;
}
