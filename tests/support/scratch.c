#include "support/scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void give_up(const char *what, const char *path)
{
	fprintf(stderr, "scratch: %s: %s\n", what, path);
	abort();
}

void scratch_open(struct scratch *s)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(s->dir, sizeof(s->dir), "%.40s/lighter-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(s->dir))
		give_up("mkdtemp", s->dir);
	s->fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd == -1)
		give_up("open", s->dir);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void scratch_close(struct scratch *s)
{
	close(s->fd);
	if (nftw(s->dir, remove_one, 32, FTW_DEPTH | FTW_PHYS) != 0)
		give_up("nftw", s->dir);
}

const char *scratch_path(const struct scratch *s, const char *name)
{
	static char paths[16][256];
	static unsigned next;
	char *path = paths[next++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", s->dir, name);
	return path;
}

void scratch_write(const struct scratch *s, const char *name, const char *content)
{
	const char *fresh = scratch_path(s, "fresh"), *path = scratch_path(s, name);
	FILE *f = fopen(fresh, "w");

	if (!f || fputs(content, f) < 0 || fclose(f) != 0 || rename(fresh, path) != 0)
		give_up("write", path);
}
