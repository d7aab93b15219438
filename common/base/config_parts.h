/* What the files of base/config.h share. */
#ifndef BASE_CONFIG_PARTS_H
#define BASE_CONFIG_PARTS_H

#include "base/config.h"

#define CONFIG_SETTINGS_MAX 128

/*
 * config_set of a name and a value that are trimmed. Where seen is not NULL, it has an entry
 * for every setting, all false at first, and a setting that is set a second time is
 * ERR_BAD_REQUEST.
 */
int config_set_named(struct config *c, struct view name, struct view value,
	const char *where, bool *seen, struct err *err);

#endif
