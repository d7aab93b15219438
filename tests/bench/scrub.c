/*
 * scrub ROOT: looks through a store and prints how long that took.
 *
 *     {"blobs":…,"bytes":…,"problems":…,"seconds":…,"mib_per_second":…}
 */
#include "service/scrub.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int measure(struct config *config, struct err *err)
{
	const struct scrub_options options = {0};
	struct scrub_result r;
	struct store s;
	double begin, seconds;
	int rc;

	if (store_open(&s, config, err) != 0)
		return -1;
	begin = now();
	rc = scrub_run(&s, &options, NULL, &r, err);
	seconds = now() - begin;
	store_close(&s);
	if (rc == 0)
		printf("{\"blobs\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"problems\":%" PRIu64
		       ",\"seconds\":%.6f,\"mib_per_second\":%.3f}\n",
			r.blobs, r.bytes, r.problems, seconds,
			(double)r.bytes / (1 << 20) / seconds);
	return rc;
}

int main(int argc, char **argv)
{
	struct config config = {0};
	struct err err = ERR_INIT;
	int rc;

	if (argc != 2 || strcmp(argv[1], "--help") == 0) {
		puts("usage: scrub ROOT");
		return argc == 2 ? 0 : 2;
	}
	rc = config_init(&config, &err);
	if (rc == 0)
		rc = config_set(&config, VIEW_LIT("root"), view_of(argv[1]), "scrub", &err);
	if (rc == 0)
		rc = measure(&config, &err);
	if (rc != 0)
		fprintf(stderr, "scrub: %s\n", err.text);
	err_release(&err);
	config_release(&config);
	return rc == 0 ? 0 : 1;
}
