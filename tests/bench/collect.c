/*
 * collect ROOT [--grace-0] [--dry-run]: collects a store and prints how long that took and how
 * much memory.
 *
 *     {"repositories":…,"removed":…,"problems":…,"seconds":…,"peak_kib":…}
 */
#include "service/collect.h"

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

/* VmHWM of this process, or -1. */
static long peak_kib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "VmHWM: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

static int measure(const struct config *config, const struct collect_options *options,
	struct err *err)
{
	struct collect_result r;
	struct store s;
	double begin, seconds;
	int rc;

	if (store_open(&s, config, err) != 0)
		return -1;
	begin = now();
	rc = collect_run(&s, options, NULL, &r, err);
	seconds = now() - begin;
	store_close(&s);
	if (rc == 0)
		printf("{\"repositories\":%" PRIu64 ",\"removed\":%" PRIu64 ",\"problems\":%" PRIu64
		       ",\"seconds\":%.6f,\"peak_kib\":%ld}\n",
			r.repositories, r.blobs + r.entries, r.problems, seconds, peak_kib());
	return rc;
}

int main(int argc, char **argv)
{
	struct collect_options options = {0};
	struct config config = {0};
	struct err err = ERR_INIT;
	bool grace = true;
	int rc;

	for (int i = 2; i < argc; i++) {
		options.dry_run = options.dry_run || strcmp(argv[i], "--dry-run") == 0;
		grace = grace && strcmp(argv[i], "--grace-0") != 0;
	}
	if (argc < 2 || argc > 4 || strcmp(argv[1], "--help") == 0) {
		puts("usage: collect ROOT [--grace-0] [--dry-run]");
		return argc == 2 ? 0 : 2;
	}
	rc = config_init(&config, &err);
	if (rc == 0)
		rc = config_set(&config, VIEW_LIT("root"), view_of(argv[1]), "collect", &err);
	options.grace = grace ? config.gc_grace : 0;
	options.session_idle = config.upload_idle;
	options.untagged_age = config.gc_untagged;
	if (rc == 0)
		rc = measure(&config, &options, &err);
	if (rc != 0)
		fprintf(stderr, "collect: %s\n", err.text);
	err_release(&err);
	config_release(&config);
	return rc == 0 ? 0 : 1;
}
