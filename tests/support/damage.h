/*
 * Damages of a store, made by hand, and scrubs that find them. What a scrub reported is a
 * text of one word group for each item, separated by "; ":
 *
 *     blob x+              a problem of that kind with the blob called x, mended
 *     reference x of I     of the blob x, which I needs
 *     referrer I under J   of the manifest I and the subject J
 *     tag t                of a tag
 *     stray PATH, fault PATH, session PATH, account PATH
 *     affected t x         the tag t leads to x
 *
 * A repository other than that of the states comes before, as "c/d: ".
 */
#ifndef SUPPORT_DAMAGE_H
#define SUPPORT_DAMAGE_H

#include "service/scrub.h"
#include "support/states.h"

#define DAMAGE_TEXT 4096

/* Each works on a blob or manifest of the states by its name. */
void damage_flip_entry(struct states *s, const char *name);  /* a byte of the file in blobs/ */
void damage_flip_own(struct states *s, const char *name);    /* of the repository's file */
void damage_truncate(struct states *s, const char *name);    /* the repository's file */
void damage_copy(struct states *s, const char *name);        /* its link becomes a file */
void damage_remove_own(struct states *s, const char *name);  /* behind the account's back */
void damage_remove_entry(struct states *s, const char *name);
void damage_mode(struct states *s, const char *name, unsigned mode);
/* Gives the blob to another repository, as a link to the entry. */
void damage_share(struct states *s, const char *name, const char *repo);
/* The entry of name under the subject is older than the grace, and so is every manifest. */
void damage_age_listed(struct states *s, const char *subject, const char *name);
/* Makes the account of the repository's namespace be kept from now on. */
void damage_keep_account(struct states *s);

/* Scrubs, and tells what was reported. options may be NULL: without repair. */
const char *damage_scrub(struct states *s, const struct scrub_options *options,
	struct scrub_result *result, char out[DAMAGE_TEXT]);
/* The same, also when it fails: 0 or -1. */
int damage_try(struct states *s, const struct scrub_options *options,
	struct scrub_result *result, char out[DAMAGE_TEXT], struct err *err);

#endif
