/* The store as a text, to tell whether a request has changed it. */
#include "support/cgi.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* nftw passes no argument on. */
static char **lines;
static size_t nlines;
static size_t skip;

static int add_line(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	char target[512] = "";
	char *line;

	(void)ftw;
	if (kind == FTW_SL && readlink(path, target, sizeof(target) - 1) < 0)
		return -1;
	/* The size of a directory and its link count say nothing that its names do not.
	 */
	if (asprintf(&line, "%s %c %lld %lu %s\n", path + skip,
	            "-dl"[kind == FTW_D      ? 1
	                    : kind == FTW_SL ? 2
	                                     : 0],
	            kind == FTW_D ? 0 : (long long)st->st_size,
	            kind == FTW_D ? 0 : (unsigned long)st->st_nlink, target) < 0)
		return -1;
	lines = realloc(lines, (nlines + 1) * sizeof(*lines));
	lines[nlines++] = line;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *store_tree(const struct fixture *f)
{
	struct buf all = BUF_INIT(64 << 20);

	nlines = 0;
	skip = strlen(f->dir);
	assert_int_equal(nftw(f->dir, add_line, 32, FTW_PHYS), 0);
	qsort(lines, nlines, sizeof(*lines), compare);
	for (size_t i = 0; i < nlines; i++) {
		buf_add_str(&all, lines[i]);
		free(lines[i]);
	}
	free(lines);
	lines = NULL;
	assert_false(buf_failed(&all));
	return all.ptr;
}

struct tree tree_of(const struct cgi *c)
{
	return (struct tree){store_tree(&c->fixture)};
}

void expect_untouched(struct cgi *c, struct tree *before)
{
	char *after = store_tree(&c->fixture);

	assert_string_equal(before->text, after);
	free(before->text);
	free(after);
	/* And the registry goes on. */
	cgi_get(c, "/v2/");
	expect_status(c, 200);
}
