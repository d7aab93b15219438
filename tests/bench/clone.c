/*
 * clone: makes N copies of a directory, names numbered, every file a hard link. This is how the
 * benchmark gives the peer a repository of many tags and a store of many repositories: the peer
 * writes one of them itself, through its API, and the rest are the same on disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_MAX 256

struct entry {
	char *path; /* below the template, "" for itself */
	bool is_dir;
	char *link_from; /* of a file: what the next copy links */
};

static struct {
	size_t root_length;
	struct entry entries[ENTRIES_MAX];
	size_t count;
} template;

static void fail(const char *what, const char *path)
{
	fprintf(stderr, "clone: %s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	struct entry *e = &template.entries[template.count];

	(void)st;
	(void)at;
	if (template.count++ == ENTRIES_MAX) {
		errno = E2BIG;
		fail("template", path);
	}
	e->path = strdup(path + template.root_length);
	e->is_dir = type == FTW_D;
	e->link_from = strdup(path);
	return e->path && e->link_from ? 0 : -1;
}

/* A copy of its own, when the old one has all the links a file can have. */
static void copy_file(struct entry *e, const char *to)
{
	char bytes[65536];
	int in = open(e->link_from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	ssize_t n;

	if (in < 0 || out < 0)
		fail("open", to);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)n) != n)
			fail("write", to);
	close(in);
	if (close(out))
		fail("close", to);
	free(e->link_from);
	e->link_from = strdup(to);
}

static void clone_one(const char *to)
{
	char path[4096];
	size_t i;

	for (i = 0; i < template.count; i++) {
		struct entry *e = &template.entries[i];

		snprintf(path, sizeof(path), "%s%s", to, e->path);
		if (e->is_dir && mkdir(path, 0755))
			fail("mkdir", path);
		if (e->is_dir || link(e->link_from, path) == 0)
			continue;
		if (errno != EMLINK)
			fail("link", path);
		copy_file(e, path);
	}
}

int main(int argc, char **argv)
{
	unsigned long i, n;
	char to[4096];

	if (argc != 4) {
		fputs("usage: clone TEMPLATE PREFIX COUNT\n"
		      "Makes PREFIX000000, PREFIX000001, ... of the directory TEMPLATE.\n", stderr);
		return 2;
	}
	n = strtoul(argv[3], NULL, 10);
	template.root_length = strlen(argv[1]);
	if (nftw(argv[1], visit, 16, FTW_PHYS))
		fail("read", argv[1]);
	for (i = 0; i < n; i++) {
		snprintf(to, sizeof(to), "%s%06lu", argv[2], i);
		clone_one(to);
	}
	return 0;
}
