/* Whether the store is there: for monitors, which ask often. */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "store/store.h"

/*
 * One stat below the root, which fails when the file system is away or was put in place of
 * another. ERR_FAULT.
 */
int store_check(struct store *s, struct err *err);

#endif
