/*
 * Runs a fuzz target over files: each argument is a file, or a directory of which every
 * file is run. Prints how many; without any, or when one cannot be read, it fails.
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned long replayed;

/* A heap block of exactly the file's size, so that a read beyond its end is seen. */
static int replay_file(const char *path, size_t size)
{
	uint8_t *data = malloc(size ? size : 1);
	FILE *in = fopen(path, "rb");
	int rc = -1;

	if (!data || !in || fread(data, 1, size, in) != size) {
		fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
		goto out;
	}
	LLVMFuzzerTestOneInput(data, size);
	replayed++;
	rc = 0;
out:
	if (in)
		fclose(in);
	free(data);
	return rc;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_F)
		return replay_file(path, (size_t)st->st_size);
	if (type == FTW_DP || type == FTW_D)
		return 0;
	fprintf(stderr, "replay: %s: cannot be read\n", path);
	return -1;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (nftw(argv[i], visit, 16, FTW_PHYS) != 0) {
			fprintf(stderr, "replay: stopped at %s\n", argv[i]);
			return 1;
		}
	}
	printf("%lu inputs\n", replayed);
	return replayed > 0 ? 0 : 1;
}
