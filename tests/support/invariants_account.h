/* The check that every account of a store is what its repositories hold. */
#ifndef SUPPORT_INVARIANTS_ACCOUNT_H
#define SUPPORT_INVARIANTS_ACCOUNT_H

#include "support/invariants_base.h"

/*
 * Adds up what each namespace below repos/ holds and compares that with its record. A
 * namespace without a record, or with a damaged one, is counted when it is needed next, and
 * so is in order.
 */
void check_accounts(struct check *c, const char *root);

#endif
