/* A fresh store in a temporary directory, with a configuration of defaults. */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

#include "base/config.h"
#include "store/store.h"

struct fixture {
	char dir[64]; /* removed by fixture_close */
	struct config config;
	struct store store;
};

/* Ends the test program with a message when anything fails: there is nothing to test then. */
void fixture_open(struct fixture *f);
/*
 * Removes the empty directories of blobs/, of which there are hundreds: to go through them
 * takes longest in a small store, and the store makes them again when it needs them.
 */
void fixture_thin(const struct fixture *f);
/* Closes the store and removes the directory with all it holds. */
void fixture_close(struct fixture *f);
/* The same store again, as another process would see it. */
void fixture_reopen(struct fixture *f);

#endif
