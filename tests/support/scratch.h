/* A fresh directory for a test, and files in it. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

struct scratch {
	char dir[64]; /* removed by scratch_close */
	int fd;       /* of the directory */
};

/*
 * Ends the test program with a message when anything fails: there is nothing to test
 * then.
 */
void scratch_open(struct scratch *s);
void scratch_close(struct scratch *s);
/* The path of a file in it; good until the sixteenth call after this. */
const char *scratch_path(const struct scratch *s, const char *name);
/* Puts a new file of that content in place, by rename. */
void scratch_write(const struct scratch *s, const char *name, const char *content);

#endif
