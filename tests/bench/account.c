/*
 * account: what a change of an account costs in a namespace that holds much.
 *
 *     account ROOT BLOBS CHANGES
 *
 * Gives the namespace "bench" BLOBS blobs, of which only the links are made, counts them once,
 * and then times CHANGES blobs that are gained and lost again. Prints JSON: microseconds of a
 * gain and of a loss (medians).
 */
#include "base/io.h"
#include "base/num.h"
#include "format/hash.h"
#include "store/account.h"
#include "store/publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Fewer than ext4 allows; every so many names another file stands behind them. */
#define LINKS 60000

static int stop(const char *what, struct err *e)
{
	fprintf(stderr, "account: %s: %s\n", what, e->text);
	err_release(e);
	return 1;
}

static struct digest digest_number(uint64_t n)
{
	struct digest d;

	hash_bytes(DIGEST_SHA256, &n, sizeof(n), &d);
	return d;
}

/* A file of seven bytes that the links lead to. */
static int make_source(struct store *s, struct staged *f, struct err *e)
{
	*f = STAGED_INIT;
	if (staged_open(s, f, e) < 0)
		return -1;
	if (io_write_all(f->fd, "content", 7) < 0)
		return err_io(e, "cannot write");
	return staged_finish(s, f, e);
}

static int fill(struct store *s, const struct repo_name *r, uint64_t n, struct err *e)
{
	struct staged f = STAGED_INIT;
	int rc = 0;

	for (uint64_t i = 0; rc == 0 && i < n; i++) {
		struct digest d = digest_number(i);
		struct path to = path_repo_blob(r, &d);

		if (i % LINKS == 0) {
			staged_discard(s, &f);
			rc = make_source(s, &f, e);
		}
		if (rc == 0 && publish_link(s, &f.path, &to, e) < 0)
			rc = -1;
	}
	staged_discard(s, &f);
	return rc;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *times, uint64_t n)
{
	qsort(times, n, sizeof(*times), by_value);
	return times[n / 2];
}

/* Gains and loses blob after blob; the microseconds of each. */
static int change(struct store *s, const struct repo_name *r, uint64_t n, double *gains,
	double *losses, struct err *e)
{
	struct staged f;
	int rc = make_source(s, &f, e);

	for (uint64_t i = 0; rc == 0 && i < n; i++) {
		struct digest d = digest_number(UINT64_MAX - i);
		struct account_change c = {r, ACCOUNT_BLOB, &d, 7};
		double begin = now(), middle;
		bool lost;

		rc = account_gain(s, &c, &f.path, e);
		middle = now();
		if (rc == 0)
			rc = account_lose(s, &c, &lost, e);
		gains[i] = middle - begin;
		losses[i] = now() - middle;
	}
	staged_discard(s, &f);
	return rc;
}

static int run(struct store *s, uint64_t blobs, uint64_t changes, struct err *e)
{
	double *times = calloc(2 * changes, sizeof(*times));
	struct repo_name r;
	struct account a;
	int rc = -1;

	if (!times || repo_name_parse(view_of("bench/app"), &r) < 0)
		goto out;
	if (fill(s, &r, blobs, e) < 0 || account_read(s, &r, &a, e) < 0 ||
		change(s, &r, changes, times, times + changes, e) < 0)
		goto out;
	printf("{\"blobs\":%" PRIu64 ",\"gain\":%.2f,\"loss\":%.2f}\n", a.blobs,
		median(times, changes), median(times + changes, changes));
	rc = 0;
out:
	free(times);
	return rc;
}

int main(int argc, char **argv)
{
	struct config config;
	struct store s = STORE_INIT;
	struct err e = ERR_INIT;
	uint64_t blobs, changes;
	int rc = 1;

	if (argc != 4 || num_parse(view_of(argv[2]), &blobs) < 0 ||
		num_parse(view_of(argv[3]), &changes) < 0 || changes == 0) {
		fprintf(stderr, "usage: account ROOT BLOBS CHANGES\n");
		return 2;
	}
	if (config_init(&config, &e) < 0)
		return stop("settings", &e);
	if (config_set(&config, view_of("root"), view_of(argv[1]), "account", &e) < 0 ||
		config_set(&config, view_of("durability"), view_of("relaxed"), "account",
			&e) < 0 ||
		config_check(&config, &e) < 0 || store_open(&s, &config, &e) < 0 ||
		run(&s, blobs, changes, &e) < 0)
		stop("failed", &e);
	else
		rc = 0;
	store_close(&s);
	config_release(&config);
	return rc;
}
