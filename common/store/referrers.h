/*
 * The referrers of a subject: one empty file per manifest that names it (OCI end-12).
 * Adding needs the repository lock, removing needs it exclusively.
 */
#ifndef STORE_REFERRERS_H
#define STORE_REFERRERS_H

#include "format/digest.h"
#include "format/name.h"
#include "store/listing.h"
#include "store/store.h"

/* Lists manifest under subject, durably. An entry that is there already is success. */
int referrers_add(struct store *s, const struct repo_name *r,
	const struct digest *subject, const struct digest *manifest, struct err *err);
/*
 * An entry that is not there is success. The subject's directory goes with its last
 * entry.
 */
int referrers_remove(struct store *s, const struct repo_name *r,
	const struct digest *subject, const struct digest *manifest, struct err *err);
/*
 * The entries of a subject, the hexadecimal digits of each manifest's digest (their
 * number tells the algorithm) in byte order; empty when there are none or no repository;
 * given back with listing_release. An entry may outlive an interrupted push or deletion:
 * the caller skips those whose manifest is absent.
 */
int referrers_list(struct store *s, const struct repo_name *r,
	const struct digest *subject, struct listing **out, struct err *err);
/* Reads an entry's name: 0 or -1. */
int referrers_entry_parse(const char *entry, struct digest *out);

#endif
